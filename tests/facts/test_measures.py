"""The measures behind the facts, on tapes made by hand whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_soak.market.facts import costs, flow, quotes
from pytest_soak.market.facts.finding import Fact, Finding, find
from pytest_soak.market.facts.series import Series
from pytest_soak.market.facts.table import FACTS
from pytest_soak.market.tape import STEP_S, Tape

Rows = list[tuple[float, int, float, float]]


def tape(mid: np.ndarray, trades: Rows, *, half: float = 0.5, queue: float = 10.0) -> Tape:
    """A market with one spread and queues of one size; trades are (time, side, quantity, price)."""
    mid = np.asarray(mid, float)
    at, side, qty, price = (np.array(column, float) for column in zip(*trades, strict=True))
    before = mid[np.clip((at / STEP_S).astype(int) - 1, 0, len(mid) - 1)]
    flat = np.full(len(mid), queue)
    return Tape(
        name="made",
        events=len(mid),
        bid=mid - half,
        ask=mid + half,
        fair=mid,
        bid_depth=flat * 10.0,
        ask_depth=flat * 10.0,
        bid_queue=flat.copy(),
        ask_queue=flat.copy(),
        bid_gap=np.ones(len(mid)),
        ask_gap=np.ones(len(mid)),
        labels={},
        trade_s=at,
        trade_side=side,
        trade_qty=qty,
        trade_price=price,
        trade_mid=before,
        trade_queue=np.full(len(at), queue),
        trade_emptied=qty >= queue,
    )


def stepped(moves: dict[int, float], samples: int = 1_200, start: float = 10_000.0) -> np.ndarray:
    """A mid that moves at samples, by so much."""
    mid = np.full(samples, start)
    for at, move in moves.items():
        mid[at:] += move
    return mid


def test_what_an_order_paid_and_what_is_left_of_it() -> None:
    """Bought half a unit above the mid, which then rises by 0.2 within a second and to 0.3 within five."""
    trades: Rows = [(1.0, 1, 1.0, 10_000.5)]
    made = Series(tape(stepped({15: 0.2, 40: 0.1}), trades))
    assert costs.effective(made)[0] == pytest.approx(0.5, rel=1e-4)
    assert costs.realised(1.0)(made)[0] == pytest.approx(0.3, rel=1e-3)
    assert costs.kept(1.0)(made)[0] == pytest.approx(0.6, rel=1e-3)
    assert costs.kept(5.0)(made)[0] == pytest.approx(0.4, rel=1e-3)
    assert costs.growth(made)[0] == pytest.approx(1.5, rel=1e-3)
    # A sale that the mid follows down costs the maker as much.
    sold = Series(tape(stepped({15: -0.2}), [(1.0, -1, 1.0, 9_999.5)]))
    assert costs.kept(1.0)(sold)[0] == pytest.approx(0.6, rel=1e-3)


def test_an_order_without_a_later_mid_is_not_counted() -> None:
    made = Series(tape(stepped({}), [(1.0, 1, 1.0, 10_000.5), (119.9, 1, 1.0, 10_000.5)]))
    assert costs.realised(1.0)(made)[1] == 1


def test_the_end_of_the_queue_is_reached_by_large_orders_alone() -> None:
    """Orders of 1, 5 and 10 on a queue of 10; only after the largest the mid moves."""
    trades: Rows = [(10.0, 1, 1.0, 10_000.5), (30.0, 1, 5.0, 10_000.5), (50.0, 1, 10.0, 10_000.5)]
    made = Series(tape(stepped({505: 0.9}), trades))
    found = [costs.queue_fifth(fifth)(made) for fifth in range(1, 6)]
    assert [count for _, count in found] == [3, 2, 2, 1, 1]
    assert [value for value, _ in found] == pytest.approx([0.3, 0.45, 0.45, 0.9, 0.9], rel=1e-3)
    assert costs.by_queue(made)[0] == pytest.approx(3.0, rel=1e-3)
    assert flow.emptied(made)[0] == pytest.approx(1.0 / 3.0)


def test_quotes_are_met_by_trades_and_by_the_other_side() -> None:
    """The ask falls to the old bid at 20 s, for good; a sale meets the bid itself at 40 s."""
    mid = stepped({200: -1.0}, samples=600)
    made = Series(tape(mid, [(40.05, -1, 1.0, 9_998.5)]))
    waits = quotes._waits(made, 0.0)
    bids = waits[: len(waits) // 2]
    starts = np.arange(0, 500, 10)
    met = np.isfinite(bids)
    assert met[(starts >= 100) & (starts < 200)].all()
    assert met[(starts >= 300) & (starts < 400)].all()
    assert not met[(starts >= 210) & (starts < 300)].any()
    assert bids[19] == pytest.approx(1.0)


def test_what_comes_to_the_bid_counts_for_it() -> None:
    plain = tape(stepped({}, 100), [(1.0, 1, 1.0, 10_000.5)])
    plain.bid_queue[50:] = 14.0
    plain.ask_queue[70:] = 3.0
    net = Series(plain).imbalance
    assert {int(at): float(net[at]) for at in np.flatnonzero(net)} == {49: 4.0, 69: 7.0}
    # A better bid brings all of its queue, a worse one takes the old one away.
    moved = tape(stepped({}, 100), [(1.0, 1, 1.0, 10_000.5)])
    moved.bid[30:] += 0.1
    moved.bid[60:] -= 0.2
    net = Series(moved).imbalance
    assert {int(at): float(net[at]) for at in np.flatnonzero(net)} == {29: 10.0, 59: -10.0}


def linear(impact: float) -> Series:
    """Independent orders of one size, a second apart, each of which moves the mid by ``impact`` for good."""
    draw = np.random.default_rng(1)
    side = np.where(draw.uniform(size=20_000) < 0.5, 1, -1)
    mid = 10_000.0 + np.repeat(np.cumsum(impact * side), 10)
    at = np.arange(20_000) + 0.05
    before = np.concatenate(([10_000.0], mid[9::10][:-1]))
    return Series(tape(mid, list(zip(at, side, np.ones(20_000), before + 0.5 * side, strict=True))))


def test_proxies_of_metaorders_where_impact_is_linear_and_stays() -> None:
    """A metaorder of n orders moves the mid by n times what one does, and nothing of it goes.

    Less seems to be left, as a run of one trader's orders ends with one on the other side.
    """
    made = linear(0.2)
    exponent, count = costs.metaorder_exponent(made)
    assert count > 1_000
    assert exponent == pytest.approx(1.0, abs=0.1)
    assert costs.metaorder_decay(made)[0] == pytest.approx(0.77, abs=0.05)
    # In units of volatility, all of which is impact here, its size says nothing.
    assert costs.metaorder_size(linear(0.1))[0] == pytest.approx(costs.metaorder_size(made)[0], rel=0.01)


def test_a_fact_is_judged_where_it_is_one_of_the_market() -> None:
    def measure(_: Series) -> tuple[float, int]:
        return 0.5, 10

    def fact(**named: object) -> Fact:
        given = {"name": "n", "statistic": "s", "source": "x", "least": 10, "low": 0.0, "high": 1.0}
        return Fact(measure=measure, **{**given, **named})  # type: ignore[arg-type]

    assert Finding(fact(), 0.5, 10).verdict == "holds"
    assert Finding(fact(high=0.4), 0.5, 10).verdict == "FAILS"
    assert Finding(fact(), 0.5, 9).verdict == "too few"
    assert Finding(fact(where="wide"), 9.0, 10, one_tick=True).verdict == "not wide"
    assert Finding(fact(where="one tick"), 9.0, 10).holds is None
    assert Finding(fact(where="wide"), 9.0, 10).verdict == "FAILS"
    assert Finding(fact(where="nowhere", unit="bps"), 9.0, 10).verdict == ""
    assert fact(where="nowhere", unit="bps").accepted == "(bps)"
    assert fact(unit="s").accepted == "0 to 1 s"
    pinned = next(find(tape(stepped({}), [(1.0, 1, 1.0, 10_000.5)]), [fact()]))
    assert pinned.one_tick


def test_every_range_is_narrow_and_has_a_source() -> None:
    """A range over decades is no test; the high end is some three times the low one."""
    for fact in FACTS:
        assert fact.source
        if fact.where == "nowhere":
            continue
        assert fact.low < fact.high < np.inf, fact.name
        if fact.low > 0.0:
            assert fact.high / fact.low <= 3.5, fact.name
