"""Measures of quotes: whether and when they are filled, and what the book says of the next move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.facts.series import Series

    Measure = Callable[[Series], tuple[float, int]]

HORIZON_S = 10.0
_MOST_STARTS = 20_000


def _waits(series: Series, distance: float) -> NDArray[np.float64]:
    """Time until a quote behind the best price is met, s; infinite where it is not within the horizon.

    The distance is in deviations of the mid over the horizon, as 1 s returns give them for a random walk.
    """
    import numpy as np

    tape, steps = series.tape, round(HORIZON_S / STEP_S)
    starts = len(tape.bid) - steps
    at = np.arange(0, starts, max(10, starts // _MOST_STARTS))
    away = distance * series.returns(1.0).std() * HORIZON_S**0.5 * 1e-4
    low, high = series.reached
    waits = []
    for best, reached, sign in ((tape.bid, low, 1.0), (tape.ask, high, -1.0)):
        price = best[at] * (1.0 - sign * away)
        later = np.lib.stride_tricks.sliding_window_view(reached[1:], steps)[at]
        met = sign * (later - price[:, None]) <= 0.0
        waits.append(np.where(met.any(axis=1), (met.argmax(axis=1) + 1) * STEP_S, np.inf)[np.isfinite(price)])
    return np.concatenate(waits)


def filled(distance: float) -> Measure:
    """Measure of the probability that a quote at a distance from the best price is met in time."""

    def measure(series: Series) -> tuple[float, int]:
        import numpy as np

        return float(np.isfinite(_waits(series, distance)).mean()), int(series.tape.seconds / HORIZON_S)

    return measure


def time_to_fill(distance: float) -> Measure:
    """Measure of the median time to that, of the quotes that are met, s."""

    def measure(series: Series) -> tuple[float, int]:
        import numpy as np

        waits = _waits(series, distance)
        return float(np.median(waits[np.isfinite(waits)])), int(series.tape.seconds / HORIZON_S)

    return measure


def spread_deviation(series: Series) -> tuple[float, int]:
    """Deviation of the log of the spread."""
    import numpy as np

    return float(np.log(series.spread).std()), len(series.spread)


def spread_tail(series: Series) -> tuple[float, int]:
    """How far the spread rises above its median."""
    import numpy as np

    return float(np.quantile(series.spread, 0.999) / np.median(series.spread)), len(series.spread)


def depth_deviation(series: Series) -> tuple[float, int]:
    """Deviation of the log of depth."""
    import numpy as np

    depth = series.tape.bid_depth + series.tape.ask_depth
    return float(np.log(depth[depth > 0.0]).std()), len(depth)


def imbalance_now(series: Series) -> tuple[float, int]:
    """Rank correlation of order flow imbalance and the move over the same 10 s."""
    net = series.sums(series.imbalance, 10.0)
    moves = series.returns(10.0)[: len(net)]
    return estimators.rank_correlation(net[: len(moves)], moves), len(moves)


def imbalance_next(series: Series) -> tuple[float, int]:
    """Rank correlation of order flow imbalance of a second and the move of the next."""
    net = series.sums(series.imbalance, 1.0)
    moves = series.returns(1.0)[: len(net)]
    return estimators.rank_correlation(net[: len(moves) - 1], moves[1:]), len(moves) - 1


def depth_next(series: Series) -> tuple[float, int]:
    """Rank correlation of the imbalance of depth and the move of the next second."""
    import numpy as np

    tape, every = series.tape, round(1.0 / STEP_S)
    share = (tape.bid_depth - tape.ask_depth) / (tape.bid_depth + tape.ask_depth)
    moves = series.returns(1.0)
    share = np.nan_to_num(share[series.unknown :: every])
    return estimators.rank_correlation(share[: len(moves)], moves), len(moves)
