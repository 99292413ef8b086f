"""The order book against its limits, and against a book in Python that sorts both sides at every update.

The recorded flow is `btcusdt_20240808.npz`, looked for in the folder that SOAK_SHARED_DATA names, else in
`shared/data` beside the repository.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benches.kit import Row, Setup, bench, medians
from pytest_soak.market import L2Book
from pytest_soak.market.recording import read_recording

TICK = 0.1
ZI_ROWS = 1_000_000
RECORDING = "btcusdt_20240808.npz"
# Updates that are in the sorting book before it is timed, and those that it is timed with.
LOADED, SORTED = 20_000, 100
_EXCHANGE, _BUY, _KINDS = 1 << 31, 1 << 29, (1, 4)


class Flow(NamedTuple):
    """Updates as columns: 1 for bids and -1 for asks, prices, sizes that stand from then on."""

    sides: NDArray[np.int8]
    prices: NDArray[np.float64]
    sizes: NDArray[np.float64]


class SortingBook:
    """Two dictionaries; both sides are sorted after every update to know the best prices."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.best_bid: float | None = None
        self.best_ask: float | None = None

    def load(self, side: int, price: float, size: float) -> None:
        """Set a level without a look at the best prices."""
        levels = self.bids if side == 1 else self.asks
        if size > 0:
            levels[price] = size
        else:
            levels.pop(price, None)

    def apply_delta(self, side: int, price: float, size: float) -> None:
        """Set a level and sort."""
        self.load(side, price, size)
        bids = sorted(self.bids, reverse=True)
        asks = sorted(self.asks)
        self.best_bid = bids[0] if bids else None
        self.best_ask = asks[0] if asks else None


def zero_intelligence(rows: int, seed: int = 1) -> Flow:
    """Random flow on 200 levels a side: 10 % takes, 46 % additions, the rest cancellations."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    books: dict[int, dict[int, float]] = {1: {}, -1: {}}
    best = {1: 200_000, -1: 200_001}
    found: list[tuple[int, int, float]] = []
    for step in range(200):
        found += [(side, best[side] - side * step, 1.0 + draw.expovariate(1 / 3)) for side in (1, -1)]
    for side, tick, size in found:
        books[side][tick] = size
    while len(found) < rows:
        side = 1 if draw.random() < 0.5 else -1
        held = books[side]
        tick, size = _next_level(draw, side, held, best)
        if tick not in held and size == 0.0:
            continue
        found.append((side, tick, size))
        _keep(held, best, side, tick, size)
    sides, ticks, sizes = (np.array(column) for column in zip(*found, strict=True))
    return Flow(sides.astype(np.int8), ticks / round(1 / TICK), sizes)


def _next_level(
    draw: random.Random, side: int, held: dict[int, float], best: dict[int, int]
) -> tuple[int, float]:
    kind = draw.random()
    if kind < 0.10:
        left = held[best[side]] - draw.expovariate(1 / 2) - 0.001
        return best[side], left if left >= 1e-3 else 0.0
    if kind < 0.56:
        tick = best[-side] - side * (1 + min(int(draw.expovariate(1 / 5)), 199))
        return tick, held.get(tick, 0.0) + draw.expovariate(1 / 2) + 0.001
    tick = best[side] - side * min(int(draw.expovariate(1 / 6)), 199)
    return tick, 0.0 if draw.random() < 0.5 else held.get(tick, 0.0) / 2


def _keep(held: dict[int, float], best: dict[int, int], side: int, tick: int, size: float) -> None:
    if size > 0.0:
        held[tick] = size
        best[side] = max(best[side] * side, tick * side) * side
        return
    del held[tick]
    while best[side] not in held:
        best[side] -= side


def recording() -> Path | None:
    """The recording of BTCUSDT, None where it is not there."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("SOAK_SHARED_DATA") or beside) / RECORDING
    return path if path.is_file() else None


def recorded() -> Flow | None:
    """Depth updates of the recording's exchange side, None where it is not there."""
    path = recording()
    if path is None:
        return None
    rows = read_recording(path).rows
    rows = rows[((rows["ev"] & _EXCHANGE) != 0) & np.isin(rows["ev"] & 0xFF, _KINDS)]
    sides = np.where((rows["ev"] & _BUY) != 0, 1, -1).astype(np.int8)
    return Flow(sides, np.ascontiguousarray(rows["px"]), np.ascontiguousarray(rows["qty"]))


def far_flow(rows: int, seed: int = 1) -> Flow:
    """A best bid that stays, and updates that all lie far below it, on some 10,000 levels."""
    draw = np.random.default_rng(seed)
    ticks = draw.integers(1_000, 20_000, rows)
    ticks[0] = 1_000_000
    sizes = np.where(draw.random(rows) < 0.5, 0.0, 1.0)
    sizes[0] = 1.0
    return Flow(np.ones(rows, np.int8), ticks / round(1 / TICK), sizes)


def jumping_flow(rows: int, levels: int = 1_000) -> Flow:
    """A bid that comes and goes 100,000 ticks above `levels` others, so that the window moves each time."""
    ticks = np.concatenate([200_000 - np.arange(levels), np.full(rows, 300_000)])
    sizes = np.concatenate([np.ones(levels), np.arange(rows) % 2 ^ 1])
    return Flow(np.ones(levels + rows, np.int8), ticks / round(1 / TICK), sizes)


def same_end(flow: Flow) -> bool:
    """Whether the book and two dictionaries hold the same levels after the whole flow."""
    book, plain = L2Book(TICK), SortingBook()
    book.apply_batch(*flow)
    for update in _plain(flow, 0, len(flow.sides)):
        plain.load(*update)
    wanted = (sorted(plain.bids.items(), reverse=True), sorted(plain.asks.items()))
    return book.depth(len(flow.sides)) == wanted


def _plain(flow: Flow, begin: int, end: int) -> Iterator[tuple[int, float, float]]:
    return zip(*(column[begin:end].tolist() for column in flow), strict=True)


def _batch(flow: Flow) -> Callable[[], object]:
    return lambda: L2Book(TICK).apply_batch(*flow)


def _single(flow: Flow) -> Callable[[], object]:
    calls = list(_plain(flow, 0, len(flow.sides)))

    def run() -> None:
        apply = L2Book(TICK).apply_delta
        for side, price, size in calls:
            apply(side, price, size)

    return run


def _sorting(flow: Flow, loaded: int) -> Callable[[], object]:
    book = SortingBook()
    for update in _plain(flow, 0, loaded):
        book.load(*update)
    updates = list(_plain(flow, loaded, loaded + SORTED))

    def run() -> None:
        for update in updates:
            book.apply_delta(*update)

    return run


def _limit(name: str, setup: Setup, job: Callable[[], object], updates: int, limit_ns: float) -> Row:
    (seconds,) = medians(setup.repeat, job)
    ours = seconds / updates * 1e9
    return Row(name=name, ours=f"{ours:.3g} ns", peer=f"limit {limit_ns:g} ns", ratio=limit_ns / ours, bar=1)


def _rows(name: str, setup: Setup, flow: Flow, limit_ns: float) -> Iterator[Row]:
    if not same_end(flow):
        raise AssertionError(f"the book and two dictionaries disagree after the flow of: {name}")
    updates = len(flow.sides)
    yield _limit(f"L2Book.apply_batch, {name}, an update", setup, _batch(flow), updates, limit_ns)
    mine, theirs = medians(setup.repeat, _batch(flow), _sorting(flow, setup.size(LOADED)))
    ours, peer = mine / updates * 1e9, theirs / SORTED * 1e9
    yield Row(
        name=f"L2Book.apply_batch, {name}, an update",
        ours=f"{ours:.3g} ns",
        peer=f"sorting book {peer:.3g} ns",
        ratio=peer / ours,
        bar=500,
    )


@bench("book")
def book(setup: Setup) -> Iterator[Row]:
    """Updates in batch on synthetic and recorded flow; the way of prices outside the window; single calls."""
    synthetic = zero_intelligence(setup.size(ZI_ROWS))
    yield from _rows("zero-intelligence flow", setup, synthetic, 10.0)
    day = recorded()
    if day is None:
        name = "L2Book.apply_batch, recorded BTCUSDT"
        yield Row(name=name, ours="-", peer=f"{RECORDING} is not there", ratio=None, bar=500)
    else:
        rows = setup.size(len(day.sides))
        part = Flow(day.sides[:rows], day.prices[:rows], day.sizes[:rows])
        yield from _rows("recorded BTCUSDT", setup, part, 8.0)
    some = setup.size(200_000)
    single = Flow(synthetic.sides[:some], synthetic.prices[:some], synthetic.sizes[:some])
    yield _limit("L2Book.apply_delta from Python", setup, _single(single), len(single.sides), 250.0)
    far = far_flow(setup.size(200_000))
    yield _limit("L2Book.apply_batch, all outside the window", setup, _batch(far), len(far.sides), 250.0)
    jumps = setup.size(20_000)
    name = "L2Book.apply_delta, each moves the window over 1,000 levels"
    yield _limit(name, setup, _single(jumping_flow(jumps)), jumps, 100_000.0)
