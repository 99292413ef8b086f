from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakStateError, SoakStoreError
from pytest_soak.domain.hashing import canonical_json, parameters_hash, sha256_of
from pytest_soak.store import schema
from pytest_soak.store.journal import Journal
from tests.rules_kit import edge_report
from tests.store_kit import INPUTS, Commit, commits, filled, process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "canary" / "soak.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, inputs=INPUTS) as opened:
        yield opened


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def without_triggers(path: Path, statement: str, *arguments: object) -> None:
    """Change a closed journal as a defect or a hand would, past its triggers."""
    connection = raw(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, arguments)
    connection.close()


def changed(commit: Commit, **fields: Any) -> Commit:
    return Commit(commit.record.model_copy(update=fields), commit.edge, commit.wall, commit.state)


def test_what_is_committed_is_served_also_after_reopening(path: Path) -> None:
    made = commits(12)
    filled(path, 12).close()
    with Journal.open(path, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in made)
        assert [journal.edge(n) for n in range(1, 13)] == [c.edge for c in made]
        assert [journal.wall(n) for n in range(1, 13)] == [c.wall for c in made]
        assert journal.last == made[-1].record
        assert journal.inputs == INPUTS
        assert journal.inputs_hash == sha256_of(INPUTS)
        hashes = [sha256_of(c.record.model_dump(mode="json")) for c in made]
        assert [entry.sha256 for entry in journal.entries()] == hashes


def test_an_empty_journal(journal: Journal) -> None:
    assert journal.records() == ()
    assert journal.last is None
    for ask in (journal.edge, journal.wall):
        for number in (0, 1, -1):
            with pytest.raises(SoakStateError, match=f"iteration {number} is not in the journal"):
                ask(number)


def test_records_come_in_the_order_of_their_numbers_and_not_of_text(journal: Journal) -> None:
    for commit in commits(120):
        commit.to(journal)
    assert [r.iteration for r in journal.records()] == list(range(1, 121))
    assert journal.last is not None
    assert journal.last.iteration == 120


def test_durability_settings(journal: Journal) -> None:
    connection = journal._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (schema.BUSY_MILLISECONDS,)
    query = "SELECT name FROM pragma_table_list WHERE strict AND type = 'table' ORDER BY name"
    assert connection.execute(query).fetchall() == [(b"identity",), (b"iterations",)]


def test_the_same_content_again_changes_nothing(journal: Journal) -> None:
    """SAFE idempotency at the level of storage; the wall clock is no content."""
    first, second = commits(2)
    for commit in (first, second, first, second):
        commit.to(journal)
    later = first.wall.model_copy(update={"seconds": 99.0})
    journal.commit(first.record, first.edge, later)
    assert journal.records() == (first.record, second.record)
    assert journal.wall(1) == first.wall


def test_other_content_under_the_same_number_is_refused(journal: Journal) -> None:
    first, second = commits(2)
    first.to(journal)
    second.to(journal)
    with pytest.raises(SoakStateError, match="iteration 1 is in the journal with other content"):
        changed(first, warmup=not first.record.warmup).to(journal)
    with pytest.raises(SoakStateError, match="iteration 1 is in the journal with other content"):
        journal.commit(first.record, edge_report(attempts=1), first.wall)
    assert journal.records() == (first.record, second.record)


@pytest.mark.parametrize("number", [0, -1, 2, 3])
def test_a_gap_is_refused(journal: Journal, number: int) -> None:
    with pytest.raises(SoakStateError, match=f"iteration {number} cannot follow iteration 0"):
        changed(commits(1)[0], iteration=number).to(journal)
    assert journal.records() == ()


def test_a_record_must_agree_with_itself_and_the_one_before(journal: Journal) -> None:
    first, second = commits(2)
    before = {**first.record.parameters_before, "tail_age_ms": 741.0}
    provenance = first.record.provenance.model_copy(update={"inputs_hash": "other"})
    missing = {k: v for k, v in first.record.parameters_after.items() if k != "tail_age_ms"}
    for bad, said in (
        (changed(first, edge_hash="0" * 64), "hash of its edge report"),
        (changed(first, provenance=provenance), "hash of its inputs"),
        (changed(first, parameters_before=before), "hash of its parameters before"),
        (changed(first, parameters_after_hash="x"), "hash of its parameters after"),
        (changed(first, parameters_after=missing), "parameters after are .*, not the table's"),
    ):
        with pytest.raises(SoakStateError, match=f"iteration 1: .*{said}"):
            bad.to(journal)
    first.to(journal)
    stranger = changed(second, parameters_before=before, parameters_before_hash=parameters_hash(before))
    with pytest.raises(SoakStateError, match="not those that iteration 1 ended with"):
        stranger.to(journal)
    assert journal.records() == (first.record,)


def test_a_delta_written_where_the_value_belongs_is_refused(journal: Journal) -> None:
    """The change is verified by value: before plus delta is after."""
    first = commits(1)[0]
    after = {**first.record.parameters_before, "min_interval_ms": 5.0}
    decision = first.record.decision.model_copy(
        update={"applied": True, "applied_deltas": {"min_interval_ms": 5.0}, "reverted": None}
    )
    bad = changed(
        first, parameters_after=after, parameters_after_hash=parameters_hash(after), decision=decision
    )
    with pytest.raises(SoakStateError, match="min_interval_ms became 5; 75 plus the applied change is 80"):
        bad.to(journal)


def test_a_decision_that_was_applied_cannot_be_applied_again(journal: Journal) -> None:
    made = commits(12)
    applied = [c for c in made if c.record.decision.applied]
    key = applied[0].record.decision.key
    for commit in made:
        if commit.record.iteration == applied[1].record.iteration:
            break
        commit.to(journal)
    again = changed(commit, decision=commit.record.decision.model_copy(update={"key": key}))
    with pytest.raises(SoakStateError, match="this decision was applied before"):
        again.to(journal)
    commit.to(journal)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE iterations SET wall = '{}'", "insert-only"),
        ("UPDATE iterations SET number = 9 WHERE number = 3", "insert-only"),
        ("DELETE FROM iterations WHERE number = 3", "insert-only"),
        ("DELETE FROM iterations", "insert-only"),
        ("UPDATE identity SET inputs_hash = ''", "insert-only"),
        ("DELETE FROM identity", "insert-only"),
        ("INSERT INTO identity VALUES (1, '', '')", "once"),
        ("INSERT OR REPLACE INTO identity VALUES (1, '', '')", "once"),
        ("INSERT OR REPLACE INTO iterations SELECT * FROM iterations WHERE number = 1", "in order"),
        ("INSERT INTO iterations VALUES (5, '', '', '', '', '', NULL)", "in order"),
        ("INSERT INTO iterations VALUES (0, '', '', '', '', '', NULL)", "in order|CHECK"),
        ("INSERT INTO iterations VALUES (NULL, '', '', '', '', '', NULL)", "in order|constraint"),
        (
            "INSERT OR REPLACE INTO iterations SELECT 4, record, record_sha256, edge, edge_sha256, wall,"
            " decision_key FROM iterations WHERE decision_key IS NOT NULL LIMIT 1",
            "applied before",
        ),
        ("INSERT INTO iterations VALUES (4, x'00', '', '', '', '', NULL)", "BLOB"),
    ],
)
def test_no_statement_changes_what_was_committed(path: Path, statement: str, said: str) -> None:
    filled(path, 3).close()
    assert any(c.record.decision.applied for c in commits(3))
    connection = raw(path)
    with pytest.raises(sqlite3.IntegrityError, match=said):
        connection.execute(statement)
    connection.close()
    with Journal.open(path, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in commits(3))


def test_other_inputs_are_named_key_by_key(path: Path) -> None:
    filled(path, 1).close()
    other = {**INPUTS, "seed": 2, "extra": "x"}
    with pytest.raises(SoakStateError) as caught:
        Journal.open(path, inputs=other)
    assert "extra is None there and 'x' here; seed is 1 there and 2 here" in str(caught.value)
    assert "profile" not in str(caught.value).split("another canary")[1]


def test_reading_needs_no_inputs_and_creates_nothing(path: Path) -> None:
    for create in (True, False):
        with pytest.raises(SoakStateError, match="there is no journal"):
            Journal.open(path, inputs=None, create=create)
    with pytest.raises(SoakStateError, match="there is no journal"):
        Journal.open(path, inputs=INPUTS, create=False)
    assert not path.parent.exists()
    filled(path, 2).close()
    with Journal.open(path) as journal:
        assert len(journal.records()) == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}\n" * 2000, "not a journal: file is not a database"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "not a journal|damaged"),
        (b"x", "not a journal"),
    ],
)
def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path, data: bytes, said: str) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(SoakStateError, match=said) as caught:
        Journal.open(path, inputs=INPUTS)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == data


def test_an_empty_file_is_a_journal_whose_creation_was_cut_short(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(SoakStateError, match="the file holds no journal"):
        Journal.open(path)
    with Journal.open(path, inputs=INPUTS) as journal:
        assert journal.records() == ()


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = raw(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SoakStateError, match="a database of another program"):
        Journal.open(path, inputs=INPUTS)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, schema.JOURNAL_VERSION + 1])
def test_another_schema_is_refused(path: Path, version: int) -> None:
    filled(path, 1).close()
    connection = raw(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(SoakStateError, match=f"schema {version}, this pytest-soak reads 1"):
        Journal.open(path, inputs=INPUTS)


def test_a_torn_file_is_refused(path: Path) -> None:
    filled(path, 40).close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SoakStateError, match="damaged") as caught:
        Journal.open(path, inputs=INPUTS)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("column", ["record", "edge"])
def test_a_flipped_bit_names_its_iteration(path: Path, column: str) -> None:
    filled(path, 12).close()
    data = path.read_bytes()
    with raw(path) as connection:
        record, edge = connection.execute("SELECT record, edge FROM iterations WHERE number = 11").fetchone()
        text = record if column == "record" else edge
    connection.close()
    # A text longer than a page lies in pieces; the middle of a piece is found as it is.
    piece = text[200:260].encode("ascii")
    assert data.count(piece) >= 1
    at = data.index(piece, data.index(text[:60].encode("ascii")))
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with (
        Journal.open(path, inputs=INPUTS) as journal,
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
def test_a_changed_row_is_found_when_it_is_read(path: Path, statement: str, said: str) -> None:
    filled(path, 4).close()
    without_triggers(path, statement)
    with Journal.open(path, inputs=INPUTS) as journal:
        for ask in (journal.records, lambda: journal.commit(*_parts(commits(5)[4]))):
            with pytest.raises(SoakStateError, match=said):
                ask()


def _commit_all(made: Iterable[Commit], journal: Journal) -> None:
    for commit in made:
        commit.to(journal)


def _parts(commit: Commit) -> tuple[Any, Any, Any]:
    return commit.record, commit.edge, commit.wall


def test_rows_that_changed_places_are_found(path: Path) -> None:
    filled(path, 2).close()
    text = canonical_json(commits(2)[0].record.model_dump(mode="json"))
    sha256 = sha256_of(commits(2)[0].record.model_dump(mode="json"))
    without_triggers(
        path, "UPDATE iterations SET record = ?, record_sha256 = ? WHERE number = 2", text, sha256
    )
    with Journal.open(path) as journal, pytest.raises(SoakStateError, match="2 holds the record of another"):
        journal.records()


@pytest.mark.parametrize("statement", ["UPDATE identity SET inputs = '{}'", "DELETE FROM identity"])
def test_a_changed_identity_is_found(path: Path, statement: str) -> None:
    filled(path, 1).close()
    without_triggers(path, statement)
    with pytest.raises(SoakStateError, match="identity of the canary is damaged"):
        Journal.open(path, inputs=INPUTS)


def test_a_full_disk_commits_nothing_and_says_so(journal: Journal, path: Path) -> None:
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
    with Journal.open(path, inputs=INPUTS) as reopened:
        assert reopened.records() == tuple(c.record for c in made)


def test_a_folder_in_place_of_the_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "soak.db").mkdir()
    with pytest.raises(SoakStoreError, match=r"soak\.db could not be read or written"):
        Journal.open(tmp_path / "soak.db", inputs=INPUTS)


def test_a_sqlite_that_is_too_old_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(SoakConfigError, match=r"SQLite .* is too old; accepted is 3\.37"):
        Journal.open(path, inputs=INPUTS)


def _hold(path: Path, ready: Any, release: Any) -> None:
    with Journal.open(path, inputs=INPUTS) as journal, journal.lock():
        commits(1)[0].to(journal)
        ready.set()
        release.wait(20)
        commits(2)[1].to(journal)


def test_a_second_process_waits_and_then_serves_what_is_there(path: Path) -> None:
    commits(2)
    ready, release = multiprocessing.Event(), multiprocessing.Event()
    with process(_hold, path, ready, release) as child:
        assert ready.wait(20)
        with Journal.open(path, inputs=INPUTS) as journal:
            assert len(journal.records()) == 1
            with (
                pytest.raises(SoakStateError, match=rf"another process \(pid {child.pid}\)"),
                journal.lock(0.05),
            ):
                pytest.fail("two processes hold the lock")
            release.set()
            with journal.lock(20):
                assert len(journal.records()) == 2


def test_a_killed_holder_frees_the_lock(path: Path) -> None:
    commits(2)
    ready, release = multiprocessing.Event(), multiprocessing.Event()
    with process(_hold, path, ready, release) as child:
        assert ready.wait(20)
        child.kill()
        child.join()
    with Journal.open(path, inputs=INPUTS) as journal, journal.lock(5):
        assert len(journal.records()) == 1
        with journal.lock(0):
            assert os.getpid() == int((path.parent / "soak.db.pid").read_text(encoding="ascii").split()[1])


def test_an_unreadable_holder_is_no_second_error(path: Path) -> None:
    with Journal.open(path, inputs=INPUTS) as one, Journal.open(path, inputs=INPUTS) as two, one.lock():
        (path.parent / "soak.db.pid").unlink()
        with pytest.raises(SoakStateError, match=r"another process \(pid unknown\)"), two.lock(0):
            pytest.fail("the lock is held twice")


def _advance(path: Path, count: int) -> None:
    made = commits(count)
    with Journal.open(path, inputs=INPUTS) as journal:
        for number in range(count):
            with journal.lock():
                there = len(journal.records())
                if there <= number:
                    made[there].to(journal)


def test_processes_that_advance_one_canary_together_make_one_history(path: Path) -> None:
    made = commits(30)
    with ExitStack() as stack:
        children = [stack.enter_context(process(_advance, path, 30)) for _ in range(4)]
        for child in children:
            child.join(30)
            assert child.exitcode == 0
    with Journal.open(path, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in made)
