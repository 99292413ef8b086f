"""``--soak-fills``: from command line, ini file and profile to the market, the header and the records."""

from __future__ import annotations

import pytest

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
    assert pytester.runpytest_subprocess(*ONE, "--soak-fills=through").ret == 0
