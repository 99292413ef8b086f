"""Workers of pytest-xdist that die: the run always ends, and its canary continues from the journal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
import os, pathlib
import pytest

def pytest_runtest_call(item):
    if {word!r} in item.nodeid:
        for number in range({times}):
            try:
                pathlib.Path(f"crash{{number}}").touch(exist_ok=False)
            except FileExistsError:
                continue
            os._exit(9)
"""


def run(folder: Path, word: str, times: int, *args: str) -> tuple[int, str]:
    """Three canaries; the worker dies so many times where an item's id holds the word."""
    conftest = CONFTEST.format(word=word, times=times)
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--soak-gate=off"),
            *("--soak-seed=1..3", "--soak-iterations=2", "--soak-minutes=0.05", *args),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("word", ["s1-iter002", "s2-iter001", "s3-gates"])
def test_a_crash_ends_green_with_a_line_that_says_so(tmp_path: Path, word: str, workers: int) -> None:
    code, out = run(tmp_path, word, 1, f"-n{workers}")
    assert code == 0, out
    assert "9 passed, 1 resumed" in out
    assert "its worker died once; it went on from its journal" in out
    assert len(list(tmp_path.glob("artifacts/soak/runs/*/*/ITER_SUMMARY_*.json"))) == 6


def test_a_canary_that_always_crashes_fails_and_the_others_go_on(tmp_path: Path) -> None:
    code, out = run(tmp_path, "s2-iter002", 99, "-n1")
    assert code == 1, out
    assert "1 failed, 7 passed, 2 resumed" in out
    assert "workers died 3 times in this canary, so the rest of it is left out" in out


def test_a_limit_of_restarts_that_the_user_gave_is_kept(tmp_path: Path) -> None:
    code, out = run(tmp_path, "s2-iter002", 99, "-n1", "--max-worker-restart=0")
    assert code == 1, out
    assert " resumed" not in out


@pytest.mark.parametrize("name", ["xdist", "xdist.plugin"])
def test_workers_belong_to_the_run_by_whichever_name_xdist_is_loaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    code, out = run(tmp_path, "nothing", 0, "-n1", "-p", "soak", "-p", name)
    assert code == 0, out
    assert len(list(tmp_path.glob("artifacts/soak/runs/*"))) == 1
