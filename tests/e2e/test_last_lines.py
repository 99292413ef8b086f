"""The last lines of runs that are cut short, or whose gates nobody judged."""

from __future__ import annotations

import pytest


def test_a_run_cut_short_tells_how_to_go_on(pytester: pytest.Pytester) -> None:
    """Two of four iterations were asked for: the rest is missing, and no gate is said to hold."""
    options = ("--soak-iterations=4", "--soak-minutes=0.2", "--soak-gate=soft")
    result = pytester.runpytest_subprocess(*options, "-k", "iter002")
    run = next((pytester.path / "artifacts/soak/runs").iterdir()).name
    assert f"missing: 2 of 4 iterations; pytest --soak-resume={run}" in result.outlines
    assert "gates held" not in result.stdout.str()
    whole = pytester.runpytest_subprocess(f"--soak-resume={run}")
    assert "missing:" not in whole.stdout.str()


def test_with_the_gates_off_nothing_is_said_to_hold(pytester: pytest.Pytester) -> None:
    """No gate is judged, so none held."""
    result = pytester.runpytest_subprocess("--soak-iterations=2", "--soak-gate=off")
    assert "gates held" not in result.stdout.str()
    result.stdout.fnmatch_lines(["next: *"])
