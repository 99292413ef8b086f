"""The built-in tuner: zones by risk and drivers by cost, turned into a proposed change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.history import History
from pytest_soak.domain.kpis import has_few_blocks
from pytest_soak.domain.parameter import DECIMALS, Parameter
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.records import Kpis, Verdict, Zone
from pytest_soak.domain.settings import TunerSettings

TUNER_NAME = "soak_tuner"
ADVERSE = "adverse"
SLIPPAGE = "slippage"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunerContext:
    """What a tuner knows when it is asked: the iteration that was just measured and its past.

    ``history`` holds the iterations before this one. ``table`` has all parameters, a strategy's own included.
    ``profile`` has the values of the profile, beyond which nothing is relaxed with ``relax_beyond_profile``
    off; a parameter that is not there is relaxed as far as its bound.
    """

    iteration: int
    iterations: int
    parameters: Mapping[str, float]
    kpis: Kpis
    verdict: Verdict
    history: History
    settings: TunerSettings
    table: ParameterTable = PARAMETERS
    profile: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that a tuner asks for.

    ``by`` names the tuner, ``zone`` is None where risk was not measured, ``drivers`` are the costs that
    pushed, ``deltas`` the changes in each parameter's unit: not zero, and within the bounds. ``zone_reason``
    says why the zone is not that of the measured risk ratio, where it is not.
    """

    by: str
    zone: Zone | None
    drivers: tuple[str, ...]
    deltas: Mapping[str, float]
    zone_reason: str | None = None


def propose(context: TunerContext) -> Proposal:
    """Propose a change from the KPIs of one iteration.

    Reasons for the same move do not add up: the larger one counts. Nothing is relaxed under a driver, or
    where the net profit is below that of NORMALIZE or unknown.
    """
    zone = zone_of(context.kpis, context.settings)
    drivers = drivers_of(context.kpis, context.settings)
    table = context.table
    moves = {} if zone is None else _moves(table, zone.value)
    if drivers or (zone is Zone.NORMALIZE and not _earns(context.kpis, context.settings)):
        moves = {name: delta for name, delta in moves.items() if table[name].is_safer(delta)}
    if not context.settings.relax_beyond_profile:
        moves = {name: _stopped_by_profile(context, name, delta) for name, delta in moves.items()}
    for driver in drivers:
        for name, delta in _moves(table, driver).items():
            moves[name] = _larger(moves.get(name, 0.0), delta)
    deltas = effective_deltas(context.parameters, moves, table)
    reason = _zone_reason(context.kpis, context.settings)
    return Proposal(by=TUNER_NAME, zone=zone, drivers=drivers, deltas=deltas, zone_reason=reason)


def _stopped_by_profile(context: TunerContext, name: str, delta: float) -> float:
    value = context.profile.get(name)
    if value is None or context.table[name].is_safer(delta):
        return delta
    left = round(value - context.parameters[name], DECIMALS)
    return math.copysign(min(abs(left), abs(delta)), delta) if left * delta > 0 else 0.0


def zone_of(kpis: Kpis, settings: TunerSettings) -> Zone | None:
    """Zone by risk ratio; None where the risk ratio was not measured.

    Below the border of NORMALIZE a net profit that is too small or unknown means HOLD. Where too few attempts
    were blocked for their shares to say something, the zone is NORMALIZE by rule.
    """
    risk = kpis.risk_ratio
    if risk is None:
        return None
    if has_few_blocks(kpis, settings.least_blocked_share):
        return Zone.NORMALIZE
    if risk >= settings.aggressive_risk:
        return Zone.AGGRESSIVE
    if risk >= settings.moderate_risk:
        return Zone.MODERATE
    return Zone.NORMALIZE if risk < settings.normalize_risk and _earns(kpis, settings) else Zone.HOLD


def _earns(kpis: Kpis, settings: TunerSettings) -> bool:
    return kpis.net_bps is not None and kpis.net_bps >= settings.normalize_net_bps


def _zone_reason(kpis: Kpis, settings: TunerSettings) -> str | None:
    if kpis.risk_ratio is None or not has_few_blocks(kpis, settings.least_blocked_share):
        return None
    least = f"counted from {settings.least_blocked_share:.2%} on"
    said = f"few_blocks: {kpis.blocked_share:.2%} of attempts, {least}"
    if _earns(kpis, settings):
        return said
    return f"{said}; nothing is relaxed below a net profit of {settings.normalize_net_bps:g} bps"


def drivers_of(kpis: Kpis, settings: TunerSettings) -> tuple[str, ...]:
    """Costs whose 95th percentile lies above its threshold; one that was not measured does not push."""
    costs = (
        (ADVERSE, kpis.adverse_bps_p95, settings.adverse_p95_bps),
        (SLIPPAGE, kpis.slippage_bps_p95, settings.slippage_p95_bps),
    )
    return tuple(name for name, cost, threshold in costs if cost is not None and cost > threshold)


def effective_deltas(
    parameters: Mapping[str, float], deltas: Mapping[str, float], table: ParameterTable = PARAMETERS
) -> dict[str, float]:
    """What is left of wanted deltas once the bounds have stopped them, in the order of the table.

    A bound is a wall: it shortens a move or drops it, and never turns it round. Apply this to the
    deltas of any tuner before guards see them.

    Raises:
        SoakConfigError: for a parameter that is unknown or not in force, or a delta that is not finite.
    """
    for name, delta in deltas.items():
        if name not in table or name not in parameters:
            raise SoakConfigError(
                f"proposal for unknown parameter {name!r}; known are {', '.join(_known(parameters, table))}"
            )
        if isinstance(delta, bool) or not isinstance(delta, int | float) or not math.isfinite(delta):
            raise SoakConfigError(f"proposed delta {name} = {delta!r} is not a finite number")
    stopped = {
        name: _stopped_by_bounds(table[name], parameters[name], deltas[name])
        for name in _known(deltas, table)
    }
    return {name: delta for name, delta in stopped.items() if delta}


def bounded(
    proposal: Proposal, parameters: Mapping[str, float], table: ParameterTable = PARAMETERS
) -> Proposal:
    """A tuner's proposal with its deltas as far as the bounds let them go; ``effective_deltas`` may raise."""
    return replace(proposal, deltas=effective_deltas(parameters, proposal.deltas, table))


def _known(names: Iterable[str], table: ParameterTable) -> list[str]:
    given = set(names)
    return [name for name in table if name in given]


def _stopped_by_bounds(parameter: Parameter, value: float, delta: float) -> float:
    left = round(parameter.moved(value, delta) - value, DECIMALS)
    # A value outside its bounds is not moved to the bound: no driver asked for that move.
    return left if left * delta > 0 else 0.0


def _larger(first: float, second: float) -> float:
    return first if abs(first) >= abs(second) else second


def _moves(table: ParameterTable, mover: str) -> dict[str, float]:
    """What a zone or driver asks for, by the parameters that declare it."""
    wanted = ((name, parameter.move_by(mover)) for name, parameter in table.items())
    return {name: delta for name, delta in wanted if delta is not None}
