"""What every strategy sees of a market at a decision, whether it is asked by a loop or steps on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak import _kernel


class Seen:
    """Market time and the best prices of others, as received by now; prices in quote currency."""

    __slots__ = ("_kernel",)

    def __init__(self, opened: _kernel.Simulation) -> None:
        self._kernel = opened

    @property
    def time_ms(self) -> float:
        """Market time of this decision, ms since the run began."""
        return self._kernel.time_ms

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
