"""Guard: a parameter does not go back to the value that it has just left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_soak.domain.history import GuardContext, Step
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.records import Opinion
from pytest_soak.domain.state import DUST
from pytest_soak.guards.answers import Refusal, hookimpl, is_asked, per_parameter, with_current

NAME = "soak_oscillation"


def opinions(context: GuardContext) -> tuple[Opinion, ...]:
    """Refuse a change that would complete A -> B -> A on a parameter, by its applied values."""
    if not is_asked(context):
        return ()
    memory = with_current(context).memory

    def refusal_of(name: str, delta: float) -> Refusal | None:
        values = _last_values(memory, name)
        new = context.table[name].moved(values[-1], delta)
        if not detect_oscillation([*values, new], tolerance(name, context.table)):
            return None
        return Refusal("oscillation", f"{name} would go from {values[-1]:g} back to {new:g}, which it left")

    return per_parameter(NAME, context, "no_oscillation", refusal_of, lets_safe_through=True)


def _last_values(steps: Sequence[Step], name: str) -> list[float]:
    """The last three values of a parameter that differ, oldest first: more do not matter."""
    values: list[float] = []
    for step in reversed(steps):
        value = step.parameters[name]
        if not values or abs(value - values[-1]) > DUST:
            values.append(value)
            if len(values) == 3:
                break
    return values[::-1]


def detect_oscillation(values: Iterable[float], tolerance: float = DUST) -> bool:
    """Whether a parameter's values end in A -> B -> A: turned round, and back within ``tolerance`` of A.

    Repeated values count once; 0.0 is a value like any other.
    """
    distinct: list[float] = []
    for value in values:
        if not distinct or abs(value - distinct[-1]) > DUST:
            distinct.append(value)
    if len(distinct) < 3:
        return False
    first, second, third = distinct[-3:]
    turned = (second - first) * (third - second) < 0
    return turned and abs(third - first) <= tolerance + DUST


def tolerance(name: str, table: ParameterTable = PARAMETERS) -> float:
    """How near to A counts as A: half the parameter's smallest step, in its unit."""
    return table[name].smallest_step / 2


@hookimpl(trylast=True)
def pytest_soak_guard(context: GuardContext) -> tuple[Opinion, ...]:
    """Hook implementation: refuse a way back to where a parameter came from."""
    return opinions(context)
