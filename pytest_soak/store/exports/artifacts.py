"""Exports of a canary's journal: the files that people and other programs read.

Every one of them but the series can be rebuilt from the journal, byte by byte, and none is read back; the
iteration run again gives its series. An overrides file that does not hold what this journal wrote stops the
canary instead of being overwritten.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from pytest_soak.domain.errors import SoakStateError, SoakStoreError
from pytest_soak.store.disk import files
from pytest_soak.store.exports.report import Report
from pytest_soak.store.exports.series import series_name, series_number
from pytest_soak.store.exports.views import (
    Fields,
    audit_lines,
    fields_of,
    indented,
    render,
    render_overrides,
    summary,
)
from pytest_soak.store.journal.entries import Entry
from pytest_soak.store.journal.journal import Journal

__all__ = [
    "AUDIT_NAME",
    "EDGE_NAME",
    "KEPT_SUMMARIES",
    "OVERRIDES_NAME",
    "PACK_NAME",
    "REPORT_NAME",
    "STATE_NAME",
    "Exports",
    "export",
    "exported_number",
    "exports_in",
    "render",
    "render_overrides",
    "rotate_summaries",
    "summary_name",
    "summary_number",
]

OVERRIDES_NAME = "runtime_overrides.json"
REPORT_NAME = "TUNING_REPORT.json"
STATE_NAME = "TUNING_STATE.json"
EDGE_NAME = "EDGE_REPORT.json"
AUDIT_NAME = "audit.jsonl"
PACK_NAME = "exports.tar.gz"

KEPT_SUMMARIES = 100

_SUMMARY = re.compile(r"ITER_SUMMARY_(0|[1-9][0-9]*)\.json")


def summary_name(iteration: int) -> str:
    """File name of an iteration's summary."""
    return f"ITER_SUMMARY_{iteration}.json"


def summary_number(name: str) -> int | None:
    """The iteration whose summary has that file name, None for any other file."""
    match = _SUMMARY.fullmatch(name)
    return (int(match.group(1)) or None) if match else None


def exported_number(name: str) -> int | None:
    """The iteration whose summary or series has that file name, None for any other file."""
    return summary_number(name) or series_number(name)


def rotate_summaries(folder: Path, keep: int = KEPT_SUMMARIES) -> tuple[int, ...]:
    """Remove all but the ``keep`` summaries with the highest numbers; the numbers of those removed.

    The series of an iteration goes with its summary.

    Raises:
        SoakStoreError: the disk refused.
    """
    found = (_SUMMARY.fullmatch(path.name) for path in files.listed(folder))
    numbers = sorted(int(match.group(1)) for match in found if match)
    surplus = tuple(numbers[: max(0, len(numbers) - keep)])
    for number in surplus:
        files.remove(folder / summary_name(number))
        files.remove(folder / series_name(number))
    return surplus


def exports_in(folder: Path) -> tuple[str, ...]:
    """Names of the files in a folder that can only come from a journal.

    Raises:
        SoakStoreError: the disk refused.
    """
    fixed = (AUDIT_NAME, REPORT_NAME, STATE_NAME, EDGE_NAME, PACK_NAME)
    names = [path.name for path in files.listed(folder)]
    return tuple(name for name in names if name in fixed or exported_number(name) is not None)


class Exports:
    """The exported files of one canary's folder; only the holder of the journal's lock writes them."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal
        self._audit = folder / AUDIT_NAME
        self._report = Report(journal.table)
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
        self._report = Report(self._journal.table)
        audit: list[str] = []
        wanted: dict[str, bytes] = {}
        for entry in self._journal.entries():
            fields, number = fields_of(entry), entry.record.iteration
            self._report.add(entry, fields)
            audit += audit_lines(entry, fields)
            wanted[summary_name(number)] = summary(entry, fields)
            wanted.pop(summary_name(number - KEPT_SUMMARIES), None)
        newest = self._journal.newest()
        wanted |= self._small_files(state, newest)
        wanted[OVERRIDES_NAME] = render_overrides(newest.record.parameters_after if newest else initial)
        wanted[AUDIT_NAME] = _lines(audit)
        differing = {name: data for name, data in wanted.items() if self._read(name) != data}
        if differing:
            files.write_each(self._folder, differing)
        rotate_summaries(self._folder)
        self._audit_bytes = len(_lines(audit))
        self._audited = self._exported = self._report.rows
        return tuple(differing)

    def add(
        self, state: BaseModel, series: Mapping[int, bytes] | None = None, edge: Fields | None = None
    ) -> None:
        """Export what was committed since the last call that succeeded; ``state`` as in ``rebuild``.

        ``series`` has paths of iterations as files: of all exports, these alone are not in the journal.
        ``edge`` is the newest edge report as the journal has it, where it was read already.

        Raises:
            SoakStoreError: the disk refused; the next call, or ``rebuild``, mends what is missing.
        """
        wanted = {series_name(number): data for number, data in (series or {}).items()}
        audit: list[str] = []
        newest: Entry | None = None
        for newest in self._journal.committed(self._exported + 1):
            fields, number = fields_of(newest), newest.record.iteration
            wanted[summary_name(number)] = summary(newest, fields)
            if number > self._report.rows:
                self._report.add(newest, fields)
            if number > self._audited:
                audit += audit_lines(newest, fields)
        if newest is None:
            return
        self._extend_audit(audit, newest.record.iteration)
        wanted |= self._small_files(state, newest, edge)
        if not self.holds(newest.record.parameters_after):
            wanted[OVERRIDES_NAME] = render_overrides(newest.record.parameters_after)
        # Older ones were removed by earlier calls, or by the rebuild at the start of the run.
        first = max(1, self._exported + 1 - KEPT_SUMMARIES)
        surplus = range(first, newest.record.iteration + 1 - KEPT_SUMMARIES)
        removed = [name(number) for number in surplus for name in (summary_name, series_name)]
        files.write_each(self._folder, wanted, removed=removed)
        self._exported = newest.record.iteration

    def holds(self, parameters: Mapping[str, float]) -> bool:
        """Whether the overrides file is there and is, byte by byte, the export of these parameters.

        Raises:
            SoakStoreError: it could not be read.
        """
        return self._read(OVERRIDES_NAME) == render_overrides(parameters)

    def check_overrides(self, initial: Mapping[str, float]) -> None:
        """Refuse an overrides file that this journal did not write; one that is missing is rebuilt later.

        After a kill it may be that of an earlier iteration.

        Raises:
            SoakStateError: names the file and how to go on.
        """
        found = self._read(OVERRIDES_NAME)
        if found is None:
            return
        recorded = (entry.record.parameters_after for entry in self._journal.entries())
        if all(found != render_overrides(parameters) for parameters in chain((initial,), recorded)):
            raise SoakStateError(
                f"{self._folder / OVERRIDES_NAME}: not what this canary wrote, so it was changed by hand; "
                "delete it to go on with the parameters in the journal, or start a new run with "
                "--soak-override"
            )

    def _small_files(
        self, state: BaseModel, newest: Entry | None, edge: Fields | None = None
    ) -> dict[str, bytes]:
        content: dict[str, bytes] = {
            REPORT_NAME: self._report.content(),
            STATE_NAME: render(state.model_dump(mode="json")),
        }
        if newest is not None:
            edge = edge or json.loads(self._journal.edge_json(newest.record.iteration))
            content[EDGE_NAME] = indented(edge) + b"\n"
        return content

    def _extend_audit(self, lines: Sequence[str], upto: int) -> None:
        if self._audit_size() == self._audit_bytes:
            files.append_lines(self._audit, lines)
            self._audit_bytes += sum(len(line) + 1 for line in lines)
        else:
            entries = self._journal.entries()
            whole = _lines([line for entry in entries for line in audit_lines(entry, fields_of(entry))])
            files.write_atomic(self._audit, whole)
            self._audit_bytes = len(whole)
        self._audited = upto

    def _audit_size(self) -> int:
        try:
            return self._audit.stat().st_size
        except OSError:
            return 0

    def _read(self, name: str) -> bytes | None:
        """Content of an exported file; None if it is missing or not a regular file."""
        path = self._folder / name
        try:
            return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SoakStoreError(f"{path} could not be read: {error.strerror or error}") from error


def export(folder: Path, journal: Journal, state: BaseModel, initial: Mapping[str, float]) -> tuple[str, ...]:
    """Write every export of a journal that is missing or differs; see ``Exports.rebuild``."""
    return Exports(folder, journal).rebuild(state, initial)


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("ascii")
