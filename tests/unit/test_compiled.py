"""Strategies that Numba compiles: they do what the same logic does in Python; what cannot be done is told."""

from __future__ import annotations

import importlib
import inspect
import math
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

numba = pytest.importorskip("numba", reason="numba is not installed; it is in the extra numba")

from pytest_soak import CompiledStrategy, Strategy, StrategyError, View  # noqa: E402 numba first
from pytest_soak.config.profiles import load_profile  # noqa: E402
from pytest_soak.domain.errors import SoakConfigError  # noqa: E402
from pytest_soak.domain.parameters import DEFAULTS  # noqa: E402
from pytest_soak.market import (  # noqa: E402
    Market,
    MockMarket,
    ReplayMarket,
    Window,
    commands,
    compiled,
    load_scenario,
    strategy,
)
from pytest_soak.market.orders import Order  # noqa: E402
from pytest_soak.market.stepping import Side  # noqa: E402
from tests import recordings_kit as kit  # noqa: E402
from tests.oracle.recordings import write_npz  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples"
WINDOW = Window(iteration=1, iterations=1, start_ms=10_000.0, duration_ms=40_000.0)
NAN = math.nan


@pytest.fixture(scope="module", params=["mock", "recorded"])
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Market:
    if request.param == "mock":
        return MockMarket(load_scenario("volatile"), seed=1)
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", kit.calm_rows()))


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same functions without the compiler, which takes seconds for each of them."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    yield
    compiled._driver.cache_clear()


def made(name: str, monkeypatch: pytest.MonkeyPatch) -> Strategy:
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.syspath_prepend(EXAMPLES / "strategies")
    strategy: Strategy = importlib.import_module(name).pytest_soak_make_strategy(
        load_profile("default").profile
    )
    return strategy


def test_the_example_trades_as_the_one_in_python(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = made("compiled_maker", monkeypatch), made("symmetric", monkeypatch)
    report = fast.run(market, DEFAULTS, WINDOW)
    assert report.orders.maker_fills > 10
    assert report.own["position"].n == pytest.approx(WINDOW.duration_ms / 10.0, abs=2)
    assert report.model_copy(update={"own": {}}) == plain.run(market, DEFAULTS, WINDOW)
    assert report == fast.run(market, DEFAULTS, WINDOW)
    # Compiled code too is told what the market does not take, and when that was.
    with pytest.raises(
        StrategyError, match=r"at market time 10\d{3}\.\d{3} ms: place\(1, NaN, 0\.\d+\): price"
    ):
        fast.run(market, {**DEFAULTS, "base_spread_bps_delta": NAN}, WINDOW)


@pytest.mark.usefixtures("interpreted")
def test_the_maker_of_the_documentation_is_that_of_the_form_in_python(market: Market) -> None:
    def documented(module: Any) -> Strategy:
        names: dict[str, Any] = {}
        exec(textwrap.dedent((inspect.getdoc(module) or "").partition("::\n")[2]), names)  # noqa: S102
        twin: Strategy = names["TwoSided"]()
        return twin

    reports = [documented(module).run(market, DEFAULTS, WINDOW) for module in (compiled, strategy)]
    assert reports[0].orders.maker_fills > 3
    assert reports[0] == reports[1]


class Mixed(Strategy):
    """Asks for everything that there is, at random, and records what it sees."""

    def on_step(self, view: View) -> None:
        orders = [order for order in view.orders if order.kind != "ioc"]
        view.record("orders", sum(o.filled + o.age_ms + (o.ahead or 0.0) for o in orders))
        view.record("fills", sum(f.side * f.price * f.size + f.fee + f.time_ms + f.maker for f in view.fills))
        view.record("trades", sum(t.time_ms + t.price * t.size * t.aggressor for t in view.trades))
        view.record("book", float(view.bids[0, 1] - view.asks[1, 0]) + view.left_ms)
        view.record("rejected", len(view.rejections))
        draw, mid, first = view.random.random(), view.mid, orders[0] if orders else None
        assert mid is not None
        if draw < 0.3:
            side: Side = 1 if draw < 0.15 else -1
            view.place(side, mid * (1.0 - side * 5e-5), 0.3)
        elif draw < 0.35:
            view.place(1, mid * 1.0008, 3.0, kind="limit")
        elif draw < 0.5:
            view.place(-1, mid * 0.9992, 0.2, kind="ioc")
        elif draw < 0.75 and first is not None:
            self._change(view, draw, first)
        elif 0.75 <= draw < 0.8:
            view.cancel_all()
        elif 0.8 <= draw < 0.9:
            view.blocked("throttle")

    def _change(self, view: View, draw: float, first: Order) -> None:
        if draw < 0.6:
            if first.state == "live":
                view.replace(first, first.price * (1.0 - first.side * 1e-4), 0.4)
        elif draw < 0.7:
            if not view.in_flight:
                view.replace(first, first.price, first.left / 2.0)
        else:
            view.cancel(first, tail=True)


def mixed(view: Any) -> None:
    left = 0.0
    for order in view.orders:
        left += (
            order.filled + view.time_ms - order.sent_ms + (0.0 if math.isnan(order.ahead) else order.ahead)
        )
    commands.record(view, 0, left)
    told = sum(f.side * f.price * f.qty + f.fee + f.time_ms + f.maker for f in view.fills)
    commands.record(view, 1, told)
    commands.record(view, 2, sum(t.time_ms + t.price * t.qty * t.aggressor for t in view.trades))
    commands.record(view, 3, view.bids[0, 1] - view.asks[1, 0] + view.left_ms)
    commands.record(view, 4, len(view.rejected))
    draw = view.random.random()
    if draw < 0.3:
        side = 1 if draw < 0.15 else -1
        commands.place(view, side, view.mid * (1.0 - side * 5e-5), 0.3)
    elif draw < 0.35:
        commands.place_limit(view, 1, view.mid * 1.0008, 3.0)
    elif draw < 0.5:
        commands.take(view, -1, view.mid * 0.9992, 0.2)
    elif draw < 0.75 and len(view.orders):
        change(view, draw, view.orders[0])
    elif 0.75 <= draw < 0.8:
        commands.cancel_all(view)
    elif 0.8 <= draw < 0.9:
        commands.blocked(view, commands.THROTTLE)


def change(view: Any, draw: float, first: Any) -> None:
    if draw < 0.6:
        if first.state == compiled.LIVE:
            commands.replace(view, first.id, first.price * (1.0 - first.side * 1e-4), 0.4)
    elif draw < 0.7:
        if not view.in_flight:
            commands.reduce(view, first.id, (first.qty - first.filled) / 2.0)
    else:
        commands.cancel(view, first.id, True)


class CompiledMixed(CompiledStrategy):
    step = staticmethod(mixed)
    kpis = ("orders", "fills", "trades", "book", "rejected")


@pytest.mark.usefixtures("interpreted")
def test_all_that_can_be_seen_and_asked_for_is_as_in_the_form_in_python(market: Market) -> None:
    expected, report = (
        one.run(market, DEFAULTS, WINDOW) for one in (with_steps(Mixed()), with_steps(CompiledMixed()))
    )
    orders = report.orders
    assert min(orders.maker_fills, orders.taker_fills, orders.tail_cancelled, report.blocks.throttle) > 0
    assert {name: values.n for name, values in report.own.items()} == {
        name: values.n for name, values in expected.own.items()
    }
    for name, values in report.own.items():
        assert values.mean == pytest.approx(expected.own[name].mean, rel=1e-9), name
    assert report.model_copy(update={"own": {}}) == expected.model_copy(update={"own": {}})


def with_steps(made: Strategy) -> Strategy:
    made.step_ms, made.levels = 25.0, 3
    return made


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "price": (lambda view: commands.place(view, 1, NAN, 0.5), r"place\(1, NaN, 0.5\): price NaN is out of"),
    "size": (lambda view: commands.place(view, 1, 90.0, 0.0), r"place\(1, 90, 0\): quantity 0 is out of"),
    "limit": (lambda view: commands.place_limit(view, 1, -1.0, 1.0), r"place_limit\(1, -1, 1\): price -1"),
    "take": (lambda view: commands.take(view, 1, math.inf, 1.0), r"take\(1, inf, 1\): price inf"),
    "side": (lambda view: commands.place(view, 0, 90.0, 1.0), r"side 0 is neither 1 \(buy\) nor -1 \(sell\)"),
    "cancel": (lambda view: commands.cancel(view, 77), r"order = 77 is no number that place\(\) returned"),
    "replace": (lambda view: commands.replace(view, -1, 90.0, 1.0), r"order = -1 is no number"),
    "reduce": (lambda view: commands.reduce(view, 1, NAN), r"order = 1 is no number"),
    "reason": (lambda view: commands.blocked(view, 9), r"blocked\(9\); accepted are 0 to 3"),
    "name": (lambda view: commands.record(view, 1, 1.0), r"record\(1, 1\); accepted are .* the 1 names"),
    "value": (lambda view: commands.record(view, 0, NAN), r"record\(0, NaN\); accepted are"),
    "kind": (
        lambda view: commands._ask(view, 99, 0, 0, 0.0, 0.0),
        "a command of kind 99; accepted are 1 to 8",
    ),
    "count": (
        lambda view: setattr(view.now, "commands", -1),
        "18446744073709551615 commands at one decision",
    ),
}


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_done_ends_it_with_the_market_time_and_the_value(name: str) -> None:
    class Wrong(CompiledStrategy):
        step = staticmethod(WRONG[name][0])
        kpis = ("value",)

    with pytest.raises(StrategyError, match=rf"^at market time 10000\.000 ms: {WRONG[name][1]}"):
        Wrong().run(MockMarket(load_scenario("calm"), seed=1), DEFAULTS, WINDOW)


@pytest.mark.usefixtures("interpreted")
def test_an_exception_of_the_function_has_the_market_time() -> None:
    def wrong(view: Any) -> None:
        for _ in range(10_000):
            commands.cancel_all(view)
            commands.blocked(view, commands.RISK)

    class Wrong(CompiledStrategy):
        name = "wrong"
        step = staticmethod(wrong)

    with pytest.raises(ValueError, match="more is asked for at one decision") as caught:
        Wrong().run(MockMarket(load_scenario("calm"), seed=1), DEFAULTS, WINDOW)
    assert caught.value.__notes__ == ["strategy 'wrong', iteration 1, market time 10000.000 ms"]


@pytest.mark.usefixtures("interpreted")
def test_memory_goes_on_where_it_says_so() -> None:
    def count(view: Any) -> None:
        view.memory[0] += 1.0

    class Counting(CompiledStrategy):
        step = staticmethod(count)

        def memory(self, carry: Any) -> np.ndarray:
            return np.array([0.0 if carry is None else carry])

        def carried(self, memory: np.ndarray) -> Any:
            return float(memory[0])

    market = MockMarket(load_scenario("calm"), seed=1)
    first = Counting().run(market, DEFAULTS, WINDOW).carry
    window = Window(iteration=2, iterations=2, start_ms=50_000.0, duration_ms=40_000.0, carry=first)
    assert first == pytest.approx(4_000, abs=1)
    assert Counting().run(market, DEFAULTS, window).carry == pytest.approx(2 * first, abs=2)


def test_one_without_a_function_is_told_so() -> None:
    class Empty(CompiledStrategy):
        name = "empty"

    with pytest.raises(SoakConfigError, match="strategy 'empty' has no function step"):
        Empty().run(MockMarket(load_scenario("calm"), seed=1), DEFAULTS, WINDOW)


def test_the_kernel_takes_no_other_memory_than_asked_for() -> None:
    simulation = MockMarket(load_scenario("calm"), seed=1).simulation(
        WINDOW, load_profile("default").profile.fees
    )
    kernel = simulation.compiled
    read_only = np.zeros(100, dtype=np.uint64)
    read_only.flags.writeable = False
    for memory in (np.zeros(100, dtype=np.uint64), read_only):
        with pytest.raises((ValueError, BufferError)):
            kernel.share(memory, 0)
    assert kernel.shared_error is None
    assert kernel.shared_recorded == []
