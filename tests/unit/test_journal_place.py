"""The file below a journal: created where there never was one, reported where it is missing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.store.disk import files
from pytest_soak.store.disk.files import Disk
from pytest_soak.store.exports.artifacts import exports_in
from pytest_soak.store.journal.journal import Journal
from tests.canary_kit import run, spec
from tests.store_kit import INPUTS, commits, filled, raw


def switched_only(db: Path) -> None:
    connection = raw(db)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def extended_only(db: Path) -> None:
    db.write_bytes(bytes(4096))


def extended_a_little(db: Path) -> None:
    db.write_bytes(bytes(100))


@pytest.mark.parametrize("left", [switched_only, extended_only, extended_a_little])
def test_a_file_without_a_schema_is_no_journal_yet(db: Path, left: Callable[[Path], None]) -> None:
    db.parent.mkdir()
    left(db)
    with pytest.raises(SoakStateError, match="the file holds no journal"):
        Journal.open(db, create=False)
    with Journal.open(db, inputs=INPUTS) as journal:
        commits(1)[0].to(journal)
    with Journal.open(db, create=False) as journal:
        assert len(journal.records()) == 1


@pytest.mark.parametrize("left", [switched_only, extended_only])
def test_a_canary_begins_where_the_creation_of_its_journal_was_cut_short(
    tmp_path: Path, left: Callable[[Path], None]
) -> None:
    left(tmp_path / "soak.db")
    assert run(spec(tmp_path, iterations=1, minutes=0.01), 1)


def test_zeros_beside_a_log_are_damage_and_left_alone(db: Path) -> None:
    filled(db, 1).close()
    db.write_bytes(bytes(4096))
    log = db.with_name("soak.db-wal")
    log.write_bytes(b"log")
    with pytest.raises(SoakStateError, match=r"soak\.db: "):
        Journal.open(db, inputs=INPUTS)
    assert db.read_bytes() == bytes(4096)


def moved(db: Path) -> None:
    db.rename(db.with_name("elsewhere.db"))


def removed(db: Path) -> None:
    shutil.rmtree(db.parent)


def replaced(db: Path) -> None:
    moved(db)
    filled(db, 1).close()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not move or delete an open file")
@pytest.mark.parametrize("gone", [moved, removed, replaced])
def test_a_journal_that_is_gone_fails_everything_that_would_use_it(
    db: Path, gone: Callable[[Path], None]
) -> None:
    with filled(db, 1) as journal, filled(db, 1) as other:
        gone(db)
        for use in (
            lambda: commits(2)[1].to(other),
            journal.lock().__enter__,
            journal.records,
            lambda: journal.edge(1),
        ):
            with pytest.raises(SoakStateError, match=r"soak\.db: the journal was moved, deleted or replaced"):
                use()
    assert db.exists() == (gone is replaced)


def test_the_identity_is_compared_on_every_system(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where the path of an open file can lead elsewhere after a reconnected drive."""

    class Moved(Disk):
        def identity(self, path: Path) -> tuple[int, int]:
            return 0, 0

    with filled(db, 1) as journal:
        monkeypatch.setattr(files, "disk", Moved())
        with pytest.raises(SoakStateError, match="moved, deleted or replaced"), journal.lock():
            pytest.fail("the lock was taken")


@pytest.mark.parametrize("empty", [False, True])
def test_exports_without_a_journal_are_no_new_canary(tmp_path: Path, *, empty: bool) -> None:
    asked = spec(tmp_path, iterations=2, minutes=0.01)
    run(asked, 1)
    (tmp_path / "soak.db").unlink()
    if empty:
        (tmp_path / "soak.db").touch()
    before = exports_in(tmp_path)
    with pytest.raises(SoakStateError, match=r"soak\.db: the journal is missing, while ") as caught:
        run(asked, 2)
    assert "elete" not in str(caught.value)
    assert exports_in(tmp_path) == before


NAMES = ("soak.db", "soak.db-wal", "soak.db-shm", "soak.db-journal", "soak.db.lock", "soak.db.pid")


def a_folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


def a_link(path: Path) -> str:
    path.symlink_to(path.with_name("victim"))
    return "a link"


def a_fifo(path: Path) -> str:
    os.mkfifo(path)
    return "a FIFO"


@pytest.mark.skipif(os.name == "nt", reason="links take a right there, and FIFOs do not exist")
@pytest.mark.parametrize("made", [a_folder, a_link, a_fifo])
@pytest.mark.parametrize("name", NAMES)
def test_another_kind_in_the_place_of_a_file_is_one_sentence(
    name: str, made: Callable[[Path], str], tmp_path: Path
) -> None:
    kind = made(tmp_path / name)
    with pytest.raises(SoakStateError) as caught:
        run(spec(tmp_path, iterations=1, minutes=0.01), 1)
    assert str(caught.value) == f"{tmp_path / name}: there is {kind} in the place of a file; move it away"
    assert not (tmp_path / "victim").exists()


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device")
def test_a_device_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SoakStateError, match="/dev/null: there is a device"):
        Journal.open(Path("/dev/null"), inputs=INPUTS)


def test_a_reader_in_the_way_of_the_switch_is_waited_for(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that looks at a file without a schema holds up its creation for a moment only."""
    db.parent.mkdir()
    reader = sqlite3.connect(db, isolation_level=None)
    reader.execute("CREATE TABLE t (x)")
    reader.execute("DROP TABLE t")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()

    class Patient(Disk):
        def pause(self, seconds: float) -> None:
            reader.execute("COMMIT") if reader.in_transaction else None

    monkeypatch.setattr(files, "disk", Patient())
    monkeypatch.setattr("pytest_soak.store.journal.schema.BUSY_MILLISECONDS", 1)
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == ()
    reader.close()
