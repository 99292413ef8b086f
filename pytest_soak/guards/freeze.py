"""Guard: once the strategy is stable, its sensitive parameters are held for a while."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Opinion
from pytest_soak.domain.state import FREEZE_GUARD, freeze_reason, frozen_until
from pytest_soak.guards.answers import Refusal, hookimpl, is_asked, per_parameter, with_current

NAME = FREEZE_GUARD


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse changes of the frozen parameters while a freeze is on, the current iteration included."""
    if not is_asked(context):
        return ()
    settings = context.settings.freeze
    until = frozen_until(with_current(context).memory, settings)

    def refusal_of(name: str, _delta: float) -> Refusal | None:
        if until is None or name not in settings.parameters:
            return None
        return Refusal("frozen", freeze_reason(settings), until)

    return per_parameter(NAME, context, "not_frozen", refusal_of, lets_safe_through=True)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: hold sensitive parameters of a stable strategy."""
    return opinions(context)
