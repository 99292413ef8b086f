from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.hashing import parameters_hash, sha256_of
from pytest_soak.store.journal import schema
from pytest_soak.store.journal.journal import Journal
from tests.rules_kit import edge_report
from tests.store_kit import INPUTS, Commit, canonical, commits, filled, raw


def changed(commit: Commit, **fields: Any) -> Commit:
    return Commit(commit.record.model_copy(update=fields), commit.edge, commit.wall, commit.state)


def test_what_is_committed_is_served_also_after_reopening(db: Path) -> None:
    made = commits(12)
    filled(db, 12).close()
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in made)
        assert [canonical(journal.edge(n)) for n in range(1, 13)] == [c.edge for c in made]
        assert [journal.wall(n) for n in range(1, 13)] == [c.wall for c in made]
        assert journal.last == made[-1].record
        assert journal.inputs == INPUTS
        assert journal.inputs_hash == sha256_of(INPUTS)
        hashes = [sha256_of(c.record.model_dump(mode="json")) for c in made]
        assert [entry.sha256 for entry in journal.entries()] == hashes


def test_a_text_that_cannot_be_written_is_refused_and_poisons_nothing(db: Path) -> None:
    """A guard's message and a strategy's name come from a user's code."""
    first, second = commits(2)
    provenance = second.record.provenance.model_copy(update={"strategy": "a\ud800"})
    with Journal.open(db, inputs=INPUTS) as journal:
        first.to(journal)
        with pytest.raises(SoakStateError, match=r"iteration 2 is refused: provenance\.strategy holds 'a"):
            changed(second, provenance=provenance).to(journal)
        second.to(journal)
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == (first.record, second.record)


def test_entries_are_served_from_any_iteration_on(db: Path) -> None:
    made = commits(150)
    filled(db, 150).close()
    with Journal.open(db, inputs=INPUTS) as journal:
        for first in (1, 64, 65, 149, 150, 151):
            expected = [c.record for c in made[first - 1 :]]
            assert [entry.record for entry in journal.entries(first)] == expected
        for number in (1, 75, 150):
            assert journal.entry(number).record == made[number - 1].record
            assert journal.entry(number).wall == made[number - 1].wall
        for number in (0, 151):
            with pytest.raises(SoakStateError, match=f"iteration {number} is not in the journal"):
                journal.entry(number)


def test_what_was_committed_and_what_is_read_back_are_the_same_entry(db: Path) -> None:
    for count in (1, 2):
        with Journal.open(db, inputs=INPUTS) as journal:
            commits(2)[count - 1].to(journal)
            kept = journal.newest()
        with Journal.open(db, inputs=INPUTS) as journal:
            assert journal.newest() == kept


def test_what_another_process_commits_is_seen(db: Path) -> None:
    made = commits(3)
    with Journal.open(db, inputs=INPUTS) as one, Journal.open(db, inputs=INPUTS) as two:
        made[0].to(one)
        assert two.entry(1) == one.entry(1)
        made[1].to(two)
        assert [entry.record.iteration for entry in one.entries(1)] == [1, 2]
        made[2].to(one)
        assert two.last == made[2].record


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
        journal.commit(first.record, canonical(edge_report(attempts=1)), first.wall)
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
def test_no_statement_changes_what_was_committed(db: Path, statement: str, said: str) -> None:
    filled(db, 3).close()
    assert any(c.record.decision.applied for c in commits(3))
    connection = raw(db)
    with pytest.raises(sqlite3.IntegrityError, match=said):
        connection.execute(statement)
    connection.close()
    with Journal.open(db, inputs=INPUTS) as journal:
        assert journal.records() == tuple(c.record for c in commits(3))


def test_an_edge_report_is_stored_as_it_was_hashed(journal: Journal) -> None:
    """What the record refers to is the very text in the journal: it is serialised once."""
    (first,) = commits(1)
    first.to(journal)
    assert journal.edge_json(1) == first.edge.text.encode("ascii")
    assert first.record.edge_hash == first.edge.sha256
