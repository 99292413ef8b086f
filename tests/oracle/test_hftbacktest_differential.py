"""The kernel's replay, and the plain Python matcher, against hftbacktest 2.4.4 on the same events.

The kernel replays recordings with its reference maker alone, so it comes first: its orders that were filled
are submitted to hftbacktest, each to reach the exchange at the same nanosecond. Where the maker replaces no
order, these are all of its orders but the one a side that rests at the end. The matcher, which other tests
hold the kernel to order by order, is compared on a fixed schedule, orders that are never filled included.

One difference of the models is real: fills are partial here, whole in ``no_partial_fill_exchange``. Orders
of one lot are filled alike, position and all; of larger orders the first fill must come at the same time.

An order that the kernel rejected as it would have crossed is not known from outside, and not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pytest

from pytest_soak.market import load_scenario
from pytest_soak.market.tape import rows_of_scenario, tape_of_recording
from tests import recordings_kit as kit
from tests.oracle import hft
from tests.oracle.book import Happening, NaiveBook, happenings
from tests.oracle.jobs import job
from tests.oracle.matcher import Resting, match
from tests.oracle.recordings import real_recording, write_npz
from tests.oracle.replays import END_MS, LOT, START_MS, TICK, events_of, rows_for, run

hft.hftbacktest()

# Orders are never replaced, so that each rests until it is filled.
PATIENT = {"requote_bps": 1_000.0, "far_bps": 1_000.0, "exit_ratio": 1.0, "position_limit_notional": 1e9}
REAL_START_MS, REAL_END_MS = 5_000.0, 340_000.0


@cache
def real_rows() -> np.ndarray:
    return cast(np.ndarray, np.load(real_recording())["data"])


class Pair(NamedTuple):
    """An order and when it is first filled here."""

    order: Resting
    filled_ns: int | None


def assert_alike(
    rows: np.ndarray, pairs: Sequence[Pair], end_ms: float, tick_size: float = TICK
) -> hft.Outcome:
    """Every fill of hftbacktest comes with the one here, and none where there is none."""
    end_ns = round(end_ms * 1e6)
    outcome = hft.run(rows, [pair.order for pair in pairs], end_ns, tick_size=tick_size, lot_size=LOT)
    assert outcome.rejected == ()
    expected = [at if at is not None and at < end_ns else None for _, at in pairs]
    assert list(outcome.filled_ns) == expected
    return outcome


def pairs_of(fills: Sequence[dict[str, Any]], tick_size: float = TICK) -> list[Pair]:
    """The filled orders of a replay with the time of their first fills."""
    first: dict[int, dict[str, Any]] = {}
    lots: dict[int, int] = {}
    for fill in fills:
        number = fill["order_id"]
        first.setdefault(number, fill)
        lots[number] = lots.get(number, 0) + round(fill["qty"] / LOT)
    pairs = []
    for number, fill in first.items():
        tick, placed_ns = round(fill["price"] / tick_size), round(fill["placed_ms"] * 1e6)
        order = Resting(fill["side"], tick, lots[number], placed_ns)
        pairs.append(Pair(order, round(fill["ts_ms"] * 1e6)))
    return pairs


def assert_one_lot_orders_alike(
    rows: np.ndarray,
    half_bps: float,
    lot_notional: float,
    start_ms: float,
    end_ms: float,
    tick_size: float = TICK,
) -> int:
    """Orders of one lot that rest until they are filled: the same fills, times and position; how many."""
    maker = {**PATIENT, "base_half_spread_bps": half_bps, "max_order_notional": 1.5 * lot_notional}
    task = job({"base_spread_bps_delta": 0.08}, {**maker, "min_order_notional": 0.1 * lot_notional})
    report, answer = run(rows, task, start_ms, end_ms, tick_size)
    fills = answer["fills"]
    assert all(fill["maker"] and round(fill["qty"] / LOT) == 1 for fill in fills)
    assert report.orders.cancelled == 0
    assert report.orders.placed - len(fills) <= 2
    assert any(fill["queue_ahead_at_placement"] > 0.0 for fill in fills)
    outcome = assert_alike(rows, pairs_of(fills, tick_size), end_ms, tick_size)
    assert outcome.position == round(report.totals.position_end / LOT)
    return len(fills)


def test_one_lot_orders_on_generated_recordings() -> None:
    filled = [
        assert_one_lot_orders_alike(rows_for(seed), half, 6.0, START_MS, END_MS)
        for seed in range(8)
        for half in (0.001, 0.3)
    ]
    assert sum(filled) >= 200


@pytest.mark.parametrize(
    ("name", "half_bps", "start_s", "length_s"),
    [("mixed", 5.1, 0.0, 600.0), ("volatile", 5.0, 600.0, 180.0), ("santa_fe", 0.001, 600.0, 180.0)],
)
def test_one_lot_orders_on_markets_of_ours(
    name: str, half_bps: float, start_s: float, length_s: float
) -> None:
    """Flow of the mock market: for ``volatile`` minutes of a burst, and more of the calmer ``mixed``."""
    scenario = load_scenario(name)
    rows = rows_of_scenario(scenario, seed=1, start_s=start_s, duration_s=length_s + 5.0)
    tick_size, lot = (
        scenario.instrument.tick_size,
        scenario.instrument.lot_size * scenario.instrument.start_price,
    )
    assert scenario.instrument.lot_size == LOT
    assert assert_one_lot_orders_alike(rows, half_bps, lot, 1_000.0, length_s * 1e3, tick_size) >= 30


@pytest.mark.parametrize("half_bps", [0.001, 0.1, 0.5])
def test_one_lot_orders_on_the_real_recording(half_bps: float) -> None:
    assert assert_one_lot_orders_alike(real_rows(), half_bps, 61.5, REAL_START_MS, REAL_END_MS) >= 30


@pytest.mark.parametrize("requote_bps", [0.05, 0.5])
def test_first_fills_of_larger_orders_on_the_real_recording(requote_bps: float) -> None:
    """The maker as it usually is: it replaces its quotes, and its orders are filled in parts."""
    task = job({"base_spread_bps_delta": 0.08}, {"base_half_spread_bps": 0.1, "requote_bps": requote_bps})
    report, answer = run(real_rows(), task, REAL_START_MS, REAL_END_MS)
    assert report.orders.partial_fills > 0
    pairs = pairs_of([fill for fill in answer["fills"] if fill["maker"]])
    assert len(pairs) >= 50
    assert_alike(real_rows(), pairs, REAL_END_MS)


def schedule(events: Sequence[Happening], start_ms: float, every_ms: float, count: int) -> list[Resting]:
    """Two orders at a time, 0 to 5 ticks behind the best price of their side; sizes from 1 to 7 lots."""
    book, orders, position = NaiveBook(), [], 0
    for number in range(count):
        # No row of a recording lies at such a nanosecond, so that nothing happens at the same time.
        placed_ns = round((start_ms + number * every_ms) * 1e6) + 123
        while position < len(events) and events[position].at_ns <= placed_ns:
            book.apply(events[position])
            position += 1
        best = book.best()
        assert best is not None
        assert best[0] < best[1]
        behind, lots = number % 6, 1 + number % 7
        orders.append(Resting(1, best[0] - behind, lots, placed_ns))
        orders.append(Resting(-1, best[1] + behind, lots, placed_ns))
    return orders


def assert_schedule_alike(
    rows: np.ndarray, events: Sequence[Happening], orders: Sequence[Resting], end_ms: float
) -> int:
    """The matcher's first fills of a schedule are hftbacktest's; how many orders were filled."""
    stories = [match(events, order, round(end_ms * 1e6)) for order in orders]
    firsts = [story.fills[0].at_ns if story.fills else None for story in stories]
    assert_alike(rows, [Pair(*pair) for pair in zip(orders, firsts, strict=True)], end_ms)
    return sum(at is not None for at in firsts)


def test_a_schedule_of_orders_on_generated_recordings() -> None:
    filled = []
    for seed in range(4):
        orders = schedule(events_of(seed), 2_100.0, 450.0, 40)
        filled.append(assert_schedule_alike(rows_for(seed), events_of(seed), orders, END_MS))
    assert 200 <= sum(filled) <= 4 * 2 * 40 - 20


def test_a_schedule_of_orders_on_the_real_recording() -> None:
    rows = real_rows()
    minute = rows[rows["exch_ts"] < rows["exch_ts"][0] + 61_000_000_000]
    events = happenings(minute, TICK, LOT)
    assert assert_schedule_alike(minute, events, schedule(events, 5_000.0, 1_700.0, 30), 60_000.0) >= 50


def test_a_queue_that_is_overlooked_does_not_pass() -> None:
    """The comparison has power: with nobody ahead, orders would be filled at other times."""
    rows, events = rows_for(0), events_of(0)
    pairs = []
    for order in schedule(events, 2_100.0, 450.0, 40):
        hits = (e for e in events if e.is_trade and e.hits_bids == (order.side > 0))
        reach = [
            e.at_ns for e in hits if e.at_ns > order.placed_ns and (order.tick - e.tick) * order.side >= 0
        ]
        pairs.append(Pair(order, reach[0] if reach else None))
    with pytest.raises(AssertionError):
        assert_alike(rows, pairs, END_MS)


def test_a_run_that_stops_early_is_noticed() -> None:
    with pytest.raises(hft.RunDiedError, match="answered 1 to elapse: the data ended"):
        hft.run(rows_for(0), [], round(9 * END_MS * 1e6), tick_size=TICK, lot_size=LOT)
    dead = SimpleNamespace(elapse=lambda _: 14, current_timestamp=0)
    with pytest.raises(hft.RunDiedError, match="answered 14 to elapse: it died"):
        hft.go_to(dead, 5)


def best_prices_of_hftbacktest(rows: np.ndarray, count: int, tick_size: float) -> np.ndarray:
    """Best bid and ask in ticks every 100 ms."""
    module = hft.hftbacktest()
    data = np.array(rows, dtype=module.event_dtype)
    market = hft.open_market(module, data, tick_size, LOT)
    found = []
    try:
        for number in range(1, count + 1):
            hft.go_to(market, int(rows["exch_ts"][0]) + number * 100_000_000)
            depth = market.depth(0)
            found.append((depth.best_bid_tick, depth.best_ask_tick))
    finally:
        market.close()
    return np.array(found)


@pytest.mark.parametrize("mutate", [kit.crossed, kit.other_symbol])
def test_the_newer_side_of_a_crossed_book_wins(mutate: kit.Mutation, tmp_path: Path) -> None:
    """A bid that is never deleted, and rows of another symbol: the best prices are hftbacktest's.

    By design they differ where all newer levels of the losing side are deleted: hftbacktest then finds a
    level from before the cross in its depth, though the other side had reached it. Here it stays hidden
    until no row contradicts it. And what hftbacktest forgot is shown here again once the cross is over: then
    the best prices are those of all rows. So nearly all instants agree, and where the rows do not contradict
    each other the prices here are always those of a naive book.
    """
    tick_size = 0.01
    rows = mutate(kit.calm_rows())
    # The depth of hftbacktest is the receiver's.
    rows["local_ts"] = rows["exch_ts"]
    tape = tape_of_recording(write_npz(tmp_path / "crossed.npz", rows))
    ours = np.rint(np.column_stack([tape.bid, tape.ask]) / tick_size).astype(int)[:-1]
    theirs = best_prices_of_hftbacktest(rows, len(ours), tick_size)
    events, book, position, crossed, expected = happenings(rows, tick_size, LOT), NaiveBook(), 0, [], []
    for number in range(1, len(ours) + 1):
        while position < len(events) and events[position].at_ns <= number * 100_000_000:
            book.apply(events[position])
            position += 1
        best = book.best()
        assert best is not None
        crossed.append(best[0] >= best[1])
        expected.append(best)
    is_crossed = np.array(crossed)
    agree = (ours == theirs).all(axis=1)
    assert is_crossed.mean() > 0.1
    assert (ours[~is_crossed] == np.array(expected)[~is_crossed]).all()
    assert agree.mean() >= 0.98
    assert agree[is_crossed].mean() >= 0.95
    # Prices of all rows, without a rule for a cross, agree far less often: the comparison has power.
    assert (np.array(expected) == theirs).all(axis=1).mean() < 0.9
