"""What a compiled strategy can ask for; for functions that ``numba.njit`` compiles, with the view first.

Each is carried out at the end of the decision, in the order of the calls. What cannot be done ends the
iteration with a ``StrategyError`` that has the market time and the value.
"""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from pytest_soak.domain.reasons import REASONS
from pytest_soak.market.shared import COMMANDS

_PLACE, _PLACE_LIMIT, _TAKE, _CANCEL, _REPLACE, _REDUCE, _BLOCKED, _RECORD = (
    COMMANDS.index(name) + 1
    for name in ("place", "place_limit", "take", "cancel", "replace", "reduce", "blocked", "record")
)

MIN_INTERVAL, THROTTLE, CONCURRENCY, RISK = range(len(REASONS))
"""Reasons for ``blocked``."""


def _ask(view: Any, kind: int, order: int, side: int, price: float, size: float) -> None:
    count = view.now.commands
    if count >= len(view.commands):
        raise ValueError("more is asked for at one decision than is accepted")
    command = view.commands[count]
    command.kind = kind
    command.order = order
    command.side = side
    command.price = price
    command.qty = size
    view.now.commands = count + 1


def _next_id(view: Any) -> int:
    view.now.next_id += 1
    number: int = view.now.next_id - 1
    return number


def place(view: Any, side: int, price: float, size: float) -> int:
    """Send a post-only order of side 1 (buy) or -1 (sell); its number. Counts as an attempt to quote."""
    _ask(view, _PLACE, 0, side, price, size)
    return _next_id(view)


def place_limit(view: Any, side: int, price: float, size: float) -> int:
    """Send an order that takes what it crosses and rests with what is left; its number.

    Counts as an attempt to quote.
    """
    _ask(view, _PLACE_LIMIT, 0, side, price, size)
    return _next_id(view)


def take(view: Any, side: int, price: float, size: float) -> None:
    """Send an immediate-or-cancel order that pays ``price`` at worst."""
    _ask(view, _TAKE, 0, side, price, size)


def cancel(view: Any, order: int, tail: bool = False) -> None:
    """Send a cancellation, unless one is under way or the order is no longer at the market.

    ``tail`` says that it is given up as it was old and far from where it should be.
    """
    _ask(view, _CANCEL, order, 1 if tail else 0, 0.0, 0.0)


def cancel_all(view: Any) -> None:
    """Send a cancellation of every resting order that ``view.orders`` holds."""
    for place_in_rows in range(len(view.orders)):
        _ask(view, _CANCEL, view.orders[place_in_rows].id, 0, 0.0, 0.0)


def replace(view: Any, order: int, price: float, size: float) -> int:
    """Cancel an order and place another of its side in one message; the new one's number.

    The new one joins the end of its queue: ``reduce`` makes an order smaller where it is. Counts as an
    attempt to quote.
    """
    _ask(view, _REPLACE, order, 0, price, size)
    return _next_id(view)


def reduce(view: Any, order: int, size: float) -> None:
    """Leave at most so much of an order, which keeps its turn in the queue. Counts as an attempt to quote."""
    _ask(view, _REDUCE, order, 0, 0.0, size)


def blocked(view: Any, reason: int) -> None:
    """Count an attempt to quote that a rule of the strategy's own held back; ``RISK`` is one reason."""
    _ask(view, _BLOCKED, reason, 0, 0.0, 0.0)


def record(view: Any, name: int, value: float) -> None:
    """Record a value under the name that stands in this place of the strategy's ``kpis``."""
    _ask(view, _RECORD, name, 0, value, 0.0)


_SENDING = (place, place_limit, take, cancel, cancel_all, replace, reduce)
for _function in (_ask, _next_id, *_SENDING, blocked, record):
    register_jitable(_function)
