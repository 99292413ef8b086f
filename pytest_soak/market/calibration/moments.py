"""The statistics in which a fitted market is to be as the recorded one is.

Each is one number of a stretch of a market, the same of a recording and of a scenario. A scale enters by its
logarithm, so that a distance is a relative one. ``tolerance`` is what a statistic may be off without being
called unmatched, where the recordings tell it more sharply than any model of a market is true.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_soak.market.facts import costs, estimators, flow, prices, quotes
from pytest_soak.market.facts.series import Series
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.tape import Tape

    Doubles = NDArray[np.float64]
    Measure = Callable[[Series], float]

_SAME = 1e-6
_QUOTED_S = 1.0
_RATIO = 0.1
"""Tolerance of a logarithm: a tenth of the value."""
_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Moment:
    """One statistic: its name, how it is computed, its tolerance, and whether its logarithm is compared."""

    name: str
    measure: Measure
    tolerance: float
    logarithmic: bool = False

    def shown(self, value: float) -> float:
        """The value without its logarithm."""
        return math.exp(value) if self.logarithmic else value


def measured(tape: Tape, moments: Sequence[Moment]) -> Doubles:
    """The statistics of a tape; NaN where there is nothing to compute one of."""
    import numpy as np

    series = Series(tape)
    values = np.full(len(moments), np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Of a stretch that is too short or too still.
        warnings.simplefilter("ignore", RuntimeWarning)
        for place, moment in enumerate(moments):
            try:
                value = moment.measure(series)
                value = float(np.log(value)) if moment.logarithmic else value
            except (ValueError, IndexError):
                continue
            if np.isfinite(value):
                values[place] = value
    return values


def _of_fact(measure: Callable[[Series], tuple[float, int]]) -> Measure:
    return lambda series: measure(series)[0]


def _one_tick(series: Series) -> float:
    """Share of time in which the spread is its least one."""
    import numpy as np

    spread = series.tape.ask - series.tape.bid
    known = spread[np.isfinite(spread)]
    return float(np.mean(known <= known.min() * (1.0 + _SAME)))


def _spread(series: Series) -> float:
    return float(series.spread.mean())


def _wide_spread(series: Series) -> float:
    """How far the widest hundredth rises above the mean."""
    import numpy as np

    return float(np.quantile(series.spread, 0.99) / series.spread.mean())


def _queues(series: Series) -> Doubles:
    """What stands at the best prices, in quote units, of both sides one after the other."""
    import numpy as np

    tape = series.tape
    queues: Doubles = np.concatenate((tape.bid_queue * tape.mid, tape.ask_queue * tape.mid))
    return queues[queues > 0.0]


def _queue(share: float) -> Measure:
    def quantile(series: Series) -> float:
        import numpy as np

        return float(np.quantile(_queues(series), share))

    return quantile


def _depth(series: Series) -> float:
    """What ten levels of a side hold, in quote units."""
    import numpy as np

    tape = series.tape
    return float(np.nanmedian((tape.bid_depth + tape.ask_depth) * 0.5 * tape.mid))


def _gaps(series: Series) -> Doubles:
    """Ticks from the best price to the next one, of both sides one after the other."""
    import numpy as np

    gaps: Doubles = np.concatenate((series.tape.bid_gap, series.tape.ask_gap))
    return gaps[gaps > 0.0]


def _bare(series: Series) -> float:
    """Share of time in which nothing stands a tick behind the best price."""
    import numpy as np

    return float(np.mean(_gaps(series) > 1.0))


def _gap(series: Series) -> float:
    return float(_gaps(series).mean())


def _small_moves(series: Series) -> float:
    """Share of the moves of the best prices in a step that are not further than a tick."""
    import numpy as np

    tape = series.tape
    moves = np.abs(np.concatenate((np.diff(tape.bid), np.diff(tape.ask))))
    moves = moves[moves > 0.0]
    return float(np.mean(moves < 1.5 * moves.min()))


def _still_changes(series: Series) -> tuple[Doubles, Doubles]:
    """Queues at unchanged best prices and their changes within a step, over the mean queue."""
    import numpy as np

    tape = series.tape
    before, change = [], []
    for price, queue in ((tape.bid, tape.bid_queue), (tape.ask, tape.ask_queue)):
        still = np.diff(price) == 0.0
        before.append(queue[:-1][still])
        change.append(np.diff(queue)[still])
    queues, changes = np.concatenate(before), np.concatenate(change)
    mean = queues.mean()
    return queues / mean, changes / mean


def _turnover(series: Series) -> float:
    """How much a queue changes within a step, over the mean queue."""
    import numpy as np

    return float(np.abs(_still_changes(series)[1]).mean())


def _drift(*, long: bool) -> Measure:
    """How much the shortest or the longest third of queues changes in the mean: intensities by queue size."""

    def drift(series: Series) -> float:
        import numpy as np

        queues, changes = _still_changes(series)
        edge = np.quantile(queues, 2.0 / 3.0 if long else 1.0 / 3.0)
        use = queues >= edge if long else queues <= edge
        return float(changes[use].mean())

    return drift


def _rate(series: Series) -> float:
    return len(series.tape.trade_s) / series.tape.seconds


def _fano(window_s: float) -> Measure:
    """Variance over mean of counts of market orders."""

    def fano(series: Series) -> float:
        import numpy as np

        bins = int(series.tape.seconds / window_s)
        at = (series.tape.trade_s / window_s).astype(int)
        counts = np.bincount(at[at < bins], minlength=bins).astype(float)
        return float(counts.var() / counts.mean())

    return fano


def _size(share: float) -> Measure:
    """A quantile of the notional of market orders."""

    def quantile(series: Series) -> float:
        import numpy as np

        tape = series.tape
        return float(np.quantile(tape.trade_qty * tape.trade_price, share))

    return quantile


def _mean_size(series: Series) -> float:
    tape = series.tape
    return float((tape.trade_qty * tape.trade_price).mean())


def _volatility(seconds: float) -> Measure:
    """Deviation of returns per root of a second, bps."""

    def volatility(series: Series) -> float:
        return float(series.returns(seconds).std() / seconds**0.5)

    return volatility


def _unmoved(series: Series) -> float:
    """Share of steps in which the mid stays where it is."""
    import numpy as np

    return float(np.mean(np.abs(np.diff(series.path)) < _SAME))


def _move(share: float) -> Measure:
    """A quantile of the size of the moves of a step, rests left out, bps."""

    def quantile(series: Series) -> float:
        import numpy as np

        moves = np.abs(np.diff(series.path))
        return float(np.quantile(moves[moves > _SAME], share))

    return quantile


def _met(spreads: float) -> Measure:
    """Share of quotes, so many mean spreads behind the best price, that a second meets."""

    def met(series: Series) -> float:
        import numpy as np

        tape, steps = series.tape, round(_QUOTED_S / STEP_S)
        spread = float(np.nanmedian(tape.ask - tape.bid))
        away = spreads * spread
        low, high = series.reached
        shares = []
        for best, reached, sign in ((tape.bid, low, 1.0), (tape.ask, high, -1.0)):
            later = np.lib.stride_tricks.sliding_window_view(sign * reached[1:], steps).min(axis=1)
            # A thousandth of a spread beyond, as prices are rounded.
            price = sign * best[: len(later)] - away + 1e-3 * spread
            known = np.isfinite(price)
            shares.append(np.mean(later[known] <= price[known]))
        return float(np.mean(shares))

    return met


def _large_moves(series: Series) -> float:
    """Share of the variance of a step that its largest hundredth makes."""
    import numpy as np

    squares = np.sort(np.diff(series.path) ** 2)
    return float(squares[-max(1, len(squares) // 100) :].sum() / squares.sum())


def _peak(seconds: float) -> Measure:
    return lambda series: estimators.geary_ratio(series.returns(seconds))


def _sign_memory(lag: int) -> Measure:
    return lambda series: float(series.sign_memory[lag])


def _response(seconds: float) -> Measure:
    """Response of the mid to market orders, in volatilities per order."""
    return _of_fact(costs.response(seconds))


def _picked(series: Series) -> float:
    """Share of market orders that the mid follows by more than the half-spread within a second."""
    import numpy as np

    moves = series.markouts(1.0)
    return float(np.mean(moves[np.isfinite(moves)] > 2.0 * series.half_spread))


MOMENTS: tuple[Moment, ...] = (
    Moment("share of time at the least spread", _one_tick, _SHARE),
    Moment("mean spread", _spread, _RATIO, logarithmic=True),
    Moment("widest spreads", _wide_spread, 2 * _RATIO, logarithmic=True),
    Moment("deviation of the spread", _of_fact(quotes.spread_deviation), _SHARE),
    Moment("queue, lower quartile", _queue(0.25), 2 * _RATIO, logarithmic=True),
    Moment("queue, median", _queue(0.5), _RATIO, logarithmic=True),
    Moment("queue, upper quartile", _queue(0.75), _RATIO, logarithmic=True),
    Moment("depth of ten levels", _depth, _RATIO, logarithmic=True),
    Moment("bare a tick behind", _bare, _SHARE),
    Moment("ticks to the next price", _gap, 2 * _RATIO, logarithmic=True),
    Moment("deviation of depth", _of_fact(quotes.depth_deviation), _SHARE),
    Moment("turnover of queues", _turnover, 2 * _RATIO, logarithmic=True),
    Moment("growth of short queues", _drift(long=False), 0.02),
    Moment("shrinking of long queues", _drift(long=True), 0.02),
    Moment("market orders per second", _rate, _RATIO, logarithmic=True),
    Moment("gaps between market orders", _of_fact(flow.gaps), _RATIO, logarithmic=True),
    Moment("bursts within 0.1 s", _fano(0.1), 2 * _RATIO, logarithmic=True),
    Moment("bursts within 1 s", _fano(1.0), 2 * _RATIO, logarithmic=True),
    Moment("bursts within 10 s", _fano(10.0), 2 * _RATIO, logarithmic=True),
    Moment("size of market orders, median", _size(0.5), 2 * _RATIO, logarithmic=True),
    Moment("size of market orders, upper tenth", _size(0.9), 2 * _RATIO, logarithmic=True),
    Moment("size of market orders, mean", _mean_size, 2 * _RATIO, logarithmic=True),
    Moment("memory of sides, next order", _sign_memory(1), _SHARE),
    Moment("memory of sides, tenth order", _sign_memory(10), _SHARE),
    Moment("emptied queues", _of_fact(flow.emptied), _SHARE),
    Moment("volatility over 0.1 s", _volatility(STEP_S), _RATIO, logarithmic=True),
    Moment("volatility over 1 s", _volatility(1.0), _RATIO, logarithmic=True),
    Moment("volatility over 10 s", _volatility(10.0), _RATIO, logarithmic=True),
    Moment("unmoved mids", _unmoved, _SHARE),
    Moment("moves of the mid, median", _move(0.5), 2 * _RATIO, logarithmic=True),
    Moment("moves of the mid, upper tenth", _move(0.9), 2 * _RATIO, logarithmic=True),
    Moment("moves of a tick", _small_moves, _SHARE),
    Moment("large moves", _large_moves, _SHARE),
    Moment("met within 1 s at the best price", _met(0.0), _SHARE),
    Moment("met within 1 s a spread behind", _met(1.0), _SHARE),
    Moment("met within 1 s four spreads behind", _met(4.0), _SHARE),
    Moment("peaked returns, 1 s", _peak(1.0), _SHARE),
    Moment("volatility of volatility", _of_fact(prices.volatility_of_volatility), 2 * _RATIO),
    Moment("response after 0.1 s", _response(STEP_S), _RATIO),
    Moment("response after 1 s", _response(1.0), _RATIO),
    Moment("response after 5 s", _response(5.0), 2 * _RATIO),
    Moment("response after 30 s", _response(30.0), 4 * _RATIO),
    Moment("market orders that the mid follows", _picked, _SHARE),
    Moment("cost in front of the queue", _of_fact(costs.by_queue), _RATIO),
    Moment("flow and return", _of_fact(flow.signed_flow), 2 * _SHARE),
    Moment("imbalance and next move", _of_fact(quotes.imbalance_next), _SHARE),
    Moment("imbalance and move", _of_fact(quotes.imbalance_now), 2 * _SHARE),
)
"""What is compared, by the part of a market that it tells of: spread, depth, flow, price, and their bonds."""
