"""From a proposal and the guards' opinions to the decision that is applied and recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.history import GuardContext, Step
from pytest_soak.domain.parameter import DECIMALS
from pytest_soak.domain.parameters import ParameterTable
from pytest_soak.domain.records import Action, Decision, IterationRecord, Opinion
from pytest_soak.domain.state import TuningState, tuning_state
from pytest_soak.domain.tuner import Proposal

__all__ = [
    "NO_CHANGE",
    "TUNING_OFF",
    "TuningState",
    "collected",
    "decide",
    "no_decision",
    "step_of",
    "tuning_state",
]

NO_CHANGE = "no_change_proposed"
TUNING_OFF = "tuning_off"

# Values are kept to six decimals, so a sum may differ from its rounded result by half of the last one.
_TOLERANCE = 0.51 * 10**-DECIMALS
_REFUSING = (Action.REFUSE, Action.STOP)


def collected(answers: Iterable[object]) -> tuple[Opinion, ...]:
    """Opinions from the answers of the guards' hooks: an opinion, a sequence of them, or None each.

    Raises:
        SoakConfigError: for anything else, as a guard with an invalid answer has not judged.
    """
    opinions: list[Opinion] = []
    for answer in answers:
        given = answer if isinstance(answer, list | tuple) else (answer,)
        for item in given:
            if isinstance(item, Opinion):
                opinions.append(item)
            elif answer is not None:
                raise SoakConfigError(f"a pytest_soak_guard hook returned {item!r}, which is not an Opinion")
    return tuple(opinions)


def decide(
    context: GuardContext,
    proposal: Proposal,
    opinions: Iterable[Opinion],
    guards_off: Iterable[str] = (),
) -> tuple[Decision, dict[str, float]]:
    """Fold a proposal and the guards' opinions into a decision and the parameters after it.

    A parameter moves where no guard refuses it. A REVERT wins over every refusal: the safe profile's
    values replace all parameters. Opinions are sorted before they are recorded, so that the record
    does not depend on the order in which plugins were registered.

    Raises:
        SoakStateError: where ``after`` is not ``before`` plus the applied deltas, value by value.
    """
    table = context.table
    places = {name: place for place, name in enumerate(table)}
    said = tuple(sorted(opinions, key=lambda opinion: _rank(opinion, places)))
    before = dict(context.parameters)
    if any(opinion.action is Action.REVERT for opinion in said):
        reverted: str | None = context.settings.panic.profile
        after = dict(context.safe_parameters)
        applied = _differences(before, after)
    else:
        reverted = None
        applied = {name: delta for name, delta in proposal.deltas.items() if not _refusals(name, said)}
        after = {name: _moved(table, name, value, applied.get(name, 0.0)) for name, value in before.items()}
    _verify(before, applied, after)
    decision = Decision(
        zone=proposal.zone,
        zone_reason=proposal.zone_reason,
        drivers=proposal.drivers,
        proposal=dict(proposal.deltas),
        proposed_by=proposal.by,
        opinions=said,
        guards_off=tuple(sorted(guards_off)),
        applied=bool(applied),
        applied_deltas=applied,
        reverted=reverted,
        skipped_reason=_skipped_reason(table, proposal, said, reverted),
        base_hash=parameters_hash(before),
        key=context.decision_key,
    )
    return decision, after


def no_decision(context: GuardContext) -> Decision:
    """The decision of a run whose tuning is switched off: nothing proposed, no guard asked."""
    return Decision(
        zone=None,
        drivers=(),
        proposal={},
        proposed_by="nobody",
        opinions=(),
        guards_off=(),
        applied=False,
        applied_deltas={},
        reverted=None,
        skipped_reason=TUNING_OFF,
        base_hash=parameters_hash(context.parameters),
        key=context.decision_key,
    )


def step_of(record: IterationRecord) -> Step:
    """A record, reduced to what the rules need."""
    return Step(
        iteration=record.iteration,
        warmup=record.warmup,
        verdict=record.verdict,
        # Blocks that are too few to count for zone and gate do not count here either.
        risk_ratio=0.0 if record.decision.zone_reason else record.kpis.risk_ratio,
        net_bps=record.kpis.net_bps,
        parameters=record.parameters_before,
        parameters_after=record.parameters_after,
        applied_deltas=record.decision.applied_deltas,
        reverted=record.decision.reverted is not None,
        decision_key=record.decision.key,
    )


def _rank(opinion: Opinion, places: Mapping[str, int]) -> tuple[str, int, str, str, str, str]:
    parameter = opinion.parameter or ""
    place = places.get(parameter, -1)
    return opinion.guard, place, parameter, opinion.action.value, opinion.reason, opinion.message


def _refusals(name: str, opinions: Iterable[Opinion]) -> list[Opinion]:
    return [o for o in opinions if o.action in _REFUSING and o.parameter in (None, name)]


def _moved(table: ParameterTable, name: str, value: float, delta: float) -> float:
    # A value that is not moved is kept as it is, also where it has more decimals than a moved one.
    return table[name].moved(value, delta) if delta else value


def _differences(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    deltas = {name: round(after[name] - before[name], DECIMALS) for name in before if name in after}
    return {name: delta for name, delta in deltas.items() if delta}


def _verify(before: Mapping[str, float], deltas: Mapping[str, float], after: Mapping[str, float]) -> None:
    if before.keys() != after.keys():
        raise SoakStateError(
            f"decision changes the set of parameters from {sorted(before)} to {sorted(after)}"
        )
    for name in before:
        expected = before[name] + deltas.get(name, 0.0)
        # Written so that NaN, which compares as neither, is refused too.
        if not abs(after[name] - expected) <= _TOLERANCE:
            raise SoakStateError(
                f"{name}: before {before[name]!r} plus delta {deltas.get(name, 0.0)!r} is {expected!r}, "
                f"but after is {after[name]!r}"
            )
    unknown = [name for name in deltas if name not in before]
    if unknown:
        raise SoakStateError(f"decision moves {', '.join(unknown)}, which is not in force")


def _skipped_reason(
    table: ParameterTable, proposal: Proposal, opinions: Iterable[Opinion], reverted: str | None
) -> str | None:
    """Why proposed changes were not applied: reason code and parameters, grouped; None where all were."""
    names = [name for name in table if name in proposal.deltas]
    if reverted is not None:
        return f"panic_revert: {', '.join(names)} replaced by profile {reverted}" if names else None
    if not names:
        return NO_CHANGE
    groups: dict[tuple[str, int | None], list[str]] = {}
    said = tuple(opinions)
    for name in names:
        for opinion in _refusals(name, said):
            group = groups.setdefault((opinion.reason, opinion.until_iteration), [])
            if name not in group:
                group.append(name)
    texts = [f"{reason}: {', '.join(group)}{_held(until)}" for (reason, until), group in groups.items()]
    return "; ".join(texts) or None


def _held(until: int | None) -> str:
    return "" if until is None else f" held until iteration {until}"
