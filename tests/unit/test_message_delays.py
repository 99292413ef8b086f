"""Delays by law and by message, on mock markets and on recordings; and the races that they decide."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_soak import Strategy, View
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import kpis_of, pooled
from pytest_soak.domain.latency import Lag, Laws
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market import MockMarket, ReplayMarket, Scenario, Window, load_scenario
from tests import recordings_kit as kit
from tests.oracle.jobs import job
from tests.oracle.recordings import random_rows, write_npz
from tests.rules_kit import edge_report

MESSAGES = ("new", "cancel", "ack", "fill")
WINDOW = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=120_000.0)


def law(median_ms: float, **changes: float) -> Lag:
    constant = {"log_sd": 0.0, "spike_probability": 0.0, "spike_ms": 0.0, "spike_tail": 1.0, "max_ms": 60e3}
    return Lag(median_ms=median_ms, **{**constant, **changes})


def mock(**latency: Any) -> EdgeReport:
    """A volatile market with these delays in place of its own."""
    scenario = load_scenario("volatile")
    changed = scenario.model_copy(update={"latency": scenario.latency.model_copy(update=latency)})
    return MockMarket(Scenario.model_validate(changed.model_dump()), seed=1).run_maker(kit.job(), WINDOW)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> ReplayMarket:
    rows = random_rows(5, seconds=120.0, rate=80.0)
    return ReplayMarket(write_npz(tmp_path_factory.mktemp("rows") / "a.npz", rows))


def replayed(market: ReplayMarket, **maker: Any) -> EdgeReport:
    # It quotes close to the mid and often anew.
    quick = {"base_half_spread_bps": 0.1, "requote_bps": 0.05, "decision_interval_ms": 5.0}
    return market.run_maker(job(maker={**quick, **maker}), WINDOW)


def test_each_message_has_its_own_law(recording: ReplayMarket) -> None:
    """A slow law of any message changes what happens; of orders and answers it lengthens the round trip."""
    plain, recorded = mock(), replayed(recording)
    for message in MESSAGES:
        slow, slow_recorded = (
            mock(**{message: law(150.0)}),
            replayed(recording, latency=Laws.model_validate({message: law(150.0)})),
        )
        assert slow.totals != plain.totals, message
        assert slow_recorded.totals != recorded.totals, message
        if message in ("new", "ack"):
            for one in (slow, slow_recorded):
                assert one.latency_ms.p95 is not None
                assert one.latency_ms.p95 > 150.0


class Quick(Strategy):
    """Quotes close to the mid, anew whenever it was answered."""

    name = "quick"
    step_ms = 5.0

    def on_step(self, view: View) -> None:
        if view.mid is not None and not view.in_flight:
            view.cancel_all()
            for side in (1, -1):
                view.place(side, view.mid * (1 - side * 1e-5), 1.0)


def test_each_law_is_of_a_strategy_of_ones_own_too(recording: ReplayMarket) -> None:
    """Of what the profile says, or of the class, and in its identity; none is none."""
    plain = Quick()
    assert "order_latency" not in plain.describe()
    for message in MESSAGES:
        laws = Laws.model_validate({message: law(150.0)})
        slow = Quick(order_latency=laws)
        assert slow.run(recording, {}, WINDOW).totals != plain.run(recording, {}, WINDOW).totals, message
        assert slow.describe()["order_latency"] == laws.model_dump()
        of_class = type("Slow", (Quick,), {"order_latency": laws})()
        assert of_class.describe() == slow.describe()
    wrong: Any = {"cancel": {"median_ms": -1.0}}
    with pytest.raises(SoakConfigError, match=r"strategy 'quick'.*latency"):
        Quick(order_latency=wrong).describe()


def test_what_has_no_law_has_that_of_all_orders(recording: ReplayMarket) -> None:
    own = load_scenario("volatile").latency.order
    assert mock(**dict.fromkeys(MESSAGES, own)) == mock()
    assert replayed(recording, latency=Laws()) == replayed(recording)
    assert replayed(recording, order_latency_ms=20.0, latency=Laws(cancel=law(20.0))) == replayed(
        recording, order_latency_ms=20.0
    )


def test_drawn_delays_are_a_function_of_the_slice(recording: ReplayMarket) -> None:
    laws = Laws(new=law(5.0, log_sd=0.8), volatility_power=1.0)
    assert replayed(recording, latency=laws) == replayed(recording, latency=laws)
    assert replayed(recording, latency=laws) != replayed(recording, latency=Laws(volatility_power=1.0))


def test_delays_follow_volatility(recording: ReplayMarket) -> None:
    """With a constant law every round trip takes the same, unless it depends on the market."""
    constant, following = (
        replayed(recording, latency=Laws(volatility_power=power)).latency_ms for power in (0.0, 1.0)
    )
    assert constant.p95 == pytest.approx(10.0)
    assert following.p95 is not None
    assert following.p95 > 10.5
    lags = [mock(feed=law(4.0), volatility_power=power).ws_lag_ms.p95 for power in (0.0, 1.0, 2.0)]
    assert None not in lags
    assert lags[0] < lags[1] < lags[2]  # type: ignore[operator]


def test_races_are_counted(recording: ReplayMarket) -> None:
    """A slow cancel meets more fills on its way, and more often an order that is gone."""
    for quick, slow in (
        (mock(cancel=law(0.0)), mock(cancel=law(400.0))),
        (
            replayed(recording, latency=Laws(new=law(0.0), cancel=law(0.0))),
            replayed(recording, latency=Laws(new=law(400.0), cancel=law(400.0))),
        ),
    ):
        for name in ("filled_while_cancelling", "cancels_too_late"):
            counts = [getattr(report.orders, name) for report in (quick, slow)]
            assert counts[0] < counts[1], name
            assert getattr(kpis_of(slow), name) == counts[1]
            assert getattr(pooled((quick, slow)), name) == sum(counts)
        assert (slow.orders.filled_while_cancelling or 0) <= slow.orders.maker_fills
    # A report by hand that did not count them has none.
    assert kpis_of(edge_report()).cancels_too_late is None
    assert pooled((mock(), edge_report())).filled_while_cancelling is None


def test_without_a_law_identities_are_what_they_were() -> None:
    latency = load_scenario("calm").latency
    assert latency.model_dump(mode="json").keys() == {"feed_interval_ms", "feed", "order"}
    assert "latency" not in MakerSettings().model_dump(mode="json")
    described = MockMarket(load_scenario("calm"), seed=1).describe()
    scenario = load_scenario("calm").model_copy(
        update={"latency": latency.model_copy(update={"ack": law(9.0)})}
    )
    assert MockMarket(scenario, seed=1).describe() != described


@pytest.mark.parametrize("value", [{"new": 5.0}, {"volatility_power": 4.5}, {"answer": law(1.0)}])
def test_other_laws_are_refused(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Laws(**value)
