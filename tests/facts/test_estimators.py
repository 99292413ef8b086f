"""The estimators behind the facts, on processes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_soak.market.facts import estimators

DRAW = np.random.default_rng


@pytest.mark.parametrize("exponent", [1.5, 3.0, 5.0])
def test_tail_index_of_pareto_values(exponent: float) -> None:
    values = DRAW(1).pareto(exponent, 400_000) + 1.0
    assert estimators.tail_index(values, 0.01) == pytest.approx(exponent, rel=0.06)
    assert estimators.tail_index(-values, 0.01) == pytest.approx(exponent, rel=0.06)


def test_a_gaussian_has_no_heavy_tail_and_no_peak() -> None:
    values = DRAW(2).normal(5.0, 2.0, 400_000)
    assert estimators.tail_index(values - 5.0, 0.01) > 6.0
    assert estimators.geary_ratio(values) == pytest.approx(estimators.GAUSSIAN_RATIO, abs=0.003)
    # Laplace: 1 / sqrt(2); a coin: 1.
    assert estimators.geary_ratio(DRAW(3).laplace(size=400_000)) == pytest.approx(0.5**0.5, abs=0.005)
    assert estimators.geary_ratio(np.array([1.0, -1.0])) == 1.0


def test_rank_correlation_sees_order_alone() -> None:
    values = DRAW(8).normal(size=1_000)
    assert estimators.rank_correlation(values, np.exp(9.0 * values)) == pytest.approx(1.0)
    assert estimators.rank_correlation(values, -(values**3)) == pytest.approx(-1.0)
    # Ties share their rank: the order within them says nothing.
    steps, values = np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 2.0, 4.0, 3.0])
    assert estimators.rank_correlation(steps, values) == pytest.approx(0.8944, abs=1e-4)


def test_growth_of_a_power_law() -> None:
    sizes = DRAW(9).pareto(1.5, 40_000) + 1.0
    effects = sizes**0.5 + DRAW(10).normal(0.0, 1.0, len(sizes))
    assert estimators.growth_exponent(sizes, effects, 8) == pytest.approx(0.5, abs=0.06)
    assert np.isnan(estimators.growth_exponent(sizes, -effects, 8))


def test_autocorrelation_is_that_of_the_definition() -> None:
    values = DRAW(4).normal(size=300).cumsum()
    found = estimators.autocorrelation(values, 7)
    centred = values - values.mean()
    plain = [float(centred[: len(values) - lag] @ centred[lag:]) for lag in range(8)]
    assert found == pytest.approx(np.array(plain) / plain[0])


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_decay_of_a_power_law(exponent: float) -> None:
    lags = np.arange(1, 400, dtype=float)
    correlation = np.concatenate(([1.0], 0.3 * lags**-exponent))
    assert estimators.decay_exponent(correlation, 1, 300) == pytest.approx(exponent, abs=0.03)
    noise = DRAW(5).normal(0.0, 0.01, 400)
    assert np.isnan(estimators.decay_exponent(noise, 1, 300))


@pytest.mark.parametrize(("branching", "low", "high"), [(0.0, -0.02, 0.02), (0.6, 0.52, 0.62)])
def test_branching_ratio_of_clusters(branching: float, low: float, high: float) -> None:
    """Each arrival has a Poisson number of children a moment later: a Hawkes process as its clusters."""
    draw = DRAW(6)
    generation = draw.uniform(0.0, 20_000.0, draw.poisson(20_000 * 2.0 * (1.0 - branching)))
    times = [generation]
    while len(generation):
        parents = np.repeat(generation, draw.poisson(branching, len(generation)))
        generation = parents + draw.exponential(0.2, len(parents))
        times.append(generation)
    found = estimators.branching_ratio(np.sort(np.concatenate(times)), window=10.0, block=300.0)
    assert low <= found <= high


def test_slow_changes_of_the_rate_are_no_bursts() -> None:
    draw = DRAW(7)
    times = np.sort(draw.uniform(0.0, 20_000.0, 80_000))
    kept = times[draw.uniform(size=len(times)) < 0.5 + 0.4 * np.sin(times / 3_000.0)]
    assert estimators.branching_ratio(kept, window=10.0, block=300.0) < 0.05


def test_gaps_of_independent_arrivals_vary_like_an_exponential() -> None:
    assert estimators.variation(DRAW(8).exponential(3.0, 200_000)) == pytest.approx(1.0, abs=0.02)
