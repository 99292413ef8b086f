"""Verdicts on leaks: simulated series of 96 iterations, each kind with the verdict that it must have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from pytest_soak.domain.leaks import Budget, theil_sen, trend_of

RSS = Budget(slope=10_000.0, growth=500_000.0)
COUNT = Budget(slope=0.02, growth=3.0)
N = 96
SERIES = 40


def noisy(of: Callable[[int], float], sd: float = 100_000.0, memory: float = 0.0) -> Counter[str]:
    """Verdicts on series of a course with noise that may have a memory (AR(1))."""
    found: Counter[str] = Counter()
    for seed in range(SERIES):
        random, last, values = Random(seed), 0.0, []
        for n in range(N):
            last = memory * last + random.gauss(0.0, sd * math.sqrt(1 - memory**2))
            values.append(5e7 + of(n) + last)
        found[trend_of(values, RSS).verdict] += 1
    return found


def test_no_growth_is_no_leak() -> None:
    assert noisy(lambda _: 0.0)["stable"] == SERIES
    assert noisy(lambda _: 0.0, memory=0.8)["leak"] == 0
    assert noisy(lambda n: 8e6 if n >= 10 else 0.0)["stable"] == SERIES
    assert noisy(lambda n: 2e8 if n == 40 else 0.0)["stable"] == SERIES


def test_growth_that_goes_on_is_a_leak() -> None:
    assert noisy(lambda n: 1e5 * n)["leak"] == SERIES
    assert noisy(lambda n: 2e6 * (n // 20), sd=1e4)["leak"] >= 0.9 * SERIES


def test_growth_that_slows_down_is_warming() -> None:
    found = noisy(lambda n: 8e6 * math.log1p(n))
    assert found["warming"] >= 0.9 * SERIES
    assert found["leak"] == 0


def test_a_descriptor_left_open_every_ten_iterations_is_a_leak() -> None:
    assert trend_of([12.0 + n // 10 for n in range(N)], COUNT).verdict == "leak"
    assert trend_of([12.0 + n % 2 for n in range(N)], COUNT).verdict == "stable"


def test_little_growth_so_far_is_inconclusive() -> None:
    assert trend_of([2e4 * n for n in range(24)], RSS).verdict == "inconclusive"


@pytest.mark.parametrize(("count", "verdict"), [(14, "NO_DATA"), (15, "stable")])
def test_few_iterations_are_no_data(count: int, verdict: str) -> None:
    trend = trend_of([5e7] * count, RSS)
    assert trend.verdict == verdict
    assert (trend.slope is None) == (verdict == "NO_DATA")


def test_many_values_are_thinned_out_and_the_slope_stays_per_iteration() -> None:
    trend = trend_of([3.0 * n for n in range(5_000)], RSS)
    assert (trend.slope, trend.low, trend.high) == (3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("values", "slope"),
    [
        ([1.0, 2.0, 3.0, 4.0], 1.0),
        ([0.0, 0.0, 0.0], 0.0),
        ([0.0, 1.0, 2.0, 100.0], (1.0 + 100.0 / 3.0) / 2.0),
    ],
)
def test_the_slope_is_the_median_of_all(values: list[float], slope: float) -> None:
    found, low, high = theil_sen(values)
    assert low <= found <= high
    assert found == slope


def test_the_interval_holds_the_true_slope_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        random = Random(seed)
        _, low, high = theil_sen([2.0 * n + random.gauss(0.0, 5.0) for n in range(30)])
        held += low <= 2.0 <= high
    assert 180 <= held <= 199
