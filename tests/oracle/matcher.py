"""One resting order in a recording, matched in plain Python by each rule of fills that takes no law.

The order joins behind what is displayed at its price; a cleared book says nothing of its queue until time has
gone on, when what is displayed then caps it. A trade at its price first eats what is ahead and
then fills it; a displayed quantity below what was ahead caps it; a trade at a worse price than the order's
fills all of it, as nobody would have traded there past it; so does the other side when it is displayed at
the order's price or beyond. That is ``queue``. Under ``touch`` nobody is ever ahead, under ``pessimistic`` no
displayed quantity caps what is ahead, and under ``through``
neither a trade nor a quote at the very price fills.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.book import Happening, NaiveBook
from tests.oracle.recordings import BUY, SELL

_NEVER = 10**15


@dataclass(frozen=True)
class Resting:
    """An order of ``lots`` at ``tick`` that reaches the market at ``placed_ns``; side +1 buys."""

    side: int
    tick: int
    lots: int
    placed_ns: int


@dataclass(frozen=True)
class Match:
    """A fill: when, and how many lots."""

    at_ns: int
    lots: int


@dataclass(frozen=True)
class Story:
    """What became of the order: lots ahead of it at first, its fills, whether it was passed by."""

    ahead: int
    fills: tuple[Match, ...]
    through: bool

    @property
    def lots(self) -> int:
        return sum(fill.lots for fill in self.fills)


def match(events: Sequence[Happening], order: Resting, until_ns: int, rule: str = "queue") -> Story:
    """Match one order against everything that the exchange saw from its placement to ``until_ns``."""
    before = [event for event in events if event.at_ns <= order.placed_ns]
    book = _book_of(before)
    displayed = book.bids if order.side > 0 else book.asks
    first = displayed.get(order.tick, 0)
    ahead = {"touch": 0, "through": _NEVER}.get(rule, first)
    left = order.lots
    fills: list[Match] = []
    through = False
    cleared_ns = -1
    for event in events[len(before) :]:
        if event.at_ns >= until_ns or not left:
            break
        if event.at_ns > cleared_ns >= 0:
            ahead, cleared_ns = _capped(ahead, displayed.get(order.tick, 0), rule), -1
        book.apply(event)
        if event.is_clear:
            cleared_ns = event.at_ns
        elif _hits(event, order):
            ahead, taken = _traded(event, order, ahead, left)
            ahead = _NEVER if rule == "through" else ahead
            left -= taken
            through |= (order.tick - event.tick) * order.side > 0
            if taken:
                fills.append(Match(event.at_ns, taken))
        elif _reached(event, order, beyond=int(rule == "through")):
            through = True
            fills.append(Match(event.at_ns, left))
            left = 0
        elif cleared_ns < 0 or _tells(event, order):
            ahead = _capped(ahead, displayed.get(order.tick, 0), rule)
    return Story(first, tuple(fills), through)


def _book_of(events: Sequence[Happening]) -> NaiveBook:
    book = NaiveBook()
    for event in events:
        book.apply(event)
    return book


def _hits(event: Happening, order: Resting) -> bool:
    """Whether it is a trade against the order's side."""
    return event.is_trade and event.hits_bids == (order.side > 0)


def _tells(event: Happening, order: Resting) -> bool:
    """Whether it says what is displayed at the order's price on its side."""
    own = bool(event.bits & (BUY if order.side > 0 else SELL))
    return event.is_depth and own and event.tick == order.tick


def _capped(ahead: int, displayed: int, rule: str) -> int:
    """What is ahead of the order once so much is displayed at its price."""
    return min(ahead, displayed) if rule == "queue" else ahead


def _reached(event: Happening, order: Resting, beyond: int) -> bool:
    """Whether the other side is displayed so many ticks beyond the order's price, or more."""
    other = bool(event.bits & (SELL if order.side > 0 else BUY))
    return event.is_depth and other and event.lots > 0 and (order.tick - event.tick) * order.side >= beyond


def _traded(event: Happening, order: Resting, ahead: int, left: int) -> tuple[int, int]:
    """What is ahead of the order after a trade against its side, and how much of the order was filled."""
    beyond = (order.tick - event.tick) * order.side
    if beyond > 0:
        return 0, left
    if beyond < 0:
        return ahead, 0
    return max(0, ahead - event.lots), min(left, max(0, event.lots - ahead))
