"""Soaks under pytest-xdist without deaths: distributions, mixed tests, and stopping all workers."""

from __future__ import annotations

import re

import pytest

JOB = ("--soak-minutes=0.05", "--soak-gate=off", "-p", "no:cacheprovider")
MIXED = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_ordinary(number):
    pass

@pytest.mark.soak(seed=[1, 2], iterations=2, gates="off")
def test_soak(soak_iteration):
    soak_iteration.check_gates()
"""
# One item fails; the others take their time, so that there is something left to stop.
FAILING = """
import time
import pytest

def pytest_runtest_call(item):
    if "s1-iter001" in item.nodeid:
        pytest.fail("planned")
    time.sleep(0.2)
"""


def run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """In a process of its own where it has workers."""
    if "-n0" in words:
        return pytester.runpytest_inprocess(*words)
    return pytester.runpytest_subprocess(*words, timeout=100)


def summaries(pytester: pytest.Pytester) -> int:
    return len(list(pytester.path.glob("artifacts/soak/runs/*/*/ITER_SUMMARY_*.json")))


@pytest.mark.parametrize(
    "args", ["-n4", "-n2 --dist loadscope", "-n2 --dist loadgroup", "-n2 --dist worksteal", "-n0"]
)
def test_every_record_is_there(pytester: pytest.Pytester, args: str) -> None:
    """And, as there are many canaries, each of their iterations is one line, from the first on.

    The last line counts ordinary tests that were left out.
    """
    pytester.makepyfile("def test_ordinary():\n    pass\n")
    result = run(pytester, *JOB, "--soak-seed=1..5", "--soak-iterations=2", *args.split())
    assert result.ret == 0
    assert result.parseoutcomes() == {"passed": 15, "deselected": 1}
    assert summaries(pytester) == 10
    live = result.outlines[: result.outlines.index(next(x for x in result.outlines if "soak summary" in x))]
    assert sum(" net " in line for line in live) == 10
    assert not any("reference_maker: profit" in line for line in live)


@pytest.mark.parametrize("args", ["-n2", "-n2 --dist loadgroup", "-n0"])
def test_ordinary_tests_beside_soaks(pytester: pytest.Pytester, args: str) -> None:
    pytester.makepyfile(MIXED)
    result = run(pytester, "-o", "soak_minutes=0.05", *args.split())
    assert result.ret == 0
    assert result.parseoutcomes() == {"passed": 10}
    assert summaries(pytester) == 4


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_a_failure_stops_the_other_workers_soon(pytester: pytest.Pytester, stop: str) -> None:
    """Not at the end of their canaries; what is missing is said, with how to go on."""
    pytester.makeconftest(FAILING)
    result = pytester.runpytest_subprocess(
        *JOB, "--soak-seed=1..3", "--soak-iterations=40", "-n2", stop, timeout=100
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert summaries(pytester) < 20
    found = re.search(r"^missing: (\d+) of 120 iterations", result.stdout.str(), re.MULTILINE)
    # An item in hand may have been kept without its report.
    assert found is not None
    assert 120 - int(found[1]) <= summaries(pytester)
    run = next(pytester.path.glob("artifacts/soak/runs/*")).name
    result.stdout.fnmatch_lines([f"next: go on where it stopped: pytest --soak-resume={run}"])
