"""A resume finds the files that it needs where they are now: what counts is their content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.oracle.recordings import write_npz
from tests.recordings_kit import calm_rows

JOB = ("--soak-iterations=2", "--soak-minutes=0.5", "--soak-gate=off", "-p", "no:randomly")
FIRST = ("-k", "iter001")


@pytest.fixture
def recording(pytester: pytest.Pytester) -> Path:
    path = pytester.path / "data" / "tape.npz"
    path.parent.mkdir()
    return write_npz(path, calm_rows())


def resumed(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("--soak-resume", "-p", "no:randomly", *options)


def test_a_recording_that_moved_is_named_anew(pytester: pytest.Pytester, recording: Path) -> None:
    assert pytester.runpytest_inprocess(*JOB, f"--soak-replay={recording}", *FIRST).ret == 0
    other = pytester.mkdir("elsewhere") / "renamed.npz"
    recording.rename(other)
    result = resumed(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "tape.npz is not there any more; name the same file at its new place" in result.stderr.str()
    result = resumed(pytester, f"--soak-replay={other}")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*default-tape-s1 2/2 *", "*3 passed*"])
    assert len(list(pytester.path.glob("artifacts/soak/runs/*/*/soak.db"))) == 1


def test_another_recording_is_refused_by_its_content(pytester: pytest.Pytester, recording: Path) -> None:
    assert pytester.runpytest_inprocess(*JOB, f"--soak-replay={recording}", *FIRST).ret == 0
    other = write_npz(pytester.mkdir("other") / "tape.npz", calm_rows()[:-1])
    result = resumed(pytester, f"--soak-replay={other}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "this command names other content" in result.stderr.str()
    result = resumed(pytester, f"--soak-replay={other}", f"--soak-replay={recording}")
    assert "started with 1 recording(s), this command names 2" in result.stderr.str()
    assert resumed(pytester, f"--soak-replay={recording}").ret == 0


def test_a_project_that_moved_goes_on_with_its_own_files(
    pytester: pytest.Pytester, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = pytester.path / "mine.toml"
    profile.write_text('extends = "steady_safe"\n', encoding="utf-8")
    options = (f"--soak-replay={recording}", f"--soak-profile={profile}")
    assert pytester.runpytest_inprocess(*JOB, *options, *FIRST).ret == 0
    moved = pytester.path.parent / f"{pytester.path.name}-moved"
    shutil.move(pytester.path, moved)
    pytester.path.mkdir()
    monkeypatch.chdir(moved)
    result = resumed(pytester, f"--rootdir={moved}")
    result.stdout.fnmatch_lines(["*mine-tape-s1 2/2 *", "*3 passed*"])


def test_a_scenario_file_that_moved_with_the_project_is_found(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = pytester.path / "markets" / "own.toml"
    scenario.parent.mkdir()
    scenario.write_text('extends = "calm"\nname = "own"\n', encoding="utf-8")
    assert pytester.runpytest_inprocess(*JOB, f"--soak-scenario={scenario}", *FIRST).ret == 0
    moved = pytester.path.parent / f"{pytester.path.name}-moved"
    shutil.move(pytester.path, moved)
    pytester.path.mkdir()
    monkeypatch.chdir(moved)
    resumed(pytester, f"--rootdir={moved}").stdout.fnmatch_lines(["*default-own-s1 2/2 *", "*3 passed*"])
