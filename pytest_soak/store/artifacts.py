"""Exports of a canary's journal: the files that people and other programs read.

Every one of them can be rebuilt from the journal, byte by byte, and none is read back; an overrides file
that does not hold what this journal wrote stops the canary instead of being overwritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import to_json

from pytest_soak.domain.errors import SoakStateError, SoakStoreError
from pytest_soak.domain.hashing import canonical_json, parameters_hash
from pytest_soak.store import files
from pytest_soak.store.journal import Entry, Journal
from pytest_soak.store.models import (
    AppliedEvent,
    GateEvent,
    GuardEvent,
    IterationSummary,
    MeasuredEvent,
    RevertedEvent,
    RuntimeOverrides,
    SkippedEvent,
    TuningReport,
    TuningRow,
)

OVERRIDES_NAME = "runtime_overrides.json"
REPORT_NAME = "TUNING_REPORT.json"
STATE_NAME = "TUNING_STATE.json"
EDGE_NAME = "EDGE_REPORT.json"
AUDIT_NAME = "audit.jsonl"

KEPT_SUMMARIES = 100

_SUMMARY = re.compile(r"ITER_SUMMARY_(0|[1-9][0-9]*)\.json")
_ROW_INDENT = "    "


def summary_name(iteration: int) -> str:
    """File name of an iteration's summary."""
    return f"ITER_SUMMARY_{iteration}.json"


def summary_number(name: str) -> int | None:
    """The iteration whose summary has that file name, None for any other file."""
    match = _SUMMARY.fullmatch(name)
    return (int(match.group(1)) or None) if match else None


def rotate_summaries(folder: Path, keep: int = KEPT_SUMMARIES) -> tuple[int, ...]:
    """Remove all but the ``keep`` summaries with the highest numbers; the numbers of those removed.

    Raises:
        SoakStoreError: the disk refused.
    """
    found = (_SUMMARY.fullmatch(path.name) for path in folder.iterdir())
    numbers = sorted(int(match.group(1)) for match in found if match)
    surplus = tuple(numbers[: max(0, len(numbers) - keep)])
    for number in surplus:
        files.remove(folder / summary_name(number))
    return surplus


def render(value: object) -> bytes:
    """JSON for people: two spaces of indent, sorted keys, ASCII, a newline at the end."""
    # The way by canonical JSON sorts and checks in compiled code, which json's own indentation is not.
    return to_json(json.loads(canonical_json(value)), indent=2, ensure_ascii=True) + b"\n"


def render_overrides(parameters: Mapping[str, float]) -> bytes:
    """Content of an overrides file that holds these parameters."""
    values = {name: float(value) for name, value in parameters.items()}
    content = RuntimeOverrides(parameters=values, sha256=parameters_hash(values))
    return render(content.model_dump(mode="json"))


class Exports:
    """The exported files of one canary's folder; only the holder of the journal's lock writes them."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        self._rows: list[str] = []
        self._audited = self._audit_bytes = 0
        self._exported = 0

    def rebuild(self, state: BaseModel, initial: Mapping[str, float]) -> tuple[str, ...]:
        """Write what is missing or not as the journal has it; return the names of the files written.

        ``state`` is the content of ``TUNING_STATE.json``, ``initial`` the parameters of iteration 1.

        Raises:
            SoakStateError: the overrides file does not hold parameters that this journal recorded.
            SoakStoreError: the disk refused.
        """
        files.make_folder(self._folder)
        files.sweep(self._folder)
        self.check_overrides(initial)
        entries = self._journal.entries()
        self._rows = [_row_text(entry) for entry in entries]
        audit = _audit_text(entries)
        wanted = {summary_name(e.record.iteration): _summary(e) for e in entries[-KEPT_SUMMARIES:]}
        wanted |= self._small_files(state, entries, initial)
        wanted[AUDIT_NAME] = audit
        written = self._write_what_differs(wanted)
        rotate_summaries(self._folder)
        self._audited, self._audit_bytes = len(entries), len(audit)
        self._exported = len(entries)
        return written

    def add(self, state: BaseModel) -> None:
        """Export what was committed since the last call that succeeded; ``state`` as in ``rebuild``.

        Raises:
            SoakStoreError: the disk refused; the next call, or ``rebuild``, mends what is missing.
        """
        entries = self._journal.entries()
        new = entries[self._exported :]
        if not new:
            return
        self._rows += [_row_text(entry) for entry in entries[len(self._rows) :]]
        self._extend_audit(entries)
        wanted = {summary_name(entry.record.iteration): _summary(entry) for entry in new}
        self._write_what_differs(wanted | self._small_files(state, entries, {}))
        rotate_summaries(self._folder)
        self._exported = len(entries)

    def check_overrides(self, initial: Mapping[str, float]) -> None:
        """Refuse an overrides file that this journal did not write; one that is missing is rebuilt later.

        After a kill it may be that of an earlier iteration.

        Raises:
            SoakStateError: names the file and how to go on.
        """
        found = self._read(OVERRIDES_NAME)
        if found is None:
            return
        recorded = [e.record.parameters_after for e in reversed(self._journal.entries())]
        if all(found != render_overrides(parameters) for parameters in (*recorded, initial)):
            raise SoakStateError(
                f"{self._folder / OVERRIDES_NAME}: not what this canary wrote, so it was changed by hand; "
                "delete it to go on with the parameters in the journal, or start a new run with "
                "--soak-override"
            )

    def _write_what_differs(self, wanted: Mapping[str, bytes]) -> tuple[str, ...]:
        differing = {name: data for name, data in wanted.items() if self._read(name) != data}
        if differing:
            files.write_each(self._folder, differing)
        return tuple(differing)

    def _small_files(
        self, state: BaseModel, entries: tuple[Entry, ...], initial: Mapping[str, float]
    ) -> dict[str, bytes]:
        current = entries[-1].record.parameters_after if entries else initial
        content = {
            REPORT_NAME: _report(self._rows),
            STATE_NAME: render(state.model_dump(mode="json")),
            OVERRIDES_NAME: render_overrides(current),
        }
        if entries:
            edge = self._journal.edge(entries[-1].record.iteration)
            content[EDGE_NAME] = render(edge.model_dump(mode="json"))
        return content

    def _extend_audit(self, entries: tuple[Entry, ...]) -> None:
        path = self._folder / AUDIT_NAME
        size = path.stat().st_size if path.exists() else 0
        if size == self._audit_bytes:
            lines = [line for entry in entries[self._audited :] for line in _audit_lines(entry)]
            files.append_lines(path, lines)
            self._audit_bytes += sum(len(line) + 1 for line in lines)
        else:
            audit = _audit_text(entries)
            files.write_atomic(path, audit)
            self._audit_bytes = len(audit)
        self._audited = len(entries)

    def _read(self, name: str) -> bytes | None:
        """Content of an exported file; None where there is none, or something that is no file of its own."""
        path = self._folder / name
        if path.is_symlink() or not path.is_file():
            return None
        try:
            return path.read_bytes()
        except OSError as error:
            raise SoakStoreError(f"{path} could not be read: {error.strerror or error}") from error


def export(folder: Path, journal: Journal, state: BaseModel, initial: Mapping[str, float]) -> tuple[str, ...]:
    """Write every export of a journal that is missing or differs; see ``Exports.rebuild``."""
    return Exports(folder, journal).rebuild(state, initial)


def _summary(entry: Entry) -> bytes:
    fields = entry.record.model_dump(mode="json")
    summary = IterationSummary.model_validate(
        fields | {"record_sha256": entry.sha256, "wall": entry.wall.model_dump(mode="json")}
    )
    return render(summary.model_dump(mode="json"))


def _row_text(entry: Entry) -> str:
    record = entry.record
    decision = record.decision
    row = TuningRow(
        iteration=record.iteration,
        verdict=record.verdict,
        zone=decision.zone,
        drivers=decision.drivers,
        proposed_by=decision.proposed_by,
        proposal=decision.proposal,
        opinions=decision.opinions,
        guards_off=decision.guards_off,
        applied=decision.applied,
        applied_deltas=decision.applied_deltas,
        reverted=decision.reverted,
        skipped_reason=decision.skipped_reason,
    )
    text = render(row.model_dump(mode="json")).decode("ascii").rstrip("\n")
    return _ROW_INDENT + text.replace("\n", f"\n{_ROW_INDENT}")


def _report(rows: list[str]) -> bytes:
    """The report around rows that are rendered already, so that a long run renders each of them once."""
    empty = render(TuningReport(iterations=()).model_dump(mode="json")).decode("ascii")
    listed = "[\n" + ",\n".join(rows) + "\n  ]" if rows else "[]"
    return empty.replace("[]", listed, 1).encode("ascii")


def _audit_text(entries: Iterable[Entry]) -> bytes:
    return "".join(f"{line}\n" for entry in entries for line in _audit_lines(entry)).encode("ascii")


def _audit_lines(entry: Entry) -> list[str]:
    return [canonical_json(event.model_dump(mode="json")) for event in _events(entry)]


def _events(entry: Entry) -> Iterator[BaseModel]:
    record, decision = entry.record, entry.record.decision
    number = record.iteration
    yield MeasuredEvent(
        iteration=number,
        verdict=record.verdict,
        kpis=record.kpis,
        parameters=record.parameters_before,
        record_sha256=entry.sha256,
    )
    for gate in record.gates:
        yield GateEvent(iteration=number, gate=gate)
    for opinion in decision.opinions:
        yield GuardEvent(iteration=number, opinion=opinion)
    if decision.skipped_reason is not None:
        yield SkippedEvent(iteration=number, reason=decision.skipped_reason, proposal=decision.proposal)
    after = record.parameters_after
    if decision.reverted is not None:
        yield RevertedEvent(
            iteration=number,
            profile=decision.reverted,
            deltas=decision.applied_deltas,
            key=decision.key,
            parameters=after,
        )
    elif decision.applied:
        yield AppliedEvent(
            iteration=number, deltas=decision.applied_deltas, key=decision.key, parameters=after
        )
