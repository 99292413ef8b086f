"""The bytes of exported files, made from what the journal holds.

The texts of a journal are checked when they enter it, so their values are taken over as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from pytest_soak.domain.hashing import canonical_json, parameters_hash
from pytest_soak.store.exports.models import TuningReport, TuningRow
from pytest_soak.store.journal.entries import Entry

Fields = Mapping[str, Any]

_ROW_INDENT = b"\n    "
_ROW_FIELDS = sorted(TuningRow.model_fields)
_HEAD, _TAIL = to_json(
    dict(sorted(TuningReport(iterations=()).model_dump(mode="json").items())), indent=2, ensure_ascii=True
).split(b"[]")


def render(value: object) -> bytes:
    """JSON for people: two spaces of indent, sorted keys, ASCII, a newline at the end."""
    # The way by canonical JSON sorts and checks in compiled code, which json's own indentation is not.
    return render_text(canonical_json(value))


def render_text(text: str | bytes) -> bytes:
    """Canonical JSON as ``render`` has it."""
    return _indented(json.loads(text)) + b"\n"


def render_overrides(parameters: Mapping[str, float]) -> bytes:
    """Content of an overrides file that holds these parameters."""
    values = {name: float(parameters[name]) for name in sorted(parameters)}
    return _indented({"parameters": values, "schema_version": 1, "sha256": parameters_hash(values)}) + b"\n"


def fields_of(entry: Entry) -> Fields:
    """A record as JSON values, keys sorted at every depth."""
    fields: Fields = json.loads(entry.text)
    return fields


def summary(entry: Entry, fields: Fields) -> bytes:
    """Content of an iteration's summary."""
    wall = dict(sorted(entry.wall.model_dump(mode="json").items()))
    return _indented(dict(sorted({**fields, "record_sha256": entry.sha256, "wall": wall}.items()))) + b"\n"


class Report:
    """Content of ``TUNING_REPORT.json``, which grows by a row per iteration and renders each of them once."""

    def __init__(self) -> None:
        self.rows = 0
        self._text = bytearray()

    def add(self, fields: Fields) -> None:
        """Add the row of the next iteration."""
        decision = fields["decision"]
        row = {name: decision[name] if name in decision else fields[name] for name in _ROW_FIELDS}
        if self.rows:
            self._text += b","
        self._text += _ROW_INDENT
        self._text += _indented(row).replace(b"\n", _ROW_INDENT)
        self.rows += 1

    def content(self) -> bytes:
        """The whole file."""
        rows = (b"[", self._text, b"\n  ]") if self.rows else (b"[]",)
        return b"".join((_HEAD, *rows, _TAIL, b"\n"))


def audit_lines(entry: Entry, fields: Fields) -> list[str]:
    """Lines of ``audit.jsonl`` of one iteration: measured, each gate, each guard, what was decided."""
    return [canonical_json(event) for event in _events(entry, fields)]


def _indented(value: object) -> bytes:
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
