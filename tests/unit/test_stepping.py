"""Strategies written in Python: the typed window of a mock market, and the maker of its documentation."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport, Kpis
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import MockMarket, Window, load_scenario, stepping
from pytest_soak.market.stepping import Fill, Side, Simulation
from tests.kernel_kit import asked, spec

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
CALM = load_scenario("calm")
FREE = FeeSettings(maker_bps=0.0, taker_bps=0.0)


def window(minutes: float = 0.05, start_minutes: float = 0.0) -> Window:
    return Window(
        iteration=1, iterations=6, start_ms=start_minutes * 60_000.0, duration_ms=minutes * 60_000.0
    )


def opened(minutes: float = 0.05, fees: FeeSettings = FREE, **maker: float) -> Simulation:
    settings = MakerSettings(**maker) if maker else None  # type: ignore[arg-type]
    return MockMarket(CALM, seed=1).simulation(window(minutes), fees, maker=settings)


def until_seen(simulation: Simulation) -> float:
    """Go on until there is a mid; returns it."""
    while simulation.step():
        if simulation.mid is not None and simulation.time_ms > 500.0:
            return simulation.mid
    raise AssertionError("no mid was seen")


def documented_maker() -> Any:
    """The maker of the module's documentation, word for word."""
    text = inspect.getdoc(stepping) or ""
    code = text.partition("::\n")[2].partition("\nA KPI that")[0]
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code), names)  # noqa: S102
    return names["TwoSided"]


def soaked(
    minutes: float = 5.0, seed: int = 1, most: float | None = None, **parameters: float
) -> tuple[EdgeReport, Kpis]:
    maker = documented_maker()(FeeSettings())
    maker.most = maker.most if most is None else most
    report = maker.run(MockMarket(CALM, seed=seed), {**DEFAULTS, **parameters}, window(minutes))
    assert isinstance(report, EdgeReport)
    return report, kpis_of(report)


def test_the_documented_maker_earns_its_spread() -> None:
    report, kpis = soaked(minutes=10.0)
    assert kpis.gross_bps is not None
    assert 3.0 < kpis.gross_bps < 4.9
    assert kpis.maker_taker_ratio == 1.0
    assert report.orders.maker_fills > 100
    assert report.blocks.min_interval > 0
    assert report.attempts > report.blocks.total
    assert abs(report.totals.position_end) <= 1.2 + 0.5
    parts = (report.totals.gross, report.totals.fees, report.totals.slippage, report.totals.inventory)
    assert report.totals.ledger == pytest.approx(sum(parts), abs=1e-9 * report.totals.notional)


def test_a_documented_maker_with_less_room_is_blocked_for_risk() -> None:
    """The limit of 1.2 is one that the lean of its quotes keeps it from; of 0.9 it is not."""
    for seed in range(1, 4):
        report, kpis = soaked(seed=seed, most=0.9)
        assert report.blocks.risk > 100
        assert 0.1 < (kpis.risk_ratio or 0.0) < 0.6
        assert abs(report.totals.position_max or 0.0) <= 0.9 + 0.5


def test_the_documented_maker_is_a_function_of_its_arguments() -> None:
    assert soaked(1.0) == soaked(1.0)
    assert soaked(1.0)[0] != soaked(1.0, seed=2)[0]


def test_parameters_act_in_the_documented_maker() -> None:
    narrow, wide = (soaked(base_spread_bps_delta=delta)[1] for delta in (0.08, 0.25))
    assert narrow.gross_bps is not None
    assert wide.gross_bps is not None
    assert wide.gross_bps > narrow.gross_bps + 0.1
    eager, slow = ([soaked(min_interval_ms=ms, seed=seed)[0] for seed in range(1, 6)] for ms in (40.0, 80.0))
    for quick, lazy in zip(eager, slow, strict=True):
        assert lazy.blocks.min_interval > 2 * quick.blocks.min_interval
    assert sum(report.orders.placed for report in slow) < sum(report.orders.placed for report in eager)


def test_the_loop_of_the_page_earns_its_spread() -> None:
    section = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec("def run" + section.partition("```python\ndef run")[2].partition("```")[0], names)  # noqa: S102
    kpis = kpis_of(names["run"](SimpleNamespace(fees=FREE), MockMarket(CALM, seed=1), DEFAULTS, window(2.0)))
    assert kpis.samples["gross_bps"] > 20
    assert kpis.gross_bps is not None
    assert 3.0 < kpis.gross_bps < 4.9


def test_a_window_opens_on_the_market_of_its_time() -> None:
    simulation = MockMarket(CALM, seed=1).simulation(window(0.01, 7.0), FREE)
    assert simulation.step()
    assert simulation.time_ms == 420_000.0
    while simulation.step():
        assert 420_000.0 < simulation.time_ms < 420_600.0
    report = simulation.report()
    assert (report.source, report.market.start_ms, report.market.end_ms) == ("mock", 420_000.0, 420_600.0)
    assert report.market.events > 0


def test_the_view_is_a_book() -> None:
    simulation = opened()
    mid = until_seen(simulation)
    assert simulation.best_bid is not None
    assert simulation.best_ask is not None
    assert simulation.best_bid < mid < simulation.best_ask
    assert simulation.bid_liquidity > 0.0
    assert simulation.ask_liquidity > 0.0
    shallow = opened(depth_levels=1)
    until_seen(shallow)
    assert shallow.bid_liquidity < simulation.bid_liquidity


def test_decisions_come_at_the_interval_asked_for() -> None:
    counts = []
    for interval in (10.0, 50.0):
        simulation = opened(decision_interval_ms=interval)
        counts.append(sum(1 for _ in iter(simulation.step, False)))
    assert counts == [pytest.approx(300, abs=1), pytest.approx(60, abs=1)]


def test_fills_and_position_are_received() -> None:
    simulation = opened(fees=FeeSettings(maker_bps=0.0, taker_bps=2.0))
    mid = until_seen(simulation)
    simulation.take(1, mid * 1.001, 0.25)
    assert (simulation.in_flight, simulation.position) == (1, 0.0)
    received: list[Fill] = []
    while simulation.step():
        received += simulation.fills
    assert {(fill.order, fill.side) for fill in received} == {(None, 1)}
    assert sum(fill.qty for fill in received) == pytest.approx(0.25)
    assert simulation.position == pytest.approx(0.25)
    assert simulation.in_flight == 0
    report = simulation.report()
    assert report.totals.fees == pytest.approx(-report.totals.taker_notional * 2e-4)
    assert report.totals.slippage < 0.0


def test_a_flat_position_is_zero() -> None:
    """0.1 + 0.2 - 0.3 is not 0 in binary numbers; the position is one of whole lots."""
    simulation = opened(minutes=0.2)
    mid = until_seen(simulation)
    trades: list[tuple[Side, float]] = [(1, 0.1), (1, 0.2), (-1, 0.3)]
    for side, size in trades:
        simulation.take(side, mid * (1 + side * 0.005), size)
        while simulation.step() and not simulation.fills:
            pass
    while simulation.step():
        pass
    report = simulation.report()
    assert report.orders.taker_fills >= 3
    assert report.totals.position_end == 0.0
    assert report.totals.position_max == 0.3


def test_an_order_rests_until_it_is_cancelled() -> None:
    simulation = opened()
    mid = until_seen(simulation)
    order = simulation.place(1, mid * 0.99, 0.25)
    crossing = simulation.place(-1, mid * 0.99, 0.25)
    rejected: list[int] = []
    while simulation.step():
        rejected += simulation.rejected
        if simulation.time_ms > 2_000.0 and order:
            simulation.cancel(order)
            order = 0
    report = simulation.report()
    assert rejected == [crossing]
    assert (report.orders.placed, report.orders.cancelled, report.orders.rejected) == (1, 1, 1)


def test_attempts_are_counted_by_reason() -> None:
    simulation = opened()
    simulation.step()
    for reason in (None, "min_interval", "throttle", "concurrency", "risk", "risk"):
        simulation.attempt(reason)
    while simulation.step():
        pass
    report = simulation.report()
    assert report.attempts == 6
    assert report.blocks.model_dump() == {"min_interval": 1, "throttle": 1, "concurrency": 1, "risk": 2}


def test_misuse_is_refused() -> None:
    simulation = opened()
    with pytest.raises(ValueError, match="not over"):
        simulation.report()
    with pytest.raises(ValueError, match="neither 1"):
        simulation.place(0, 2000.0, 1.0)  # type: ignore[arg-type]
    for number in (-1, 2**64, -(2**63) - 1, 10**30):
        for send in (simulation.cancel, lambda order: simulation.replace(order, 1, 2000.0, 1.0)):
            with pytest.raises(ValueError, match=f"order = {number} is no number"):
                send(number)
    with pytest.raises(ValueError, match="unknown reason"):
        simulation.attempt("weather")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="decision_interval_ms"):
        opened(decision_interval_ms=1e9)
    with pytest.raises(SoakConfigError, match=r"refuses to simulate: .*decision_interval_ms"):
        asked(spec(maker={"decision_interval_ms": 1e9}))
