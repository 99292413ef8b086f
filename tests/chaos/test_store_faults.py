"""Faults of disk and process: every call of a write fails, once and for ever, and processes are killed."""

from __future__ import annotations

import errno
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakError, SoakStoreError
from pytest_soak.store.disk import files
from pytest_soak.store.exports.artifacts import Exports, export
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.exports.views import fields_of
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs import layout, runs
from tests.rules_kit import STEADY_SAFE
from tests.store_kit import INPUTS, FaultyDisk, commits, contents, filled, process, quiet_state, run_settings

OLD, NEW = b"old\n" * 500, b"new\n" * 700
KILLS = 25
COUNT = 80


@dataclass(frozen=True)
class Scenario:
    """A write, the state before it, and what may be there after it failed: as before, or as after."""

    before: Callable[[Path], None]
    write: Callable[[Path], None]
    whole: Callable[[Path], bool]
    intact: Callable[[Path], bool]
    error: type[SoakError] = SoakStoreError


def old_file(folder: Path) -> None:
    (folder / "a").write_bytes(OLD)


def nothing(folder: Path) -> None:
    pass


def two_runs(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / "runs" / name).mkdir(parents=True)
    (folder / "latest").symlink_to("runs/one", target_is_directory=True)


def points_at(name: str) -> Callable[[Path], bool]:
    return lambda folder: (folder / "latest").resolve() == (folder / "runs" / name).resolve()


def holds(data: bytes) -> Callable[[Path], bool]:
    return lambda folder: (folder / "a").is_file() and (folder / "a").read_bytes() == data


def lacks(name: str) -> Callable[[Path], bool]:
    return lambda folder: not (folder / name).exists()


SCENARIOS = {
    "replace": Scenario(old_file, lambda f: files.write_atomic(f / "a", NEW), holds(NEW), holds(OLD)),
    "create": Scenario(nothing, lambda f: files.write_atomic(f / "a", NEW), holds(NEW), lacks("a")),
    "append": Scenario(
        old_file, lambda f: files.append_lines(f / "a", ("x", "y")), holds(OLD + b"x\ny\n"), holds(OLD)
    ),
    "remove": Scenario(old_file, lambda f: files.remove(f / "a"), lacks("a"), holds(OLD)),
    "folder": Scenario(
        nothing, lambda f: files.make_folder(f / "a" / "b"), lambda f: (f / "a" / "b").is_dir(), lacks("a/b")
    ),
    "link": Scenario(
        two_runs,
        lambda f: files.link_latest(f / "runs" / "two", f / "latest"),
        points_at("two"),
        points_at("one"),
    ),
    "check": Scenario(
        nothing,
        lambda f: files.check_writable(f / "a"),
        lambda f: (f / "a").is_dir(),
        lacks("a"),
        SoakConfigError,
    ),
}


def litter(folder: Path) -> list[Path]:
    return list(folder.rglob(f"{files.TEMPORARY_PREFIX}*"))


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_call_of_a_write_may_fail(
    name: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old or new, whole, an error, and no temporary file: at the n-th call, for every n."""
    scenario = SCENARIOS[name]
    calls = _calls(scenario, tmp_path / "count", monkeypatch)
    outcomes = set()
    for n in range(1, calls + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        scenario.before(folder)
        disk = FaultyDisk(fail_at=n, error=OSError(code, os.strerror(code)))
        monkeypatch.setattr(files, "disk", disk)
        with pytest.raises(scenario.error) as caught:
            scenario.write(folder)
        assert disk.fired
        assert os.strerror(code) in str(caught.value)
        assert ("disk is full" in str(caught.value)) == (code == errno.ENOSPC)
        whole, intact = scenario.whole(folder), scenario.intact(folder)
        assert whole or intact
        outcomes |= {whole, not intact}
        assert litter(folder) == [] or name == "check"
    assert outcomes == {False, True}


def _calls(scenario: Scenario, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many calls the write takes where none fails."""
    folder.mkdir()
    scenario.before(folder)
    disk = FaultyDisk()
    monkeypatch.setattr(files, "disk", disk)
    scenario.write(folder)
    assert scenario.whole(folder)
    return disk.calls


@pytest.mark.parametrize("name", ["replace", "create", "append", "link"])
def test_a_disk_that_fails_for_ever_leaves_the_old_content(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = SCENARIOS[name]
    for n in range(1, _calls(scenario, tmp_path / "count", monkeypatch) + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        scenario.before(folder)
        monkeypatch.setattr(files, "disk", FaultyDisk(fail_at=n, for_ever=True))
        with pytest.raises(SoakStoreError):
            scenario.write(folder)
        if name == "append":
            # A disk that does not even obey the cut leaves a torn end; the next rebuild rewrites the file.
            assert (folder / "a").read_bytes().startswith(OLD)
        else:
            assert scenario.whole(folder) or scenario.intact(folder)


def test_exports_survive_every_fault_and_the_next_call_mends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = commits(4)
    expected = tmp_path / "expected"
    with filled(expected / "soak.db", 4) as journal:
        export(expected, journal, made[-1].state, STEADY_SAFE)
    whole = contents(expected)
    folder = tmp_path / "canary"
    with filled(folder / "soak.db", 3) as journal:
        Exports(folder, journal).rebuild(made[2].state, STEADY_SAFE)
        before = contents(folder)
        made[3].to(journal)
        exports, counting = _as_after_three(folder, before, journal), FaultyDisk()
        monkeypatch.setattr(files, "disk", counting)
        exports.add(made[3].state)
        calls = counting.calls
        for n in range(1, calls + 1):
            exports = _as_after_three(folder, before, journal)
            disk = FaultyDisk(fail_at=n)
            monkeypatch.setattr(files, "disk", disk)
            with pytest.raises(SoakStoreError):
                exports.add(made[3].state)
            assert disk.fired
            _each_is_old_or_new(contents(folder), before, whole)
            monkeypatch.setattr(files, "disk", FaultyDisk())
            if n % 2:
                Exports(folder, journal).rebuild(made[3].state, STEADY_SAFE)
            else:
                exports.add(made[3].state)
            assert contents(folder) == whole
    assert calls > 30


def _as_after_three(folder: Path, before: dict[str, bytes], journal: Journal) -> Exports:
    """Exports of three iterations, over a folder as it was then."""
    for name in contents(folder).keys() - before.keys():
        (folder / name).unlink()
    for name, data in before.items():
        (folder / name).write_bytes(data)
    exports = Exports(folder, journal)
    for entry in list(journal.entries())[:3]:
        exports._report.add(entry, fields_of(entry))
    exports._audit_bytes = len(before["audit.jsonl"])
    exports._audited = exports._exported = 3
    return exports


def _each_is_old_or_new(found: dict[str, bytes], before: dict[str, bytes], whole: dict[str, bytes]) -> None:
    assert not [name for name in found if name.startswith(files.TEMPORARY_PREFIX)]
    for name, data in found.items():
        assert data in (before.get(name), whole[name]), name


def test_a_run_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = RunManifest(
        run_id="r", created_at="2026-01-01T00:00:00Z", settings=run_settings(), versions={}
    )
    for n in range(1, 100):
        artifacts = tmp_path / str(n)
        disk = FaultyDisk(fail_at=n)
        monkeypatch.setattr(files, "disk", disk)
        try:
            runs.prepare_artifacts(artifacts)
            runs.write_manifest(layout.run_folder(artifacts, "r"), manifest)
        except SoakError:
            assert disk.fired
        else:
            assert not disk.fired
            break
        assert [runs.read_manifest(run) for run in runs.list_runs(artifacts)] in ([], [manifest])
    assert n > 15


# Processes that are killed


def _soak(folder: Path, pipe: Connection) -> None:
    """What a canary does: rebuild, then commit, tell and export until all is done."""
    made = commits(COUNT)
    with Journal.open(folder / "soak.db", inputs=INPUTS) as journal, journal.lock():
        exports = Exports(folder, journal)
        done = len(journal.records())
        exports.rebuild(made[done - 1].state if done else quiet_state(), STEADY_SAFE)
        for commit in made[done:]:
            commit.to(journal)
            pipe.send_bytes(b"%d" % commit.record.iteration)
            exports.add(commit.state)


def _told(receiver: Connection, seconds: float) -> int:
    """The last iteration that a process said it had committed, 0 for none; waits for the first."""
    told = 0
    try:
        while receiver.poll(0.0 if told else seconds):
            told = int(receiver.recv_bytes())
    except EOFError:
        pass
    return told


def test_a_killed_canary_ends_like_one_that_was_not(tmp_path: Path) -> None:
    made, dice = commits(COUNT), random.Random(3)
    quiet_state()
    folder, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    told = met_at_work = 0
    for kill in range(KILLS):
        receiver, sender = Pipe(duplex=False)
        with process(_soak, folder, sender) as child:
            sender.close()
            # Every third is killed while it starts and rebuilds, the others between commit and commit.
            before = 0 if kill % 3 == 0 else _told(receiver, 20.0)
            time.sleep(dice.uniform(0.0, 0.04 if kill % 3 == 0 else 0.006))
            child.kill()
            child.join()
            met_at_work += before > 0
            told = max(told, before, _told(receiver, 0.0))
        receiver.close()
        if told:
            with Journal.open(folder / "soak.db", inputs=INPUTS) as journal:
                records = journal.records()
            assert len(records) >= told
            assert records == tuple(c.record for c in made[: len(records)])
    assert met_at_work > KILLS // 2
    for place in (folder, undisturbed):
        receiver, sender = Pipe(duplex=False)
        with process(_soak, place, sender) as child:
            sender.close()
            while child.is_alive():
                _told(receiver, 0.01)
            assert child.exitcode == 0
        receiver.close()
    assert contents(folder) == contents(undisturbed)
    assert sum(name.startswith("ITER_SUMMARY_") for name in contents(folder)) == COUNT
    assert litter(folder) == []
