"""The journal of a canary: one SQLite file that holds every committed iteration, complete and immutable."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_soak.domain.differences import differences
from pytest_soak.domain.errors import SoakIdentityError, SoakStateError
from pytest_soak.domain.hashing import Canonical, canonical_json, sha256_of
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.records import EdgeReport, IterationRecord
from pytest_soak.store.disk import files, places
from pytest_soak.store.journal import schema
from pytest_soak.store.journal.checks import check_record, check_texts
from pytest_soak.store.journal.entries import Entry, Row, entry_of, parsed, sha256_hex, verified
from pytest_soak.store.journal.lock import LOCK_SECONDS, CanaryLock
from pytest_soak.store.journal.wall import WallClock

TABLE = "parameter_table"
"""Where a canary's inputs hold the parameters that are not built in as they stand there."""

_BATCH = 64

_LEAST_BYTES = 512
_MOST_ZEROS = 65_536
_NO_JOURNAL = "{}: the file holds no journal"
_BESIDE = ("-wal", "-shm", "-journal")
# What a user can know by itself of a hash that differs.
_HASHED = {
    "strategy_hash": "the source or describe() of its strategy has changed",
    "profile_hash": "values of its profile have changed",
    "market_hash": "describe() of its market has changed",
}


class Journal:
    """Committed iterations of one canary, in order, insert-only.

    An iteration is in it whole or not at all, also after ``kill -9``. Several processes may have it
    open; the one that computes the next iteration holds ``lock()``.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = CanaryLock(path)
        # Of what was read or committed only the newest is kept, so that a long run needs no more memory.
        self._count = 0
        self._newest: Entry | None = None
        self._committed: tuple[int, bytes] | None = None
        self._identity: tuple[int, int] | None = None
        self.inputs: dict[str, Any] = {}
        self.inputs_hash = ""
        self.table: ParameterTable = PARAMETERS
        self.extensions: list[tuple[int, int]] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        inputs: Mapping[str, Any] | None = None,
        create: bool = True,
        kept: tuple[str, ...] = (),
    ) -> Journal:
        """Open a journal, or create it where ``create`` and ``inputs`` are given.

        ``inputs`` is the identity of the canary as JSON values; a journal that exists must have the same
        (None skips that, for reading), but for those named in ``kept``, which it alone says.

        Raises:
            SoakStateError: missing, damaged, foreign, of a newer schema, of other inputs, or in use.
            SoakStoreError: the disk refused.
        """
        may_create = create and inputs is not None
        if not may_create and not path.is_file():
            raise SoakStateError(f"{path}: there is no journal")
        if may_create:
            files.make_folder(path.parent)
        places.refuse_unless_files(path, *(path.with_name(f"{path.name}{end}") for end in _BESIDE))
        if _is_torn(path):
            _clear(path, may_create=may_create)
        with schema.explained(path):
            journal = cls(path, schema.connect(path))
        try:
            journal._prepare(inputs if may_create else None)
            journal._compare(inputs, kept)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Open a journal for reading alone, also while another process writes it; nothing on disk changes.

        Each record is checked by its hash when it is read.

        Raises:
            SoakStateError: missing, damaged, foreign, of a newer schema, or not a journal yet.
        """
        if not path.is_file() or path.stat().st_size < _LEAST_BYTES:
            raise SoakStateError(f"{path}: there is no journal")
        with schema.explained(path):
            journal = cls(path, schema.connect_to_read(path))
        try:
            with schema.explained(path):
                schema.check_version(journal._connection, path)
                journal._read_identity()
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        with schema.explained(self.path):
            self._connection.close()

    @contextlib.contextmanager
    def lock(self, timeout: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the right to advance this canary, waiting ``timeout`` seconds for another process.

        What that process committed meanwhile is there when the wait ends. The system frees the lock of
        a process that was killed.

        Raises:
            SoakStateError: another process still holds it, named by its pid; or the journal is missing.
        """
        with self._lock.held(timeout, self._refuse_if_gone):
            yield

    def _refuse_if_gone(self) -> None:
        """Refuse to go on where the path no longer leads to the file that is open."""
        if self._identity is not None and places.identity(self.path) != self._identity:
            raise SoakStateError(
                f"{self.path}: the journal was moved, deleted or replaced while this canary ran, so nothing "
                "more would be kept; put it back and resume, or start a new run"
            )

    @property
    def last(self) -> IterationRecord | None:
        """The newest record, None where there is none."""
        newest = self.newest()
        return None if newest is None else newest.record

    def records(self) -> tuple[IterationRecord, ...]:
        """All records, ordered by iteration number.

        Raises:
            SoakStateError: a record is not what was committed.
        """
        return tuple(entry.record for entry in self.entries())

    def entries(self, first: int = 1) -> Iterator[Entry]:
        """Entries from the iteration ``first`` on, in order, read one by one.

        Raises:
            SoakStateError: a record is not what was committed.
        """
        newest = self.newest() if first == self._count else None
        if newest is not None and first == self._count:
            yield newest
            return
        while rows := self._rows(first, _BATCH):
            for row in rows:
                yield entry_of(self.path, first, row)
                first += 1

    def sha256(self, iteration: int) -> str | None:
        """The hash of an iteration's record, which is not read for it; None where it is not committed."""
        with schema.explained(self.path):
            row = self._connection.execute(
                "SELECT record_sha256 FROM iterations WHERE number = ?", (iteration,)
            ).fetchone()
        return None if row is None else row[0].decode("ascii", "replace")

    def committed(self, first: int) -> Iterator[Entry]:
        """Entries as ``entries`` has them, to be called under the lock, where no other process commits.

        The newest entry is served from memory, so an iteration needs no query.

        Raises:
            SoakStateError: a record is not what was committed.
        """
        if self._newest is not None and first == self._count:
            yield self._newest
        else:
            yield from self.entries(first)

    def newest(self) -> Entry | None:
        """The newest entry, None where there is none; what was not read before is checked on the way.

        Raises:
            SoakStateError: a record is not what was committed.
        """
        for entry in self.entries(self._count + 1):
            self._newest, self._count = entry, entry.record.iteration
        return self._newest

    def entry(self, iteration: int) -> Entry:
        """The entry of an iteration.

        Raises:
            SoakStateError: not committed, or not what was committed.
        """
        if iteration > self._count:
            self.newest()
        if self._newest is not None and iteration == self._count:
            return self._newest
        rows = self._rows(iteration, 1) if 1 <= iteration <= self._count else []
        if not rows:
            raise SoakStateError(f"{self.path}: iteration {iteration} is not in the journal")
        return entry_of(self.path, iteration, rows[0])

    def edge(self, iteration: int) -> EdgeReport:
        """The edge report of an iteration.

        Raises:
            SoakStateError: not committed, or not what was committed.
        """
        text = self.edge_json(iteration)
        return parsed(self.path, EdgeReport, text, f"edge report of iteration {iteration}")

    def edge_json(self, iteration: int) -> bytes:
        """The edge report of an iteration as canonical JSON.

        Raises:
            SoakStateError: not committed, or not what was committed.
        """
        self._refuse_if_gone()
        if self._committed is not None and self._committed[0] == iteration:
            return self._committed[1]
        with schema.explained(self.path):
            row = self._connection.execute(
                "SELECT edge, edge_sha256 FROM iterations WHERE number = ?", (iteration,)
            ).fetchone()
        if row is None:
            raise SoakStateError(f"{self.path}: iteration {iteration} is not in the journal")
        return verified(self.path, row[0], row[1], f"edge report of iteration {iteration}")

    @property
    def planned(self) -> int:
        """How many iterations there are to be, with those that were added later."""
        return self.planned_at(None)

    def planned_at(self, iteration: int | None) -> int:
        """How many iterations there were to be when that iteration was computed; None: by now."""
        asked: int = self.inputs["iterations"]
        return asked + sum(
            added for after, added in self.extensions if iteration is None or after < iteration
        )

    def extend(self, added: Sequence[int]) -> None:
        """Note iterations that were added to the canary, those noted before included; under the lock.

        What is new counts from the iteration after the last that was planned before, also where some of those
        are still to come: records do not depend on when a run was stopped.

        Raises:
            SoakStateError: others were added before.
            SoakStoreError: the disk refused.
        """
        if not added and not self.extensions:
            return
        with schema.explained(self.path), schema.transaction(self._connection):
            self.extensions = schema.extensions(self._connection)
            known = [count for _, count in self.extensions]
            if known != list(added[: len(known)]):
                raise SoakStateError(
                    f"{self.path}: {known} iterations were added to this canary, the run says {list(added)}"
                )
            for count in added[len(known) :]:
                schema.add_extension(self._connection, self.planned, count)
                self.extensions = schema.extensions(self._connection)

    def wall(self, iteration: int) -> WallClock:
        """The wall-clock figures of an iteration.

        Raises:
            SoakStateError: not committed, or not what was committed.
        """
        return self.entry(iteration).wall

    def commit(self, record: IterationRecord, edge: Canonical, wall: WallClock) -> None:
        """Put the next iteration into the journal, with its edge report; it is durable when this returns.

        An iteration that is there with the same content is left as it is.

        Raises:
            SoakStateError: a gap in the numbers, other content under the same number, a decision that
                was applied before, a record that does not agree with itself or the one before it, or a text
                in it that cannot be written.
            SoakStoreError: the disk refused; nothing was committed.
        """
        content = record.model_dump(mode="json")
        stored = Canonical.of(content)
        check_texts(record.iteration, content, stored.text)
        with schema.explained(self.path), schema.transaction(self._connection):
            previous = self.last
            if 1 <= record.iteration <= self._count:
                self._check_same(record.iteration, stored.text, edge.text)
                return
            if record.iteration != self._count + 1:
                raise SoakStateError(
                    f"{self.path}: iteration {record.iteration} cannot follow iteration {self._count}"
                )
            check_record(record, edge.sha256, previous, self.inputs_hash, self.table)
            self._connection.execute(
                "INSERT INTO iterations"
                " (number, record, record_sha256, edge, edge_sha256, wall, decision_key)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    record.iteration,
                    stored.text,
                    stored.sha256,
                    edge.text,
                    edge.sha256,
                    canonical_json(wall.model_dump(mode="json")),
                    record.decision.key if record.decision.applied else None,
                ),
            )
        self._refuse_if_gone()
        self._newest, self._count = Entry(record, stored.text, stored.sha256, wall), record.iteration
        self._committed = record.iteration, edge.text.encode("ascii")

    def _prepare(self, inputs: Mapping[str, Any] | None) -> None:
        with schema.explained(self.path):
            if self._is_none_yet():
                if inputs is None:
                    raise SoakStateError(_NO_JOURNAL.format(self.path))
                with self.lock():
                    self._create(inputs)
            self._identity = places.identity(self.path)
            schema.check(self._connection, self.path)
            self._read_identity()

    def _read_identity(self) -> None:
        """Load the inputs of the canary."""
        row = self._connection.execute("SELECT inputs, inputs_hash FROM identity").fetchone()
        if row is None or sha256_hex(row[0]) != row[1].decode("ascii"):
            raise SoakStateError(f"{self.path}: the identity of the canary is damaged")
        self.inputs = json.loads(row[0])
        self.inputs_hash = row[1].decode("ascii")
        self.table = ParameterTable.restored(self.inputs.get(TABLE, {}))
        self.extensions = schema.extensions(self._connection)

    def _is_none_yet(self) -> bool:
        """Whether the file is new, or its creation was cut short before its tables were committed."""
        # A new file is not even looked at without the lock: its switch to WAL bears no other reader.
        if self._size() == 0:
            return True
        # SQLite takes so short a file for an empty one and would write over it.
        if self._size() < _LEAST_BYTES:
            raise SoakStateError(f"{self.path}: not a journal; it is left alone")
        return schema.is_empty(self._connection)

    def _create(self, inputs: Mapping[str, Any]) -> None:
        """Create the tables, under the lock; another process may have done so while this one waited."""
        # Another may also have replaced the file that this connection has open.
        self._connection.close()
        self._connection = schema.connect(self.path)
        if schema.is_empty(self._connection):
            schema.create(self._connection, canonical_json(inputs), sha256_of(inputs))

    def _rows(self, first: int, most: int) -> list[Row]:
        self._refuse_if_gone()
        with schema.explained(self.path):
            return self._connection.execute(
                "SELECT number, record, record_sha256, wall FROM iterations"
                " WHERE number >= ? ORDER BY number LIMIT ?",
                (first, most),
            ).fetchall()

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _compare(self, inputs: Mapping[str, Any] | None, kept: tuple[str, ...]) -> None:
        if inputs is None:
            return
        inputs = {**inputs, **{name: self.inputs[name] for name in kept if name in self.inputs}}
        if sha256_of(inputs) == self.inputs_hash:
            return
        asked = json.loads(canonical_json(inputs))
        keys = sorted(asked.keys() | self.inputs.keys())
        differing = [
            _HASHED.get(key)
            or f"{key} is {_short(self.inputs.get(key))} there and {_short(asked.get(key))} here"
            for key in keys
            if key != TABLE and self.inputs.get(key) != asked.get(key)
        ]
        differing += differences(self.inputs.get(TABLE, {}), asked.get(TABLE, {}), "parameter ")
        raise SoakIdentityError(
            f"the journal is of another canary: {'; '.join(differing)}. "
            f"Undo what was changed to resume, or start a new run ({self.path})"
        )

    def _check_same(self, iteration: int, text: str, edge_text: str) -> None:
        row = self._connection.execute(
            "SELECT record, edge FROM iterations WHERE number = ?", (iteration,)
        ).fetchone()
        if row != (text.encode("ascii"), edge_text.encode("ascii")):
            raise SoakStateError(
                f"{self.path}: iteration {iteration} is in the journal with other content; it stays as it is"
            )


def _is_torn(path: Path) -> bool:
    """Whether the file was extended but never written; one with a log beside it is damaged instead."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return False
    return path.exists() and path.stat().st_size > 0 and places.holds_only_zeros(path, _MOST_ZEROS)


def _clear(path: Path, *, may_create: bool) -> None:
    """Remove a file that was never written, so that the journal can be created; under its lock."""
    if not may_create:
        raise SoakStateError(_NO_JOURNAL.format(path))
    with CanaryLock(path).held(LOCK_SECONDS, lambda: None):
        if _is_torn(path):
            files.remove(path)


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
