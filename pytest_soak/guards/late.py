"""Guard: the last iteration's proposal is recorded and not applied."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Opinion
from pytest_soak.guards.answers import Refusal, hookimpl, per_parameter

NAME = "soak_late"


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse every change at the last iteration, as no iteration would measure it."""
    message = f"iteration {context.iteration} of {context.iterations} is the last one"
    refusal = Refusal("late_iteration", message) if context.is_last else None
    return per_parameter(NAME, context, "not_late", lambda _name, _delta: refusal)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: refuse changes at the last iteration."""
    return opinions(context)
