"""A canary's commits without a market, a disk that fails on demand, and processes that can be killed."""

from __future__ import annotations

import errno
import json
import multiprocessing
import random
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pytest_soak.domain.hashing import Canonical, sha256_of
from pytest_soak.domain.records import EdgeReport, IterationRecord
from pytest_soak.domain.state import TuningState
from pytest_soak.engine.settings import Settings
from pytest_soak.store.disk.files import Disk
from pytest_soak.store.exports.models import RunSettings
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.journal.wall import WallClock
from tests.rules_kit import STEADY_SAFE, edge_report
from tests.rules_loop import Loop, record_of

INPUTS: Mapping[str, Any] = {
    "canary": "steady_safe-calm-s1",
    "profile": "steady_safe",
    "seed": 1,
    "parameters": dict(STEADY_SAFE),
}
ITERATIONS = 200


@dataclass(frozen=True)
class Commit:
    """What a canary commits at the end of an iteration, and the tuning state after it."""

    record: IterationRecord
    edge: Canonical
    wall: WallClock
    state: TuningState

    def to(self, journal: Journal) -> None:
        journal.commit(self.record, self.edge, self.wall)


def canonical(edge: EdgeReport) -> Canonical:
    """An edge report as a journal takes it."""
    return Canonical.of(edge.model_dump(mode="json"))


@cache
def commits(count: int) -> tuple[Commit, ...]:
    """The first iterations of a canary that is tuned, frozen, refused and reverted on its way."""
    dice = random.Random(7)
    loop = Loop(iterations=ITERATIONS, parameters=dict(STEADY_SAFE))
    made = []
    for number in range(1, count + 1):
        values = {
            "risk_ratio": dice.choice((0.2, 0.3, 0.37, 0.45, 0.55, 0.7)),
            "net_bps": dice.choice((1.5, 2.5, 3.2)),
            "adverse_bps_p95": dice.choice((1.0, 3.2, 4.0)),
            "slippage_bps_p95": dice.choice((1.0, 3.0)),
        }
        record = record_of(loop.turn(**values))
        edge = canonical(edge_report(attempts=100 + number))
        record = record.model_copy(
            update={
                "provenance": record.provenance.model_copy(update={"inputs_hash": sha256_of(INPUTS)}),
                "edge_hash": edge.sha256,
            }
        )
        started_at = f"2026-01-01T00:00:00.{number % 1000:03d}+00:00"
        wall = WallClock(run_id="run", started_at=started_at, seconds=number / 8)
        made.append(Commit(record, edge, wall, loop.state()))
    return tuple(made)


def quiet_state() -> TuningState:
    """The tuning state before the first iteration."""
    return Loop(parameters=dict(STEADY_SAFE)).state()


def filled(path: Path, count: int) -> Journal:
    """A journal with so many iterations."""
    journal = Journal.open(path, inputs=INPUTS)
    for commit in commits(count):
        commit.to(journal)
    return journal


def contents(folder: Path, *, journal_too: bool = False) -> dict[str, bytes]:
    """Files of a folder by name, the journal's own left out."""
    found = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    return {n: data for n, data in found.items() if journal_too or not n.startswith("soak.db")}


@dataclass
class FaultyDisk(Disk):
    """A disk whose n-th call fails, once or from then on; it does not wait for the real one.

    ``short`` makes it write one byte at a time, ``instead`` replaces calls.
    """

    fail_at: int = 0
    error: OSError = field(default_factory=lambda: OSError(errno.EIO, "Input/output error"))
    for_ever: bool = False
    short: bool = False
    calls: int = 0
    log: list[str] = field(default_factory=list)
    instead: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in _CALLS:
            return value

        def counted(*arguments: Any) -> Any:
            self.calls += 1
            self.log.append(name)
            if self.calls == self.fail_at or (self.for_ever and self.calls > self.fail_at > 0):
                raise self.error
            if name == "write" and self.short:
                descriptor, data = arguments
                return value(descriptor, data[:1])
            if name in ("sync", "sync_folder"):
                return None
            return self.instead.get(name, value)(*arguments)

        return counted

    @property
    def fired(self) -> bool:
        """Whether the fault was reached."""
        return self.calls >= self.fail_at > 0


_CALLS = frozenset(name for name, value in vars(Disk).items() if callable(value) and name[0] != "_")


def run_settings(**changes: Any) -> RunSettings:
    """The settings of a run that nobody gave an option."""
    return RunSettings.model_validate({**Settings().of_run(), **changes})


@contextmanager
def process(target: Callable[..., None], *arguments: Any) -> Iterator[BaseProcess]:
    """Run a function in a process of its own, forked where the system can, as that starts at once."""
    child: BaseProcess
    if sys.platform == "win32":
        child = multiprocessing.Process(target=target, args=arguments)
    else:
        child = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads, which the children here do not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()
        child.close()


def raw(path: Path) -> sqlite3.Connection:
    """The database below a journal, past all that the journal checks."""
    return sqlite3.connect(path, isolation_level=None)


def read(folder: Path, name: str) -> Any:
    """Content of an exported JSON file."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def audit_lines(folder: Path) -> list[dict[str, Any]]:
    """Lines of an exported audit file."""
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
