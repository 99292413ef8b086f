"""What it takes to fill a resting order of the strategy."""

from __future__ import annotations

from enum import StrEnum


class FillModel(StrEnum):
    """A rule by which resting orders fill.

    ``queue``: its turn, once what was displayed before it has traded or was cancelled. ``touch``: a trade at
    its price, as if nobody were ahead. ``through``: the market goes beyond its price. ``pessimistic``: its
    turn, where nobody ahead ever cancels.
    """

    QUEUE = "queue"
    TOUCH = "touch"
    THROUGH = "through"
    PESSIMISTIC = "pessimistic"


UNDER = "@"
"""Between the name of a KPI and the fill model under which it is asked for: ``net_bps@through``."""


def parted(kpi: str) -> tuple[str, FillModel | None]:
    """Name of a KPI, and the fill model that it is asked for under; None: that of the run."""
    name, _, model = kpi.rpartition(UNDER)
    return (name, FillModel(model)) if name and model in set(FillModel) else (kpi, None)
