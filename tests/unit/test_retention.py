"""Rotation: TEST-7, RM-1.2, MVP-2, DIFF-2."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakStoreError
from pytest_soak.store.exports.artifacts import PACK_NAME, Exports, rotate_summaries, summary_name
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.layout import new_run_id, run_folder
from pytest_soak.store.runs.retention import Retention, pack_exports, rotate
from pytest_soak.store.runs.runs import write_manifest
from tests.canary_kit import run, spec
from tests.rules_kit import STEADY_SAFE
from tests.store_kit import INPUTS, commits, run_settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITERATIONS = 3


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_newest_hundred_stay(tmp_path: Path) -> None:
    """TEST-7, pitfall 16: of 0 to 149 exactly 50 to 149 stay, by number and not by text."""
    for number in range(150):
        (tmp_path / summary_name(number)).write_text("{}", encoding="utf-8")
    other = ("ITER_SUMMARY_x.json", "ITER_SUMMARY_001.json", "notes.txt")
    for name in other:
        (tmp_path / name).write_text("mine", encoding="utf-8")
    assert rotate_summaries(tmp_path) == tuple(range(50))
    assert names(tmp_path) == {*(summary_name(n) for n in range(50, 150)), *other}
    assert rotate_summaries(tmp_path) == ()


@pytest.mark.parametrize(("count", "keep", "left"), [(3, 5, 3), (5, 5, 5), (6, 5, 5), (1200, 7, 7)])
def test_the_highest_numbers_stay_whatever_the_count(
    tmp_path: Path, count: int, keep: int, left: int
) -> None:
    for number in range(1, count + 1):
        (tmp_path / summary_name(number)).touch()
    rotate_summaries(tmp_path, keep)
    assert names(tmp_path) == {summary_name(n) for n in range(count - left + 1, count + 1)}


def test_a_long_run_rotates_by_itself_also_when_it_is_rebuilt(tmp_path: Path) -> None:
    """The journal keeps every iteration; the last hundred have a file, after a resume too."""
    expected = {summary_name(n) for n in range(6, 106)}
    with Journal.open(tmp_path / "soak.db", inputs=INPUTS) as journal:
        exports = Exports(tmp_path, journal)
        exports.rebuild(commits(1)[0].state, STEADY_SAFE)
        for commit in commits(105):
            commit.to(journal)
            exports.add(commit.state)
        assert {name for name in names(tmp_path) if name.startswith("ITER_")} == expected
        Exports(tmp_path, journal).rebuild(commits(105)[-1].state, STEADY_SAFE)
        assert {name for name in names(tmp_path) if name.startswith("ITER_")} == expected
        assert len(journal.records()) == 105


def test_an_iteration_after_the_hundredth_scans_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs does not grow with the number of files beside it; several are made up for at once."""

    def refused(path: Path) -> None:
        raise AssertionError(f"{path} was scanned")

    *first, second_last, last = commits(105)
    with Journal.open(tmp_path / "soak.db", inputs=INPUTS) as journal:
        exports = Exports(tmp_path, journal)
        exports.rebuild(commits(1)[0].state, STEADY_SAFE)
        for commit in first:
            commit.to(journal)
        exports.add(first[-1].state)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "iterdir", refused)
            for commit in (second_last, last):
                commit.to(journal)
                exports.add(commit.state)
    summaries = {name for name in names(tmp_path) if name.startswith("ITER_")}
    assert summaries == {summary_name(n) for n in range(6, 106)}


def test_what_was_just_committed_is_exported_without_a_look_into_the_journal(tmp_path: Path) -> None:
    asked: list[str] = []
    with Journal.open(tmp_path / "soak.db", inputs=INPUTS) as journal:
        exports = Exports(tmp_path, journal)
        exports.rebuild(commits(1)[0].state, STEADY_SAFE)
        for commit in commits(3):
            commit.to(journal)
            journal._connection.set_trace_callback(asked.append)
            exports.add(commit.state)
            journal._connection.set_trace_callback(None)
    assert asked == []
    assert {summary_name(n) for n in (1, 2, 3)} <= names(tmp_path)


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "soak"


def made(artifacts: Path, days: float, upto: int = ITERATIONS) -> Path:
    """A canary of a run that began so many days ago, with so many of its iterations done."""
    began = NOW - timedelta(days=days)
    folder = run_folder(artifacts, new_run_id(began, str(days)))
    manifest = RunManifest(
        run_id=folder.name, created_at=began.isoformat(), settings=run_settings(), versions={}
    )
    write_manifest(folder, manifest)
    run(spec(folder / "canary", iterations=ITERATIONS, minutes=0.01), upto)
    return folder / "canary"


def test_old_exports_are_packed_and_nothing_else_changes(artifacts: Path) -> None:
    """Older than seven days: one archive with the same bytes; younger runs and the journal stay."""
    old, young = made(artifacts, 7.01), made(artifacts, 6.99)
    packed = {*(summary_name(n) for n in (1, 2, 3)), "TUNING_REPORT.json", "audit.jsonl"}
    before = {name: (old / name).read_bytes() for name in packed}
    kept, untouched = names(old) - packed, names(young)
    lines = list(rotate(artifacts, NOW, Retention()))
    assert f"packed: {old}: 5 files into {PACK_NAME}" in lines
    assert lines[-1].startswith("OK: ")
    assert names(old) == {*kept, PACK_NAME}
    assert names(young) == untouched
    with tarfile.open(old / PACK_NAME) as tar:
        content = {name: tar.extractfile(name) for name in tar.getnames()}
        assert {name: file.read() for name, file in content.items() if file} == before
    assert not [line for line in rotate(artifacts, NOW, Retention()) if line.startswith("packed")]
    assert names(old) == {*kept, PACK_NAME}
    with Journal.open(old / "soak.db", create=False) as journal:
        assert len(journal.records()) == ITERATIONS


def test_packing_again_adds_to_the_archive(tmp_path: Path) -> None:
    """As after a crash between archive and removal, or after a resume that rebuilt the files."""
    for number, text in ((1, "a"), (2, "b")):
        (tmp_path / summary_name(number)).write_text(text, encoding="utf-8")
        assert pack_exports(tmp_path) == 1
    assert pack_exports(tmp_path) == 0
    with tarfile.open(tmp_path / PACK_NAME) as tar:
        assert tar.getnames() == [summary_name(1), summary_name(2)]


def test_a_damaged_archive_is_named_and_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / PACK_NAME).write_bytes(b"not gzip")
    (tmp_path / summary_name(1)).write_text("a", encoding="utf-8")
    with pytest.raises(SoakStoreError, match="not an archive of exports"):
        pack_exports(tmp_path)
    assert names(tmp_path) == {PACK_NAME, summary_name(1)}


def test_a_link_is_not_packed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / summary_name(1)).symlink_to(victim)
    assert pack_exports(folder) == 0
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_run_in_progress_is_left_alone(artifacts: Path) -> None:
    """Iterations to come, a process at work, or a journal that cannot be read: nothing is touched."""
    unfinished, busy, damaged = made(artifacts, 30, 2), made(artifacts, 31), made(artifacts, 32)
    (damaged / "soak.db").write_bytes(b"garbage" * 1000)
    before = [names(folder) for folder in (unfinished, busy, damaged)]
    with Journal.open(busy / "soak.db", create=False) as journal, journal.lock():
        lines = list(rotate(artifacts, NOW, Retention(keep=1)))
    assert [names(folder) for folder in (unfinished, busy, damaged)] == before
    assert f"left alone: {unfinished}: 2 of 3 iterations are done" in lines
    assert f"left alone: {busy}: a process works on it" in lines
    assert sum(line.startswith(f"left alone: {damaged}: ") for line in lines) == 1


def test_the_command(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`pytest-soak rotate`: what it did, a warning above the size, an error for a missing folder."""
    folder = made(artifacts, 1)
    assert cli.main(["rotate", "--soak-artifacts", str(artifacts), "--keep=1", "--megabytes=0.001"], NOW) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"removed: {folder}: summary of iteration {n}" for n in (1, 2)]
    assert said[-1].startswith("WARN: ")
    assert summary_name(3) in names(folder)
    assert cli.main(["rotate", "--soak-artifacts", str(artifacts / "nowhere")]) == 2
    assert "nowhere is not a folder" in capsys.readouterr().err
    foreign = artifacts.parent / "home"
    (foreign / "mine").mkdir(parents=True)
    assert cli.main(["rotate", "--soak-artifacts", str(foreign)]) == 2
    assert "home holds no folder 'runs'" in capsys.readouterr().err
    assert names(foreign) == {"mine"}
    for wrong in ("--keep=0", "--days=-1", "--megabytes=nan"):
        with pytest.raises(SystemExit):
            cli.main(["rotate", wrong])


def test_nothing_outside_of_the_runs_is_looked_at(artifacts: Path) -> None:
    """A home folder may hold a folder ``runs``, and a million files beside it."""
    made(artifacts, 1)
    (last,) = [line for line in rotate(artifacts, NOW, Retention()) if line.startswith("OK: ")]
    (artifacts / "large").write_bytes(b"x" * 2_000_000)
    assert list(rotate(artifacts, NOW, Retention(megabytes=2.0))) == [last.replace("500", "2")]


def test_no_link_is_followed_and_nothing_is_left_where_it_leads(artifacts: Path, tmp_path: Path) -> None:
    outside = made(tmp_path / "outside", 30)
    own = made(artifacts, 30)
    (own.parent / "linked").symlink_to(outside, target_is_directory=True)
    (artifacts / "runs" / "99990101T000000000Z-abcdef").symlink_to(outside.parent, target_is_directory=True)
    (outside / "soak.db.lock").unlink(missing_ok=True)
    before = names(outside)
    lines = list(rotate(artifacts, NOW, Retention(keep=1)))
    assert names(outside) == before
    assert f"packed: {own}: 3 files into {PACK_NAME}" in lines


def test_a_folder_that_is_not_ours_gets_no_lock_file(artifacts: Path) -> None:
    foreign = made(artifacts, 30).parent / "foreign"
    foreign.mkdir()
    (foreign / "soak.db").write_bytes(b"another program's" * 100)
    assert any(line.startswith(f"left alone: {foreign}: ") for line in rotate(artifacts, NOW, Retention()))
    assert names(foreign) == {"soak.db"}


def a_link(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("TUNING_REPORT.json")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    tar.addfile(member)


def too_large(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("audit.jsonl")
    member.size = 3 * 1024**3
    # The header alone: the content that it claims is not there, and `addfile` would ask for it.
    tar.fileobj.write(member.tobuf())


@pytest.mark.parametrize("content", [a_link, too_large])
def test_a_bad_archive_never_stops_the_others(
    artifacts: Path, content: Callable[[tarfile.TarFile], None]
) -> None:
    bad, good = made(artifacts, 40), made(artifacts, 30)
    with tarfile.open(bad / PACK_NAME, "w:gz") as tar:
        content(tar)
    before = names(bad)
    lines = list(rotate(artifacts, NOW, Retention()))
    said = [line for line in lines if line.startswith(f"left alone: {bad}: ")]
    assert len(said) == 1
    assert "not an archive of exports" in said[0]
    assert names(bad) == before
    assert f"packed: {good}: 5 files into {PACK_NAME}" in lines


def test_absurd_ages_are_only_large_numbers(artifacts: Path) -> None:
    folder = made(artifacts, 30)
    assert f"packed: {folder}: 5 files into {PACK_NAME}" not in list(
        rotate(artifacts, NOW, Retention(days=1e300))
    )
