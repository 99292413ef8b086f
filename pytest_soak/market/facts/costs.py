"""Measures of what market orders pay and makers keep: spreads, the response of the mid, metaorders."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_soak.market.facts.series import Series

    Measure = Callable[[Series], tuple[float, int]]

_FIFTHS = 5
_AFTER_S = 1.0
_TRADERS = 4
_MOST_S = 60.0
_DAY_S = 86_400.0


def effective(series: Series) -> tuple[float, int]:
    """Effective half-spread, bps."""
    return series.half_spread, len(series.tape.trade_s)


def _response(series: Series, seconds: float) -> tuple[float, int]:
    import numpy as np

    moves = series.markouts(seconds)
    return float(np.nanmean(moves)), int(np.isfinite(moves).sum())


def realised(seconds: float) -> Measure:
    """Measure of the realised half-spread after a time, bps."""

    def measure(series: Series) -> tuple[float, int]:
        moved, count = _response(series, seconds)
        return series.half_spread - moved, count

    return measure


def kept(seconds: float) -> Measure:
    """Measure of the realised over the effective spread after a time."""

    def measure(series: Series) -> tuple[float, int]:
        moved, count = _response(series, seconds)
        return 1.0 - moved / series.half_spread, count

    return measure


def response(seconds: float) -> Measure:
    """Measure of the response of the mid after a time, in volatilities per market order."""

    def measure(series: Series) -> tuple[float, int]:
        moved, count = _response(series, seconds)
        return moved / series.deviation_per_trade, count

    return measure


def growth(series: Series) -> tuple[float, int]:
    """Response after a minute over that after a second."""
    early, _ = _response(series, 1.0)
    late, count = _response(series, 60.0)
    return late / early, count


def volatility_per_trade(series: Series) -> tuple[float, int]:
    """Volatility per market order over the half-spread, from moves of a minute."""
    tape = series.tape
    moves = series.returns(60.0)
    per_trade = moves.std() / (60.0 * len(tape.trade_s) / tape.seconds) ** 0.5
    return float(per_trade / series.half_spread), len(tape.trade_s)


def queue_fifth(fifth: int) -> Measure:
    """Measure of the cost 1 s after a fill of an order in a fifth of the best queue, from the front, bps."""
    return partial(_queue_fifth, fifth=fifth)


def _queue_fifth(series: Series, fifth: int) -> tuple[float, int]:
    import numpy as np

    tape, moves = series.tape, series.markouts(_AFTER_S)
    # An order in the middle of the fifth is filled by a market order that reaches it. In a recording the book
    # may be ahead of its prints; where it has no such queue any more nothing is known.
    known = np.isfinite(moves) & (tape.trade_queue > 0.0)
    use = known & (tape.trade_qty >= tape.trade_queue * (fifth - 0.5) / _FIFTHS)
    return float(moves[use].mean()), int(use.sum())


def by_queue(series: Series) -> tuple[float, int]:
    """Cost in the last fifth of the queue over that in the first."""
    front, _ = _queue_fifth(series, 1)
    back, count = _queue_fifth(series, _FIFTHS)
    return back / front, count


class _Metaorders:
    """Proxies of metaorders, as no public tape names the traders.

    Market orders are dealt at random to a few traders; orders of one trader that follow each other on one
    side are one metaorder (Maitrier, Loeper and Bouchaud 2025, arXiv 2503.18199).
    """

    def __init__(self, series: Series) -> None:
        import numpy as np

        tape, path = series.tape, series.trade_path
        trader = np.random.default_rng(1).integers(0, _TRADERS, len(tape.trade_s))
        order = np.argsort(trader, kind="stable")
        side, who = tape.trade_side[order], trader[order]
        begins = np.flatnonzero(np.concatenate(([True], (np.diff(side) != 0.0) | (np.diff(who) != 0))))
        ends = np.concatenate((begins[1:], [len(order)])) - 1
        first, last = order[begins], order[ends]
        use = (ends > begins) & (last + 1 < len(order)) & (last < len(order) - 1)
        first, last = first[use], last[use]
        self.side = tape.trade_side[first]
        self.qty = np.add.reduceat(tape.trade_qty[order], begins)[use]
        self.move = self.side * (path[last + 1] - path[first])
        lasted = np.clip(tape.trade_s[last] - tape.trade_s[first], 1.0, _MOST_S)
        at = ((tape.trade_s[last] + lasted) * 10.0).astype(int)
        later = np.log(tape.mid[np.minimum(at, len(tape.mid) - 1)]) * 1e4
        self.left = np.where(at < len(tape.mid), self.side * (later - path[first]), float("nan"))


def metaorder_exponent(series: Series) -> tuple[float, int]:
    """Exponent of the impact of proxies of metaorders in their size."""
    orders = _Metaorders(series)
    return estimators.growth_exponent(orders.qty, orders.move, 8), len(orders.qty)


def metaorder_size(series: Series) -> tuple[float, int]:
    """Impact of proxies of metaorders over the square root law with a factor of 1."""
    import numpy as np

    orders, tape = _Metaorders(series), series.tape
    daily_volume = tape.trade_qty.sum() / tape.seconds * _DAY_S
    daily_move = series.returns(1.0).std() * _DAY_S**0.5
    law = daily_move * np.sqrt(orders.qty / daily_volume)
    return float(np.nanmean(orders.move) / law.mean()), len(orders.qty)


def metaorder_decay(series: Series) -> tuple[float, int]:
    """What is left of that impact as long after the end as the metaorder lasted."""
    import numpy as np

    orders = _Metaorders(series)
    use = np.isfinite(orders.left) & np.isfinite(orders.move)
    return float(orders.left[use].mean() / orders.move[use].mean()), int(use.sum())
