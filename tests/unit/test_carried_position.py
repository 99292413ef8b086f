"""Position and orders at the end of an iteration are what the next one begins with, unless it begins flat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import Strategy
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.holdings import Holdings, Place, Resting
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.reports import checked_report
from pytest_soak.domain.settings import FeeSettings
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.settings import Settings
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario
from pytest_soak.market.stepping import Simulation
from pytest_soak.market.view import View
from pytest_soak.store.exports.models import RunSettings
from tests import canary_kit, recordings_kit
from tests.oracle.recordings import write_npz
from tests.rules_kit import edge_report, totals

FEES = FeeSettings(maker_bps=-0.5, taker_bps=2.0)
CALM = MockMarket(load_scenario("calm"), seed=1)
NOTHING = Holdings(position=0.0, average_price=None, mark=None, last_order=0, orders=())


def window(start_ms: float, duration_ms: float, held: Holdings | None = None) -> Window:
    return Window(iteration=1, iterations=2, start_ms=start_ms, duration_ms=duration_ms, holdings=held)


def resting(number: int, side: Any, price: float) -> Resting:
    return Resting(
        number=number,
        side=side,
        price=price,
        size=0.1,
        placed_ms=0.0,
        ahead=0.0,
        ahead_at_placement=0.0,
        place=Place(ahead=0.0, traded=0.0, displayed=0.0),
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ReplayMarket:
    rows = recordings_kit.calm_rows()
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", rows))


def quoted_once(simulation: Simulation) -> list[Any]:
    """Fills of orders that are placed in the first two seconds and then left alone."""
    fills, placed = [], 0
    while simulation.step():
        fills += simulation.fills
        quiet = simulation.time_ms < 11_900.0 and simulation.best_bid and simulation.best_ask
        if quiet and placed < 20 and not simulation.in_flight:
            side: Any = 1 if placed % 2 else -1
            levels = simulation.bids if side == 1 else simulation.asks
            simulation.place(side, float(levels[placed // 2][0]), 0.2)
            placed += 1
    return fills


def test_an_order_keeps_its_turn_where_a_recording_is_cut(recorded: ReplayMarket) -> None:
    """The fills of a window cut in two are those of the whole, to the last figure."""
    whole = recorded.simulation(window(10_000.0, 100_000.0), FEES)
    fills, report = quoted_once(whole), whole.report()
    first = recorded.simulation(window(10_000.0, 2_000.0), FEES)
    cut = quoted_once(first)
    left = first.report().holdings
    assert left is not None
    assert any(order.ahead for order in left.orders)
    second = recorded.simulation(window(12_000.0, 98_000.0, left), FEES)
    assert {order.order for order in second.carried} == {order.number for order in left.orders}
    while second.step():
        cut += second.fills
    assert cut
    assert [(f.order, f.price, f.qty, f.time_ms) for f in cut] == [
        (f.order, f.price, f.qty, f.time_ms) for f in fills
    ]
    end = second.report().holdings
    assert end is not None
    assert report.holdings is not None
    assert end.orders == report.holdings.orders
    assert end.average_price == pytest.approx(report.holdings.average_price)


def test_a_mock_market_goes_on_at_the_price_where_it_ended() -> None:
    """What trades have moved stays: the mid is where it was but for the book that is filled anew."""
    job = recordings_kit.job()
    first = CALM.run_maker(job, window(0.0, 120_000.0))
    assert first.holdings is not None
    assert first.holdings.moves is not None
    ended = first.totals.mid_end
    went_on = CALM.run_maker(job, window(120_000.0, 1_000.0, first.holdings)).totals.mid_start
    anew = CALM.run_maker(job, window(120_000.0, 1_000.0)).totals.mid_start
    assert ended is not None
    assert went_on is not None
    assert anew is not None
    assert abs(went_on / ended - 1.0) < 1.5e-4 < abs(anew / ended - 1.0)


def test_orders_that_would_cross_the_new_book_are_dropped_and_counted() -> None:
    mid = CALM.simulation(window(0.0, 1_000.0), FEES)
    assert mid.step()
    assert mid.mid is not None
    orders = (resting(3, 1, mid.mid * 1.01), resting(5, 1, mid.mid * 0.99), resting(8, -1, mid.mid * 0.98))
    held = NOTHING.model_copy(update={"last_order": 9, "orders": orders})
    simulation = CALM.simulation(window(0.0, 1_000.0, held), FEES)
    assert [order.order for order in simulation.carried] == [5]
    assert simulation.step()
    assert simulation.place(1, mid.mid * 0.9, 0.1) == 10
    while simulation.step():
        pass
    report = simulation.report()
    assert (report.orders.carried, report.orders.dropped, report.orders.placed) == (1, 2, 1)
    assert report.holdings is not None
    assert [order.number for order in report.holdings.orders] == [5, 10]
    assert report.holdings.orders[0].placed_ms == 0.0


def test_an_iteration_after_the_end_of_a_recording_hands_everything_on(recorded: ReplayMarket) -> None:
    held = NOTHING.model_copy(
        update={"position": 1.5, "average_price": 99.0, "mark": 100.0, "orders": (resting(1, 1, 90.0),)}
    )
    beyond = window(recorded.duration_ms + 1_000.0, 1_000.0, held)
    made = recorded.run_maker(recordings_kit.job(), beyond)
    simulation = recorded.simulation(beyond, FEES)
    assert not simulation.step()
    for report in (made, simulation.report()):
        assert report.holdings == held
        assert (report.totals.position_start, report.totals.position_end) == (1.5, 1.5)
        assert report.totals.ledger == 0.0


@pytest.mark.parametrize(
    "wrong", [{"position": 1e300}, {"orders": (resting(1, 1, 1e-9),)}, {"mark": 1e300, "position": 1.0}]
)
def test_what_no_market_can_hold_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(SoakConfigError, match=r"holdings\.\w+"):
        CALM.simulation(window(0.0, 1_000.0, NOTHING.model_copy(update=wrong)), FEES)


class Watcher(Strategy):
    """Buys once, leaves a named bid, and tells what it saw at the first decision of each iteration."""

    name = "watcher"

    def on_start(self, view: View) -> None:
        assert view.position in (0.0, 0.5)
        self._saw: Any = None

    def on_step(self, view: View) -> None:
        if view.mid is None:
            return
        if self._saw is None:
            self._saw = {
                "average": view.average_price,
                "orders": [[order.id, order.side, order.state] for order in view.orders],
                "aged": all(order.age_ms > 0.0 for order in view.orders),
            }
            if view.carry is None:
                view.place(1, view.mid * 1.01, 0.5, kind="ioc")
                view.place(1, view.mid * 0.9, 0.2, client_id="deep")
                view.place(1, view.mid * 0.8, 0.2)
            elif view.carry["iterations"] == 1:
                for order in view.orders:
                    if order.id == "deep":
                        view.cancel(order)
                view.place(1, view.mid * 0.7, 0.2)

    def on_end(self, view: View) -> None:
        before = 0 if view.carry is None else view.carry["iterations"]
        unrealised = view.unrealised
        assert unrealised is not None
        view.carry = {
            "position": view.position,
            "profit": view.cash + view.position * (view.mid or 0.0),
            "iterations": before + 1,
            "saw": self._saw,
        }


@pytest.mark.parametrize("rule", list(PositionRule))
def test_a_strategy_begins_with_what_it_had(tmp_path: Path, rule: PositionRule) -> None:
    """Position, average price and orders with their names, in a run in one go and in one that is resumed."""
    made = replace(
        canary_kit.spec(tmp_path / "whole", iterations=3, minutes=0.1, strategy=Watcher(FEES)), position=rule
    )
    records = canary_kit.run(made)
    stopped = replace(made, folder=tmp_path / "stopped")
    canary_kit.run(stopped, 1)
    again = canary_kit.run(stopped, 2)
    assert [*again, *canary_kit.run(stopped)[2:]] == list(records)
    ends = [record.kpis.position_end for record in records]
    starts = [record.kpis.position_start for record in records]
    assert {record.provenance.position for record in records} == {rule}
    canary = Canary(made, canary_kit.PlainHooks())
    edges = canary.edges()
    canary.close()
    saw = [edge.carry["saw"] for edge in edges]
    if rule is PositionRule.FLAT:
        assert starts == [0.0, 0.0, 0.0]
        assert saw[1]["orders"] == []
        return
    assert starts == [0.0, *ends[:2]]
    assert ends[0] == pytest.approx(0.5)
    assert saw[1]["orders"] == [["deep", 1, "live"], ["order-1", 1, "live"]]
    assert [name for name, *_ in saw[2]["orders"]] == ["order-1", "order-2"]
    assert saw[1]["aged"]
    holdings = edges[0].holdings
    assert holdings is not None
    assert saw[1]["average"] == holdings.average_price
    for edge in edges:
        # The view's own account, whose mid is a few ms old, has the profit of the report.
        assert edge.carry["profit"] == pytest.approx(edge.totals.ledger, abs=0.5)


def test_the_rule_is_part_of_the_identity(tmp_path: Path) -> None:
    flat = canary_kit.spec(tmp_path)
    assert "position" not in flat.inputs()
    assert replace(flat, position=PositionRule.CARRY).inputs() == {**flat.inputs(), "position": "carry"}
    assert not replace(flat, position=PositionRule.CARRY).has_inputs_of(flat)
    asked = Settings().of_run()
    assert RunSettings.model_validate(asked).position == "carry"


def test_a_position_that_goes_on_is_sold_once_and_falls_over_the_border() -> None:
    def part(ledger: float, **changes: float) -> EdgeReport:
        low, high = min(0.0, ledger), max(0.0, ledger)
        drawdown = -low
        made = totals(gross=0.0, fees=0.0, slippage=0.0, inventory=ledger, ledger=ledger)
        extremes = {"profit_low": low, "profit_high": high, "drawdown": drawdown}
        return edge_report(totals=made.model_copy(update={**extremes, **changes}))

    first = part(4.0, position_start=0.0, position_end=2.0, liquidation=3.0)
    second = part(-5.0, position_start=2.0, position_end=1.0, liquidation=-7.0)
    both = pooled([first, second])
    assert (both.position_start, both.position_end, both.drawdown) == (0.0, 1.0, 5.0)
    assert both.net_liquidation_bps == pytest.approx((4.0 - 7.0) / 2000.0 * 1e4)
    begun_flat = part(-5.0, position_start=0.0, position_end=1.0, liquidation=-7.0)
    assert pooled([first, begun_flat]).net_liquidation_bps == pytest.approx((3.0 - 7.0) / 2000.0 * 1e4)


def test_a_report_that_contradicts_itself_on_what_it_holds_is_refused() -> None:
    held = NOTHING.model_copy(update={"position": 1.0})
    with pytest.raises(SoakStateError, match=r"holdings\.position = 1\.0 is not totals\.position_end = 0\.0"):
        checked_report(edge_report(holdings=held), "mock", "here")
    order = resting(1, 1, 5.0).model_copy(update={"client_id": "\ud800"})
    with pytest.raises(SoakStateError, match="client_id"):
        checked_report(edge_report(holdings=NOTHING.model_copy(update={"orders": (order,)})), "mock", "here")
    sound = checked_report(edge_report(holdings=NOTHING), "mock", "here")
    assert json.loads(sound.model_dump_json())["holdings"]["orders"] == []
