"""Guard: after too many FAIL verdicts in a row, go back to the values of a safe profile."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Action, Opinion
from pytest_soak.domain.state import PANIC_GUARD, fail_streak
from pytest_soak.guards.answers import hookimpl, with_current

NAME = PANIC_GUARD


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """REVERT once the streak of FAIL verdicts after warm-up, the current one included, is long enough.

    A revert resets the streak.
    """
    if context.moment != "decide":
        return ()
    settings = context.settings.panic
    streak = fail_streak(with_current(context).memory)
    counted = f"{streak} FAIL in a row, limit {settings.fail_streak}"
    if streak < settings.fail_streak:
        return (_opinion(Action.ALLOW, "streak_below_limit", counted),)
    return (_opinion(Action.REVERT, "panic_revert", f"{counted}: revert to profile {settings.profile}"),)


def _opinion(action: Action, reason: str, message: str) -> Opinion:
    return Opinion(guard=NAME, parameter=None, action=action, reason=reason, message=message)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: ask for a revert after a streak of FAIL verdicts."""
    return opinions(context)
