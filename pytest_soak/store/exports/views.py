"""The bytes of exported files, rendered from the journal.

The texts of a journal are validated on entry, so their values are used as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from pytest_soak.domain.hashing import canonical_json, parameters_hash
from pytest_soak.domain.records import IterationRecord
from pytest_soak.store.exports.models import IterationSummary
from pytest_soak.store.journal.entries import Entry

Fields = Mapping[str, Any]

SUMMARY_VERSION: int = IterationSummary.model_fields["schema_version"].default

# Fields of the record that have other names in the summary.
_RENAMED = frozenset(
    {"schema_version", "kpis", "verdict", "decision", "parameters_before", "parameters_after"}
)
_ADDED = frozenset(
    {"schema_version", "summary", "tuning", "overrides", "next_overrides", "record_sha256", "wall"}
)


def render(value: object) -> bytes:
    """JSON for people: two spaces of indent, sorted keys, ASCII, a newline at the end."""
    # The way by canonical JSON sorts and checks in compiled code, which json's own indentation is not.
    return indented(json.loads(canonical_json(value))) + b"\n"


def render_overrides(parameters: Mapping[str, float]) -> bytes:
    """Content of an overrides file that holds these parameters."""
    values = {name: float(parameters[name]) for name in sorted(parameters)}
    return indented({"parameters": values, "schema_version": 1, "sha256": parameters_hash(values)}) + b"\n"


def fields_of(entry: Entry) -> Fields:
    """A record as JSON values, keys sorted at every depth."""
    fields: Fields = json.loads(entry.text)
    return fields


def summary(entry: Entry, fields: Fields) -> bytes:
    """Content of an iteration's summary."""
    decision = dict(fields["decision"])
    deltas = decision.pop("applied_deltas")
    content = {name: value for name, value in fields.items() if name not in _RENAMED}
    content |= {
        "schema_version": SUMMARY_VERSION,
        "summary": _sorted({**fields["kpis"], "kpi_verdict": fields["verdict"]}),
        "tuning": _sorted({**decision, "deltas": deltas}),
        "overrides": fields["parameters_before"],
        "next_overrides": fields["parameters_after"],
        "record_sha256": entry.sha256,
        "wall": _sorted(entry.wall.model_dump(mode="json")),
    }
    return indented(_sorted(content)) + b"\n"


def record_of(content: Fields) -> dict[str, Any]:
    """The record that a summary was made of, as JSON values; ``record_sha256`` is the hash of these."""
    fields = {name: value for name, value in content.items() if name not in _ADDED}
    kpis, decision = dict(content["summary"]), dict(content["tuning"])
    decision["applied_deltas"] = decision.pop("deltas")
    return fields | {
        "schema_version": IterationRecord.model_fields["schema_version"].default,
        "verdict": kpis.pop("kpi_verdict"),
        "kpis": kpis,
        "decision": decision,
        "parameters_before": content["overrides"],
        "parameters_after": content["next_overrides"],
    }


def audit_lines(entry: Entry, fields: Fields) -> list[str]:
    """Lines of ``audit.jsonl`` of one iteration: measured, each gate, each guard, what was decided."""
    return [canonical_json(event) for event in _events(entry, fields)]


def _sorted(fields: Fields) -> Fields:
    return dict(sorted(fields.items()))


def indented(value: object) -> bytes:
    """JSON for people, without the newline at the end."""
    return to_json(value, indent=2, ensure_ascii=True)


def _events(entry: Entry, fields: Fields) -> Iterable[dict[str, Any]]:
    number = fields["iteration"]
    yield _event(
        "measured",
        number,
        verdict=fields["verdict"],
        kpis=fields["kpis"],
        parameters=fields["parameters_before"],
        record_sha256=entry.sha256,
    )
    for gate in fields["gates"]:
        yield _event("gate", number, gate=gate)
    for opinion in fields["decision"]["opinions"]:
        yield _event("guard", number, opinion=opinion)
    yield from _decided(number, fields["decision"], fields["parameters_after"])


def _decided(number: int, decision: Fields, after: Fields) -> Iterator[dict[str, Any]]:
    if decision["skipped_reason"] is not None:
        yield _event("skipped", number, reason=decision["skipped_reason"], proposal=decision["proposal"])
    change = {"deltas": decision["applied_deltas"], "key": decision["key"], "parameters": after}
    if decision["reverted"] is not None:
        yield _event("reverted", number, profile=decision["reverted"], **change)
    elif decision["applied"]:
        yield _event("applied", number, **change)


def _event(kind: str, iteration: int, **fields: Any) -> dict[str, Any]:
    return {"schema_version": 1, "iteration": iteration, "event": kind, **fields}
