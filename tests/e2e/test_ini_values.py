"""Ini options in every kind of file and with every kind of value: the right one, or one sentence."""

from __future__ import annotations

import itertools
import json

import pytest

from pytest_soak.plugin.options import read_settings
from tests.e2e.conftest import Scripted

KEYS = (
    "iterations",
    "profile",
    "scenario",
    "seed",
    "override",
    "minutes",
    "gate",
    "artifacts",
    "replay",
    "resume",
    "no_tune",
)
VALUES: tuple[object, ...] = (["x", "y"], [1, True], 3, 0.5, True, "", [], [["a"]])


@pytest.mark.parametrize("table", ["tool.pytest.ini_options", "tool.pytest"])
def test_any_value_is_taken_or_refused_in_one_sentence(pytester: pytest.Pytester, table: str) -> None:
    for key, value in itertools.product(KEYS, VALUES):
        pytester.makepyprojecttoml(f"[{table}]\nsoak_{key} = {json.dumps(value)}\n")
        problem = problem_with(pytester.parseconfig("-p", "no:randomly"))
        assert problem is None or f"soak_{key}" in problem


def problem_with(config: pytest.Config) -> str | None:
    try:
        read_settings(config)
    except pytest.UsageError as error:
        return str(error)
    return None


def test_what_is_right_counts(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([(3.2, 0.30, 1.0)])
    pytester.makepyfile("def test_maker(soak_iteration): pass")
    for iterations, seeds in itertools.product(("3", '["3"]'), ("[4, 5]", '"4..5"')):
        pytester.makepyprojecttoml(
            f"[tool.pytest.ini_options]\nsoak_iterations = {iterations}\nsoak_seed = {seeds}\n"
        )
        result = pytester.runpytest_inprocess("--co", "-q")
        assert sum("::" in line for line in result.outlines) == 8
