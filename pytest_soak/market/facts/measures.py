"""What the stylised facts are computed of, and how: each measure gives a value and its observations."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    from pytest_soak.market.facts.estimators import Doubles
    from pytest_soak.market.tape import Tape

_MARK_S = 1.0
_TAIL = 0.01


class Series:
    """What facts are computed of, derived from a tape once."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def returns(self, seconds: float) -> Doubles:
        """Log returns of the mid over ``seconds``, not overlapping, bps."""
        import numpy as np

        every = round(seconds / STEP_S)
        moves: Doubles = np.diff(np.log(self.mid[::every])) * 1e4
        return moves

    @cached_property
    def mid(self) -> Doubles:
        """Mid every 100 ms from the first known one on."""
        import numpy as np

        mid = self.tape.mid
        known: Doubles = mid[np.isfinite(mid)]
        return known

    @cached_property
    def spread(self) -> Doubles:
        """Spreads that are known, bps."""
        import numpy as np

        spread = self.tape.spread_bps
        known: Doubles = spread[np.isfinite(spread)]
        return known

    @cached_property
    def size_memory(self) -> Doubles:
        """Autocorrelation of absolute 1 s returns up to 300 s."""
        import numpy as np

        return estimators.autocorrelation(np.abs(self.returns(1.0)), 300)

    @cached_property
    def sign_memory(self) -> Doubles:
        """Autocorrelation of the sides of market orders up to 50 orders."""
        return estimators.autocorrelation(self.tape.trade_side, 50)

    def cost_to_maker(self, *, emptied: bool) -> tuple[float, int]:
        """Mean move of the mid against the maker 1 s after a market order, bps, and the number of orders.

        Of all orders, which a quote in front of its queue meets, or of those that ``emptied`` the best price,
        which alone reach the last quote in the queue.
        """
        import numpy as np

        tape = self.tape
        at = ((tape.trade_s + _MARK_S) / STEP_S).astype(int)
        use = np.isfinite(tape.trade_mid) & (at < len(tape.mid))
        if emptied:
            use &= tape.trade_emptied
        move = tape.mid[at[use]] / tape.trade_mid[use] - 1.0
        return float(np.mean(tape.trade_side[use] * move) * 1e4), int(use.sum())


def tail_index(series: Series) -> tuple[float, int]:
    """Tail index of 1 s returns."""
    returns = series.returns(1.0)
    return estimators.tail_index(returns, _TAIL), len(returns)


def kurtosis(series: Series) -> tuple[float, int]:
    """Excess kurtosis of 1 s returns."""
    returns = series.returns(1.0)
    return estimators.excess_kurtosis(returns), len(returns)


def aggregation(series: Series) -> tuple[float, int]:
    """Kurtosis that is left at five minutes; of a market without heavy tails there is none to lose."""
    short, long = series.returns(1.0), series.returns(300.0)
    at_first = estimators.excess_kurtosis(short)
    left = estimators.excess_kurtosis(long) / at_first if at_first > 1.0 else float("nan")
    return left, len(long)


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


def spread_tail(series: Series) -> tuple[float, int]:
    """How far the spread rises above its median."""
    import numpy as np

    spread = series.spread
    return float(np.quantile(spread, 0.999) / np.median(spread)), len(spread)


def adverse(series: Series) -> tuple[float, int]:
    """Cost to a maker in front of the queue."""
    return series.cost_to_maker(emptied=False)


def adverse_by_queue(series: Series) -> tuple[float, int]:
    """What a maker at the end of the queue pays more."""
    (front, _), (back, count) = (series.cost_to_maker(emptied=e) for e in (False, True))
    return back - front, count
