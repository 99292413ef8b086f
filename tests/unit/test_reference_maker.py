"""The reference maker written against the view gives what the kernel's gives: a test of both."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import Strategy, View
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.contract import Contract
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.settings import Profile
from pytest_soak.market import MakerJob, MockMarket, ReplayMarket, Window, load_scenario
from tests import recordings_kit as kit
from tests.oracle.recordings import write_npz

EXAMPLE = Path(__file__).parents[2] / "examples" / "reference_maker.py"
WINDOW = Window(iteration=1, iterations=1, start_ms=60_000.0, duration_ms=60_000.0)
Told = list[tuple[float, float, float, int, bool]]


@pytest.fixture(scope="module")
def make() -> Callable[[Profile], Strategy]:
    spec = importlib.util.spec_from_file_location("reference_maker", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Telling(module.ReferenceMaker):  # type: ignore[name-defined, misc]
        """Leaves the fills that it was told of."""

        def on_start(self, view: View) -> None:
            super().on_start(view)
            view.carry = []

        def on_step(self, view: View) -> None:
            super().on_step(view)
            self._tell(view)

        def on_end(self, view: View) -> None:
            self._tell(view)

        def _tell(self, view: View) -> None:
            view.carry += [
                (fill.time_ms, fill.price, fill.size, fill.side, fill.maker) for fill in view.fills
            ]

    return lambda profile: Telling(profile.maker, profile.fees)


def assert_same(
    market: MockMarket | ReplayMarket,
    profile: Profile,
    made: Strategy,
    window: Window = WINDOW,
    parameters: Mapping[str, float] | None = None,
) -> Any:
    values = {**profile.parameters, **(parameters or {})}
    job = MakerJob(parameters=values, maker=profile.maker, fees=profile.fees)
    expected, all_fills = market.run_with_fills(job, window)
    answer = made.run(market, values, window)
    # The last ones may still be on their way when the window ends.
    told: Told = answer.carry
    fills: Told = [(f["ts_ms"], f["price"], f["qty"], f["side"], f["maker"]) for f in all_fills]  # type: ignore[misc]
    assert len(told) > 0
    assert [fill[0] for fill in fills[len(told) :] if fill[0] < window.end_ms - 1_000.0] == []
    assert [fill[1:] for fill in told] == [pytest.approx(fill[1:], rel=1e-12) for fill in fills[: len(told)]]
    assert [fill[0] for fill in told] == [fill[0] for fill in fills[: len(told)]]
    answer = answer.model_copy(update={"carry": None})
    assert kpis_of(answer) == kpis_of(expected)
    assert answer == expected
    return answer


@pytest.mark.parametrize("profile", ["default", "steady_safe"])
@pytest.mark.parametrize("scenario", ["calm", "mixed", "volatile", "flash_crash"])
def test_it_gives_the_fills_and_the_whole_report_of_the_kernel(
    scenario: str, profile: str, make: Callable[[Profile], Strategy]
) -> None:
    of = load_profile(profile).profile
    for seed in (1, 2, 3):
        assert_same(MockMarket(load_scenario(scenario), seed=seed), of, make(of))


def test_it_does_so_on_a_recording(make: Callable[[Profile], Strategy], tmp_path: Path) -> None:
    recorded = ReplayMarket(write_npz(tmp_path / "calm.npz", kit.calm_rows()))
    window = Window(iteration=1, iterations=1, start_ms=5_000.0, duration_ms=100_000.0)
    slow = load_profile("default").profile
    slow = slow.model_copy(update={"maker": slow.maker.model_copy(update={"order_latency_ms": 40.0})})
    for profile in (load_profile("default").profile, load_profile("steady_safe").profile, slow):
        assert_same(recorded, profile, make(profile), window)


def test_it_does_so_on_an_inverse_contract_with_distances_in_ticks(
    make: Callable[[Profile], Strategy],
) -> None:
    profile = load_profile("default").profile
    of = profile.model_copy(
        update={"maker": profile.maker.model_copy(update={"ticks_per_bps": 20.0, "skew_bps": 5.0})}
    )
    contract = Contract(kind="inverse", size=10.0)
    assert_same(MockMarket(load_scenario("calm"), seed=1, contract=contract), of, make(of))


EXITING = {"exit_ratio": 0.05, "max_in_flight": 1, "requote_bps": 0.1, "far_bps": 0.2, "skew_bps": 2.0}
CROSSING = {"max_in_flight": 2, "requote_bps": 0.1, "base_half_spread_bps": 0.1, "skew_bps": 40.0}


def _gone_on(
    before: EdgeReport, of: Profile, made: Strategy, parameters: Mapping[str, float]
) -> dict[str, int]:
    """The next iteration with what was held, once also with an order at a price beyond the market."""
    acted = Counter[str]()
    held = before.holdings
    assert held is not None
    assert held.position != 0.0
    order = held.orders[0]
    beyond = order.model_copy(update={"price": order.price * (1.0 + 0.5 * order.side)})
    for orders in (held.orders, (beyond,)):
        begun = held.model_copy(update={"orders": orders})
        window = replace(WINDOW, start_ms=WINDOW.end_ms, holdings=begun)
        market = MockMarket(load_scenario("volatile"), seed=4)
        acted.update(assert_same(market, of, made, window, parameters).orders.model_dump())
    return dict(acted)


def test_every_rule_of_the_maker_acts_and_acts_alike(make: Callable[[Profile], Strategy]) -> None:
    profile, acted = load_profile("default").profile, Counter[str]()
    hasty = {"min_interval_ms": 40.0, "replace_rate_per_min": 320.0, "tail_age_ms": 600.0}
    for maker in (EXITING, CROSSING):
        of = profile.model_copy(update={"maker": profile.maker.model_copy(update=maker)})
        answer = assert_same(MockMarket(load_scenario("volatile"), seed=4), of, make(of), parameters=hasty)
        acted.update(answer.blocks.model_dump())
        acted.update(answer.orders.model_dump())
        acted.update(_gone_on(answer, of, make(of), hasty))
    assert [rule for rule, times in acted.items() if times == 0] == []
