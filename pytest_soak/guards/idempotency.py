"""Guard: a decision that was applied is not applied a second time."""

from __future__ import annotations

from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import Opinion
from pytest_soak.guards.answers import Refusal, hookimpl, is_asked, per_parameter

NAME = "soak_idempotency"


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse a decision with the key of one that was applied; on a new base the key differs."""
    if not is_asked(context):
        return ()
    twins = [s for s in context.history.steps if s.applied_deltas and s.decision_key == context.decision_key]
    refusal = None
    if twins:
        refusal = Refusal("duplicate_decision", f"applied already at iteration {twins[0].iteration}")
    return per_parameter(NAME, context, "new_decision", lambda _name, _delta: refusal)


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: refuse what was applied already."""
    return opinions(context)
