"""Guard: parameters are known, finite and within bounds, and are those that the state recorded."""

from __future__ import annotations

import math

from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.parameter import DECIMALS
from pytest_soak.domain.parameters import problem_with
from pytest_soak.domain.records import Action, Opinion
from pytest_soak.guards.answers import Refusal, hookimpl, per_parameter

NAME = "soak_state"


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Before an iteration: STOP for every parameter that may not be in force, else one ALLOW.

    At a decision: refuse a change of a parameter that is not in force, or one that leaves its bounds.
    """
    if context.moment == "start":
        return _on_start(context)
    return per_parameter(NAME, context, "within_bounds", lambda name, delta: _refusal(context, name, delta))


def _on_start(context: GuardContext) -> tuple[Opinion, ...]:
    problems: list[tuple[str | None, str, str]] = []
    for name, value in context.parameters.items():
        problem = problem_with(name, value, context.table)
        if problem is not None:
            problems.append((name, "invalid_parameter", problem))
    for name, parameter in context.table.items():
        if name not in context.parameters:
            problems.append(
                (name, "missing_parameter", f"{name} is missing; needed is {parameter.accepted()}")
            )
    if not problems:
        problems.extend(_hash_problem(context))
    if problems:
        return tuple(
            Opinion(guard=NAME, parameter=name, action=Action.STOP, reason=reason, message=message)
            for name, reason, message in problems
        )
    return (Opinion(guard=NAME, parameter=None, action=Action.ALLOW, reason="state_valid"),)


def _hash_problem(context: GuardContext) -> list[tuple[str | None, str, str]]:
    # Asked last: values that are not finite numbers have no hash.
    if context.expected_hash is None:
        return []
    found = parameters_hash(context.parameters)
    if found == context.expected_hash:
        return []
    values = ", ".join(f"{name} = {value:g}" for name, value in context.parameters.items())
    message = (
        f"parameters ({values}) are not those that the state recorded: "
        f"their hash is {found}, expected {context.expected_hash}"
    )
    return [(None, "hash_mismatch", message)]


def _refusal(context: GuardContext, name: str, delta: float) -> Refusal | None:
    value = context.parameters.get(name, math.nan)
    # Rounded as a moved value is: the dust of a sum on a bound does not lie beyond it.
    problem = problem_with(name, round(value + delta, DECIMALS), context.table)
    return None if problem is None else Refusal("invalid_change", f"{problem} (a change by {delta:g})")


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: judge the state before an iteration and each proposed change."""
    return opinions(context)
