"""Profit of a list of fills in exact fractions, twice: by components and from cash alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Fill = Mapping[str, Any]
ZERO = Fraction(0)
HORIZONS_MS = (100.0, 1_000.0, 10_000.0, 60_000.0)
"""How long after a fill the mid is looked at."""


@dataclass(frozen=True)
class Components:
    """The four parts of the profit, in quote currency; earned is positive."""

    gross: Fraction
    fees: Fraction
    slippage: Fraction
    inventory: Fraction

    @property
    def profit(self) -> Fraction:
        return self.gross + self.fees + self.slippage + self.inventory


def exact(value: float) -> Fraction:
    return Fraction(value)


def traded(fills: Iterable[Fill], *, maker: bool | None = None) -> Fraction:
    """Notional of the fills, of all or of one kind."""
    chosen = (f for f in fills if maker is None or f["maker"] is maker)
    return sum((exact(f["price"]) * exact(f["qty"]) for f in chosen), ZERO)


def components(
    fills: Sequence[Fill], maker_bps: float, taker_bps: float, mid_end: float | None
) -> Components:
    """Split the profit as the definition of the KPIs says; fills are in order of time."""
    gross = fees = slippage = inventory = position = ZERO
    last_mid: Fraction | None = None
    for fill in fills:
        side, qty, price = fill["side"], exact(fill["qty"]), exact(fill["price"])
        mid, decided = exact(fill["mid_at_fill"]), exact(fill["mid_at_decision"])
        if last_mid is not None:
            inventory += position * (mid - last_mid)
        fees -= exact(maker_bps if fill["maker"] else taker_bps) / 10_000 * price * qty
        if fill["maker"]:
            gross += side * qty * (mid - price)
        else:
            slippage += side * qty * (decided - price)
            inventory += side * qty * (mid - decided)
        position += side * qty
        last_mid = mid
    if last_mid is not None and mid_end is not None:
        inventory += position * (exact(mid_end) - last_mid)
    return Components(gross, fees, slippage, inventory)


def position(fills: Iterable[Fill]) -> Fraction:
    return sum((f["side"] * exact(f["qty"]) for f in fills), ZERO)


def cash_ledger(fills: Sequence[Fill], maker_bps: float, taker_bps: float, mid_end: float | None) -> Fraction:
    """Profit from what was paid and received, with what is held at the end valued at the last mid."""
    cash = ZERO
    for fill in fills:
        notional = exact(fill["price"]) * exact(fill["qty"])
        cash -= fill["side"] * notional
        cash -= exact(maker_bps if fill["maker"] else taker_bps) / 10_000 * notional
    return cash + position(fills) * exact(mid_end or 0.0)


def p95(values: Sequence[float], least: int = 20) -> float | None:
    """95th percentile with linear interpolation, None below ``least`` values."""
    if len(values) < least:
        return None
    ordered = sorted(values)
    place = 0.95 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def taker_costs_bps(fills: Iterable[Fill]) -> list[float]:
    """Cost of every taker fill against the mid at its decision; paying is positive."""
    return [
        -f["side"] * (f["mid_at_decision"] - f["price"]) / f["mid_at_decision"] * 1e4
        for f in fills
        if not f["maker"]
    ]


def adverse_costs_bps(fills: Iterable[Fill]) -> list[float]:
    """Cost of every maker fill that could be marked one second later; losing is positive."""
    return [
        -f["side"] * (f["mids_later"][1] / f["mid_at_fill"] - 1.0) * 1e4
        for f in fills
        if f["maker"] and f["mids_later"][1] is not None
    ]
