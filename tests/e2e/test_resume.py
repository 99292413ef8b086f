"""A killed run goes on where it stopped and ends with the records of a run that was never killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_soak import cli
from tests.e2e.conftest import Scripted, canary_folder, default_action, summary

ITERATIONS = 12
JOB = (
    "--soak-profile=aggressive",
    "--soak-scenario=volatile",
    "--soak-minutes=0.5",
    f"--soak-iterations={ITERATIONS}",
    "--soak-gate=off",
)
GOOD = (3.2, 0.30, 1.0)


def start(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *args]
    environment = {**os.environ, "SOAK_SLEEP_SECONDS": "0.02"}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def contents(folder: Path) -> dict[str, object]:
    """Every artifact of the newest canary, without its wall-clock figures and its run's name."""
    found: dict[str, object] = {}
    for path in sorted(canary_folder(folder).iterdir()):
        if path.suffix == ".json":
            data = json.loads(path.read_text(encoding="utf-8"))
            data.pop("wall", None)
            if path.name == "TUNING_REPORT.json":
                data["summary"].pop("run")
            found[path.name] = data
        elif path.suffix == ".jsonl":
            found[path.name] = path.read_bytes()
    return found


def done(folder: Path) -> int:
    return len(list(folder.glob("artifacts/soak/runs/*/*/ITER_SUMMARY_*.json")))


def test_kill_and_resume_equals_a_whole_run(pytester: pytest.Pytester) -> None:
    """`kill -9` at moments drawn at random, resumed until it is done: the same files, byte for byte."""
    whole, killed = pytester.mkdir("whole"), pytester.mkdir("killed")
    assert start(whole, *JOB).wait() == 0
    rng = random.Random(7)
    process = start(killed, *JOB)
    kills = 0
    for target in (1, 3, 4, 7, 9):
        while done(killed) < target and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.03))
        kills += process.poll() is None
        process.kill()
        process.wait()
        process = start(killed, "--soak-resume")
    assert process.wait() == 0
    assert kills >= 3
    assert contents(killed) == contents(whole)
    assert len(contents(whole)) == ITERATIONS + 5
    assert len(list((killed / "artifacts/soak/runs").iterdir())) == 1


SIGNALS = [("SIGINT", 2, ()), ("SIGTERM", 143, ()), ("SIGHUP", 129, ()), ("SIGTERM", 143, ("-n1",))]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize(("name", "status", "workers"), SIGNALS)
def test_a_signal_leaves_whole_iterations_and_says_how_to_go_on(
    pytester: pytest.Pytester, name: str, status: int, workers: tuple[str, ...]
) -> None:
    """Its exit status, whole iterations in the journal, a summary, and a last line that names the run."""
    command = [sys.executable, "-m", "pytest", *JOB, "-p", "no:randomly", *workers]
    environment = {**os.environ, "SOAK_SLEEP_SECONDS": "30"}
    number = getattr(signal, name)
    with default_action(number):
        process = subprocess.Popen(
            command, cwd=pytester.path, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
        )
    while done(pytester.path) < 1:
        time.sleep(0.01)
    process.send_signal(number)
    try:
        text = process.communicate(timeout=30)[0]
    finally:
        process.kill()
    assert process.returncode == status
    run = next((pytester.path / "artifacts/soak/runs").iterdir()).name
    assert "soak summary" in text
    assert f"next: go on where it stopped: pytest --soak-resume={run}" in text
    assert "gates held" not in text
    assert pytester.runpytest_inprocess(f"--soak-resume={run}").ret == 0
    assert summary(pytester.path, ITERATIONS)["iteration"] == ITERATIONS


def test_resume_repeats_recorded_verdicts(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """A failed iteration stays failed, and nothing is computed again."""
    scripted([GOOD, GOOD, (1.0, 0.3, 1.0), GOOD])
    first = pytester.runpytest_inprocess("--soak-profile=steady_safe", "--soak-iterations=4")
    first.assert_outcomes(passed=4, failed=1)
    walls = [summary(pytester.path, n)["wall"] for n in range(1, 5)]
    again = pytester.runpytest_inprocess("--soak-resume")
    again.assert_outcomes(passed=4, failed=1)
    assert [summary(pytester.path, n)["wall"] for n in range(1, 5)] == walls


def test_resume_keeps_the_parameters_of_the_start(
    pytester: pytest.Pytester, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment and base file of the day of the resume do not count."""
    scripted([GOOD])
    base = pytester.path / "artifacts/soak/runtime_overrides.json"
    base.parent.mkdir(parents=True)
    base.write_text('{"tail_age_ms": 555}', encoding="utf-8")
    monkeypatch.setenv("MM_RUNTIME_OVERRIDES_JSON", '{"min_interval_ms": 77}')
    pytester.runpytest_inprocess("--soak-iterations=4", "-k", "iter001")
    base.write_text('{"tail_age_ms": 777}', encoding="utf-8")
    monkeypatch.setenv("MM_RUNTIME_OVERRIDES_JSON", '{"min_interval_ms": 41}')
    pytester.runpytest_inprocess("--soak-resume").assert_outcomes(passed=5)
    before = summary(pytester.path, 1)["overrides"]
    assert (before["tail_age_ms"], before["min_interval_ms"]) == (555, 77)
    assert summary(pytester.path, 4)["iterations"] == 4


def test_resume_refuses_other_settings(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.runpytest_inprocess("--soak-iterations=3", "--soak-profile=steady_safe")
    result = pytester.runpytest_inprocess("--soak-resume", "--soak-iterations=5")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*started with iterations = 3, this command says 5; leave*; --soak-extend N adds *"]
    )
    assert pytester.runpytest_inprocess("--soak-resume", "--soak-iterations=3").ret == 0


def test_damaged_exports_are_rebuilt(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.runpytest_inprocess("--soak-iterations=3", "--soak-profile=steady_safe")
    folder = canary_folder(pytester.path).resolve()
    before = {path.name: path.read_bytes() for path in folder.glob("*.json*")}
    (folder / "ITER_SUMMARY_2.json").write_text("{", encoding="utf-8")
    (folder / "TUNING_REPORT.json").unlink()
    (folder / "audit.jsonl").write_bytes(b"")
    assert pytester.runpytest_inprocess("--soak-resume").ret == 0
    assert {path.name: path.read_bytes() for path in folder.glob("*.json*")} == before


def test_another_version_of_the_inputs_is_refused(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The strategy changed between start and resume: the records would not be of one run."""
    scripted([GOOD])
    pytester.runpytest_inprocess("--soak-iterations=3", "--soak-profile=steady_safe", "-k", "iter001")
    scripted([(3.0, 0.30, 1.0)])
    result = pytester.runpytest_inprocess("--soak-resume")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*the journal is of another canary: the source or describe() of its strategy *"]
    )


def test_a_run_of_an_older_version_is_shown_and_resumed(
    pytester: pytest.Pytester, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its RUN.json does not name settings that came later; iterations began flat then."""
    scripted([GOOD])
    job = ("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-position=flat")
    pytester.runpytest_inprocess(*job, "-k", "iter001")
    manifest = canary_folder(pytester.path).resolve().parent / "RUN.json"
    data = json.loads(manifest.read_text(encoding="utf-8"))
    for key in ("fills", "position", "tick_size", "lot_size", "contract", "contract_size", "funding"):
        del data["settings"][key]
    manifest.write_text(json.dumps(data), encoding="utf-8")
    for command in (("status",), ("report", "latest"), ("compare", "latest", "latest")):
        assert cli.main(command) == 0
    assert " 1/3 " in capsys.readouterr().out
    assert pytester.runpytest_inprocess("--soak-resume").ret == 0
    assert summary(pytester.path, 3)["provenance"]["position"] == "flat"
