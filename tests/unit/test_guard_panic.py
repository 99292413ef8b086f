from __future__ import annotations

import pytest

from pytest_soak.domain.records import Action, Verdict
from pytest_soak.domain.settings import GuardSettings, PanicSettings
from pytest_soak.guards.panic import opinions
from tests.rules_kit import FAILING, STABLE, STEADY_SAFE, context, kpis, step
from tests.rules_loop import Loop

F, W, K, N = Verdict.FAIL, Verdict.WARN, Verdict.OK, Verdict.NO_DATA


@pytest.mark.parametrize(
    ("verdicts", "action"),
    [
        ((F, F, F), Action.REVERT),
        ((F, F), Action.ALLOW),
        ((F, F, K), Action.ALLOW),
        ((F, K, F, F), Action.ALLOW),
        ((F, F, W, F, F), Action.ALLOW),
        ((F, F, N, F), Action.REVERT),
        ((F, N, F, N), Action.ALLOW),
        ((N, N, N, N), Action.ALLOW),
        ((K, F, F, F), Action.REVERT),
        ((F, F, F, F), Action.REVERT),
    ],
)
def test_the_streak_of_verdicts_that_reverts(verdicts: tuple[Verdict, ...], action: Action) -> None:
    steps = [step(i, verdict=v) for i, v in enumerate(verdicts[:-1], start=3)]
    (said,) = opinions(context(3 + len(steps), steps=steps, verdict=verdicts[-1]))
    assert (said.action, said.parameter) == (action, None)


def test_the_message_says_the_streak() -> None:
    (said,) = opinions(context(4, steps=[step(3, verdict=F)], verdict=F))
    assert said.message == "2 FAIL in a row, limit 3"


def test_warm_up_does_not_count() -> None:
    steps = [step(1, verdict=F, warmup=True), step(2, verdict=F, warmup=True)]
    (said,) = opinions(context(3, steps=steps, verdict=F))
    assert said.action is Action.ALLOW
    assert said.message.startswith("1 FAIL")
    (said,) = opinions(context(3, steps=steps, verdict=F, warmup=True))
    assert said.message.startswith("0 FAIL")


def test_the_length_of_the_streak_is_a_setting() -> None:
    settings = GuardSettings(panic=PanicSettings(fail_streak=1, profile="ultra_safe"))
    (said,) = opinions(context(3, verdict=F, settings=settings))
    assert said.action is Action.REVERT
    assert "ultra_safe" in said.message


def test_the_streak_restarts_after_a_revert() -> None:
    steps = [step(i, verdict=F) for i in (3, 4)] + [step(5, verdict=F, reverted=True)]
    (said,) = opinions(context(6, steps=steps, verdict=F))
    assert said.action is Action.ALLOW
    assert said.message.startswith("1 FAIL")


def test_nothing_is_said_at_the_start() -> None:
    assert opinions(context(3, moment="start", verdict=None, kpis=kpis())) == ()


def test_three_fails_revert_to_steady_safe() -> None:
    """TEST-6: three FAIL verdicts in a row after warm-up, and the parameters are those of steady_safe."""
    loop = Loop(iterations=12)
    for _ in range(4):
        assert loop.turn(**FAILING).decision.reverted is None
    turn = loop.turn(**FAILING)
    assert turn.decision.reverted == "steady_safe"
    assert turn.after == STEADY_SAFE
    assert "panic_revert" in {o.reason for o in turn.decision.opinions}
    for number in (6, 7):
        later = loop.turn(**FAILING)
        assert later.decision.reverted is None, number
        assert later.decision.applied_deltas.keys() <= {"min_interval_ms", "impact_cap_ratio"}
        assert "cooldown_active" not in {o.reason for o in later.decision.opinions}, "safety is asked for"
    assert loop.turn(**FAILING).decision.reverted == "steady_safe", "a new streak of three"


def test_the_cooldown_after_a_revert_lets_nothing_through_that_is_not_asked_for() -> None:
    loop = Loop(iterations=12)
    for _ in range(5):
        turn = loop.turn(**FAILING)
    assert turn.decision.reverted == "steady_safe"
    for _ in range(2):
        later = loop.turn(**STABLE)
        assert later.after == STEADY_SAFE
        assert "cooldown_active" in {o.reason for o in later.decision.opinions}


def test_two_fails_and_a_pass_do_not_revert() -> None:
    loop = Loop(iterations=12)
    for values in (STABLE, STABLE, FAILING, FAILING, STABLE, FAILING, FAILING, STABLE):
        assert loop.turn(**values).decision.reverted is None


def test_a_revert_happens_at_the_last_iteration_too() -> None:
    loop = Loop(iterations=5)
    for _ in range(5):
        turn = loop.turn(**FAILING)
    assert turn.decision.reverted == "steady_safe"
    assert turn.after == STEADY_SAFE
