"""The last lines of runs that are cut short, or whose gates nobody judged."""

from __future__ import annotations

import re

import pytest


@pytest.mark.usefixtures("gate_warnings")
def test_a_run_cut_short_tells_how_to_go_on(pytester: pytest.Pytester) -> None:
    """Two of four iterations were asked for: the rest is missing, and no gate is said to hold."""
    options = ("--soak-iterations=4", "--soak-minutes=0.2", "--soak-gate=soft")
    result = pytester.runpytest_inprocess(*options, "-k", "iter002")
    run = next((pytester.path / "artifacts/soak/runs").iterdir()).name
    assert f"missing: 2 of 4 iterations; pytest --soak-resume={run}" in result.outlines
    assert "gates held" not in result.stdout.str()
    whole = pytester.runpytest_inprocess(f"--soak-resume={run}")
    assert "missing:" not in whole.stdout.str()


def test_with_the_gates_off_nothing_is_said_to_hold(pytester: pytest.Pytester) -> None:
    """No gate is judged, so none held."""
    result = pytester.runpytest_inprocess("--soak-iterations=2", "--soak-gate=off")
    assert "gates held" not in result.stdout.str()
    result.stdout.fnmatch_lines(["next: *"])


def test_one_warning_per_cause_and_canary(pytester: pytest.Pytester) -> None:
    """Counted instead of repeated, also from workers; under -W error what only warns still does not fail."""
    options = ("--soak-iterations=4", "--soak-minutes=0.05", "--soak-gate=soft", "--soak-seed=1..2")
    for more in ((), ("-n", "2"), ("-W", "error")):
        result = pytester.runpytest_subprocess(*options, *more)
        assert result.ret == 0
        heads = [line for line in result.outlines if "SoakGateWarning: " in line and "net_bps: " in line]
        assert len(heads) == 2
        assert "(and 4 more of default-calm-s1: NO_DATA net_bps)" in heads[0]
        assert "(and 4 more of default-calm-s2: NO_DATA net_bps)" in heads[1]


@pytest.mark.usefixtures("gate_warnings")
def test_many_canaries_show_a_matrix(pytester: pytest.Pytester) -> None:
    """Six canaries: a line for each that did not hold, and one for all seeds."""
    options = ("--soak-iterations=1", "--soak-minutes=0.05", "--soak-gate=soft", "--soak-seed=1..6")
    result = pytester.runpytest_inprocess(*options)
    result.stdout.fnmatch_lines(["profile *scenario *seeds *", "default *calm * 6 *"])
    at = next(n for n, line in enumerate(result.outlines) if line.startswith("canary "))
    assert len({line.split()[0] for line in result.outlines[at + 1 : at + 7]}) == 6


SLOW = """
import time
from pytest_soak.market import ReferenceMaker

class Slow(ReferenceMaker):
    def run(self, market, parameters, window):
        time.sleep(0.2 if window.iteration == 2 else 0.0)
        return ReferenceMaker.run(self, market, parameters, window)

def pytest_soak_make_strategy(profile):
    return Slow(profile.maker, profile.fees)
"""


def test_durations_are_those_of_the_iterations(pytester: pytest.Pytester) -> None:
    """The time of an iteration is that of its own item's call."""
    pytester.makeconftest(SLOW)
    words = ("--soak-iterations=3", "--soak-minutes=0.02", "--soak-gate=off", "--soak-report=off")
    result = pytester.runpytest_inprocess(*words, "--durations=0", "--durations-min=0", "-p", "no:randomly")
    found = re.findall(r"([0-9.]+)s call +soak::test_soak\[default-calm-s1-(\w+)\]", result.stdout.str())
    assert sorted(name for _, name in found) == ["gates", "iter001", "iter002", "iter003"]
    assert all(float(seconds) >= 0.2 for seconds, name in found if name == "iter002")


def test_a_long_run_takes_a_screen_and_a_line_per_iteration_with_v(pytester: pytest.Pytester) -> None:
    """Also where workers run it: how far it is, and net and risk as small pictures."""
    options = ("--soak-iterations=40", "--soak-minutes=0.02", "--soak-gate=off", "--soak-report=off")
    result = pytester.runpytest_subprocess(*options, "-n1")
    assert result.ret == 0
    told = [line for line in result.outlines if line.startswith("soak: ") and "canaries done" in line]
    assert 10 <= len(told) <= 11
    assert told[-1].startswith("soak: 40/40 iterations, 1/1 canaries done")
    assert not [line for line in result.outlines if line.startswith("default-calm-s1 1/40")]
    result.stdout.fnmatch_lines(["net  |*", "risk |*", "*(26 more iterations in the journal)"])
    assert len(result.outlines) <= 60
    assert max(map(len, told)) <= 80
    verbose = pytester.runpytest_inprocess(*options, "-v")
    assert sum(line.startswith("default-calm-s1 ") and "/40 " in line for line in verbose.outlines) == 40
