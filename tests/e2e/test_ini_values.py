"""Ini options in every kind of file and with every kind of value: the right one, or one sentence."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from pytest_soak.plugin import baseline, profiling, reporting, serving
from pytest_soak.plugin.options import read_settings
from tests.e2e.conftest import Scripted

VALUES: tuple[object, ...] = (["x", "y"], [1, True], [True], 3, 0.5, True, "", [], [["a"]], ["x"])


@pytest.mark.parametrize("table", ["tool.pytest.ini_options", "tool.pytest"])
def test_any_value_is_taken_or_refused_in_one_sentence(pytester: pytest.Pytester, table: str) -> None:
    """Of every ini option that there is, read as it is when a run begins."""
    options = [name for name in pytester.parseconfig()._parser._inidict if name.startswith("soak_")]
    assert len(options) > 18
    for value in VALUES:
        lines = "".join(f"{option} = {json.dumps(value)}\n" for option in options)
        pytester.makepyprojecttoml(f"[{table}]\n{lines}")
        config = pytester.parseconfig("-p", "no:randomly")
        given = config._inicfg
        for option in options:
            config._inicache.clear()
            config._inicfg = {option: given[option]}
            problem = problem_with(config)
            assert not problem or option in problem


def problem_with(config: pytest.Config) -> str:
    try:
        settings = read_settings(config)
        reporting.wanted(config)
        profiling.read(config)
        baseline.wanted(config, settings.artifacts, Path)
        list(serving.wanted(config, Path))
    except pytest.UsageError as error:
        return str(error)
    assert settings.resume is None or isinstance(settings.resume, str)
    return ""


def test_what_is_right_counts(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([(3.2, 0.30, 1.0)])
    pytester.makepyfile("def test_maker(soak_iteration): pass")
    for iterations, seeds in itertools.product(("3", '["3"]'), ("[4, 5]", '"4..5"')):
        pytester.makepyprojecttoml(
            f"[tool.pytest.ini_options]\nsoak_iterations = {iterations}\nsoak_seed = {seeds}\n"
        )
        result = pytester.runpytest_inprocess("--co", "-q")
        assert sum("::" in line for line in result.outlines) == 8
