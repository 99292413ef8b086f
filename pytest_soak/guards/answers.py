"""How guards answer: one opinion per proposed parameter, also where nothing stands against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pluggy

from pytest_soak.domain.history import GuardContext, History, Step
from pytest_soak.domain.records import Action, Opinion, Verdict

# pytest's own marker, without pytest: a guard is a pytest plugin, and a pure function of its context.
hookimpl = pluggy.HookimplMarker("pytest")

SAFE_STEP = "safe_step"
"""Reason of a guard that lets a step towards safety through, although it would refuse any other."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change is refused; ``until`` is the last iteration that the refusal applies to."""

    reason: str
    message: str
    until: int | None = None


def is_asked(context: GuardContext) -> bool:
    """Whether there is a proposed change to judge: not at the start of an iteration, nor where none is."""
    return context.moment == "decide" and bool(context.proposal)


def per_parameter(
    guard: str,
    context: GuardContext,
    allowed: str,
    refusal_of: Callable[[str, float], Refusal | None],
    *,
    lets_safe_through: bool = False,
) -> tuple[Opinion, ...]:
    """Ask ``refusal_of(parameter, delta)`` for each proposed change; ``allowed`` is the reason of a yes.

    A guard that ``lets_safe_through`` holds no step towards safety where the zone or a driver asks for it;
    its opinion then says what it would have refused.

    Nothing is said at the start of an iteration, when nothing is proposed yet.
    """
    if not is_asked(context):
        return ()
    return tuple(
        _opinion(
            guard,
            name,
            allowed,
            refusal_of(name, delta),
            is_free=lets_safe_through and context.is_wanted_safe(name, delta),
        )
        for name, delta in context.proposal.items()
    )


def with_current(context: GuardContext) -> History:
    """The history, ended by the iteration being decided, which has no change yet."""
    kpis = context.kpis
    current = Step(
        iteration=context.iteration,
        warmup=context.warmup,
        verdict=context.verdict or Verdict.NO_DATA,
        risk_ratio=None if kpis is None else 0.0 if context.zone_reason else kpis.risk_ratio,
        net_bps=None if kpis is None else kpis.net_bps,
        parameters=context.parameters,
        parameters_after=context.parameters,
        applied_deltas={},
        reverted=False,
        decision_key=context.decision_key,
    )
    return History((*context.history.steps, current))


def _opinion(guard: str, name: str, allowed: str, refusal: Refusal | None, *, is_free: bool) -> Opinion:
    if refusal is None:
        return Opinion(guard=guard, parameter=name, action=Action.ALLOW, reason=allowed)
    if is_free:
        message = f"would be refused ({refusal.reason}), but safety is asked for: {refusal.message}"
        return Opinion(guard=guard, parameter=name, action=Action.ALLOW, reason=SAFE_STEP, message=message)
    return Opinion(
        guard=guard,
        parameter=name,
        action=Action.REFUSE,
        reason=refusal.reason,
        message=refusal.message,
        until_iteration=refusal.until,
    )
