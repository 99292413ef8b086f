"""Why a parameter has its value: what was measured and proposed, what each guard said, what was done."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_soak.config.parsing import did_you_mean
from pytest_soak.domain.decision import TUNING_OFF
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.gates import describe
from pytest_soak.domain.records import Action, Decision, IterationRecord, Opinion, Verdict
from pytest_soak.domain.text import number, show
from pytest_soak.store.journal.entries import Entry


def explain(entry: Entry, parameter: str | None = None) -> Iterator[str]:
    """Lines that follow one iteration from its KPIs to the parameters of the next.

    Raises:
        SoakConfigError: there is no such parameter.
    """
    record = entry.record
    names = _asked_for(record, parameter)
    kpis = record.kpis
    yield (
        f"{record.provenance.canary}, iteration {record.iteration} of {record.iterations}"
        f" ({record.provenance.strategy}, {record.provenance.source}): {record.verdict.value}"
    )
    yield (
        f"  measured: net {number(kpis.net_bps, '+.2f')} bps, risk {number(kpis.risk_ratio, '.1%')},"
        f" adverse p95 {number(kpis.adverse_bps_p95, '.2f')} bps,"
        f" slippage p95 {number(kpis.slippage_bps_p95, '.2f')} bps"
    )
    for gate in record.gates:
        if gate.verdict is not Verdict.OK:
            yield f"  gate {gate.verdict.value}: {describe(gate)}"
    yield from _proposed(record.decision)
    for name in names:
        yield from _parameter(record, name)
    yield f"  record {entry.sha256}"


def _asked_for(record: IterationRecord, parameter: str | None) -> list[str]:
    known = list(record.parameters_before)
    if parameter is None:
        return known
    if parameter not in known:
        hint = did_you_mean(parameter, known)
        raise SoakConfigError(f"parameter {show(parameter)}: known are {', '.join(known)}{hint}")
    return [parameter]


def _proposed(decision: Decision) -> Iterator[str]:
    if decision.skipped_reason == TUNING_OFF:
        yield "  tuning is off (--soak-no-tune): nothing was proposed and no guard was asked"
        return
    zone = decision.zone.value if decision.zone else "none, as the risk ratio was not measured"
    why = f" ({decision.zone_reason})" if decision.zone_reason else ""
    driven = f", driven by {', '.join(decision.drivers)}" if decision.drivers else ""
    yield f"  zone {zone}{why}{driven}; proposed by {decision.proposed_by}"
    for opinion in decision.opinions:
        if opinion.parameter is None and opinion.action is not Action.ALLOW:
            yield f"  {_said(opinion)}"
    if decision.guards_off:
        yield f"  guards switched off: {', '.join(decision.guards_off)}"
    if decision.reverted is not None:
        yield f"  reverted to the values of profile {decision.reverted}"
    if decision.skipped_reason is not None:
        yield f"  not applied, or only in part: {decision.skipped_reason}"


def _parameter(record: IterationRecord, name: str) -> Iterator[str]:
    decision = record.decision
    before, after = record.parameters_before[name], record.parameters_after[name]
    wanted = decision.proposal.get(name)
    proposal = "no change proposed" if not wanted else f"proposed {wanted:+.6g} to {before + wanted:.6g}"
    result = "unchanged" if before == after else f"{after - before:+.6g}"
    yield f"  {name}: {before:.6g} -> {after:.6g} ({result}); {proposal}"
    for opinion in decision.opinions:
        if opinion.parameter == name:
            yield f"    {_said(opinion)}"


def _said(opinion: Opinion) -> str:
    text = f"{opinion.guard}: {opinion.action.value}, {opinion.reason}"
    message = f": {opinion.message}" if opinion.message else ""
    until = f" (up to iteration {opinion.until_iteration})" if opinion.until_iteration is not None else ""
    return f"{text}{message}{until}"
