"""Every mistake ends before or at its point, with one clear sentence, and nothing earlier is touched."""

from __future__ import annotations

import errno
import sqlite3
import sys
from pathlib import Path

import pytest

from pytest_soak.store.disk import files
from pytest_soak.store.disk.files import Disk
from pytest_soak.store.runs.runs import read_manifest
from tests.e2e.conftest import Scripted, canary_folder, summary
from tests.oracle.recordings import random_rows, write_npz

GOOD = (3.2, 0.30, 1.0)
MAIN = ("--soak-iterations=3", "--soak-profile=steady_safe")


def usage_error(pytester: pytest.Pytester, *args: str) -> str:
    """Run, demand exit code 4 before collection, and return the one line that says why."""
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "collected" not in result.stdout.str()
    said = [line for line in result.errlines if "error: " in line.lower()]
    lines = [line for line in said if "usage: " not in line]
    assert len(lines) == 1, result.stderr.str()
    assert not (pytester.path / "artifacts/soak/runs").exists()
    return lines[0]


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (
            ["--soak-profile=steady_saf"],
            ["steady_saf", "known are", "ultra_safe", "did you mean 'steady_safe'"],
        ),
        (["--soak-profile=nowhere/x.toml"], ["nowhere/x.toml"]),
        (["--soak-scenario=clam"], ["'clam'", "volatile", "did you mean 'calm'"]),
        (["--soak-override=min_interval_ms"], ["min_interval_ms", "KEY=VALUE"]),
        (["--soak-override=min_interval=70"], ["min_interval", "min_interval_ms"]),
        (["--soak-override=min_interval_ms=seventy"], ["seventy", "40 to 80 ms"]),
        (["--soak-override=min_interval_ms=nan"], ["nan", "40 to 80 ms"]),
        (["--soak-override=min_interval_ms=81"], ["81", "40 to 80 ms"]),
        (["--soak-iterations=-3"], ["--soak-iterations", "'-3'", "at least 1"]),
        (["--soak-iterations=many"], ["--soak-iterations", "'many'", "at least 1"]),
        (["--soak-seed=5..1"], ["--soak-seed", "'5..1'", "A..B"]),
        (["--soak-seed=x"], ["--soak-seed", "'x'", "A..B"]),
        (["--soak-minutes=0"], ["--soak-minutes", "'0'", "above 0"]),
        (["--soak-minutes=inf"], ["--soak-minutes", "'inf'", "above 0"]),
        (["--soak-minutes=1441"], ["--soak-minutes", "'1441'", "up to 1440"]),
        (["--soak-gate=strict"], ["--soak-gate", "'strict'", "hard, soft, off"]),
        (["--soak-replay=missing.npz"], ["missing.npz", "does not exist"]),
        (["--soak-resume"], ["there is no run yet"]),
        (["--soak-replay=x.npz", "--soak-seed=3"], ["--soak-replay", "neither scenario nor seed"]),
    ],
)
def test_options(pytester: pytest.Pytester, args: list[str], parts: list[str]) -> None:
    line = usage_error(pytester, *args)
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("[parameters]\nmin_interval_ms = 90\n", ["min_interval_ms", "90", "40 to 80 ms"]),
        ("[parameters]\nmin_interval_ms = nan\n", ["min_interval_ms", "nan"]),
        ("[parameters]\nmin_interval_ms = '75'\n", ["min_interval_ms", "75"]),
        ("[parameters]\nmin_interval = 75\n", ["min_interval"]),
        ("[parameters]\n[guards.frieze]\nx = 1\n", ["frieze", "freeze"]),
        ("[parameters]\n[gates.thresholds.net_bpss]\nfail_below = 2.0\n", ["net_bpss", "net_bps"]),
        ("[parameters]\n[guards.panic]\nprofile = 'nope'\n", ["nope"]),
        ("[parameters\n", ["mine.toml"]),
        ("\xff", ["mine.toml"]),
    ],
)
def test_profiles(pytester: pytest.Pytester, content: str, parts: list[str]) -> None:
    """Unknown key, out of bounds, NaN, wrong type, not TOML: file, key, value and what is accepted."""
    head = 'schema_version = 1\nname = "mine"\n'
    if "gates" not in content:
        content += "\n[gates.thresholds.net_bps]\nfail_below = 2.0\n"
    path = pytester.path / "mine.toml"
    path.write_text(head + content, encoding="latin-1")
    line = usage_error(pytester, "--soak-profile=./mine.toml")
    for part in ("mine.toml", *parts):
        assert part in line


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{", ["invalid JSON"]),
        ("[1]", ["not an object"]),
        ('{"min_interval_ms": NaN}', ["NaN"]),
        ('{"min_interval_ms": true}', ["min_interval_ms", "True"]),
        ('{"min_interval_ms": 70, "min_interval_ms": 71}', ["twice"]),
        ('{"min_intervall_ms": 70}', ["min_intervall_ms", "did you mean 'min_interval_ms'"]),
        ('{"tail_age_ms": 9000}', ["9000", "500 to 800 ms"]),
    ],
)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_overrides(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str, parts: list[str], source: str
) -> None:
    """Pitfall 19: invalid overrides are never ignored, wherever they come from."""
    if source == "environment":
        monkeypatch.setenv("MM_RUNTIME_OVERRIDES_JSON", text)
        parts = [*parts, "MM_RUNTIME_OVERRIDES_JSON"]
    else:
        path = pytester.path / "artifacts/soak/runtime_overrides.json"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        parts = [*parts, "runtime_overrides.json"]
    line = usage_error(pytester, *MAIN)
    for part in parts:
        assert part in line


def test_sleep_seconds(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK_SLEEP_SECONDS", "soon")
    assert "SOAK_SLEEP_SECONDS = 'soon'" in usage_error(pytester, *MAIN)


def test_recordings(pytester: pytest.Pytester) -> None:
    """Unreadable, truncated or foreign: each says which file and what was expected."""
    good = pytester.path / "good.npz"
    write_npz(good, random_rows(1))
    (pytester.path / "cut.npz").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (pytester.path / "text.npz").write_text("no numbers here", encoding="utf-8")
    for name in ("cut.npz", "text.npz"):
        assert name in usage_error(pytester, f"--soak-replay={name}")


def test_artifacts_folder_that_is_a_file(pytester: pytest.Pytester) -> None:
    (pytester.path / "taken").write_text("mine", encoding="utf-8")
    line = usage_error(pytester, *MAIN, "--soak-artifacts=taken")
    assert "taken" in line
    assert (pytester.path / "taken").read_text(encoding="utf-8") == "mine"


def test_journal_of_a_newer_schema(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.runpytest_inprocess(*MAIN)
    journal = canary_folder(pytester.path).resolve() / "soak.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    result = pytester.runpytest_inprocess("--soak-resume")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*soak.db*99*"])


def test_tampered_overrides_stop_the_next_iteration(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """SAFE-5: the file that the next iteration would run with is not what the journal recorded."""
    scripted([GOOD])
    conftest = pytester.path / "conftest.py"
    conftest.write_text(
        conftest.read_text(encoding="utf-8")
        + """
import json, pathlib

def pytest_soak_iteration_finished(record):
    if record.iteration == 2:
        path = next(pathlib.Path("artifacts/soak/runs").glob("*/*/runtime_overrides.json"))
        path.write_text(json.dumps({"min_interval_ms": 41}), encoding="utf-8")
""",
        encoding="utf-8",
    )
    result = pytester.runpytest_inprocess(*MAIN, "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        ["*iteration 3 of steady_safe-calm-s1 refuses to start*runtime_overrides.json*"]
    )
    assert not (canary_folder(pytester.path) / "ITER_SUMMARY_3.json").exists()


def test_nothing_of_an_earlier_run_is_touched(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    pytester.runpytest_inprocess(*MAIN)
    runs = pytester.path / "artifacts/soak/runs"
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    for args in (
        ["--soak-profile=nope"],
        ["--soak-override=x"],
        ["--soak-resume=nope"],
        ["--soak-replay=no"],
    ):
        assert pytester.runpytest_inprocess(*args).ret == pytest.ExitCode.USAGE_ERROR
    assert {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()} == before


def test_a_strategy_that_breaks_fails_its_items(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Pitfall 23: an error is no warning; the iterations before it stand."""
    scripted([GOOD])
    conftest = pytester.path / "conftest.py"
    text = conftest.read_text(encoding="utf-8").replace(
        "        net, risk, adverse =",
        "        assert window.iteration < 3, 'desk is down'\n        net, risk, adverse =",
    )
    conftest.write_text(text, encoding="utf-8")
    result = pytester.runpytest_inprocess(*MAIN, "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*desk is down*"])
    assert summary(pytester.path, 2)["summary"]["kpi_verdict"] == "OK"


def test_hooks_that_answer_nonsense(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD])
    conftest = pytester.path / "conftest.py"
    conftest.write_text(
        conftest.read_text(encoding="utf-8") + "\ndef pytest_soak_guard(context):\n    return 'no'\n",
        encoding="utf-8",
    )
    result = pytester.runpytest_inprocess(*MAIN)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*a pytest_soak_guard hook returned 'no'*"])


def test_full_disk(pytester: pytest.Pytester, scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """No space when the second iteration is exported: a failed item that says so, the first one stands."""
    scripted([GOOD])

    class FullDisk(Disk):
        def replace(self, source: Path, target: Path) -> None:
            if target.name == "ITER_SUMMARY_2.json":
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            super().replace(source, target)

    monkeypatch.setattr(files, "disk", FullDisk())
    result = pytester.runpytest_inprocess(*MAIN, "-p", "no:randomly")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*ITER_SUMMARY_2.json could not be written: the disk is full*"])
    assert summary(pytester.path, 1)["summary"]["kpi_verdict"] == "OK"


def test_a_latest_that_is_a_folder_is_said_once_and_the_run_goes_on(pytester: pytest.Pytester) -> None:
    (pytester.path / "artifacts/soak/latest").mkdir(parents=True)
    command = ("--soak-iterations=3", "--soak-minutes=1", "--soak-profile=steady_safe", "--soak-gate=off")
    result = pytester.runpytest_subprocess(*command, "-W", "default")
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines(
        ["*SoakStoreWarning: *latest could not be pointed at the newest run: it is no*"]
    )
    assert list((pytester.path / "artifacts/soak/latest").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_artifacts_removed_in_the_middle_fail_every_item_that_follows(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import shutil\n"
        "def pytest_soak_iteration_finished(record, parameters):\n"
        "    if record.iteration == 2:\n"
        "        shutil.rmtree('artifacts', ignore_errors=True)\n"
    )
    result = pytester.runpytest_inprocess("--soak-iterations=4", "--soak-minutes=0.05", "--soak-gate=off")
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(["*soak.db: the journal was moved, deleted or replaced while*"])
    assert not (pytester.path / "artifacts").exists()


def test_a_manifest_that_is_removed_is_written_again_and_records_that_are_gone_fail_the_run(
    pytester: pytest.Pytester,
) -> None:
    """Else the session ends with 0, and there is nothing to resume, to report or to compare."""
    pytester.makeconftest(
        "import shutil\n"
        "from pathlib import Path\n"
        "def pytest_soak_iteration_finished(record, parameters):\n"
        "    run = Path('artifacts/soak/latest').resolve()\n"
        "    if record.provenance.seed == 1 and record.iteration == 1:\n"
        "        (run / 'RUN.json').unlink()\n"
        "    if record.provenance.seed == 2 and record.iteration == 2:\n"
        "        shutil.rmtree(run / 'default-calm-s1')\n"
    )
    result = pytester.runpytest_subprocess(
        *("--soak-iterations=2", "--soak-minutes=0.05", "--soak-gate=off", "--soak-seed=1..2")
    )
    result.assert_outcomes(passed=6, warnings=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*SoakStoreWarning: *RUN.json was removed while the run went on; it is written again",
            "next: records of this run are missing:*",
            "*latest/default-calm-s1/soak.db*",
        ]
    )
    run = (pytester.path / "artifacts/soak/latest").resolve()
    assert read_manifest(run).canaries == ("default-calm-s1", "default-calm-s2")
