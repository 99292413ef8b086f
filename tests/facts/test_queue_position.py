"""Adverse selection after maker fills, ordered by what stands before them."""

from __future__ import annotations

import json
import statistics
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_soak import kernel
from pytest_soak.market import MockMarket, load_scenario
from tests.oracle.jobs import job, window

SEEDS = range(1, 5)
HOUR_MS = 3_600_000.0
BEHIND = 1.5e-4


def costs(name: str, seed: int) -> dict[str, list[float]]:
    """Cost 1 s after fills of single lots that were put before all others and behind some, bps."""
    scenario = load_scenario(name)
    tick, lot = scenario.instrument.tick_size, scenario.instrument.lot_size
    task = job(maker={"decision_interval_ms": 20.0})
    market = MockMarket(scenario, seed=seed)
    spec = market.spec(task, window(0.0, HOUR_MS), record_fills=True)
    simulation = kernel.open_simulation(market.compiled, spec)
    place: dict[int, str] = {}
    standing: list[int] = []
    last = -1e9
    while simulation.step():
        bid, ask = simulation.best_bid, simulation.best_ask
        if simulation.time_ms - last < 1_000.0 or bid is None or ask is None:
            continue
        last = simulation.time_ms
        behind = bid * BEHIND
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


@pytest.mark.parametrize("name", ["mixed", "volatile"])
def test_what_only_large_orders_reach_costs_more(name: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda seed: costs(name, seed), SEEDS))
    front, end = ([cost for run in runs for cost in run[where]] for where in ("front", "end"))
    assert min(len(front), len(end)) > 500
    errors = [statistics.stdev(values) / len(values) ** 0.5 for values in (front, end)]
    # Both are costs; and the order of the two is no accident of these seeds.
    assert statistics.fmean(front) > 3.0 * errors[0]
    gap = statistics.fmean(end) - statistics.fmean(front)
    assert gap > 3.0 * (errors[0] ** 2 + errors[1] ** 2) ** 0.5
