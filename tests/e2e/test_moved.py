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


def test_one_of_several_recordings_that_moved_is_known_by_its_content(
    pytester: pytest.Pytester, recording: Path
) -> None:
    """Named in any order; two that are alike are still two."""
    same = recording.with_name("same.npz")
    shutil.copy(recording, same)
    other = write_npz(recording.with_name("other.npz"), calm_rows()[:-1])
    job = (*JOB, *(f"--soak-replay={path}" for path in (recording, same, other)))
    assert pytester.runpytest_inprocess(*job, *FIRST).ret == 0
    away = pytester.mkdir("away")
    moved = [path.rename(away / f"{number}.npz") for number, path in enumerate((other, same, recording))]
    result = resumed(pytester, *(f"--soak-replay={path}" for path in moved))
    assert result.parseoutcomes()["passed"] == 9
    assert len(list(pytester.path.glob("artifacts/soak/runs/*/*/soak.db"))) == 3


def test_a_recording_that_changed_in_its_place_is_said_once(
    pytester: pytest.Pytester, recording: Path
) -> None:
    kept = pytester.path / "tape.npz"
    shutil.copy(recording, kept)
    assert pytester.runpytest_inprocess(*JOB, f"--soak-replay={recording}", *FIRST).ret == 0
    write_npz(recording, calm_rows()[:-1])
    # A copy in the project under an end of its path is as good.
    assert resumed(pytester, "-k", "iter002").ret == 0
    kept.unlink()
    result = resumed(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stderr.str()
    assert text.count("tape.npz has changed since the run began: its SHA-256 was") == 1


FILES = [
    ("profile", "steady_safe", "[fees]\nmaker_bps = 0.5\n", "fees.maker_bps was -0.5 and is 0.5. Name"),
    ("scenario", "calm", "[fair]\nvol_bps = 0.5\n", "Name the same file to resume"),
]


@pytest.mark.parametrize(("kind", "base", "change", "said"), FILES)
def test_a_file_of_the_same_content_at_a_new_place_is_taken(
    pytester: pytest.Pytester, kind: str, base: str, change: str, said: str
) -> None:
    """A profile or a scenario by path: gone, named anew with other content, then with the same."""
    content = f'extends = "{base}"\nname = "own"\n'
    file = pytester.mkdir("first") / "file.toml"
    file.write_text(content, encoding="utf-8")
    assert pytester.runpytest_inprocess(*JOB, f"--soak-{kind}={file}", *FIRST).ret == 0
    file.unlink()
    gone = resumed(pytester)
    assert gone.ret == pytest.ExitCode.USAGE_ERROR
    assert f"file.toml is not there any more; name the same file at its new place with --soak-{kind}" in (
        gone.stderr.str()
    )
    new = pytester.mkdir("second") / "new.toml"
    new.write_text(content + change, encoding="utf-8")
    other = resumed(pytester, f"--soak-{kind}={new}")
    assert other.ret == pytest.ExitCode.USAGE_ERROR
    text = other.stderr.str()
    assert f"{kind} {new} has other content than {file}, which the run began with" in text
    assert said in text
    new.write_text(f"# moved\n{content}", encoding="utf-8")
    assert resumed(pytester, f"--soak-{kind}={new}").parseoutcomes()["passed"] == 3
    named = resumed(pytester, f"--soak-{kind}=aggressive")
    assert "leave the option out to resume" in named.stderr.str()


def test_a_scenario_that_changed_is_said_once(pytester: pytest.Pytester) -> None:
    file = pytester.mkdir("soak_profiles") / "scenarios" / "own.toml"
    file.parent.mkdir()
    file.write_text('extends = "calm"\n', encoding="utf-8")
    assert pytester.runpytest_inprocess(*JOB, "--soak-scenario=own", *FIRST).ret == 0
    file.write_text('extends = "calm"\n[fair]\nvol_bps = 0.5\n', encoding="utf-8")
    result = resumed(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().count("scenario own has changed since the run began. Undo that to resume") == 1
