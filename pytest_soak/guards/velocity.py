"""Guard: the path of a parameter within a sliding window of market time is bounded."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Opinion
from pytest_soak.domain.state import DUST, path_length, velocity_limit
from pytest_soak.guards.answers import Refusal, hookimpl, per_parameter

NAME = "soak_velocity"


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse a change that would make a parameter's path in the window longer than its limit."""
    settings = context.settings.velocity
    memory = context.history.memory

    def refusal_of(name: str, delta: float) -> Refusal | None:
        used = path_length(memory, name, context.iteration, context.minutes, settings.window_minutes)
        limit = velocity_limit(name, settings, context.table)
        if used + abs(delta) <= limit + DUST:
            return None
        window = f"{settings.window_minutes:g} min"
        return Refusal("velocity_exceeded", f"path {used:g} + {abs(delta):g} in {window}, limit {limit:g}")

    return per_parameter(NAME, context, "within_velocity", refusal_of, lets_safe_through=True)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: bound the path of each parameter."""
    return opinions(context)
