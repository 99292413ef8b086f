"""The stepping ``Simulation``: a strategy written in Python on the mock market."""

from __future__ import annotations

import json

import pytest

from pytest_soak import _kernel
from tests.kernel_kit import kpis, opened, simulate, spec


def _open(**wanted: object) -> _kernel.Simulation:
    market, text = opened(spec(**wanted))  # type: ignore[arg-type]
    return market.open(text)


def _quote_both_sides(market: _kernel.Simulation, half: float) -> tuple[float, int]:
    """Keep one order per side at a distance from the mid; returns position and fills received."""
    live: dict[int, int] = {}
    position, fills, steps = 0.0, 0, 0
    while market.step():
        for order, side, qty, *_ in market.fills:
            position += side * qty
            fills += 1
            live = {s: o for s, o in live.items() if o != order}
        steps += 1
        if market.mid is None or steps % 100:
            continue
        for side in (1, -1):
            if side in live:
                market.cancel(live.pop(side))
            if side * position < 5.0:
                market.attempt()
                live[side] = market.place(side, market.mid - side * half, 0.5)
            else:
                market.attempt("risk")
    return position, fills


def test_a_strategy_of_ones_own_earns_its_spread() -> None:
    market = _open(minutes=3.0)
    position, fills = _quote_both_sides(market, half=0.5)
    report = json.loads(market.report())
    measured = kpis(report)
    assert fills > 20
    assert market.position == pytest.approx(position)
    assert measured.gross_bps is not None
    assert 1.5 < measured.gross_bps < 3.5
    assert measured.maker_taker_ratio == 1.0
    assert report["attempts"] > 100
    assert report["totals"]["ledger"] == pytest.approx(
        sum(report["totals"][key] for key in ("gross", "fees", "slippage", "inventory")),
        abs=1e-9 * report["totals"]["notional"],
    )


def test_the_same_strategy_gives_the_same_report() -> None:
    reports = []
    for _ in range(2):
        market = _open(minutes=0.5, record_fills=True)
        _quote_both_sides(market, half=0.5)
        reports.append(market.report())
    assert reports[0] == reports[1]


def test_it_begins_where_the_reference_maker_begins() -> None:
    market = _open(minutes=0.1, start_minutes=7.0)
    times = []
    while market.step():
        times.append(market.time_ms)
    assert times[0] == 420_000.0
    assert len(times) in (600, 601)
    assert [int((t - 420_000.0) // 10.0) for t in times] == list(range(len(times)))
    assert not market.step()
    report = json.loads(market.report())
    maker = simulate(minutes=0.1, start_minutes=7.0)
    assert report["totals"]["mid_start"] == maker["totals"]["mid_start"]
    assert report["totals"]["notional"] == 0.0


def test_taking_pays_the_spread() -> None:
    market = _open(minutes=0.2)
    for _ in range(10):
        assert market.step()
    assert market.best_bid is not None
    assert market.best_ask is not None
    assert market.best_bid < market.best_ask
    assert market.bid_liquidity > 0.0
    assert market.ask_liquidity > 0.0
    market.take(1, market.best_ask + 1.0, 0.5)
    assert market.in_flight == 1
    while market.step():
        pass
    totals = json.loads(market.report())["totals"]
    assert totals["position_end"] == pytest.approx(0.5)
    assert totals["slippage"] < 0.0
    assert totals["fees"] < 0.0


def test_a_post_only_order_that_would_cross_is_rejected() -> None:
    market = _open(minutes=0.1)
    for _ in range(10):
        market.step()
    assert market.best_ask is not None
    order = market.place(1, market.best_ask + 5.0, 0.5)
    rejected: list[int] = []
    while market.step():
        rejected += market.rejected
    assert rejected == [order]
    assert json.loads(market.report())["orders"]["rejected"] == 1


def test_misuse_is_answered_with_one_sentence() -> None:
    market = _open(minutes=0.01)
    market.step()
    with pytest.raises(ValueError, match="neither 1"):
        market.place(2, 2000.0, 1.0)
    with pytest.raises(ValueError, match="quantity 0 is out of range"):
        market.place(1, 2000.0, 0.0)
    with pytest.raises(ValueError, match="price NaN is out of range"):
        market.place(1, float("nan"), 1.0)
    with pytest.raises(ValueError, match="unknown reason"):
        market.attempt("weather")
    with pytest.raises(ValueError, match="not over"):
        market.report()
    while market.step():
        pass
    with pytest.raises(ValueError, match="over"):
        market.cancel(1)
    with pytest.raises(ValueError, match="seed"):
        opened({**spec(), "seed": "x"})
