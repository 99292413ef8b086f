"""Adverse selection after maker fills, ordered by what stands before them."""

from __future__ import annotations

import json
import statistics
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_soak import kernel
from pytest_soak.market import MockMarket, Scenario, load_scenario
from pytest_soak.market.scenario.model import Impact
from tests.oracle.jobs import job, window

WITH_IMPACT, SILENT = range(1, 5), range(1, 9)
HOUR_MS = 3_600_000.0
BEHIND = 1.5e-4


def costs(scenario: Scenario, behind_share: float, seed: int) -> dict[str, list[float]]:
    """Cost 1 s after fills of single lots that were put before all others and behind some, bps.

    Those behind are at the ends of the best queues, or a share of the price farther out.
    """
    tick, lot = scenario.instrument.tick_size, scenario.instrument.lot_size
    task = job(maker={"decision_interval_ms": 20.0})
    market = MockMarket(scenario, seed=seed)
    spec = market.spec(task, window(0.0, HOUR_MS), record_fills=True)
    simulation = kernel.open_simulation(market.compiled, spec)
    place: dict[int, str] = {}
    standing: list[int] = []
    last = -1e9
    while simulation.step():
        # Most steps end here, of which there are millions.
        if simulation.time_ms - last < 1_000.0:
            continue
        bid, ask = simulation.best_bid, simulation.best_ask
        if bid is None or ask is None:
            continue
        last = simulation.time_ms
        behind = bid * behind_share
        for order in standing:
            simulation.cancel(order)
        standing = []
        for where, prices in (("front", (bid + tick, ask - tick)), ("end", (bid - behind, ask + behind))):
            for side, price in zip((1, -1), prices, strict=True):
                standing.append(simulation.place(side, price, lot))
                place[standing[-1]] = where
    found: dict[str, list[float]] = {"front": [], "end": []}
    for fill in json.loads(simulation.report())["fills"]:
        if fill["mids_later"][1] is not None:
            move = fill["mids_later"][1] / fill["mid_at_fill"] - 1.0
            found[place[fill["order_id"]]].append(-fill["side"] * move * 1e4)
    return found


def assert_the_end_costs_more(scenario: Scenario, behind: float, seeds: range, least: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda seed: costs(scenario, behind, seed), seeds))
    front, end = ([cost for run in runs for cost in run[where]] for where in ("front", "end"))
    assert min(len(front), len(end)) > least
    errors = [statistics.stdev(values) / len(values) ** 0.5 for values in (front, end)]
    # Both are costs; and the order of the two is no accident of these seeds.
    assert statistics.fmean(front) > 3.0 * errors[0]
    gap = statistics.fmean(end) - statistics.fmean(front)
    assert gap > 3.0 * (errors[0] ** 2 + errors[1] ** 2) ** 0.5


@pytest.mark.parametrize(("name", "least"), [("mixed", 600), ("volatile", 1_500)])
def test_what_only_large_orders_reach_costs_more(name: str, least: int) -> None:
    """Where trades tell something, all fills at the touch pay alike; those farther out pay more."""
    assert_the_end_costs_more(load_scenario(name), BEHIND, WITH_IMPACT, least)


@pytest.mark.parametrize("name", ["mixed", "volatile"])
def test_the_end_of_the_queue_costs_more(name: str) -> None:
    """Where trades tell nothing, the order in the queue alone decides."""
    silent = load_scenario(name).model_copy(update={"impact": Impact()})
    assert_the_end_costs_more(silent, 0.0, SILENT, 5_000)
