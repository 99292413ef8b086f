"""What a perpetual contract has one side pay to the other."""

from __future__ import annotations

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
