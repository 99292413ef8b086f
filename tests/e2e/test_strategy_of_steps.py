"""A strategy with ``on_step`` through the plugin: its hook, its faults, the maker of the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import recordings_kit as kit
from tests.e2e.conftest import summary
from tests.oracle.recordings import write_npz

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
COMMAND = ("--soak-iterations=2", "--soak-minutes=0.5", "--soak-gate=off", "-p", "no:randomly")


def test_the_maker_of_the_page_is_soaked_on_both_markets(pytester: pytest.Pytester) -> None:
    section = PAGE.read_text(encoding="utf-8")
    pytester.makeconftest(section.partition("```python")[2].partition("```")[0])
    path = write_npz(pytester.path / "calm.npz", kit.calm_rows())
    for more, canary in (((), "default-calm-s1"), ((f"--soak-replay={path}",), "default-calm.npz-s1")):
        pytester.runpytest_inprocess(*COMMAND, *more)
        (folder,) = (pytester.path / "artifacts/soak/latest").glob("default-*")
        record = summary(pytester.path, 2, f"artifacts/soak/latest/{folder.name}")
        assert record["provenance"]["strategy"] == "two_sided", canary
        assert record["summary"]["samples"]["net_bps"] > 5
        assert record["summary"]["maker_taker_ratio"] == 1.0


def test_the_hook_gets_profile_scenario_seed_and_market(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from pytest_soak import Strategy

        class Told(Strategy):
            def __init__(self, told):
                super().__init__()
                self.told = told

            def on_step(self, view):
                assert self.told == ["default", "volatile", 7, "volatile"]

        def pytest_soak_make_strategy(profile, scenario, seed, market):
            return Told([profile.name, scenario, seed, market.name])
        """
    )
    result = pytester.runpytest_inprocess(*COMMAND, "--soak-scenario=volatile", "--soak-seed=7")
    result.assert_outcomes(passed=3)


def test_a_fault_fails_the_item_with_its_traceback_and_the_market_time(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from pytest_soak import Strategy

        class Faulty(Strategy):
            name = "faulty"

            def on_step(self, view):
                if view.time_ms > 5000:
                    self.my_own_function()

            def my_own_function(self):
                raise KeyError("my own fault")

        def pytest_soak_make_strategy(profile):
            return Faulty()
        """
    )
    result = pytester.runpytest_inprocess(*COMMAND)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*my_own_function*", "*my own fault*"])
    # Once, not for every item that it keeps from its iteration.
    assert result.stdout.str().count("self.my_own_function()") == 1
    first = "soak::test_soak[default-calm-s1-iter001]"
    assert result.stdout.str().splitlines().count(f"the canary cannot go on, see {first}") == 2
    result.stdout.no_fnmatch_line("*strategy.py:*")
    result.stdout.no_fnmatch_line("*items.py:*")
    result.stdout.re_match_lines([r".*strategy 'faulty', iteration 1, market time 500\d\.\d+ ms"])
    result.assert_outcomes(failed=3)


def test_what_is_no_strategy_is_refused_once_a_canary(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        class Half:
            name = "half"

        def pytest_soak_make_strategy(profile):
            return Half()
        """
    )
    result = pytester.runpytest_inprocess(*COMMAND)
    result.assert_outcomes(errors=3)
    said = result.stdout.str().splitlines()
    sentence = "hook pytest_soak_make_strategy: Half has no method describe()"
    assert sum(line.startswith(sentence) for line in said) == 1
    assert said.count("the canary cannot go on, see soak::test_soak[default-calm-s1-iter001]") == 2


def test_a_hang_is_ended_by_the_timeout(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from pytest_soak import Strategy

        class Hanging(Strategy):
            name = "hanging"

            def on_step(self, view):
                while True:
                    pass

        def pytest_soak_make_strategy(profile):
            return Hanging()
        """
    )
    result = pytester.runpytest_inprocess(*COMMAND, "--soak-iteration-timeout=0.3", "-x")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "    def on_step(self, view):",
            "*iteration 1 of default-calm-s1, strategy hanging was ended after 0.3 s*",
            "*iteration 1, market time 0.000 ms",
            "conftest.py:*: IterationTimeoutError",
        ]
    )
    refused = pytester.runpytest_inprocess("--soak-iteration-timeout=0")
    assert refused.ret == 4


def test_a_hang_that_no_exception_reaches_ends_the_process(pytester: pytest.Pytester) -> None:
    """With a traceback that pytest has not captured; what was done is kept, and the run can be resumed."""
    pytester.makeconftest(
        """
        import itertools, pathlib
        from pytest_soak import Strategy

        class Hanging(Strategy):
            name = "hanging"

            def on_start(self, view):
                if view.time_ms > 0 and not pathlib.Path("resumed").exists():
                    any(itertools.repeat(False))  # in C, without a look at signals

            def on_step(self, view):
                pass

        def pytest_soak_make_strategy(profile):
            return Hanging()
        """
    )
    job = ("--soak-iterations=2", "--soak-minutes=0.1", "--soak-gate=off", "--soak-report=off")
    result = pytester.runpytest_subprocess(*job, "--soak-iteration-timeout=0.1", timeout=100)
    assert result.ret == 1
    result.stderr.fnmatch_lines(["Timeout (0:00:01*", "*most recent call first*", "*conftest.py*on_start"])
    (pytester.path / "resumed").touch()
    again = pytester.runpytest_inprocess(*job, "--soak-resume")
    assert again.ret == 0
    assert len(list((pytester.path / "artifacts/soak/runs").rglob("ITER_SUMMARY_*.json"))) == 2
