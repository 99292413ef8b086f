"""The canary that runs where a project has no soak test of its own."""

from __future__ import annotations

from pytest_soak import SoakIteration


def test_soak(soak_iteration: SoakIteration) -> None:
    """The strategy holds its KPI gates in every iteration."""
    soak_iteration.check_gates()
