"""A resume is of the same strategy and the same profile; an edit of the overrides is never lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MAKER = """
from pytest_soak.market import ReferenceMaker


class Mine:
    name = "mine"

    def __init__(self, profile):
        self._maker = ReferenceMaker(profile.maker, profile.fees)

    def describe(self):
        return {{}}

    def run(self, market, parameters, window):
        {line}
        return self._maker.run(market, parameters, window)


def pytest_soak_make_strategy(profile):
    return Mine(profile)
"""
BEGIN = ("--soak-iterations=3", "--soak-minutes=0.5", "--soak-gate=off", "-k", "iter001")


def test_an_edited_strategy_is_refused_once(pytester: pytest.Pytester) -> None:
    """Its description is the same, its source is not: two strategies would be mixed.

    The run stops at the first item that says so, whatever is left of it. pytest's own short
    summary, which repeats messages where `CI` is set, is left out of the count.
    """
    pytester.makeconftest(MAKER.format(line="pass"))
    assert pytester.runpytest_inprocess(*BEGIN).ret == 0
    pytester.makeconftest(MAKER.format(line="parameters = {**parameters, 'tail_age_ms': 500.0}"))
    for workers in ("-n0", "-n1"):
        run = pytester.runpytest_inprocess if workers == "-n0" else pytester.runpytest_subprocess
        result = run("--soak-resume", workers, "-rN")
        assert result.ret != 0
        said = "the source or describe() of its strategy has changed. Undo what was"
        assert result.stdout.str().count(said) == 1
        assert result.parseoutcomes()["errors"] == 1
        result.stdout.fnmatch_lines(["!* the run cannot be resumed as it is*"])
    pytester.makeconftest(MAKER.format(line="pass"))
    assert pytester.runpytest_inprocess("--soak-resume").ret == 0


def test_a_changed_profile_is_named_once_with_its_keys(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("soak_profiles")
    mine = folder / "mine.toml"
    mine.write_text('extends = "steady_safe"\n[fees]\nmaker_bps = -0.5\n', encoding="utf-8")
    assert pytester.runpytest_inprocess(*BEGIN, "--soak-profile=mine").ret == 0
    mine.write_text('extends = "steady_safe"\n[fees]\nmaker_bps = 0.25\n', encoding="utf-8")
    result = pytester.runpytest_inprocess("--soak-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stderr.str()
    assert text.count("mine.toml has changed since the run began: fees.maker_bps was -0.5 and is 0.25.") == 1
    assert "start a new run" in text


EDITING = """
import json
from pathlib import Path

import pytest
from pytest_soak.market import ReferenceMaker


class Edited(ReferenceMaker):
    def run(self, market, parameters, window):
        if window.iteration == 2:
            file = next(Path.cwd().glob("artifacts/soak/runs/*/*/runtime_overrides.json"))
            file.write_text(json.dumps({"min_interval_ms": 77}), encoding="utf-8")
        return ReferenceMaker.run(self, market, parameters, window)


def pytest_soak_make_strategy(profile):
    return Edited(profile.maker, profile.fees)
"""


def test_overrides_edited_while_an_iteration_runs_are_not_overwritten(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(EDITING)
    result = pytester.runpytest_inprocess("--soak-iterations=3", "--soak-minutes=0.5", "--soak-gate=off")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*iteration 2 of default-calm-s1 is committed, but its export is held back*"]
    )
    file = next(Path(pytester.path).glob("artifacts/soak/runs/*/*/runtime_overrides.json"))
    assert json.loads(file.read_text(encoding="utf-8")) == {"min_interval_ms": 77}
