"""One resting order a side: the kernel's replay against the plain Python matcher."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soak.market import MakerJob
from tests.oracle.book import Happening, MidPath, NaiveBook, book_at, happenings, local_happenings
from tests.oracle.jobs import job, parameters
from tests.oracle.matcher import Resting, Story, match
from tests.oracle.recordings import real_recording, reconnected
from tests.oracle.replays import END_MS, LOT, QUIET_MS, START_MS, TICK, events_of, rows_for, run

# Orders are never replaced, so that each rests until it is filled.
PATIENT = {"requote_bps": 1_000.0, "far_bps": 1_000.0, "exit_ratio": 1.0, "position_limit_notional": 1e9}
spreads = st.sampled_from([0.001, 0.1, 0.3, 0.6])
seeds = st.integers(min_value=0, max_value=50)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def first_order(seen: NaiveBook, side: int, task: MakerJob, placed_ns: int) -> Resting:
    """The order that a flat maker must place on a book that it sees, from what its settings mean."""
    bids, asks = sorted(seen.bids, reverse=True), sorted(seen.asks)
    mid = (bids[0] + asks[0]) / 2
    half = (task.maker.base_half_spread_bps + task.parameters["base_spread_bps_delta"]) * mid * 1e-4
    tick = int(np.floor(mid - half)) if side > 0 else int(np.ceil(mid + half))
    quantities, levels = (seen.bids, bids) if side > 0 else (seen.asks, asks)
    visible = sum(quantities[level] for level in levels[: task.maker.depth_levels])
    most = min(
        task.maker.max_order_notional,
        task.parameters["max_delta_ratio"] * task.maker.position_limit_notional,
    )
    lots = int(min(visible * task.parameters["impact_cap_ratio"], most / (mid * TICK * LOT)))
    return Resting(side=side, tick=tick, lots=lots, placed_ns=placed_ns)


def fills_of_first(answer: dict[str, Any], order: Resting) -> list[tuple[float, int, int, int]]:
    """Time, ticks, lots and queue ahead of the fills on the order's side until it is complete."""
    found: list[tuple[float, int, int, int]] = []
    filled = 0
    for fill in answer["fills"]:
        if fill["side"] == order.side and fill["maker"] and filled < order.lots:
            lots = round(fill["qty"] / LOT)
            ahead = round(fill["queue_ahead_at_placement"] / LOT)
            found.append((fill["ts_ms"], round(fill["price"] / TICK), lots, ahead))
            filled += lots
    return found


def told(story: Story, order: Resting) -> list[tuple[float, int, int, int]]:
    return [(m.at_ns / 1e6, order.tick, m.lots, story.ahead) for m in story.fills]


def assert_first_orders_match(seed: int, task: MakerJob) -> list[tuple[Resting, Story]]:
    _, answer = run(rows_for(seed), task, START_MS, END_MS)
    quiet = book_at(events_of(seed), round(START_MS * 1e6))
    stories = []
    for side in (1, -1):
        order = first_order(quiet, side, task, round(QUIET_MS * 1e6) - 1)
        story = match(events_of(seed), order, round(END_MS * 1e6))
        assert fills_of_first(answer, order) == told(story, order)
        stories.append((order, story))
    return stories


@few
@given(seed=seeds, values=parameters, spread=spreads, largest=st.sampled_from([3_000.0, 1e6]))
def test_one_resting_order_a_side_fills_as_in_plain_python(
    seed: int, values: dict[str, float], spread: float, largest: float
) -> None:
    maker = {**PATIENT, "base_half_spread_bps": spread, "max_order_notional": largest}
    assert_first_orders_match(seed, job(values, maker))


def test_the_comparison_sees_every_kind_of_fill() -> None:
    task = job(maker={**PATIENT, "base_half_spread_bps": 0.1, "max_order_notional": 1e6})
    pairs = [pair for seed in range(12) for pair in assert_first_orders_match(seed, task)]
    assert any(len(story.fills) > 1 for _, story in pairs)
    assert any(0 < story.lots < order.lots for order, story in pairs)
    assert any(story.through for _, story in pairs)
    assert any(story.ahead and story.lots == order.lots for order, story in pairs)
    assert any(not story.fills for _, story in pairs)


def assert_every_order_matches(
    events: list[Happening], fills: list[dict[str, Any]], end_ms: float, rule: str = "queue"
) -> int:
    """Until an order is full or cancelled its fills are those of the matcher; returns the orders seen."""
    orders = {f["order_id"]: f for f in fills if f["maker"]}
    for number, fill in orders.items():
        mine = [f for f in fills if f["order_id"] == number]
        tick = round(fill["price"] / TICK)
        resting = Resting(fill["side"], tick, 10**12, round(fill["placed_ms"] * 1e6))
        story = match(events, resting, round(end_ms * 1e6), rule)
        assert round(fill["queue_ahead_at_placement"] / LOT) == story.ahead
        expected = story.fills[: len(mine)]
        assert [round(f["ts_ms"] * 1e6) for f in mine] == [m.at_ns for m in expected]
        lots = [round(f["qty"] / LOT) for f in mine]
        assert lots[:-1] == [m.lots for m in expected[:-1]]
        assert 0 < lots[-1] <= expected[-1].lots
    return len(orders)


@few
@given(
    seed=seeds,
    values=parameters,
    spread=spreads,
    requote=st.sampled_from([0.05, 0.5, 1_000.0]),
    largest=st.sampled_from([300.0, 6_000.0]),
)
def test_every_order_of_a_run_fills_as_in_plain_python(
    seed: int, values: dict[str, float], spread: float, requote: float, largest: float
) -> None:
    maker = {"base_half_spread_bps": spread, "requote_bps": requote, "max_order_notional": largest}
    _, answer = run(rows_for(seed), job(values, maker), START_MS, END_MS)
    assert_every_order_matches(events_of(seed), answer["fills"], END_MS)


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_a_cleared_book_keeps_the_queue_until_it_is_known_again(seed: int, bound: bool) -> None:
    rows = reconnected(rows_for(seed), rows_for(seed + 60), 9_000.0, bound)
    events = happenings(rows, TICK, LOT)
    task = job(maker={**PATIENT, "base_half_spread_bps": 0.1, "max_order_notional": 2_000.0})
    _, answer = run(rows, task, START_MS, END_MS)
    assert assert_every_order_matches(events, answer["fills"], END_MS) >= 1
    mids = MidPath(events)
    for at_ms, mid in answer["path"]:
        assert mid == pytest.approx((mids.at(round(at_ms * 1e6)) or 0.0) * TICK, abs=1e-9)


@few
@given(
    seed=seeds,
    rule=st.sampled_from(["touch", "pessimistic", "through"]),
    spread=spreads,
    requote=st.sampled_from([0.05, 0.5, 1_000.0]),
)
def test_every_order_fills_by_the_other_rules_as_in_plain_python(
    seed: int, rule: str, spread: float, requote: float
) -> None:
    maker = {
        "base_half_spread_bps": spread,
        "requote_bps": requote,
        "far_bps": requote,
        "max_order_notional": 3e3,
    }
    _, answer = run(rows_for(seed), job(maker=maker), START_MS, END_MS, fills=rule)
    assert_every_order_matches(events_of(seed), answer["fills"], END_MS, rule)


@pytest.mark.parametrize("rule", ["touch", "pessimistic", "through"])
def test_that_comparison_tells_the_rules_apart(rule: str) -> None:
    """Each rule has fills that ``queue`` does not explain, on generated rows and on the real recording."""
    task = job(maker={"base_half_spread_bps": 0.1, "max_order_notional": 3e3})
    real = job(maker={"base_half_spread_bps": 0.02})
    for events, rows, made, start_ms, end_ms in (
        (events_of(1), rows_for(1), task, START_MS, END_MS),
        (minute_events(), first_minute(), real, 5_000.0, 30_000.0),
    ):
        _, answer = run(rows, made, start_ms, end_ms, fills=rule)
        assert assert_every_order_matches(events, answer["fills"], end_ms, rule) >= 5
        with pytest.raises(AssertionError):
            assert_every_order_matches(events, answer["fills"], end_ms)


def test_that_comparison_sees_many_orders() -> None:
    task = job(maker={"base_half_spread_bps": 0.1, "max_order_notional": 300.0})
    _, answer = run(rows_for(1), task, START_MS, END_MS)
    assert assert_every_order_matches(events_of(1), answer["fills"], END_MS) >= 10


def test_every_order_on_the_real_recording_fills_as_in_plain_python() -> None:
    rows = first_minute()
    _, answer = run(rows, job(maker={"base_half_spread_bps": 0.02}), 5_000.0, 30_000.0)
    assert assert_every_order_matches(minute_events(), answer["fills"], 30_000.0) >= 10


@pytest.mark.parametrize("start_ms", [5_000.0, 12_340.0, 20_000.0, 27_770.0, 35_000.0])
def test_the_first_order_on_the_real_recording_fills_as_in_plain_python(start_ms: float) -> None:
    # The first decision is at the begin of the slice, and the seller goes first.
    rows, end_ms = first_minute(), 60_000.0
    task = job(maker={**PATIENT, "base_half_spread_bps": 0.02})
    start_ns = round(start_ms * 1e6)
    placed_ns = start_ns + round(task.maker.order_latency_ms * 1e6)
    order = first_order(book_at(minute_seen(), start_ns), -1, task, placed_ns)
    story = match(minute_events(), order, round(end_ms * 1e6))
    _, answer = run(rows, task, start_ms, end_ms)
    assert fills_of_first(answer, order) == told(story, order)
    assert story.lots > 0


@cache
def first_minute() -> np.ndarray:
    rows = np.load(real_recording())["data"]
    return cast(np.ndarray, rows[rows["exch_ts"] < rows["exch_ts"][0] + 61_000_000_000])


@cache
def minute_events() -> list[Happening]:
    return happenings(first_minute(), TICK, LOT)


@cache
def minute_seen() -> list[Happening]:
    return local_happenings(first_minute(), TICK, LOT)
