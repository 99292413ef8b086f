"""Measures of market orders: when they come, on which side, how large, and what the price does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators

if TYPE_CHECKING:
    from pytest_soak.market.facts.series import Series

_LARGE = 0.1


def branching(series: Series) -> tuple[float, int]:
    """Branching ratio of market orders."""
    times = series.tape.trade_s
    return estimators.branching_ratio(times, window=10.0, block=300.0), len(times)


def gaps(series: Series) -> tuple[float, int]:
    """Variation of the gaps between market orders."""
    import numpy as np

    gaps = np.diff(series.tape.trade_s)
    return estimators.variation(gaps), len(gaps)


def sign_memory(series: Series) -> tuple[float, int]:
    """Autocorrelation of the sides of market orders."""
    return float(series.sign_memory[10]), len(series.tape.trade_side)


def sign_decay(series: Series) -> tuple[float, int]:
    """How slowly that autocorrelation falls."""
    return estimators.decay_exponent(series.sign_memory, 1, 50), len(series.tape.trade_side)


def sizes(series: Series) -> tuple[float, int]:
    """Tail index of the sizes of market orders."""
    return estimators.tail_index(series.tape.trade_qty, _LARGE), len(series.tape.trade_qty)


def emptied(series: Series) -> tuple[float, int]:
    """Share of market orders that take all that stands at the best price."""
    return float(series.tape.trade_emptied.mean()), len(series.tape.trade_emptied)


def volume(series: Series) -> tuple[float, int]:
    """Rank correlation of volume and the size of moves."""
    volume, moves = series.in_bins(series.tape.trade_qty), abs(series.bin_returns)
    return estimators.rank_correlation(volume, moves), len(moves)


def signed_flow(series: Series) -> tuple[float, int]:
    """Correlation of net volume and moves."""
    import numpy as np

    tape = series.tape
    net = series.in_bins(tape.trade_side * tape.trade_qty)
    return float(np.corrcoef(net, series.bin_returns)[0, 1]), len(net)
