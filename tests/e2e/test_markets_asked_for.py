"""Scenarios by path and recordings by the dozen: what names a canary, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Scripted

GOOD = (3.2, 0.30, 1.0)

MAKES_THE_MARKET = """
def pytest_soak_make_market(request):
    from pytest_soak.market import MockMarket, load_scenario
    return MockMarket(load_scenario("calm"), seed=request.seed)
"""


def usage_error(pytester: pytest.Pytester, *args: str) -> str:
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in result.errlines if line.strip()]
    assert "Traceback" not in "\n".join(lines)
    return lines[-1]


def collected(pytester: pytest.Pytester, *args: str) -> list[str]:
    result = pytester.runpytest_inprocess("--co", "-q", *args)
    return [line for line in result.outlines if "::" in line]


def test_a_scenario_by_path_is_named_by_itself(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    folder = pytester.mkdir("markets")
    (folder / "quiet.toml").write_text('extends = "calm"\n', encoding="utf-8")
    (folder / "named.toml").write_text('extends = "calm"\nname = "night"\n', encoding="utf-8")
    lines = collected(
        pytester,
        "--soak-iterations=1",
        "--soak-scenario=markets/quiet.toml",
        "--soak-scenario=markets/named.toml",
    )
    assert [line.partition("[")[2] for line in lines] == [
        "default-quiet-s1-iter001]",
        "default-quiet-s1-gates]",
        "default-night-s1-iter001]",
        "default-night-s1-gates]",
    ]
    result = pytester.runpytest_inprocess("--soak-iterations=3", "--soak-scenario=markets/quiet.toml")
    result.assert_outcomes(passed=4)


def test_a_scenario_by_path_that_is_not_there_is_named(pytester: pytest.Pytester) -> None:
    assert "none.toml: there is no such file" in usage_error(pytester, "--soak-scenario=markets/none.toml")


def test_each_recording_is_a_canary(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.makeconftest((pytester.path / "conftest.py").read_text(encoding="utf-8") + MAKES_THE_MARKET)
    lines = collected(
        pytester, "--soak-iterations=1", "--soak-replay=monday.npz", "--soak-replay=week/tuesday.npz"
    )
    assert [line.partition("[")[2] for line in lines] == [
        "default-monday-s1-iter001]",
        "default-monday-s1-gates]",
        "default-tuesday-s1-iter001]",
        "default-tuesday-s1-gates]",
    ]
    told = usage_error(pytester, "--soak-replay=a/day.npz", "--soak-replay=b/day.npz")
    assert "canary default-day-s1 is asked for twice" in told
    # One file named twice is one file.
    again = collected(pytester, "--soak-iterations=1", "--soak-replay=day.npz", "--soak-replay=day.npz")
    assert len(again) == 2


def test_a_run_on_recordings_resumes(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """With the recordings named again or not; also a run whose file holds its one recording as a text."""
    scripted([GOOD])
    pytester.makeconftest((pytester.path / "conftest.py").read_text(encoding="utf-8") + MAKES_THE_MARKET)
    assert (
        pytester.runpytest_inprocess("--soak-iterations=3", "--soak-replay=day.npz", "-k", "iter001").ret == 0
    )
    stored = pytester.path / "artifacts/soak/latest/RUN.json"
    content = json.loads(stored.read_text(encoding="utf-8"))
    assert [Path(path).name for path in content["settings"]["replay"]] == ["day.npz"]
    pytester.runpytest_inprocess("--soak-resume", "--soak-replay=day.npz").assert_outcomes(passed=4)
    told = usage_error(pytester, "--soak-resume", "--soak-replay=night.npz")
    assert "night.npz cannot be read" in told
    assert "night.npz" in told
    (content["settings"]["replay"],) = content["settings"]["replay"]
    stored.write_text(json.dumps(content), encoding="utf-8")
    pytester.runpytest_inprocess("--soak-resume").assert_outcomes(passed=4)
    pytester.runpytest_inprocess("--soak-resume", "--soak-replay=day.npz").assert_outcomes(passed=4)


@pytest.mark.parametrize(
    "option",
    ["profile", "scenario", "replay", "resume", "artifacts", "iterations", "seed", "minutes", "gate"],
)
def test_nothing_after_the_sign_is_refused(pytester: pytest.Pytester, option: str) -> None:
    result = pytester.runpytest_inprocess(f"--soak-{option}=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*argument --soak-{option}: *"])


def test_iterations_have_a_cap_that_is_said(pytester: pytest.Pytester) -> None:
    for text in ("10001", "1" + "0" * 20):
        result = pytester.runpytest_inprocess(f"--soak-iterations={text}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*'{text}' is more than 10000 iterations*"])
    pytester.makepyfile(
        "import pytest\n@pytest.mark.soak(iterations=10**20)\ndef test_x(soak_iteration): pass"
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["*iterations = 1000*0 is not a whole number of at least 1, at most 10000*"])


def test_a_home_folder_is_expanded_in_options_and_ini(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, scripted: Scripted
) -> None:
    scripted([GOOD])
    home = pytester.mkdir("home")
    (home / "mine.toml").write_text('extends = "steady_safe"\n', encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    pytester.makeini("[pytest]\nsoak_profile = ~/mine.toml\nsoak_artifacts = ~/runs\n")
    result = pytester.runpytest_inprocess("--soak-iterations=3")
    result.assert_outcomes(passed=4)
    assert list((home / "runs" / "runs").iterdir())
    assert str(home / "none.npz") in usage_error(pytester, "--soak-replay=~/none.npz")
    assert (
        "no such home folder" in pytester.runpytest_inprocess("--soak-replay=~nobody-here/x.npz").stderr.str()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text exist on Linux only")
@pytest.mark.parametrize(
    ("name", "advice"), [(b"day\xff.npz", "not valid UTF-8"), ("t\u00e4g.npz".encode(), "locale")]
)
def test_names_that_cannot_be_written_down_are_one_sentence(
    pytester: pytest.Pytester, name: bytes, advice: str
) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    command = [*map(os.fsencode, words), b"--soak-replay=" + name]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=pytester.path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert advice in done.stderr.decode("ascii")
    assert b"Traceback" not in done.stderr
