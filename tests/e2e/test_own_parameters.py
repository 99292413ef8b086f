"""A strategy with parameters of its own, from the command line to every output."""

from __future__ import annotations

import json

import pytest

from pytest_soak.cli import main

CONFTEST = """
from pytest_soak import Parameter, Strategy

class Own(Strategy):
    name = "own"
    own_parameters = (
        Parameter(
            name="half_spread_bps", unit="bps", low=3.0, high=8.0, default=4.5, step=0.5, relax_step=0.25,
            safer=1, moved_by=("AGGRESSIVE", "NORMALIZE"), meaning="half of the spread",
        ),
    )

    def on_step(self, view):
        if view.mid is None or view.in_flight:
            return
        view.cancel_all()
        view.record("half", view.parameters.half_spread_bps)
        for side in (1, -1):
            view.place(side, view.mid * (1 - side * view.parameters.half_spread_bps * 1e-4), 0.5)

def pytest_soak_make_strategy(profile):
    return Own(fees=profile.fees)
"""
PROFILE = """
extends = "default"
name = "mine"
[parameters]
half_spread_bps = 5.0
[tuner.parameters.half_spread_bps]
high = 6.0
[tuner.parameters.impact_cap_ratio]
moved_by = []
[gates]
mode = "off"
"""
COMMAND = ("--soak-iterations=3", "--soak-minutes=0.5", "-p", "no:randomly")


def test_profile_override_tuner_and_outputs_take_them_as_they_are(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.mkdir("soak_profiles").joinpath("mine.toml").write_text(PROFILE, encoding="utf-8")
    result = pytester.runpytest_inprocess(
        *COMMAND, "--soak-profile=mine", "--soak-override=half_spread_bps=6"
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["*half_spread_bps=6 from --soak-override", "*half_spread_bps 6 -> 5.75*", "*half_spread_bps 1 high"]
    )
    folder = next(pytester.path.glob("artifacts/soak/runs/*/mine-calm-s1"))
    # A KPI of its own, which no gate asks for: of the iteration after the warm-up.
    report = (folder.parent / "report.md").read_text(encoding="utf-8")
    assert "| own.half.p95 | 5.5 | - | " in report
    assert main(["compare", "latest", "latest"]) == 0
    assert "  own.half.p95               5.5         5.5          +0 " in capsys.readouterr().out
    tuned = json.loads((folder / "ITER_SUMMARY_1.json").read_text(encoding="utf-8"))
    assert tuned["overrides"]["half_spread_bps"] == 6.0
    assert tuned["next_overrides"]["half_spread_bps"] == 5.75
    assert "impact_cap_ratio" not in tuned["tuning"]["proposal"]
    report = json.loads((folder / "TUNING_REPORT.json").read_text(encoding="utf-8"))["summary"]
    assert report["at_bound"]["half_spread_bps"] == {"low": 0, "high": 1}
    assert (
        "half_spread_bps"
        in json.loads((folder / "TUNING_STATE.json").read_text(encoding="utf-8"))["velocity"]
    )
    run = str(pytester.path / "artifacts" / "soak" / "latest")
    capsys.readouterr()
    assert main(["explain", run, "mine-calm-s1", "1", "half_spread_bps"]) == 0
    assert "half_spread_bps: 6 -> 5.75 (-0.25); proposed -0.25" in capsys.readouterr().out
    assert main(["report", run, "--output", str(pytester.path / "out")]) == 0
    assert "half_spread_bps" in (pytester.path / "out" / "report.md").read_text(encoding="utf-8")

    same = pytester.runpytest_inprocess("--soak-resume", "-p", "no:randomly")
    same.assert_outcomes(passed=4)
    pytester.makeconftest(CONFTEST.replace("low=3.0", "low=2.0"))
    other = pytester.runpytest_inprocess("--soak-resume", "-p", "no:randomly")
    other.stdout.fnmatch_lines(["*parameter half_spread_bps.low was 3.0 and is 2.0*"])


def test_a_name_that_nobody_declares_is_refused_before_collection(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    typo = pytester.runpytest_inprocess(*COMMAND, "--soak-override=half_spred_bps=5")
    assert typo.ret == pytest.ExitCode.USAGE_ERROR
    typo.stderr.fnmatch_lines(["*known are *half_spread_bps; did you mean 'half_spread_bps'?"])


def test_a_strategy_that_is_made_deeper_is_asked_at_the_first_item(pytester: pytest.Pytester) -> None:
    """Its ``conftest.py`` is loaded by collection only, in workers too; a typo then fails its items."""
    deep = pytester.mkdir("market") / "soaks"
    deep.mkdir()
    (deep / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (deep / "test_own.py").write_text(
        "def test_own(soak_iteration):\n    assert soak_iteration.parameters['half_spread_bps'] == 5.5\n",
        encoding="utf-8",
    )
    command = (*COMMAND, "--soak-no-tune", "--soak-gate=off", "-k", "own")
    pytester.makeini("[pytest]\ntestpaths = .\n")
    for workers in ((), ("-n", "2")):
        run = pytester.runpytest_subprocess if workers else pytester.runpytest_inprocess
        found = run(*command, *workers, "--soak-override=half_spread_bps=5.5")
        found.assert_outcomes(passed=4)
    typo = pytester.runpytest_inprocess(*COMMAND, "-k", "own", "--soak-override=half_spred_bps=5")
    assert typo.parseoutcomes()["errors"] == 4
    typo.stdout.fnmatch_lines(["*known are *half_spread_bps; did you mean 'half_spread_bps'?"])
