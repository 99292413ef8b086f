"""Content of ``TUNING_REPORT.json``."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_soak.domain.gates import worst
from pytest_soak.domain.parameters import ParameterTable
from pytest_soak.domain.records import Action, Verdict
from pytest_soak.store.exports.models import TuningReport, TuningRow
from pytest_soak.store.exports.views import Fields, indented
from pytest_soak.store.journal.entries import Entry

_INDENT = b"\n  "
_ROW_INDENT = b"\n    "
_ROW_FIELDS = sorted(TuningRow.model_fields)
_VERSION: int = TuningReport.model_fields["schema_version"].default


class Report:
    """A report that grows by a row per iteration and renders each of them once."""

    def __init__(self, table: ParameterTable) -> None:
        self.rows = 0
        self._table = table
        self._text = bytearray()
        self._head: dict[str, Any] = {}
        self._verdicts: Counter[str] = Counter()
        self._stopped: dict[str, Counter[str]] = {}
        self._bounds: dict[str, Counter[str]] = {}

    def add(self, entry: Entry, fields: Fields) -> None:
        """Add the row of the next iteration."""
        decision = fields["decision"]
        row = {name: decision[name] if name in decision else fields[name] for name in _ROW_FIELDS}
        if self.rows:
            self._text += b","
        self._text += _ROW_INDENT
        self._text += indented(row).replace(b"\n", _ROW_INDENT)
        self.rows += 1
        self._note(entry, fields)

    def content(self) -> bytes:
        """The whole file; the summary comes first, for human readers."""
        digest = indented(self._digest()).replace(b"\n", _INDENT)
        rows = (b"[", self._text, b"\n  ]") if self.rows else (b"[]",)
        version = str(_VERSION).encode("ascii")
        head = (b'{\n  "summary": ', digest, b',\n  "iterations": ')
        return b"".join((*head, *rows, b',\n  "schema_version": ', version, b"\n}\n"))

    def _note(self, entry: Entry, fields: Fields) -> None:
        provenance = fields["provenance"]
        self._head = {
            "run": entry.wall.run_id,
            "canary": provenance["canary"],
            "profile": provenance["profile"],
            "strategy": provenance["strategy"],
            "iterations": self.rows,
            "extended_after": fields.get("extended_after", []),
            "parameters_first": self._head.get("parameters_first", fields["parameters_before"]),
            "parameters_last": fields["parameters_after"],
        }
        if not fields["warmup"]:
            self._verdicts[fields["verdict"]] += 1
        for opinion in fields["decision"]["opinions"]:
            if opinion["action"] == Action.REFUSE.value:
                said = self._stopped.setdefault(opinion["guard"], Counter())
                said[opinion["parameter"] or "all"] += 1
        for name, value in fields["parameters_before"].items():
            side = self._table[name].bound_at(value)
            if side is not None:
                self._bounds.setdefault(name, Counter(low=0, high=0))[side] += 1

    def _digest(self) -> dict[str, Any] | None:
        if not self.rows:
            return None
        verdict = worst(Verdict(text) for text in self._verdicts)
        return self._head | {
            "verdict": None if verdict is None else verdict.value,
            "verdicts": dict(sorted(self._verdicts.items())),
            "stopped": {guard: dict(sorted(said.items())) for guard, said in sorted(self._stopped.items())},
            "at_bound": {name: dict(use) for name, use in sorted(self._bounds.items())},
        }
