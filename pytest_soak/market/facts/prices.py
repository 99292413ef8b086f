"""Measures of prices alone; each gives a value and its number of observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators

if TYPE_CHECKING:
    from pytest_soak.market.facts.series import Series

_TAIL = 0.01
_MINUTE = 60
_JUMP = 4.0


def tail_index(series: Series) -> tuple[float, int]:
    """Tail index of 1 s returns."""
    returns = series.returns(1.0)
    return estimators.tail_index(returns, _TAIL), len(returns)


def peak(series: Series) -> tuple[float, int]:
    """How peaked 1 s returns are."""
    returns = series.returns(1.0)
    return estimators.geary_ratio(returns), len(returns)


def aggregation(series: Series) -> tuple[float, int]:
    """Share of the peak that is left at five minutes; NaN for a market that has none."""
    short, long = series.returns(1.0), series.returns(300.0)
    at_first = estimators.GAUSSIAN_RATIO - estimators.geary_ratio(short)
    left = estimators.GAUSSIAN_RATIO - estimators.geary_ratio(long)
    return left / at_first if at_first > 0.02 else float("nan"), len(long)


def jumps(series: Series) -> tuple[float, int]:
    """Share of variance in returns that stand out of their minute."""
    import numpy as np

    returns = series.returns(1.0)
    minutes = returns[: len(returns) // _MINUTE * _MINUTE].reshape(-1, _MINUTE)
    usual = np.abs(minutes).mean(axis=1, keepdims=True) / estimators.GAUSSIAN_RATIO
    squares = minutes**2
    return float(squares[np.abs(minutes) > _JUMP * usual].sum() / squares.sum()), minutes.size


def linear_memory(series: Series) -> tuple[float, int]:
    """Largest autocorrelation of 1 s returns beyond a few lags."""
    returns = series.returns(1.0)
    return float(abs(estimators.autocorrelation(returns, 30)[5:]).max()), len(returns)


def clustering(series: Series) -> tuple[float, int]:
    """Mean autocorrelation of absolute 1 s returns."""
    return float(series.size_memory[10:101].mean()), len(series.returns(1.0))


def clustering_decay(series: Series) -> tuple[float, int]:
    """How slowly that autocorrelation falls."""
    return estimators.decay_exponent(series.size_memory, 5, 300), len(series.returns(1.0))


def volatility_of_volatility(series: Series) -> tuple[float, int]:
    """How far the volatility of one minute is from that of another."""
    import numpy as np

    returns = series.returns(1.0)
    minutes = returns[: len(returns) // _MINUTE * _MINUTE].reshape(-1, _MINUTE).std(axis=1)
    return float(np.log(minutes[minutes > 0.0]).std()), len(minutes)
