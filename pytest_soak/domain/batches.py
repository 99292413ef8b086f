"""The stretches of an iteration, from which the sampling error of a KPI is estimated."""

from __future__ import annotations

from pydantic import Field

from pytest_soak.domain.numbers import Count
from pytest_soak.domain.settings import Strict


class Batches(Strict):
    """An iteration cut into stretches of equal market time: what was added in each of them.

    Amounts are in quote currency, the others are counts. The sampling error of a KPI is estimated from them.
    """

    notional: tuple[float, ...] = Field(strict=False)
    maker_notional: tuple[float, ...] = Field(strict=False)
    gross: tuple[float, ...] = Field(strict=False)
    fees: tuple[float, ...] = Field(strict=False)
    slippage: tuple[float, ...] = Field(strict=False)
    inventory: tuple[float, ...] = Field(strict=False)
    placed: tuple[Count, ...] = Field(strict=False)
    cancelled: tuple[Count, ...] = Field(strict=False)
    attempts: tuple[Count, ...] = Field(strict=False)
    blocked: tuple[Count, ...] = Field(strict=False)
    risk: tuple[Count, ...] = Field(strict=False)
