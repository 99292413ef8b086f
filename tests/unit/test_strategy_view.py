"""What a strategy sees of book, trades and its own orders, on a mock market and on a recording."""

from __future__ import annotations

import dataclasses
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soak import Strategy, StrategyError, View
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.gates import Chance, check_gate_settings, judge
from pytest_soak.domain.kpis import kpis_of, pooled
from pytest_soak.domain.own import own_errors, own_kpis, own_values, problems_of_own
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import Sample, Verdict
from pytest_soak.domain.sampling import merged_histogram, quantile
from pytest_soak.domain.settings import GateSettings, Threshold
from pytest_soak.market import Market, MockMarket, ReplayMarket, Window, load_scenario
from pytest_soak.market.orders import Order
from tests import recordings_kit as kit
from tests.oracle.recordings import write_npz
from tests.rules_kit import edge_report

WINDOW = Window(iteration=1, iterations=1, start_ms=10_000.0, duration_ms=40_000.0)


@pytest.fixture(scope="module", params=["mock", "recorded"])
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Market:
    if request.param == "mock":
        return MockMarket(load_scenario("volatile"), seed=1)
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("recorded") / "calm.npz", kit.calm_rows()))


class Watcher(Strategy):
    """Holds what it sees against itself."""

    levels = 7

    def on_start(self, view: View) -> None:
        self._kept = view.bids, view.asks
        self._moved, self._trades, self._orders = 0, 0, 0
        self._last = float("-inf")
        self._before = np.zeros((7, 2))

    def on_step(self, view: View) -> None:
        bids, asks = view.bids, view.asks
        assert bids.base is self._kept[0].base, "one array for the whole iteration"
        assert np.array_equal(self._kept[0], bids, equal_nan=True)
        assert (bids[0, 0], asks[0, 0]) == (view.best_bid, view.best_ask)
        assert (np.diff(bids[:, 0]) < 0.0).all()
        assert (np.diff(asks[:, 0]) > 0.0).all()
        assert bids[:, 1].sum() == pytest.approx(view.bid_size)
        assert asks[:, 1].sum() == pytest.approx(view.ask_size)
        self._moved += not np.array_equal(self._before, bids)
        self._before = bids.copy()
        for trade in view.trades:
            assert trade.aggressor in (1, -1)
            assert trade.size > 0.0
            assert self._last <= trade.time_ms <= view.time_ms
            self._orders += trade.time_ms > self._last
            self._trades += 1
            self._last = trade.time_ms

    def on_end(self, view: View) -> None:
        view.carry = [self._moved, self._trades, self._orders]


def test_levels_are_refreshed_in_place_and_agree_with_the_best_prices(market: Market) -> None:
    report = Watcher().run(market, DEFAULTS, WINDOW)
    moved, trades, orders = report.carry
    assert moved > 100
    # One order may trade at several prices, which a mock market counts once and a recording by row; the
    # last ones may be under way at the end.
    assert orders - 2 <= report.market.trades <= trades + 2


def test_levels_cannot_be_written_to(market: Market) -> None:
    class Writer(Strategy):
        def on_step(self, view: View) -> None:
            view.bids[0, 0] = 1.0

    with pytest.raises(ValueError, match="read-only"):
        Writer().run(market, DEFAULTS, WINDOW)


class Queuer(Strategy):
    """Joins the best bid with a lot or two, and looks on until it is filled or no longer the best."""

    step_ms = 50.0

    def on_start(self, view: View) -> None:
        self._order: Order | None = None
        self._seen: list[list[float]] = []

    def on_step(self, view: View) -> None:
        order = self._order
        if order is None or order.state == "done":
            if view.best_bid is not None and not view.in_flight:
                self._order = view.place(1, view.best_bid, 0.002)
                self._seen.append([])
        elif order.price != view.best_bid:
            view.cancel(order)
        elif order.state == "live":
            assert order in view.orders
            assert order.age_ms == view.time_ms - order.sent_ms > 0.0
            if order.ahead is not None:
                assert order.ahead >= 0.0
                self._seen[-1].append(order.ahead)
        elif order.state == "pending":
            assert order.ahead is None

    def on_end(self, view: View) -> None:
        view.carry = self._seen


def test_the_queue_ahead_only_shrinks(market: Market) -> None:
    report = Queuer().run(market, DEFAULTS, dataclasses.replace(WINDOW, duration_ms=200_000.0))
    seen = [queue for queue in report.carry if queue]
    assert report.orders.maker_fills > 0
    assert max(max(queue) for queue in seen) > 0.0
    assert all(np.all(np.diff(queue) <= 1e-9) for queue in seen)


class Resizer(Strategy):
    """Places two orders behind each other, and makes the first one smaller, or places it anew."""

    step_ms = 1.0

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self._keep = keep

    def on_start(self, view: View) -> None:
        self._orders: list[Order] = []
        self._round, self._resized = 0, False
        view.carry = []

    def on_step(self, view: View) -> None:
        view.carry += [[fill.order.id[0], fill.size] for fill in view.fills]
        if view.carry or view.best_bid is None or view.mid is None:
            return
        if not view.orders:
            self._round += 1
            names = (f"a{self._round}", f"b{self._round}")
            self._orders = [view.place(1, view.mid, 0.02, client_id=name) for name in names]
            self._resized = False
        elif view.best_bid > self._orders[0].price:
            view.cancel_all()
        elif not self._resized and self._orders[0].state == "live":
            self._resized = True
            first = self._orders[0]
            view.replace(first, first.price, 0.01 if self._keep else 0.03, client_id=f"a{self._round}+")


def test_a_smaller_order_keeps_its_place_and_a_larger_one_does_not(market: Market) -> None:
    filled: dict[bool, list[Any]] = {
        keep: Resizer(keep=keep).run(market, DEFAULTS, WINDOW).carry for keep in (True, False)
    }
    kept, anew = filled[True], filled[False]
    assert kept[0] == ["a", pytest.approx(0.01)]
    assert anew[0][0] == "b"


def test_what_stays_as_it_is_sends_nothing(market: Market) -> None:
    class Still(Strategy):
        def on_start(self, view: View) -> None:
            self._order: Order | None = None

        def on_step(self, view: View) -> None:
            if self._order is None:
                self._order = view.place(1, 90.0, 1.0)
            elif self._order.state == "live":
                assert view.replace(self._order, 90.0, 1.0) is self._order
                assert view.in_flight == 0

    report = Still().run(market, DEFAULTS, WINDOW)
    assert (report.orders.placed, report.orders.cancelled) == (1, 0)


class Recorder(Strategy):
    """Records two values of its own."""

    def on_step(self, view: View) -> None:
        if view.spread is not None:
            view.record("spread", view.spread)
        view.record("step", view.time_ms)


def test_what_is_recorded_has_mean_and_percentiles_and_a_gate(market: Market) -> None:
    first = Recorder().run(market, DEFAULTS, WINDOW)
    then = Recorder().run(market, DEFAULTS, dataclasses.replace(WINDOW, start_ms=50_000.0))
    kpis = kpis_of(first)
    steps = kpis.own["own.step.mean"], kpis.own["own.step.p50"], kpis.own["own.step.p95"]
    assert steps == pytest.approx((30_000.0, 30_000.0, 48_000.0), abs=30.0)
    assert kpis.samples["own.step.p95"] == pytest.approx(4_000, abs=2)
    both = pooled([first, then])
    assert both.own["own.step.mean"] == pytest.approx(50_000.0, abs=30.0)
    assert both.own["own.step.p05"] == pytest.approx(14_000.0, abs=100.0)
    assert (
        both.samples["own.step.mean"]
        == kpis.samples["own.step.mean"] + kpis_of(then).samples["own.step.mean"]
    )
    gates = GateSettings(
        thresholds={
            "own.step.p95": Threshold(fail_above=40_000.0),
            "own.spread.mean": Threshold(fail_below=0.0),
            "own.mood.mean": Threshold(fail_below=0.0),
        }
    )
    verdicts = {result.kpi: result.verdict.value for result in judge(kpis, gates)}
    assert verdicts == {"own.step.p95": "FAIL", "own.spread.mean": "OK", "own.mood.mean": "NO_DATA"}


@pytest.mark.parametrize(
    ("name", "value"), [("Edge", 1.0), ("", 1.0), ("a.b", 1.0), ("edge", float("nan")), ("edge", "much")]
)
def test_what_cannot_be_recorded_is_refused_with_the_market_time(name: str, value: Any) -> None:
    class Wrong(Strategy):
        def on_step(self, view: View) -> None:
            view.record(name, value)

    with pytest.raises(StrategyError, match=r"at market time 10000.000 ms: record\("):
        Wrong().run(MockMarket(load_scenario("calm"), seed=1), DEFAULTS, WINDOW)


def test_a_gate_on_no_such_percentile_is_refused() -> None:
    gates = GateSettings(thresholds={"own.step.p99": Threshold(fail_above=1.0)})
    with pytest.raises(SoakConfigError, match=r"'own.step.p99'.*own.NAME.mean"):
        check_gate_settings(gates)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_percentiles_of_several_iterations_are_those_of_all_values(
    one: list[float], other: list[float]
) -> None:
    parts = own_values(one), own_values(other)
    merged = merged_histogram([Sample(n=part.n, p95=None, histogram=part.histogram) for part in parts])
    assert merged is not None
    every = sorted(one + other)
    assert quantile(merged, 0.5) == pytest.approx(float(np.quantile(every, 0.5)), abs=2.0 * merged.step)
    assert parts[0].p05 == pytest.approx(float(np.quantile(one, 0.05)), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("values", [[0.0] * 50, [0.3] * 50, [-1e300] * 30])
def test_what_is_the_same_in_all_iterations_is_so_over_all_of_them(values: list[float]) -> None:
    kpis = own_kpis([edge_report(own={"x": own_values(values)})] * 3)
    assert {kpis[f"own.x.{what}"] for what in ("p05", "p50", "p95")} == {values[0]}


def test_far_values_in_a_tail_do_not_blur_the_rest() -> None:
    """Sizes of trades, of which a few are thousands of times the median."""
    rng = np.random.default_rng(2)
    parts = [(0.01 * (1.0 + rng.pareto(1.1, 4_000))).tolist() for _ in range(3)]
    kpis = own_kpis([edge_report(own={"x": own_values(part)}) for part in parts])
    for what, share in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
        assert kpis[f"own.x.{what}"] == pytest.approx(
            float(np.quantile(np.concatenate(parts), share)), rel=0.01
        )
    assert all(len(own_values(part).histogram.at) <= 2_000 for part in parts)


def test_a_gate_on_a_mean_or_percentile_of_ones_own_does_not_go_red_by_chance() -> None:
    """Of 100 iterations on their bound 5 % are red; a binomial of that share exceeds 10 in 1 % of cases."""
    rng = np.random.default_rng(1)
    for what, bound in (("mean", 0.0), ("p50", 0.0), ("p95", NormalDist().inv_cdf(0.95))):
        gates = GateSettings(thresholds={f"own.edge.{what}": Threshold(fail_below=bound)})
        chance = Chance.of_iterations(1, gates)
        red = 0
        for _ in range(100):
            report = edge_report(own={"edge": own_values(rng.normal(size=400).tolist())})
            (result,) = judge(kpis_of(report), gates, chance=chance)
            assert result.error is not None
            red += result.verdict is Verdict.FAIL and result.is_beyond_chance
        assert red <= 10


def test_batches_of_ones_own_values_say_what_they_can() -> None:
    """Too few values have no error, values that are too large for their squares neither, equal ones none."""
    assert own_errors([edge_report(own={"x": own_values([1.0, 2.0, 3.0])})]) == {}
    large = own_errors([edge_report(own={"x": own_values([1e300] * 20 + [-1e300] * 20)})])
    assert "own.x.mean" not in large
    same = own_errors([edge_report(own={"x": own_values([2.0] * 40)})])
    assert same["own.x.mean"] == (0.0, 0.0)
    many = [edge_report(own={"x": own_values([float(n), n + 1.0])}) for n in range(12)]
    assert own_errors(many)["own.x.mean"].size > 0.0
    wrong = own_values([1.0] * 40).model_copy(update={"batch_mean": (1.0,)})
    assert list(problems_of_own({"x": wrong})) == ["own.x has 20 batches and other means or counts of them"]
