"""How coarse a market is for the reference maker: what is said of ticks and lots before a soak starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.settings import MakerSettings

_THRESHOLDS = ("requote_bps", "far_bps")
_NEAR = 0.01
"""Share of a tick for each tick of a threshold within which it is a whole number of them: the price moves."""
_MOST_TICKS = 10
"""Of more ticks, one more or less is a small change of the threshold."""


class Steps(NamedTuple):
    """Steps of price and quantity, and a price at which the market trades."""

    tick_size: float
    lot_size: float
    price: float
    contract: Contract = LINEAR


def remarks(name: str, steps: Steps, maker: MakerSettings, parameters: Mapping[str, float]) -> Iterator[str]:
    """What the steps of the market ``name`` do to the reference maker, a sentence each."""
    yield from _of_thresholds(name, steps, maker)
    lot = steps.lot_size * steps.contract.in_quote(steps.price)
    by_change = parameters["max_delta_ratio"] * maker.position_limit_notional
    most, which = min(
        (maker.max_order_notional, "maker.max_order_notional"),
        (by_change, "max_delta_ratio x maker.position_limit_notional"),
    )
    if lot > most:
        yield (
            f"{name}: one lot of {steps.lot_size:g} costs some {lot:.4g}, more than the reference maker's "
            f"largest order of {most:g} ({which}), so that it cannot quote"
        )


def _of_thresholds(name: str, steps: Steps, maker: MakerSettings) -> Iterator[str]:
    tick_bps = 1.0 / maker.ticks_per_bps if maker.ticks_per_bps else steps.tick_size / steps.price * 1e4
    whole = []
    for key in _THRESHOLDS:
        ticks = getattr(maker, key) / tick_bps
        count = round(ticks)
        if 1 <= count <= _MOST_TICKS and abs(ticks - count) <= _NEAR * count:
            whole.append(f"maker.{key} = {getattr(maker, key):g} ({count})")
    if whole:
        yield (
            f"{name}: {' and '.join(whole)} is a whole number of ticks of {tick_bps:.3g} bps, "
            "so that rounding decides at that distance; set it between two ticks"
        )
