"""What every strategy sees of a market at a decision, whether it is asked by a loop or steps on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak import _kernel


class Trade(NamedTuple):
    """A trade of the market, own ones among them; ``aggressor`` is 1 for a buyer and -1 for a seller."""

    time_ms: float
    price: float
    size: float
    aggressor: int


class Seen:
    """Market time, the book and the trades of others, as received by now; prices in quote currency."""

    __slots__ = ("_kernel", "_levels")

    def __init__(self, opened: _kernel.Simulation) -> None:
        self._kernel = opened
        self._levels: NDArray[np.float64] | None = None

    @property
    def time_ms(self) -> float:
        """Market time of this decision, ms since the run began."""
        return self._kernel.time_ms

    @property
    def tick_size(self) -> float:
        """Smallest step of a price, quote units."""
        return self._kernel.tick_size

    @property
    def lot_size(self) -> float:
        """Smallest step of a size, base units."""
        return self._kernel.lot_size

    @property
    def best_bid(self) -> float | None:
        """Best bid of others; None where there is none."""
        return self._kernel.best_bid

    @property
    def best_ask(self) -> float | None:
        """Best ask of others; None where there is none."""
        return self._kernel.best_ask

    @property
    def mid(self) -> float | None:
        """Mid, the last one where a side is empty; None before the first."""
        return self._kernel.mid

    @property
    def in_flight(self) -> int:
        """Requests that the market has not answered."""
        return self._kernel.in_flight

    @property
    def bids(self) -> NDArray[np.float64]:
        """The best bids of others: a row of price and size for each of ``levels``, best first.

        Where there are fewer levels the price is NaN and the size 0. It is one array for the whole iteration,
        which cannot be written to: every step refreshes it in place, and what shall be kept must be copied.
        """
        bids: NDArray[np.float64] = self._shown()[0]
        return bids

    @property
    def asks(self) -> NDArray[np.float64]:
        """The best asks of others, as ``bids``."""
        asks: NDArray[np.float64] = self._shown()[1]
        return asks

    @property
    def trades(self) -> list[Trade]:
        """Trades received since the last decision, in the order in which they happened."""
        return [Trade(*trade) for trade in self._kernel.trades]

    def _shown(self) -> NDArray[np.float64]:
        if self._levels is None:
            import numpy as np

            memory = np.empty((2, self._kernel.depth_levels, 2))
            self._kernel.show_levels_in(memory)
            self._levels = memory.view()
            self._levels.flags.writeable = False
        return self._levels
