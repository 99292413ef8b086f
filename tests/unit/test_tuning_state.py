from __future__ import annotations

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.history import History
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.records import Verdict
from pytest_soak.domain.settings import FreezeSettings, GuardSettings, VelocitySettings
from pytest_soak.domain.state import TuningState, check_guard_settings, tuning_state
from tests.rules_kit import FAILING, QUIET, STABLE, moved_step, step
from tests.rules_loop import Loop


def test_before_the_first_iteration_nothing_is_held() -> None:
    state = Loop().state()
    assert state.iteration == 0
    assert state.last_applied_signature is None
    assert state.frozen_until_iter is None
    assert state.cooldown_until_iter is None
    assert state.fail_streak == 0
    assert {name: use.used for name, use in state.velocity.items()} == dict.fromkeys(PARAMETERS, 0.0)


def test_the_state_has_the_names_that_others_read() -> None:
    names = {"last_applied_signature", "frozen_until_iter", "freeze_reason", "cooldown_until_iter"}
    assert names < set(TuningState.model_fields)


def test_a_freeze_is_shown_until_its_last_iteration() -> None:
    loop = Loop(guards=GuardSettings(freeze=FreezeSettings(duration_iterations=2)))
    seen: list[int | None] = []
    for values in (STABLE, STABLE, QUIET, QUIET, QUIET):
        loop.turn(**values)
        seen.append(loop.state().frozen_until_iter)
    assert seen == [None, 4, 4, 4, None]
    assert loop.state().freeze_reason is None


def test_a_freeze_has_a_reason() -> None:
    loop = Loop()
    loop.turn(**STABLE)
    loop.turn(**STABLE)
    reason = loop.state().freeze_reason
    assert reason == "2 stable iterations in a row: risk_ratio <= 0.35 and net_bps >= 2.7"


def test_a_guard_that_is_off_holds_nothing() -> None:
    steps = (
        moved_step(1, DEFAULTS, {"min_interval_ms": 15.0}),
        step(2, risk_ratio=0.1, net_bps=9.0),
        step(3, risk_ratio=0.1, net_bps=9.0),
    )
    on = tuning_state(History(steps), GuardSettings(), 5.0)
    off = tuning_state(History(steps), GuardSettings(), 5.0, ("soak_freeze", "soak_cooldown"))
    assert (on.frozen_until_iter, on.cooldown_until_iter) == (7, 3)
    assert (off.frozen_until_iter, off.cooldown_until_iter, off.freeze_reason) == (None, None, None)


def test_signature_and_velocity_follow_applied_changes_only() -> None:
    steps = (
        moved_step(1, DEFAULTS, {"min_interval_ms": 5.0}),
        moved_step(2, DEFAULTS, {"min_interval_ms": -3.0}),
        step(3),
    )
    state = tuning_state(History(steps), GuardSettings(), 5.0)
    assert state.last_applied_signature == "key-2"
    assert state.velocity["min_interval_ms"].used == 8.0
    assert state.velocity["min_interval_ms"].limit == 30.0
    assert state.velocity["impact_cap_ratio"].limit == 0.04
    assert state.velocity["tail_age_ms"].limit == 150.0


def test_a_revert_clears_what_guards_remember_and_starts_a_cooldown() -> None:
    loop = Loop()
    for _ in range(5):
        loop.turn(**FAILING)
    assert loop.turns[-1].decision.reverted == "steady_safe"
    state = loop.state()
    assert state.fail_streak == 0
    assert state.frozen_until_iter is None
    assert state.cooldown_until_iter == 7
    assert all(use.used == 0.0 for use in state.velocity.values())


def test_the_fail_streak_is_shown_while_it_grows() -> None:
    steps = (step(3, verdict=Verdict.FAIL), step(4, verdict=Verdict.NO_DATA), step(5, verdict=Verdict.FAIL))
    assert tuning_state(History(steps), GuardSettings(), 5.0).fail_streak == 2


@pytest.mark.parametrize(
    "settings",
    [
        GuardSettings(freeze=FreezeSettings(parameters=("impact_cap",))),
        GuardSettings(velocity=VelocitySettings(limits={"impact_cap": 0.1})),
    ],
)
def test_a_guard_setting_for_an_unknown_parameter_is_refused(settings: GuardSettings) -> None:
    with pytest.raises(SoakConfigError, match=r"guards\..*unknown parameter 'impact_cap'; known are"):
        check_guard_settings(settings)
    check_guard_settings(GuardSettings())
