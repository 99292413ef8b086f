from __future__ import annotations

import errno
import multiprocessing
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import filelock
import pytest

from pytest_soak.domain.errors import SoakStateError, SoakStoreError
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.journal.lock import CanaryLock, release
from tests.store_kit import INPUTS, commits, process


def _hold(db: Path, ready: Any, release: Any) -> None:
    with Journal.open(db, inputs=INPUTS) as journal, journal.lock():
        commits(1)[0].to(journal)
        ready.set()
        release.wait(20)
        commits(2)[1].to(journal)


def test_a_second_process_waits_and_then_serves_what_is_there(db: Path) -> None:
    commits(2)
    ready, release = multiprocessing.Event(), multiprocessing.Event()
    with process(_hold, db, ready, release) as child:
        assert ready.wait(20)
        with Journal.open(db, inputs=INPUTS) as journal:
            assert len(journal.records()) == 1
            with (
                pytest.raises(SoakStateError, match=rf"another process \(pid {child.pid}\)"),
                journal.lock(0.05),
            ):
                pytest.fail("two processes hold the lock")
            release.set()
            with journal.lock(20):
                assert len(journal.records()) == 2


def test_a_killed_holder_frees_the_lock(db: Path) -> None:
    commits(2)
    ready, release = multiprocessing.Event(), multiprocessing.Event()
    with process(_hold, db, ready, release) as child:
        assert ready.wait(20)
        child.kill()
        child.join()
    with Journal.open(db, inputs=INPUTS) as journal, journal.lock(5):
        assert len(journal.records()) == 1
        with journal.lock(0):
            assert os.getpid() == int((db.parent / "soak.db.pid").read_text(encoding="ascii").split()[1])


def test_an_unreadable_holder_is_no_second_error(db: Path) -> None:
    with (
        Journal.open(db, inputs=INPUTS) as one,
        Journal.open(db, inputs=INPUTS) as two,
        one.lock(),
    ):
        (db.parent / "soak.db.pid").unlink()
        with pytest.raises(SoakStateError, match=r"another process \(pid unknown\)"), two.lock(0):
            pytest.fail("the lock is held twice")


def _advance(db: Path, count: int) -> None:
    made = commits(count)
    with Journal.open(db, inputs=INPUTS) as journal:
        for number in range(count):
            with journal.lock():
                there = len(journal.records())
                if there <= number:
                    made[there].to(journal)


def test_processes_that_advance_one_canary_together_make_one_history(db: Path) -> None:
    made = commits(30)
    with ExitStack() as stack:
        children = [stack.enter_context(process(_advance, db, 30)) for _ in range(4)]
        for child in children:
            child.join(30)
            assert child.exitcode == 0
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in made)


def test_a_lock_that_is_not_freed_at_once_is_freed_all_the_same(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = filelock.FileLock.release, [OSError(errno.EIO, "Input/output error")]

    def refusing(lock: filelock.BaseFileLock, *args: Any, **kwargs: Any) -> None:
        if refusals:
            raise refusals.pop()
        real(lock, *args, **kwargs)

    monkeypatch.setattr(filelock.FileLock, "release", refusing)
    first, second = CanaryLock(db), CanaryLock(db)
    with first.held(0.0, lambda: None):
        pass
    with second.held(0.0, lambda: None):
        refusals += [OSError(errno.EIO, "Input/output error")] * 2
        with pytest.raises(SoakStoreError, match=r"\.lock could not be unlocked: Input/output error"):
            release(second._lock)
    assert not second._lock.is_locked
