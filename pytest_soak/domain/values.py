"""Values as records hold them: counts by class, and what a strategy recorded itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_soak.domain.settings import Strict
from pytest_soak.domain.whole import MAX_WHOLE

Whole = Annotated[int, Field(ge=-MAX_WHOLE - 1, le=MAX_WHOLE)]
Count = Annotated[int, Field(ge=0, le=MAX_WHOLE)]
Amount = Annotated[float, Field(ge=0.0)]


class Histogram(Strict):
    """Counts of values in classes of one width; those of class ``at`` lie from ``at * step`` to the next."""

    step: Annotated[float, Field(gt=0.0)]
    at: tuple[Whole, ...] = Field(strict=False)
    counts: tuple[Count, ...] = Field(strict=False)


class OwnValues(Strict):
    """Values that a strategy recorded under one name: mean and percentiles (linear interpolation).

    The batches are of equal numbers of values, in the order in which these were recorded: how many there are
    in each, their mean, and by percentile how many lie above it. A report by hand may lack them.
    """

    n: Annotated[int, Field(ge=1)]
    mean: float
    p05: float
    p50: float
    p95: float
    histogram: Histogram
    batch_n: tuple[Count, ...] = Field(default=(), strict=False)
    batch_mean: tuple[float, ...] = Field(default=(), strict=False)
    batch_above: dict[str, Annotated[tuple[Count, ...], Field(strict=False)]] = Field(default_factory=dict)
