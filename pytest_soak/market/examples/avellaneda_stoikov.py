"""The market and the two makers of Avellaneda and Stoikov (2008), a result from outside to compare with.

Source: M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8(3),
217-224, 2008; the formulae are those of its sections 3.1 to 3.3, the numbers those of its section 3.3.

The market: the mid S starts at ``s0`` and moves by +sigma sqrt(dt) or -sigma sqrt(dt), each with probability
1/2, every ``dt``. A quote at the distance delta from the mid is filled by one unit in a step with probability
lambda(delta) dt, where lambda(delta) = A exp(-k delta). That is the paper's linear probability and not
1 - exp(-lambda dt); it is capped at 1 where a quote lies far beyond the mid. A path lasts ``T``; it starts
without cash and position, and its profit is X_T + q_T S_T. There are no fees, no delays and no other quotes.

The makers, at time t with position q:

- inventory: the reservation price r = S - q gamma sigma^2 (T - t), and round it the spread
  gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k).
- symmetric: the time average of that spread, round the mid.

The first table of the paper (gamma 0.1, 1000 paths) comes of::

    from pytest_soak.market.examples.avellaneda_stoikov import avellaneda_stoikov

    for row in avellaneda_stoikov(gamma=0.1):
        print(row)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import NamedTuple

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market.examples.avellaneda_stoikov_market import Account, AvellanedaStoikovMarket
from pytest_soak.market.protocols import Market, Window

__all__ = [
    "AvellanedaStoikovMarket",
    "InventoryMaker",
    "Row",
    "SymmetricMaker",
    "avellaneda_stoikov",
    "row_of",
]


@dataclass(frozen=True, slots=True)
class InventoryMaker:
    """The paper's maker, which shifts its quotes against its position; ``gamma`` is its risk aversion.

    Raises:
        SoakConfigError: where gamma is not above 0.
    """

    gamma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.gamma) and self.gamma > 0.0):
            raise SoakConfigError(f"gamma = {self.gamma!r} is not a number above 0")

    @property
    def name(self) -> str:
        """``inventory``."""
        return "inventory"

    def describe(self) -> dict[str, object]:
        """Name and gamma."""
        return {"name": self.name, "gamma": self.gamma}

    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        """For each step (r - S) / q, the reservation price less mid per unit held: -gamma sigma^2 (T - t)."""
        return [-self.gamma * market.sigma**2 * left for left in market.times_left()]

    def spreads(self, market: AvellanedaStoikovMarket) -> list[float]:
        """For each step ask minus bid: gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k)."""
        least = 2.0 / self.gamma * math.log1p(self.gamma / market.k)
        return [self.gamma * market.sigma**2 * left + least for left in market.times_left()]

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:  # noqa: ARG002 the protocol's arguments
        """Trade every path of the window; the six parameters are not the paper's and change nothing.

        Amounts and positions of the report are sums over the window's paths. There are no blocks, and samples
        and the spread of others are without data, as this market has neither.

        Raises:
            SoakConfigError: on a market that is not the paper's.
        """
        if not isinstance(market, AvellanedaStoikovMarket):
            raise SoakConfigError(f"maker {self.name!r} of the paper cannot trade on {market.name!r}")
        plan = [
            (shift, spread / 2.0)
            for shift, spread in zip(self.shifts(market), self.spreads(market), strict=True)
        ]
        account = Account(market)
        for path in market.paths(window):
            account.begin()
            for (shift, half), draws in zip(plan, path, strict=True):
                centre = account.mid + account.position * shift
                account.step(centre - half, centre + half, draws)
            account.end()
        return account.report(window)


class SymmetricMaker(InventoryMaker):
    """The paper's benchmark: the inventory maker's spread, averaged over time, round the mid."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """``symmetric``."""
        return "symmetric"

    def shifts(self, market: AvellanedaStoikovMarket) -> list[float]:
        """No shift, whatever the position."""
        return [0.0] * market.steps

    def spreads(self, market: AvellanedaStoikovMarket) -> list[float]:
        """The same at every step: the average over time."""
        return [fmean(super().spreads(market))] * market.steps


class Row(NamedTuple):
    """A row of the paper's tables: average spread, and mean and standard deviation over the paths."""

    strategy: str
    spread: float
    profit: float
    profit_sd: float
    q: float
    q_sd: float


def row_of(market: AvellanedaStoikovMarket, maker: InventoryMaker, paths: int) -> Row:
    """Run a maker on the first ``paths`` paths, one window each."""
    profits, positions = [], []
    for number in range(paths):
        window = Window(
            iteration=number + 1,
            iterations=paths,
            start_ms=number * market.path_ms,
            duration_ms=market.path_ms,
        )
        totals = maker.run(market, {}, window).totals
        profits.append(totals.ledger)
        positions.append(totals.position_end)
    return Row(
        strategy=maker.name,
        spread=fmean(maker.spreads(market)),
        profit=fmean(profits),
        profit_sd=pstdev(profits),
        q=fmean(positions),
        q_sd=pstdev(positions),
    )


def avellaneda_stoikov(
    gamma: float,
    sigma: float = 2.0,
    k: float = 1.5,
    A: float = 140.0,  # noqa: N803 the paper's name
    T: float = 1.0,  # noqa: N803 the paper's name
    dt: float = 0.005,
    paths: int = 1000,
    seed: int = 1,
) -> tuple[Row, Row]:
    """Rows of the paper's table for one gamma: the inventory maker's and the symmetric one's.

    Both see the same paths. The names are the paper's; the defaults are those of its section 3.3.

    Raises:
        SoakConfigError: where a number is not above 0 or ``T`` is no multiple of ``dt``.
    """
    if paths < 1:
        raise SoakConfigError(f"paths = {paths} is below 1")
    market = AvellanedaStoikovMarket(sigma=sigma, k=k, A=A, T=T, dt=dt, seed=seed)
    inventory, symmetric = InventoryMaker(gamma), SymmetricMaker(gamma)
    return row_of(market, inventory, paths), row_of(market, symmetric, paths)
