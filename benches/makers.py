"""Strategies that the economics of a market are measured with: the reference maker's rivals and exploiters.

Each is a function of an opened simulation that trades until the window ends; amounts are in quote units and
turned into base units at the mid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak._kernel import Simulation

Strategy = Callable[["Simulation"], None]

USUAL = 1_600.0
"""Notional of an order of usual size."""


class Quotes:
    """Live quotes of a strategy, one a side and place; a filled or rejected one is forgotten."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.live: dict[tuple[int, int], tuple[int, float]] = {}

    def refresh(self) -> None:
        """Forget what was filled or rejected."""
        done = {fill[0] for fill in self.simulation.fills} | set(self.simulation.rejected)
        for key in [key for key, (order, _) in self.live.items() if order in done]:
            self.simulation.cancel(self.live.pop(key)[0])

    def mids(self) -> Iterator[float]:
        """Go on from decision to decision, and give the mid of those that have one."""
        while self.simulation.step():
            self.refresh()
            if self.simulation.mid is not None:
                yield self.simulation.mid

    def put(self, side: int, price: float, notional: float, *, place: int = 0, within_bps: float) -> None:
        """Quote at a price, unless one stands near enough."""
        old = self.live.get((side, place))
        if old is not None and abs(old[1] / price - 1.0) * 1e4 <= within_bps:
            return
        self.drop(side, place)
        order = self.simulation.place(side, price, notional / price)
        self.live[side, place] = (order, price)

    def drop(self, side: int, place: int = 0) -> None:
        """Cancel a quote where there is one."""
        old = self.live.pop((side, place), None)
        if old is not None:
            self.simulation.cancel(old[0])


def clumsy(half_bps: float) -> Strategy:
    """Quote round the mid and leave it there until it is filled; look after it every five seconds only.

    No requoting, no skew, and slow.
    """

    def run(simulation: Simulation) -> None:
        quotes, last = Quotes(simulation), -1e9
        while simulation.step():
            quotes.refresh()
            if simulation.mid is None or simulation.time_ms - last < 5_000.0:
                continue
            last = simulation.time_ms
            for side in (1, -1):
                if (side, 0) not in quotes.live:
                    quotes.put(side, simulation.mid * (1 - side * half_bps * 1e-4), USUAL, within_bps=0.0)

    return run


def joiner(times: float) -> Strategy:
    """Join the best price on both sides with a multiple of the usual size, without skew or limit."""

    def run(simulation: Simulation) -> None:
        quotes = Quotes(simulation)
        while simulation.step():
            quotes.refresh()
            for side, best in ((1, simulation.best_bid), (-1, simulation.best_ask)):
                if best is not None:
                    quotes.put(side, best, times * USUAL, within_bps=0.3)

    return run


def only_buyer(half_bps: float, limit: float) -> Strategy:
    """Bid below the mid up to a limit of position and never ask."""

    def run(simulation: Simulation) -> None:
        quotes = Quotes(simulation)
        for mid in quotes.mids():
            if simulation.position * mid < limit:
                quotes.put(1, mid * (1 - half_bps * 1e-4), USUAL, within_bps=0.3)
            else:
                quotes.drop(1)

    return run


def taker(sign: int, window_ms: float, trigger_bps: float, hold_ms: float) -> Strategy:
    """Trade with (``sign`` 1) or against (-1) a move of the mid by market orders; out after a time."""

    def run(simulation: Simulation) -> None:
        seen: deque[tuple[float, float]] = deque()
        out_at, side = 0.0, 0
        while simulation.step():
            mid, now = simulation.mid, simulation.time_ms
            if mid is None or simulation.in_flight:
                continue
            seen.append((now, mid))
            while seen[0][0] < now - window_ms:
                seen.popleft()
            move = (mid / seen[0][1] - 1.0) * 1e4
            if abs(simulation.position) * mid > 10.0:
                if now >= out_at:
                    way = -1 if simulation.position > 0 else 1
                    simulation.take(way, mid * (1 + way * 0.01), abs(simulation.position))
            elif abs(move) > trigger_bps:
                side = sign if move > 0 else -sign
                simulation.take(side, mid * (1 + side * 0.01), USUAL / mid)
                out_at = now + hold_ms

    return run


def layering(half_bps: float) -> Strategy:
    """Show twenty usual orders behind one side, take the other for what the crowd does, turn every 20 s."""

    def run(simulation: Simulation) -> None:
        quotes = Quotes(simulation)
        while simulation.step():
            quotes.refresh()
            mid, now = simulation.mid, simulation.time_ms
            if mid is None:
                continue
            shown = 1 if int(now / 20_000.0) % 2 == 0 else -1
            for step in range(5):
                quotes.drop(-shown, place=1 + step)
                deep = half_bps + 1.0 + 0.5 * step
                quotes.put(shown, mid * (1 - shown * deep * 1e-4), 4 * USUAL, place=1 + step, within_bps=0.4)
            quotes.drop(shown)
            quotes.put(-shown, mid * (1 + shown * half_bps * 1e-4), USUAL, within_bps=0.3)

    return run


def metaorder(side: int, notional: float, begin_s: float, length_s: float) -> Strategy:
    """Buy (1) or sell (-1) a notional in market orders of usual size at most, evenly from a time on."""
    children = max(1, round(notional / USUAL))

    def run(simulation: Simulation) -> None:
        sent = 0
        while simulation.step():
            mid = simulation.mid
            due = (begin_s + length_s * sent / children) * 1e3
            if mid is None or sent >= children or simulation.time_ms < due:
                continue
            simulation.take(side, mid * (1 + side * 0.02), notional / children / mid)
            sent += 1

    return run


def rivals(half_bps: float) -> Mapping[str, Strategy]:
    """All strategies that are compared with the reference maker, by name."""
    return {
        "clumsy maker": clumsy(half_bps),
        "joiner x1": joiner(1.0),
        "joiner x10": joiner(10.0),
        "joiner x100": joiner(100.0),
        "only buyer": only_buyer(half_bps, 50_000.0),
        "momentum taker": taker(1, 5_000.0, 4.0, 20_000.0),
        "reversal taker": taker(-1, 5_000.0, 4.0, 20_000.0),
        "layering": layering(half_bps),
    }
