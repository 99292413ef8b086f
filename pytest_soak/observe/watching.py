"""What is new in a run that goes on: rows of canaries, read again only where their journals have changed."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.outcome import verdict_over
from pytest_soak.domain.text import show
from pytest_soak.observe.data import Json, canary_of, newest_of, row_of
from pytest_soak.observe.reading import CanaryReading, RunReading, entry_of
from pytest_soak.observe.report import command_of
from pytest_soak.observe.series import path_of
from pytest_soak.store.runs.layout import JOURNAL_NAME, MANIFEST_NAME
from pytest_soak.store.runs.progress import is_canary
from pytest_soak.store.runs.runs import read_manifest

Stamp = tuple[tuple[int, int], ...]

MOST_FOLLOWED = 16
"""Canaries that are read on from where they were; of more that go on at once, the others are read anew."""


class Watch:
    """A run that is looked at again and again; ``find`` gives its folder, None while there is none.

    Safe to use from several threads.
    """

    def __init__(self, find: Callable[[], Path | None]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._manifest: tuple[Stamp, RunReading] | None = None
        self._rows: dict[str, tuple[Stamp, Json]] = {}
        self._followed: dict[str, tuple[Stamp, CanaryReading]] = {}

    def run(self) -> RunReading | None:
        """The run; None while it has not begun. Its manifest is read again only where it has changed."""
        folder = self._find()
        if folder is None or not (folder / MANIFEST_NAME).is_file():
            return None
        stamp = tuple(_stamps(folder / MANIFEST_NAME))
        known = self._manifest
        if known is None or known[0] != stamp or known[1].folder != folder:
            known = self._manifest = stamp, RunReading(folder, read_manifest(folder))
        return known[1]

    def rows(self) -> dict[str, Json]:
        """A row per canary by name; those of canaries that have not changed are the same objects as before.

        A canary whose journal cannot be read has a row that says why.
        """
        return self.look()[0]

    def look(self, within: float = math.inf) -> tuple[dict[str, Json], Json]:
        """The rows, and what is to be said of the whole run.

        After ``within`` seconds canaries that are new are left for the next look; ``unread`` says how many.
        """
        run = self.run()
        if run is None:
            return {}, {"run": None}
        until = time.monotonic() + within
        names = run.canary_names()
        with self._lock:
            found = {
                name: self._row(run, name) for name in names if name in self._rows or time.monotonic() < until
            }
            self._rows = found
        rows = {name: row for name, (_, row) in found.items()}
        return rows, {**_header(run, rows), "unread": len(names) - len(rows)}

    def _row(self, run: RunReading, name: str) -> tuple[Stamp, Json]:
        stamp = _stamp_of(run, name)
        known = self._rows.get(name)
        if known is not None and known[0] == stamp:
            return known
        try:
            return stamp, row_of(self._read(run, name, stamp))
        except SoakError as error:
            return stamp, {"name": name, "verdict": "damaged", "why": str(error), "nets": [], "verdicts": []}

    def _read(self, run: RunReading, name: str, stamp: Stamp) -> CanaryReading:
        """A canary, of which only what is new is read; to be called under the lock."""
        before, known = self._followed.pop(name, (None, None))
        read = known if known is not None and before == stamp else run.followed(name, known)
        if not read.is_done:
            while len(self._followed) >= MOST_FOLLOWED:
                del self._followed[next(iter(self._followed))]
            self._followed[name] = stamp, read
        return read

    def newest(self, name: str) -> Json:
        """A canary with its newest iteration.

        Raises:
            SoakError: there is none of that name, or it cannot be read.
        """
        run = self._begun()
        with self._lock:
            stamp, row = self._row(run, name)
            return newest_of(self._read(run, name, stamp), row)

    def canary(self, name: str) -> Json:
        """A canary with all its iterations, and what is made of them together.

        Raises:
            SoakError: there is none of that name, or it cannot be read.
        """
        run = self._begun()
        with self._lock:
            read = self._read(run, name, _stamp_of(run, name))
        return canary_of(read)

    def record(self, name: str, iteration: int) -> str:
        """The record of an iteration as the journal holds it, in canonical JSON.

        Raises:
            SoakError: it is not there.
        """
        return entry_of(self._begun().canary(name), iteration).text

    def path(self, name: str, iteration: int) -> Json:
        """The path of an iteration, thinned.

        Raises:
            SoakError: there is no such canary, or no series of that iteration.
        """
        run = self._begun()
        if not is_canary(run.folder, name):
            raise SoakError(f"no canary {show(name)}")
        return path_of(run.folder / name, iteration)

    def _begun(self) -> RunReading:
        run = self.run()
        if run is None:
            raise SoakError("the run has not begun")
        return run


def _header(run: RunReading, rows: Mapping[str, Json]) -> Json:
    said = [row["verdict"] for row in rows.values()]
    return {
        "run": run.run_id,
        "created_at": run.manifest.created_at,
        "versions": run.manifest.versions,
        "command": command_of(run),
        "verdict": "damaged" if "damaged" in said else verdict_over(said),
        "waiting": sorted(set(run.manifest.canaries) - set(rows)),
    }


def _stamp_of(run: RunReading, name: str) -> Stamp:
    """Size and time of the journal and of its log, which change with every commit."""
    journal = run.folder / name / JOURNAL_NAME
    return tuple(_stamps(journal, journal.with_name(f"{journal.name}-wal")))


def _stamps(*paths: Path) -> Iterator[tuple[int, int]]:
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            yield 0, 0
        else:
            yield status.st_size, status.st_mtime_ns
