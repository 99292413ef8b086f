"""What facts are computed of, derived from a tape once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_soak.market.facts import estimators
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.facts.estimators import Doubles
    from pytest_soak.market.tape import Tape

BIN_S = 10.0
_ONE_TICK_SHARE = 0.5
_SAME = 1e-6


class Series:
    """A tape, and what several measures need of it."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def returns(self, seconds: float) -> Doubles:
        """Log returns of the mid over ``seconds``, not overlapping, bps."""
        import numpy as np

        every = round(seconds / STEP_S)
        moves: Doubles = np.diff(self.path[::every])
        return moves

    @cached_property
    def path(self) -> Doubles:
        """Log of the mid every 100 ms from the first known one on, bps."""
        import numpy as np

        path: Doubles = np.log(self.tape.mid[self.unknown :]) * 1e4
        return path

    @cached_property
    def unknown(self) -> int:
        """Samples before the first known mid."""
        import numpy as np

        return int(np.isnan(self.tape.mid).sum())

    @cached_property
    def spread(self) -> Doubles:
        """Spreads that are known, bps."""
        import numpy as np

        spread = self.tape.spread_bps
        known: Doubles = spread[np.isfinite(spread)]
        return known

    @cached_property
    def one_tick(self) -> bool:
        """Whether the spread is its least one for most of the time: the tick sets it, not competition."""
        import numpy as np

        spread = self.tape.ask - self.tape.bid
        known = spread[np.isfinite(spread)]
        return bool(len(known) and np.mean(known <= known.min() * (1.0 + _SAME)) > _ONE_TICK_SHARE)

    @cached_property
    def half_spread(self) -> float:
        """Median effective half-spread: what a market order paid against the mid before it, bps."""
        import numpy as np

        tape = self.tape
        return float(np.nanmedian(tape.trade_side * (tape.trade_price / tape.trade_mid - 1.0)) * 1e4)

    @cached_property
    def deviation_per_trade(self) -> float:
        """Volatility per market order: deviation of 1 s returns over the root of orders per second, bps."""
        return float(self.returns(1.0).std() / (len(self.tape.trade_s) / self.tape.seconds) ** 0.5)

    @cached_property
    def size_memory(self) -> Doubles:
        """Autocorrelation of absolute 1 s returns up to 300 s."""
        import numpy as np

        return estimators.autocorrelation(np.abs(self.returns(1.0)), 300)

    @cached_property
    def sign_memory(self) -> Doubles:
        """Autocorrelation of the sides of market orders up to 50 orders."""
        return estimators.autocorrelation(self.tape.trade_side, 50)

    @cached_property
    def trade_path(self) -> Doubles:
        """Log of the mid before each market order, bps."""
        import numpy as np

        logs: Doubles = np.log(self.tape.trade_mid) * 1e4
        return logs

    def markouts(self, seconds: float) -> Doubles:
        """Move of the mid to the aggressor's side from before each market order to later, bps.

        NaN where the tape ends before, or had no mid.
        """
        import numpy as np

        tape = self.tape
        at = ((tape.trade_s + seconds) / STEP_S).astype(int)
        later = np.log(tape.mid[np.minimum(at, len(tape.mid) - 1)]) * 1e4
        moves: Doubles = np.where(
            at < len(tape.mid), tape.trade_side * (later - self.trade_path), float("nan")
        )
        return moves

    def in_bins(self, values: Doubles) -> Doubles:
        """Sums over the market orders of each 10 s."""
        import numpy as np

        bins = int(self.tape.seconds / BIN_S)
        at = (self.tape.trade_s / BIN_S).astype(int)
        use = at < bins
        return np.bincount(at[use], values[use], bins).astype(float)

    @cached_property
    def bin_returns(self) -> Doubles:
        """Log returns of the mid over each 10 s, bps."""
        import numpy as np

        every = round(BIN_S / STEP_S)
        path = np.log(self.tape.mid) * 1e4
        moves: Doubles = np.nan_to_num(np.diff(np.concatenate((path[:1], path[every - 1 :: every]))))
        return moves

    @cached_property
    def imbalance(self) -> Doubles:
        """Order flow imbalance of each 100 ms on the path: what came to the best bid minus the ask

        After Cont, Kukanov and Stoikov 2014, of the best prices and queues at the ends of each 100 ms.
        """
        import numpy as np

        def came(price: Doubles, queue: Doubles, sign: float) -> Doubles:
            move = sign * np.diff(price)
            added: Doubles = np.where(move >= 0.0, queue[1:], 0.0) - np.where(move <= 0.0, queue[:-1], 0.0)
            return added

        tape = self.tape
        bids, asks = came(tape.bid, tape.bid_queue, 1.0), came(tape.ask, tape.ask_queue, -1.0)
        net: Doubles = np.nan_to_num(bids - asks)[self.unknown :]
        return net

    def sums(self, values: Doubles, seconds: float) -> Doubles:
        """Sums of values every 100 ms over ``seconds``, not overlapping."""
        every = round(seconds / STEP_S)
        total: Doubles = values[: len(values) // every * every].reshape(-1, every).sum(axis=1)
        return total

    @cached_property
    def reached(self) -> tuple[Doubles, Doubles]:
        """Lowest and highest price of each 100 ms at which a bid and an ask would have been met."""
        import numpy as np

        tape = self.tape
        at: NDArray[np.int64] = np.clip((tape.trade_s / STEP_S).astype(int), 0, len(tape.bid) - 1)
        low, high = np.full(len(tape.bid), np.inf), np.full(len(tape.bid), -np.inf)
        sold = tape.trade_side < 0.0
        np.minimum.at(low, at[sold], tape.trade_price[sold])
        np.maximum.at(high, at[~sold], tape.trade_price[~sold])
        return np.fmin(low, tape.ask), np.fmax(high, tape.bid)
