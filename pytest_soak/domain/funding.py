"""What a perpetual contract has one side pay to the other."""

from __future__ import annotations

import math

from pydantic import Field

from pytest_soak.domain.settings import Strict

LEAST_INTERVAL_H = 1.0 / 60.0
MOST_INTERVAL_H = 168.0
MOST_RATE = 0.1


class Funding(Strict):
    """Longs pay shorts a share of their position's notional at the mid, at each multiple of the interval."""

    rate: float = Field(
        default=0.0,
        ge=-MOST_RATE,
        le=MOST_RATE,
        description="Share of the notional that longs pay to shorts each time; negative: shorts pay",
    )
    interval_h: float = Field(
        default=8.0, ge=LEAST_INTERVAL_H, le=MOST_INTERVAL_H, description="Time between two payments, h"
    )


NO_FUNDING = Funding()
"""Nobody pays."""

_UNITS = {"h": 1.0, "m": 1.0 / 60.0}


def funding_of(text: str) -> Funding:
    """Read a rate and an interval, as ``0.0001/8h``.

    Raises:
        ValueError: it is not of this form, or out of range.
    """
    rate, _, interval = text.partition("/")
    unit = _UNITS.get(interval[-1:], math.nan)
    try:
        return Funding(rate=float(rate), interval_h=float(interval[:-1]) * unit)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a rate from {-MOST_RATE:g} to {MOST_RATE:g} and an interval from 1m to "
            f"{MOST_INTERVAL_H:g}h, as 0.0001/8h"
        ) from None
