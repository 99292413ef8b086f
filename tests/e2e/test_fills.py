"""``--soak-fills``: from command line, ini file and profile to the market, the header and the records."""

from __future__ import annotations

from statistics import fmean

import pytest

from pytest_soak import cli
from tests.e2e.conftest import summary

ONE = ("--soak-iterations=1", "--soak-minutes=0.05", "--soak-gate=off", "--soak-report=off")
CALM = "pytest_soak.market import MockMarket, load_scenario"


def test_option_goes_before_ini_and_ini_before_profile(pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.toml").write_text('extends = "steady_safe"\nfills = "touch"\n', encoding="utf-8")
    words = (*ONE, "--soak-profile=./mine.toml")
    cases = (("", "", "touch"), ("pessimistic", "", "pessimistic"), ("touch", "through", "through"))
    for ini, option, used in cases:
        pytester.makeini(f"[pytest]\nsoak_fills = {ini}\n" if ini else "[pytest]\n")
        result = pytester.runpytest_inprocess(*words, *([f"--soak-fills={option}"] if option else []))
        assert result.ret == 0
        result.stdout.fnmatch_lines([f"soak: profile mine, scenario calm, fills {used}, seed 1, *"])
        assert summary(pytester.path, 1)["provenance"]["fills"] == used


def test_resume_keeps_the_model_and_takes_no_other(pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess(*ONE, "--soak-fills=through").ret == 0
    refused = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1", "--soak-fills=touch")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "started with fills = 'through', this command says 'touch'" in refused.stderr.str()
    assert pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1").ret == 0
    assert summary(pytester.path, 2)["provenance"]["fills"] == "through"


@pytest.mark.parametrize("place", ["option", "ini"])
def test_another_word_is_refused(pytester: pytest.Pytester, place: str) -> None:
    pytester.makeini("[pytest]\nsoak_fills = front\n" if place == "ini" else "[pytest]\n")
    result = pytester.runpytest_inprocess(*ONE, *(["--soak-fills=front"] if place == "option" else []))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'front' is not one of queue, touch, through, pessimistic" in result.stderr.str()


def test_a_market_that_fills_otherwise_is_no_answer(pytester: pytest.Pytester) -> None:
    """The records would say ``through`` of fills by the queue."""
    made = "def pytest_soak_make_market(request):\n    return MockMarket(load_scenario('calm'), seed=1{})\n"
    pytester.makeconftest(f"from {CALM}\n" + made.format(""))
    result = pytester.runpytest_inprocess(*ONE, "--soak-fills=through")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "accepted is a market made with fills=request.fills" in result.stderr.str()
    pytester.makeconftest(f"from {CALM}\n" + made.format(", fills=request.fills"))
    assert pytester.runpytest_inprocess(*ONE, "--soak-fills=through").ret == 0


def test_a_gate_asks_that_net_also_holds_under_another_model(pytester: pytest.Pytester) -> None:
    """A strategy that is paid by the rule of fills alone is red by one line of a profile."""
    (pytester.path / "soak_profiles").mkdir()
    (pytester.path / "soak_profiles" / "careful.toml").write_text(
        'extends = "steady_safe"\n[gates]\nwarmup_iterations = 0\n'
        '[gates.thresholds."net_bps@through"]\nfail_below = 50.0\nleast = 1\n',
        encoding="utf-8",
    )
    pytester.makepyfile(
        "def test_sees_both(soak_iteration):\n"
        "    assert soak_iteration.kpis.under['through'].fills < soak_iteration.kpis.fills\n"
    )
    words = ("--soak-iterations=1", "--soak-minutes=1", "--soak-profile=careful", "--soak-scenario=volatile")
    result = pytester.runpytest_inprocess(*words, "--soak-report=off")
    # The user's own test passes; the gates of the canary do not.
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*net_bps@through: measured * bps, required >= 50 bps, off by *"])
    written = summary(pytester.path, 1)
    gate = next(one for one in written["gates"] if one["kpi"] == "net_bps@through")
    assert gate["measured"] == written["summary"]["under"]["through"]["net_bps"]
    assert written["summary"]["net_bps"] != gate["measured"]
    pytester.makeconftest(
        f"from {CALM}\n"
        "class Fixed(MockMarket):\n    under = None\n"
        "def pytest_soak_make_market(request):\n    return Fixed(load_scenario('calm'), seed=1)\n"
    )
    refused = pytester.runpytest_inprocess(*words)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "a gate asks for a KPI under 'through', but market calm has no method" in refused.stderr.str()


def test_a_run_is_repeated_under_each_model(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the same seeds and with the run's own settings: the row of its model is the run's own figures."""
    words = ("--soak-iterations=3", "--soak-minutes=1", "--soak-seed=1..2", "--soak-gate=off")
    assert pytester.runpytest_inprocess(*words, "--soak-override=tail_age_ms=500", "--soak-no-tune").ret == 0
    folders = [f"artifacts/soak/latest/default-calm-s{seed}" for seed in (1, 2)]
    measured = [summary(pytester.path, 3, folder)["summary"] for folder in folders]
    capsys.readouterr()
    assert cli.main(["fills", "artifacts/soak"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("changed")]
    rows = {line.split()[0]: line.split()[1:] for line in lines[4:]}
    assert list(rows) == ["queue", "touch", "through", "pessimistic"]
    assert float(rows["queue"][0]) == fmean(one["fills"] for one in measured)
    assert float(rows["queue"][1]) == pytest.approx(fmean(one["net_bps"] for one in measured), abs=0.006)
    assert float(rows["through"][0]) < float(rows["queue"][0])


def test_a_repetition_that_does_not_work_is_said(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pytester.runpytest_inprocess(*ONE).ret == 0
    pytester.makeconftest("raise RuntimeError('no project any more')")
    capsys.readouterr()
    assert cli.main(["fills", "artifacts/soak"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("pytest-soak: the run with --soak-fills=queue ended with exit code 4: ")
    assert "no project any more" in said
