"""What is said of an iteration that nobody tuned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_soak.observe.explaining import explain
from pytest_soak.store.journal.journal import Journal
from tests.canary_kit import run, spec


def test_without_tuning_nothing_is_said_of_a_zone(tmp_path: Path) -> None:
    """The risk ratio was measured; that there is no zone is not for want of it."""
    run(replace(spec(tmp_path, iterations=1, minutes=0.5), tune=False))
    with Journal.read(tmp_path / "soak.db") as journal:
        text = "\n".join(explain(journal.entry(1)))
    assert "tuning is off (--soak-no-tune)" in text
    assert "zone" not in text
