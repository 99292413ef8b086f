"""The market of Avellaneda and Stoikov (2008): a mid, and fills at random by the distance from it.

``pytest_soak.market.examples.avellaneda_stoikov`` says what it is, and names the source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.records import Blocks, EdgeReport, EdgeTotals, OrderCounts, Sample
from pytest_soak.market.protocols import MakerJob, Window

_NOTHING = Sample(n=0, p95=None)
_WHOLE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class AvellanedaStoikovMarket:
    """The paper's market.

    One unit of the paper's time is a second of market time, so that a path takes ``T`` x 1000 ms and path
    number i begins at i times that. A window holds the paths between the two of them that are nearest to its
    start and its end: one path where it is as long as ``T``, a batch where it is longer.

    Raises:
        SoakConfigError: where a number is not above 0 or ``T`` is no multiple of ``dt``.
    """

    sigma: float = 2.0
    k: float = 1.5
    A: float = 140.0
    T: float = 1.0
    dt: float = 0.005
    s0: float = 100.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("sigma", "k", "A", "T", "dt", "s0"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise SoakConfigError(f"{name} = {value!r} of {self.name} is not a number above 0")
        if self.seed < 0:
            raise SoakConfigError(f"seed = {self.seed} of {self.name} is below 0")
        if self.steps < 1 or abs(self.steps * self.dt / self.T - 1.0) > _WHOLE:
            raise SoakConfigError(f"T = {self.T!r} of {self.name} is not a multiple of dt = {self.dt!r}")

    @property
    def source(self) -> Literal["mock"]:
        """``mock``."""
        return "mock"

    @property
    def name(self) -> str:
        """``avellaneda_stoikov``."""
        return "avellaneda_stoikov"

    @property
    def steps(self) -> int:
        """Steps of a path."""
        return round(self.T / self.dt)

    @property
    def path_ms(self) -> float:
        """Market time of a path."""
        return self.T * 1000.0

    def times_left(self) -> list[float]:
        """T - t at each step of a path."""
        return [self.T - step * self.dt for step in range(self.steps)]

    def describe(self) -> dict[str, object]:
        """All numbers of the market."""
        return {"source": self.source, "name": self.name, **asdict(self)}

    def run_maker(self, job: MakerJob, window: Window) -> EdgeReport:  # noqa: ARG002 the protocol's arguments
        """Refuse: the reference maker needs a book, and this market has none.

        Raises:
            SoakConfigError: always.
        """
        raise SoakConfigError(
            f"{self.name} has no book for the reference maker; return one of its own makers from "
            "pytest_soak_make_strategy"
        )

    def fill_probability(self, delta: float) -> float:
        """Probability of a fill within one step at a distance from the mid: A exp(-k delta) dt, at most 1."""
        return min(1.0, self.A * math.exp(-self.k * delta) * self.dt)

    def paths(self, window: Window) -> Iterator[list[list[float]]]:
        """What decides each path of a window; a function of seed and number of the path.

        A step is decided by three numbers from 0 to 1: a fill of the ask, one of the bid, the move.
        """
        import numpy as np

        for number in range(round(window.start_ms / self.path_ms), round(window.end_ms / self.path_ms)):
            rows: list[list[float]] = (
                np.random.default_rng([self.seed, number]).random((self.steps, 3)).tolist()
            )
            yield rows


class Account:
    """Profit by component over several paths, and beside it the cash; a path at a time."""

    def __init__(self, market: AvellanedaStoikovMarket) -> None:
        mid = market.s0
        self._market = market
        self._move = market.sigma * math.sqrt(market.dt)
        self.mid = mid
        self.position = 0
        self._cash = 0.0
        self._gross = self._inventory = self._notional = self._ledger = 0.0
        self._fills = self._steps = self._position_end = 0
        self._low = self._high = mid

    def begin(self) -> None:
        """Start a path, flat and without cash."""
        self.mid, self.position, self._cash = self._market.s0, 0, 0.0

    def step(self, bid: float, ask: float, draws: Sequence[float]) -> None:
        """Quote for one step: fills at the mid as it stands, then the move."""
        hits_ask, hits_bid, moves = draws
        if hits_ask < self._market.fill_probability(ask - self.mid):
            self._fill(-1, ask)
        if hits_bid < self._market.fill_probability(self.mid - bid):
            self._fill(1, bid)
        move = self._move if moves < 0.5 else -self._move
        self._inventory += self.position * move
        self.mid += move
        self._low, self._high = min(self._low, self.mid), max(self._high, self.mid)
        self._steps += 1

    def _fill(self, side: int, price: float) -> None:
        self._gross += side * (self.mid - price)
        self._cash -= side * price
        self._notional += price
        self.position += side
        self._fills += 1

    def end(self) -> None:
        """Close a path: the position is worth the last mid."""
        self._ledger += self._cash + self.position * self.mid
        self._position_end += self.position

    def report(self, window: Window) -> EdgeReport:
        """The sums over all paths."""
        traded = self._steps > 0
        totals = EdgeTotals(
            notional=self._notional,
            maker_notional=self._notional,
            taker_notional=0.0,
            gross=self._gross,
            fees=0.0,
            slippage=0.0,
            inventory=self._inventory,
            ledger=self._ledger,
            position_end=float(self._position_end),
            mid_start=self._market.s0 if traded else None,
            mid_end=self.mid if traded else None,
        )
        return EdgeReport(
            source=self._market.source,
            totals=totals,
            adverse_bps=_NOTHING,
            slippage_bps=_NOTHING,
            order_age_ms=_NOTHING,
            ws_lag_ms=_NOTHING,
            latency_ms=_NOTHING,
            attempts=self._steps,
            blocks=Blocks(min_interval=0, throttle=0, concurrency=0, risk=0),
            orders=self._orders(),
            market=MarketFacts(
                start_ms=window.start_ms,
                end_ms=window.end_ms,
                events=self._steps,
                trades=self._fills,
                mid_low=self._low if traded else None,
                mid_high=self._high if traded else None,
                spread_bps_mean=None,
            ),
        )

    def _orders(self) -> OrderCounts:
        """Every step replaces the quotes of both sides."""
        placed = 2 * self._steps
        return OrderCounts(
            placed=placed,
            cancelled=placed - self._fills,
            tail_cancelled=0,
            rejected=0,
            maker_fills=self._fills,
            partial_fills=0,
            taker_fills=0,
        )
