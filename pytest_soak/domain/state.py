"""State of a canary's guards, computed from its history and stored nowhere else."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.history import History, Step
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable, distance
from pytest_soak.domain.records import Verdict
from pytest_soak.domain.settings import (
    CooldownSettings,
    FreezeSettings,
    GuardSettings,
    Strict,
    VelocitySettings,
)

DUST = 1e-9
"""Rounding of sums of parameter moves: a sum this much above a limit is still on it."""

FREEZE_GUARD = "soak_freeze"
COOLDOWN_GUARD = "soak_cooldown"
PANIC_GUARD = "soak_panic"


class VelocityUse(Strict):
    """Path that a parameter has covered in the sliding window, and its limit, in its unit."""

    used: Annotated[float, Field(ge=0.0)]
    limit: Annotated[float, Field(gt=0.0)]


class TuningState(Strict):
    """What guards hold against the next decisions: the content of ``TUNING_STATE.json``.

    ``last_applied_signature`` is the key of the last decision that was applied; ``frozen_until_iter``
    and ``cooldown_until_iter`` are the last iterations whose decisions are refused, None where nothing
    is held; ``fail_streak`` counts FAIL verdicts in a row after warm-up.
    """

    schema_version: Literal[1] = 1
    iteration: int
    last_applied_signature: str | None
    frozen_until_iter: int | None
    freeze_reason: str | None
    cooldown_until_iter: int | None
    fail_streak: int
    velocity: dict[str, VelocityUse]


def tuning_state(
    history: History,
    settings: GuardSettings,
    minutes: float,
    guards_off: Collection[str] = (),
    table: ParameterTable = PARAMETERS,
) -> TuningState:
    """State after the last iteration of ``history``, each of ``minutes`` of market time.

    A guard in ``guards_off`` holds nothing.
    """
    now = history.steps[-1].iteration if history.steps else 0
    memory = history.memory
    frozen = None if FREEZE_GUARD in guards_off else frozen_until(memory, settings.freeze)
    cooling = None
    if COOLDOWN_GUARD not in guards_off:
        cooling = cooldown_until(history.steps, settings.cooldown, now, table)
    applied = (step.decision_key for step in reversed(history.steps) if step.applied_deltas)
    return TuningState(
        iteration=now,
        last_applied_signature=next(applied, None),
        frozen_until_iter=frozen,
        freeze_reason=None if frozen is None else freeze_reason(settings.freeze),
        cooldown_until_iter=cooling,
        fail_streak=fail_streak(memory),
        velocity={
            name: VelocityUse(
                used=path_length(memory, name, now, minutes, settings.velocity.window_minutes),
                limit=velocity_limit(name, settings.velocity, table),
            )
            for name in table
        },
    )


def fail_streak(steps: Sequence[Step]) -> int:
    """FAIL verdicts in a row at the end of ``steps``, after warm-up.

    OK and WARN end a streak; NO_DATA neither counts nor ends it, as it says nothing about the strategy.
    """
    streak = 0
    for step in reversed(steps):
        if step.warmup or step.verdict is Verdict.NO_DATA:
            continue
        if step.verdict is not Verdict.FAIL:
            break
        streak += 1
    return streak


def is_stable(step: Step, settings: FreezeSettings) -> bool:
    """Whether risk ratio and net profit were both measured and are both good enough."""
    if step.risk_ratio is None or step.net_bps is None:
        return False
    return step.risk_ratio <= settings.max_risk_ratio and step.net_bps >= settings.min_net_bps


def frozen_until(steps: Iterable[Step], settings: FreezeSettings) -> int | None:
    """Last iteration whose decision the freeze refuses, as of the last step; None where it is not on.

    A streak of stable iterations is counted while no freeze is on; the one that completes it is the
    first to be refused. A FAIL ends streak and freeze.
    """
    streak, until = 0, None
    for step in steps:
        if step.verdict is Verdict.FAIL:
            streak, until = 0, None
            continue
        if until is not None and step.iteration <= until:
            continue
        until = None
        streak = streak + 1 if is_stable(step, settings) else 0
        if streak >= settings.stable_iterations:
            streak, until = 0, step.iteration + settings.duration_iterations
    return until


def freeze_reason(settings: FreezeSettings) -> str:
    """Why a freeze is on, in words."""
    return (
        f"{settings.stable_iterations} stable iterations in a row: "
        f"risk_ratio <= {settings.max_risk_ratio:g} and net_bps >= {settings.min_net_bps:g}"
    )


def cooldown_until(
    steps: Sequence[Step], settings: CooldownSettings, now: int, table: ParameterTable = PARAMETERS
) -> int | None:
    """Last iteration whose decision the cooldown refuses; None where it ended before ``now``.

    Steps are those of the whole history: a panic revert starts a cooldown whatever its size.
    """
    for step in reversed(steps):
        end = step.iteration + settings.iterations
        if end < now:
            break
        if _starts_cooldown(step, settings, table):
            return end
    return None


def _starts_cooldown(step: Step, settings: CooldownSettings, table: ParameterTable) -> bool:
    return step.reverted or distance(step.applied_deltas, table) > settings.threshold + DUST


def path_length(steps: Sequence[Step], name: str, now: int, minutes: float, window_minutes: float) -> float:
    """Path of a parameter's applied changes in the window that ends with iteration ``now``, in its unit.

    The change of iteration k happens at k x ``minutes`` of market time. The window is open at its
    beginning: a change exactly ``window_minutes`` ago has left it. Panic reverts do not count.
    """
    moves: list[float] = []
    for step in reversed(steps):
        if not (now - step.iteration) * minutes < window_minutes - DUST:
            break
        if not step.reverted:
            moves.append(abs(step.applied_deltas.get(name, 0.0)))
    return math.fsum(moves)


def velocity_limit(name: str, settings: VelocitySettings, table: ParameterTable = PARAMETERS) -> float:
    """Longest path of a parameter within the window: its setting, else half its range, in its unit."""
    return settings.limits.get(name, table[name].span / 2)


def check_guard_settings(settings: GuardSettings, table: ParameterTable = PARAMETERS) -> None:
    """Refuse guard settings that name a parameter that does not exist.

    Raises:
        SoakConfigError: naming the setting, the parameter and those that exist.
    """
    named: Mapping[str, Iterable[str]] = {
        "guards.freeze.parameters": settings.freeze.parameters,
        "guards.velocity.limits": settings.velocity.limits,
    }
    for where, names in named.items():
        for name in names:
            if name not in table:
                raise SoakConfigError(f"{where}: {table.unknown(name)}")
