"""A few rounds of the kill and fault loop, and its judgement, so that the command stays fit to be used."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.chaos import loop, soaked

WHOLE = loop.Whole({"a": ("record",)}, [], 8, 0.01, {"openat": 3, "disk.sync": 2})


def a_round(folder: Path, kind: str, number: int = 0) -> loop.Round:
    return loop.Round(folder, kind, number, random.Random(1), WHOLE)


def test_runs_that_were_hit_end_with_the_records_of_one_that_was_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # The faults of the disk's layer are those that every system has.
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    names = loop.kinds(("process", "worker", "once"))
    rows = loop.run(len(names), names, seed=4)
    assert [row.rounds for row in rows.values()] == [1] * len(names)
    assert rows["once"].hits == 1
    assert [row.problems for row in rows.values()] == [[]] * len(names)


def test_exit_0_without_its_records_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "output.txt").touch()
    monkeypatch.setattr(loop.Round, "disturb", lambda _self: (0, False))
    row = loop.Row()
    loop._disturbed(a_round(tmp_path, "process"), row)
    assert (row.hits, row.resumes, row.failures) == (0, 0, 1)
    assert row.problems == ["process 0: exit 0 without all of its records"]
    assert tmp_path.is_dir()


def test_all_calls_fail_in_turn_with_each_error(tmp_path: Path) -> None:
    rounds = [a_round(tmp_path, kind, number) for kind in loop.FAULTS for number in range(4)]
    assert [disturbed.fault[:2] for disturbed in rounds[:4]] == [
        ("openat", "EIO"),
        ("disk.sync", "EIO"),
        ("openat", "ENOSPC"),
        ("disk.sync", "ENOSPC"),
    ]
    assert [disturbed.fault[2].endswith("+") for disturbed in rounds] == [False] * 4 + [True] * 4
    spread = [a_round(tmp_path, kind, number).fault for kind in loop.SPREAD for number in range(2)]
    assert [fault[0] for fault in spread] == ["openat", "disk.sync"] * 2
    assert [fault[2] for fault in spread] == ["1", "1", "1+", "1+"]
    assert all(
        1 <= int(disturbed.fault[2].rstrip("+")) <= WHOLE.uses[disturbed.fault[0]] for disturbed in rounds
    )


def test_only_what_began_and_did_not_end_is_under_way(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    assert soaked.read_trail(trail) == []
    trail.write_text("1 begin 5\n2 begin 6\n1 end 7\n2 call-sync 8\n1 begi", encoding="ascii")
    assert soaked.under_way(soaked.read_trail(trail)) == [2]
