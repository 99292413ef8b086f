"""What a strategy holds where an iteration ends, which the next one may begin with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pytest_soak.domain.settings import Strict
from pytest_soak.domain.values import Amount, Count


class Place(Strict):
    """Estimate of a place in a queue for fill models by a law alone: ahead, traded since, displayed."""

    ahead: float
    traded: float
    displayed: float


class Resting(Strict):
    """An order of the strategy at the market; side 1 buys, -1 sells.

    ``size`` is what is left of it in base units, ``placed_ms`` when it came to the market. ``ahead`` is the
    size that stood before it in its queue, now and when it was placed, None where that is not known.
    ``client_id`` is the strategy's own name for it.
    """

    number: Count
    side: Literal[1, -1]
    price: Annotated[float, Field(gt=0.0)]
    size: Annotated[float, Field(gt=0.0)]
    placed_ms: Amount
    ahead: Amount | None
    ahead_at_placement: Amount | None
    place: Place
    client_id: str | None = None


class Moves(Strict):
    """What trades have brought to the price of a mock market by now.

    ``permanent``, ``transient`` and ``ours``, by the strategy's own trades, are logs of the moves of what it
    is worth, ``lag`` that of what others believe over it, ``net`` and ``recent`` the net flow, bought is
    positive.
    """

    permanent: float
    transient: float
    net: float
    recent: float
    ours: float
    lag: float


class Holdings(Strict):
    """Position in units of the contract, its average entry price, and the orders at the market, oldest first.

    ``mark`` is the mid that the position was valued at, None where there was none. ``last_order`` is the
    number of the newest order that was sent: an order keeps its number, and none is given twice. ``moves``
    let a mock market's price go on where it was, None on a recording.
    """

    position: float
    average_price: Annotated[float, Field(gt=0.0)] | None
    mark: Annotated[float, Field(gt=0.0)] | None
    last_order: Count
    orders: tuple[Resting, ...] = Field(strict=False)
    moves: Moves | None = None
