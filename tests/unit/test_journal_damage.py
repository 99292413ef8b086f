from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakStateError, SoakStoreError
from pytest_soak.domain.hashing import canonical_json, sha256_of
from pytest_soak.store.journal import schema
from pytest_soak.store.journal.journal import Journal
from tests.store_kit import INPUTS, Commit, commits, filled, raw


def without_triggers(db: Path, statement: str, *arguments: object) -> None:
    """Change a closed journal as a defect or a hand would, past its triggers."""
    connection = raw(db)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, arguments)
    connection.close()


def test_other_inputs_are_named_key_by_key(db: Path) -> None:
    filled(db, 1).close()
    other = {**INPUTS, "seed": 2, "extra": "x"}
    with pytest.raises(SoakStateError) as caught:
        Journal.open(db, inputs=other)
    assert "extra is None there and 'x' here; seed is 1 there and 2 here" in str(caught.value)
    assert "profile" not in str(caught.value).split("another canary")[1]


def test_reading_needs_no_inputs_and_creates_nothing(db: Path) -> None:
    for create in (True, False):
        with pytest.raises(SoakStateError, match="there is no journal"):
            Journal.open(db, inputs=None, create=create)
    with pytest.raises(SoakStateError, match="there is no journal"):
        Journal.open(db, inputs=INPUTS, create=False)
    assert not db.parent.exists()
    filled(db, 2).close()
    with Journal.open(db) as journal:
        assert len(journal.records()) == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}\n" * 2000, "not a journal: file is not a database"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "not a journal|damaged"),
        (b"x", "not a journal"),
    ],
)
def test_a_file_that_is_no_database_is_named_and_left_alone(db: Path, data: bytes, said: str) -> None:
    db.parent.mkdir()
    db.write_bytes(data)
    with pytest.raises(SoakStateError, match=said) as caught:
        Journal.open(db, inputs=INPUTS)
    assert str(caught.value).startswith(f"{db}: ")
    assert db.read_bytes() == data


def test_an_empty_file_is_a_journal_whose_creation_was_cut_short(db: Path) -> None:
    db.parent.mkdir()
    db.write_bytes(b"")
    with pytest.raises(SoakStateError, match="the file holds no journal"):
        Journal.open(db)
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == ()


def test_a_database_of_another_program_is_left_alone(db: Path) -> None:
    db.parent.mkdir()
    connection = raw(db)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = db.read_bytes()
    with pytest.raises(SoakStateError, match="a database of another program"):
        Journal.open(db, inputs=INPUTS)
    assert db.read_bytes() == before


@pytest.mark.parametrize("version", [0, schema.JOURNAL_VERSION + 1])
def test_another_schema_is_refused(db: Path, version: int) -> None:
    filled(db, 1).close()
    connection = raw(db)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(SoakStateError, match=f"schema {version}, this pytest-soak reads 1"):
        Journal.open(db, inputs=INPUTS)


def test_a_torn_file_is_refused(db: Path) -> None:
    filled(db, 40).close()
    data = db.read_bytes()
    db.write_bytes(data[: len(data) // 2])
    with pytest.raises(SoakStateError, match="damaged") as caught:
        Journal.open(db, inputs=INPUTS)
    assert str(db) in str(caught.value)


def test_a_schema_that_is_no_text_is_damage(db: Path) -> None:
    """What SQLite says of it quotes the bytes, which Python then cannot decode."""
    filled(db, 1).close()
    data = db.read_bytes()
    db.write_bytes(data.replace(b"CREATE TABLE iterations", b"CREATE TABL\xe0 iter\xffations"))
    with pytest.raises(SoakStateError, match="the journal is damaged"):
        Journal.open(db, create=False)
    with pytest.raises(SoakStateError, match="the journal is damaged"), Journal.read(db) as journal:
        journal.records()


@pytest.mark.parametrize("connect", [schema.connect, schema.connect_to_read])
def test_a_file_that_is_no_database_is_not_kept_open(
    db: Path, monkeypatch: pytest.MonkeyPatch, connect: Callable[[Path], sqlite3.Connection]
) -> None:
    db.parent.mkdir()
    db.write_bytes(b"no database at all " * 1000)
    made: list[sqlite3.Connection] = []
    real = sqlite3.connect

    def noted(*arguments: Any, **keywords: Any) -> sqlite3.Connection:
        made.append(real(*arguments, **keywords))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    with pytest.raises(sqlite3.DatabaseError):
        connect(db)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


@pytest.mark.parametrize("column", ["record", "edge"])
def test_a_flipped_bit_names_its_iteration(db: Path, column: str) -> None:
    filled(db, 12).close()
    data = db.read_bytes()
    with raw(db) as connection:
        record, edge = connection.execute("SELECT record, edge FROM iterations WHERE number = 11").fetchone()
        text = record if column == "record" else edge
    connection.close()
    # A text longer than a page lies in pieces: a stretch of it that the file holds once, as it is.
    pieces = (text[start : start + 60].encode("ascii") for start in range(0, len(text), 20))
    at = data.index(next(piece for piece in pieces if data.count(piece) == 1))
    db.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with (
        Journal.open(db, inputs=INPUTS) as journal,
        pytest.raises(SoakStateError, match="iteration 11 is damaged"),
    ):
        journal.records() if column == "record" else journal.edge(11)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE iterations SET record = replace(record, '\"seed\":1', '\"seed\":2') WHERE number = 2",
            "iteration 2 is damaged",
        ),
        ("UPDATE iterations SET record = CAST(x'ff' AS TEXT) WHERE number = 3", "iteration 3 is damaged"),
        ("UPDATE iterations SET record_sha256 = '' WHERE number = 1", "iteration 1 is damaged"),
        (
            "UPDATE iterations SET wall = '{}' WHERE number = 2",
            "wall-clock figures of iteration 2 cannot be read",
        ),
        ("DELETE FROM iterations WHERE number = 2", "iteration 2 is missing"),
        ("DELETE FROM iterations WHERE number = 1", "iteration 1 is missing"),
    ],
)
def test_a_changed_row_is_found_when_it_is_read(db: Path, statement: str, said: str) -> None:
    filled(db, 4).close()
    without_triggers(db, statement)
    with Journal.open(db, inputs=INPUTS) as journal:
        for ask in (journal.records, lambda: journal.commit(*_parts(commits(5)[4]))):
            with pytest.raises(SoakStateError, match=said):
                ask()


def _commit_all(made: Iterable[Commit], journal: Journal) -> None:
    for commit in made:
        commit.to(journal)


def _parts(commit: Commit) -> tuple[Any, Any, Any]:
    return commit.record, commit.edge, commit.wall


def test_rows_that_changed_places_are_found(db: Path) -> None:
    filled(db, 2).close()
    text = canonical_json(commits(2)[0].record.model_dump(mode="json"))
    sha256 = sha256_of(commits(2)[0].record.model_dump(mode="json"))
    without_triggers(db, "UPDATE iterations SET record = ?, record_sha256 = ? WHERE number = 2", text, sha256)
    with (
        Journal.open(db) as journal,
        pytest.raises(SoakStateError, match="2 holds the record of another"),
    ):
        journal.records()


@pytest.mark.parametrize("statement", ["UPDATE identity SET inputs = '{}'", "DELETE FROM identity"])
def test_a_changed_identity_is_found(db: Path, statement: str) -> None:
    filled(db, 1).close()
    without_triggers(db, statement)
    with pytest.raises(SoakStateError, match="identity of the canary is damaged"):
        Journal.open(db, inputs=INPUTS)


def test_a_full_disk_commits_nothing_and_says_so(journal: Journal, db: Path) -> None:
    made = commits(60)
    made[0].to(journal)
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(SoakStoreError, match=r"soak\.db could not be written: the disk is full"):
        _commit_all(made[1:], journal)
    count = len(journal.records())
    assert 1 <= count < 60
    journal._connection.execute("PRAGMA max_page_count = 100000")
    for commit in made[count:]:
        commit.to(journal)
    journal.close()
    with Journal.open(db, inputs=INPUTS) as reopened:
        assert reopened.records() == tuple(c.record for c in made)


def test_a_folder_in_place_of_the_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "soak.db").mkdir()
    with pytest.raises(SoakStateError, match=r"soak\.db: there is a folder in the place of a file"):
        Journal.open(tmp_path / "soak.db", inputs=INPUTS)


def test_a_sqlite_that_is_too_old_is_named(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(SoakConfigError, match=r"SQLite .* is too old; accepted is 3\.37"):
        Journal.open(db, inputs=INPUTS)
