"""A few rounds of the kill and fault loop, so that the command stays fit to be used."""

from __future__ import annotations

from tests.chaos import loop


def test_runs_that_were_hit_end_with_the_records_of_one_that_was_not() -> None:
    names = loop.kinds(("process", "worker", "once"))
    rows = loop.run(len(names), names, seed=4)
    assert [row.rounds for row in rows.values()] == [1] * len(names)
    assert not any(row.differing or row.failures for row in rows.values())
