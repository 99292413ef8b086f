"""`--lf` and `--ff` after a soak: its failed items run again, with its settings."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Scripted

GOOD, BAD = (3.2, 0.30, 1.0), (-9.0, 0.30, 1.0)
SOAK = ("--soak-iterations=5", "--soak-profile=steady_safe", "--soak-minutes=2")
TEST = "soak::test_soak"
FAILED = f"{TEST}[steady_safe-calm-s1-iter004]"
OWN = "def test_mine(soak_iteration):\n    soak_iteration.check_gates()\n"


def ran(result: pytest.RunResult) -> list[str]:
    """Node ids of the failed items, from the short summary."""
    return [line.split()[1] for line in result.outlines if line.startswith("FAILED ")]


def settings(pytester: pytest.Pytester) -> dict[str, object]:
    text = (pytester.path / "artifacts/soak/latest/RUN.json").read_text(encoding="utf-8")
    content: dict[str, object] = json.loads(text)["settings"]
    return content


def test_failed_items_run_again_with_the_settings_of_their_soak(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    """The shipped canary's items too, with or without failed tests in files; once they pass, no more."""
    scripted([GOOD, GOOD, GOOD, BAD, GOOD])
    pytester.makepyfile(
        test_plain="def test_plain():\n    assert 0\n", test_good="def test_good():\n    pass\n"
    )
    first = pytester.runpytest_inprocess(*SOAK)
    assert FAILED in ran(first)
    before = settings(pytester)
    again = pytester.runpytest_inprocess("--lf")
    assert ran(again) == ran(first)
    again.assert_outcomes(failed=len(ran(first)), deselected=6 - len(ran(first)) + 2)
    assert settings(pytester) == before
    # An ordinary session in between keeps both; its own failure runs again with them.
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1, failed=1)
    both = pytester.runpytest_inprocess("--lf")
    assert set(ran(both)) == {*ran(first), "test_plain.py::test_plain"}
    first_failed = pytester.runpytest_inprocess("--ff", "--co", "-q")
    listed = [line for line in first_failed.outlines if "::" in line]
    assert len(listed) == 6 + 2
    scripted([GOOD])
    pytester.runpytest_inprocess("--lf", "-k", "soak").assert_outcomes(
        passed=len(ran(first)), deselected=7 - len(ran(first))
    )
    last = pytester.runpytest_inprocess("--lf")
    assert ran(last) == ["test_plain.py::test_plain"]
    assert not [line for line in last.outlines if line.startswith("soak")]


def test_a_test_of_the_projects_own(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """Below a path that is named, also where the test was asked for by a soak option before."""
    scripted([GOOD, GOOD, GOOD, BAD, GOOD])
    pytester.makepyfile(test_mine=OWN)
    first = pytester.runpytest_inprocess(*SOAK)
    assert "test_mine.py::test_mine[steady_safe-calm-s1-iter004]" in ran(first)
    assert ran(pytester.runpytest_inprocess("--lf")) == ran(first)
    assert ran(pytester.runpytest_inprocess("--lf", "test_mine.py")) == ran(first)
    assert settings(pytester)["iterations"] == 5


def test_soak_options_are_the_newer_word(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD, GOOD, GOOD, BAD, GOOD])
    pytester.runpytest_inprocess(*SOAK)
    pytester.runpytest_inprocess("--lf", "--soak-profile=steady_safe", "--soak-iterations=4")
    assert settings(pytester)["iterations"] == 4
    # To list items is not to run them.
    pytester.runpytest_inprocess("--co", "--soak-iterations=2")
    pytester.runpytest_inprocess("--lf")
    assert settings(pytester)["iterations"] == 4


def test_under_xdist(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([GOOD, GOOD, GOOD, BAD, GOOD])
    first = pytester.runpytest_subprocess("-n2", *SOAK)
    assert FAILED in ran(first)
    again = pytester.runpytest_subprocess("-n1", "--lf")
    assert sorted(ran(again)) == sorted(ran(first))
    assert settings(pytester)["iterations"] == 5
    assert sorted(ran(pytester.runpytest_inprocess("--lf"))) == sorted(ran(first))


def test_what_another_version_kept_is_passed_over(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """As are sessions without a cache: neither says a word about a soak."""
    scripted([GOOD, GOOD, GOOD, BAD, GOOD])
    pytester.makepyfile("def test_plain():\n    pass\n")
    pytester.runpytest_inprocess(*SOAK, "-p", "no:cacheprovider").assert_outcomes(
        passed=4, failed=2, deselected=1
    )
    assert not (pytester.path / ".pytest_cache").exists()
    pytester.runpytest_inprocess(*SOAK)
    file = pytester.path / ".pytest_cache/v/soak/last"
    settings = json.loads(file.read_text(encoding="utf-8"))["settings"]
    leftovers: list[object] = [
        {"settings": settings, "tests": 3},
        {"settings": {}, "tests": [TEST]},
        {"settings": {**settings, "iterations": "5"}, "tests": [TEST]},
        {"settings": {**settings, "new": 1}, "tests": [TEST]},
        {"settings": settings, "tests": [[TEST]]},
        [],
    ]
    for kept in leftovers:
        file.write_text(json.dumps(kept), encoding="utf-8")
        result = pytester.runpytest_inprocess("--lf")
        result.assert_outcomes(passed=1)
        assert not [line for line in result.outlines if line.startswith("soak")]
