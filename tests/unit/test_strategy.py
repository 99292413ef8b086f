"""Strategies that are asked at every decision: one object on a mock market and on a recording."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

import pytest

from pytest_soak import Strategy, StrategyError, View
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import Market, MockMarket, ReplayMarket, Window, load_scenario, strategy
from pytest_soak.market.account import Account
from pytest_soak.market.stepping import Side
from tests import recordings_kit as kit
from tests.oracle.recordings import write_npz

CALM = load_scenario("calm")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> ReplayMarket:
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", kit.calm_rows()))


def window(seconds: float = 20.0, **more: Any) -> Window:
    return Window(iteration=1, iterations=1, start_ms=10_000.0, duration_ms=seconds * 1_000.0, **more)


def run(made: Strategy, market: Market | None = None, seconds: float = 20.0, **more: Any) -> EdgeReport:
    return made.run(market or MockMarket(CALM, seed=1), DEFAULTS, window(seconds, **more))


def documented() -> Strategy:
    """The maker of the module's documentation, word for word."""
    code = (inspect.getdoc(strategy) or "").partition("::\n")[2]
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code), names)  # noqa: S102
    made = names["TwoSided"]()
    assert isinstance(made, Strategy)
    return made


def test_one_object_trades_on_a_mock_market_and_on_a_recording(recorded: ReplayMarket) -> None:
    maker = documented()
    for market in (MockMarket(CALM, seed=1), recorded):
        report = run(maker, market, seconds=60.0)
        assert report.orders.maker_fills > 5
        assert report.attempts > 100
        assert kpis_of(report).gross_bps is not None
        assert report == run(maker, market, seconds=60.0)


class Ledger(Strategy):
    """Trades with all kinds of orders, and compares what it is told with the report."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[str] = []

    def on_step(self, view: View) -> None:
        for fill in view.fills:
            assert fill.maker == (fill.order.kind == "post_only") or fill.order.kind == "limit"
            assert 0.0 < fill.size <= fill.order.filled <= fill.order.size + 1e-9
        for rejection in view.rejections:
            assert rejection.order.state == "done"
            assert "crossed" in rejection.cause
        if view.best_bid is None or view.best_ask is None or view.in_flight:
            return
        assert view.mid is not None
        assert view.spread is not None
        assert view.imbalance is not None
        assert view.microprice is not None
        assert view.best_bid <= view.microprice <= view.best_ask
        assert -1.0 <= view.imbalance <= 1.0
        view.cancel_all()
        side: Side = 1 if view.position <= 0.0 else -1
        other = view.best_ask if side == 1 else view.best_bid
        mine = view.best_bid if side == 1 else view.best_ask
        draw = view.random.integers(4)
        if draw == 0:
            view.place(side, other, 0.05, kind="ioc")
        elif draw == 1:
            view.place(side, other, 0.05, kind="limit")
        else:
            view.place(side, mine if draw == 2 else other, 0.05)

    def on_end(self, view: View) -> None:
        unrealised = view.unrealised
        assert unrealised is not None
        view.carry = {
            "position": view.position,
            "profit": view.account.realised + unrealised - view.account.fees,
            "cash": view.account.cash,
            "mid": view.mid,
        }


@pytest.mark.parametrize("kind", ["mock", "recorded"])
def test_the_account_of_the_view_is_that_of_the_report(kind: str, recorded: ReplayMarket) -> None:
    market = recorded if kind == "recorded" else MockMarket(CALM, seed=3)
    report = run(Ledger(), market, seconds=40.0)
    assert report.orders.taker_fills > 20
    assert report.orders.maker_fills > 0
    assert report.orders.rejected > 0
    told = report.carry
    assert told["position"] == pytest.approx(report.totals.position_end, abs=1e-9)
    assert told["profit"] == pytest.approx(told["cash"] + told["position"] * told["mid"], abs=1e-6)
    # What the strategy sees of the mid is late; the account is that of the report at the report's own.
    assert report.totals.mid_end is not None
    at_the_end = told["cash"] + told["position"] * report.totals.mid_end
    assert at_the_end == pytest.approx(report.totals.ledger, abs=1e-6)


def test_average_cost_is_kept_across_a_turn_of_the_position() -> None:
    account = Account()
    account.book(1, 100.0, 1.0, 0.1)
    account.book(1, 102.0, 1.0, 0.1)
    assert account.average_price == 101.0
    account.book(-1, 103.0, 3.0, 0.1)
    assert (account.position, account.average_price, account.realised) == (-1.0, 103.0, 4.0)
    account.book(1, 100.0, 1.0, -0.1)
    assert (account.position, account.realised) == (0.0, 7.0)
    assert account.average_price is None
    assert account.cash == pytest.approx(account.realised - account.fees)


class Script(Strategy):
    """Calls a function at one decision."""

    def __init__(self, act: Any, at: int = 100) -> None:
        super().__init__()
        self._act, self._at, self._steps = act, at, 0

    def on_step(self, view: View) -> None:
        self._steps += 1
        if self._steps == self._at:
            self._act(view)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda view: view.place(1, -5.0, 1.0), r"place\(1, -5.0, 1.0\): price -5"),
        (lambda view: view.place(1, 100.0, 0.0), "quantity 0 is out of range"),
        (lambda view: view.place(2, 100.0, 1.0), "side 2 is neither"),
        (lambda view: view.place(1, 100.0, 1.0, kind="iceberg"), "kind 'iceberg'"),
        (lambda view: view.place(1, "a", 1.0), r"place\(1, 'a', 1.0\)"),
        (lambda view: view.blocked("mood"), "unknown reason"),
        (lambda view: view.timer(-1.0, "x"), "timer 'x' after -1.0 ms"),
        (lambda view: [view.place(1, 90.0, 1.0, client_id="a") for _ in "ab"], "client_id 'a' was used"),
        (lambda view: view.cancel(view.place(1, 90.0, 1.0, kind="ioc")), "is not at the market"),
        (lambda view: view.cancel(-1), r"cancel\(-1\); accepted is an order"),
        (
            lambda view: view.replace(view.place(1, 90.0, 1.0, client_id="b"), 91.0, 2.0, client_id="b"),
            "client_id 'b' was used",
        ),
        (lambda view: view.record("a b", 1.0), "accepted are up to 40 of a-z, 0-9 and _, a letter first"),
    ],
)
def test_mistakes_name_the_market_time_and_the_value(act: Any, said: str) -> None:
    with pytest.raises(StrategyError, match=rf"^at market time 10\d\d\d\.\d+ ms: .*{said}") as caught:
        run(Script(act), seconds=2.0)
    assert str(caught.value).count("at market time") == 1


def test_an_exception_keeps_its_traceback_and_gets_the_market_time() -> None:
    def fails(view: View) -> None:
        raise ZeroDivisionError("my own fault")

    with pytest.raises(ZeroDivisionError) as caught:
        run(Script(fails), seconds=2.0)
    assert caught.traceback[-1].name == "fails"
    assert "strategy 'strategy', iteration 1, market time 10" in caught.value.__notes__[0]


def test_each_iteration_works_on_the_object_as_it_was_made() -> None:
    made = Script(lambda view: setattr(view, "carry", {"seen": view.carry}))
    for _ in range(2):
        assert run(made, seconds=2.0, carry=5).carry == {"seen": 5}


def test_timers_are_called_in_order_at_the_first_decision_after_they_are_due() -> None:
    class Timed(Strategy):
        def on_start(self, view: View) -> None:
            view.carry = []
            for name, after in (("late", 500.0), ("soon", 100.0), ("never", 5_000.0)):
                view.timer(after, name)

        def on_timer(self, view: View, name: str) -> None:
            view.carry.append([name, view.time_ms])

        def on_step(self, view: View) -> None:
            pass

    (soon, at), (late, later) = run(Timed(), seconds=2.0).carry
    assert (soon, late) == ("soon", "late")
    assert at == pytest.approx(10_100.0, abs=25.0)
    assert later == pytest.approx(10_500.0, abs=25.0)
    assert at >= 10_100.0


def test_the_random_stream_is_that_of_seed_and_iteration() -> None:
    def draw(view: View) -> None:
        view.carry = view.random.integers(1 << 40, size=3).tolist()

    one, again, other = (run(Script(draw), seconds=2.0, seed=seed).carry for seed in (1, 1, 2))
    assert one == again != other


def test_orders_go_through_their_states() -> None:
    class States(Strategy):
        def on_start(self, view: View) -> None:
            view.carry = []

        def on_step(self, view: View) -> None:
            if view.mid is None:
                return
            if not view.carry:
                self._order = view.place(1, view.mid * 0.99, 0.1, client_id="mine")
            elif self._order.state == "live" and self._order.id == "mine":
                assert view.orders == (self._order,)
                assert view.replace(self._order, self._order.price, 0.1) is self._order
                old, self._order = self._order, view.replace(self._order, view.mid * 0.98, 0.1)
                assert (old.state, self._order.state) == ("cancelling", "pending")
            elif self._order.state == "live":
                view.cancel(self._order)
            state = [self._order.id, self._order.state]
            if not view.carry or view.carry[-1] != state:
                view.carry.append(state)

    first, *others = run(States(), seconds=5.0).carry
    assert first == ["mine", "pending"]
    assert [state for _, state in others] == ["pending", "cancelling", "done"]
    assert len({name for name, _ in others}) == 1


def test_a_step_can_be_chosen() -> None:
    class Counting(Strategy):
        def on_start(self, view: View) -> None:
            view.carry = 0

        def on_step(self, view: View) -> None:
            view.carry += 1

    slow = Counting()
    slow.step_ms = 100.0
    assert run(Counting(), seconds=2.0).carry == pytest.approx(200, abs=2)
    assert run(slow, seconds=2.0).carry == pytest.approx(20, abs=2)
    assert slow.describe()["step_ms"] == 100.0
    slow.step_ms = 1e9
    with pytest.raises(SoakConfigError, match=r"step_ms .*decision_interval_ms = 1000000000\.0 .* to 1000$"):
        run(slow)


def test_a_market_that_does_not_stop_is_refused() -> None:
    class Other:
        name = "other"

    with pytest.raises(
        SoakConfigError, match=r"'strategy' needs a market with simulation\(\); 'other' has none"
    ):
        run(Strategy(), Other())  # type: ignore[arg-type]
