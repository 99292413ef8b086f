"""Guard: after a large change, or a panic revert, its effect is observed before the next one."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Opinion
from pytest_soak.domain.state import COOLDOWN_GUARD, cooldown_until
from pytest_soak.guards.answers import Refusal, hookimpl, is_asked, per_parameter

NAME = COOLDOWN_GUARD


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse every change while a cooldown is on."""
    if not is_asked(context):
        return ()
    settings = context.settings.cooldown
    until = cooldown_until(context.history.steps, settings, context.iteration, context.table)
    refusal = None
    if until is not None:
        refusal = Refusal(
            "cooldown_active",
            f"a large change or a revert ended iteration {until - settings.iterations}",
            until,
        )
    return per_parameter(NAME, context, "no_cooldown", lambda _name, _delta: refusal, lets_safe_through=True)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: refuse changes after a large one."""
    return opinions(context)
