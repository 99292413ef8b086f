"""Markets that benchmarks run on: random ones, and the recording of BTCUSDT.

The recording is `btcusdt_20240808.npz`, looked for in the folder that SOAK_SHARED_DATA names, else in
`shared/data` beside the repository.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from benches.kit import is_installed
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import FIELDS

TICK, LOT = 0.1, 0.001
RECORDING = "btcusdt_20240808.npz"

ROW = np.dtype(list(FIELDS))
_EXCHANGE, _LOCAL, _BUY, _SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_DEPTH, _TRADE, _SNAPSHOT = 1, 2, 4
_EPOCH_NS, _DELAY_NS = 1_700_000_000_000_000_000, 1_000_000
_LEVELS, _TICKS, _MEAN_LOTS = 200, 400_000, 2_000

F = TypeVar("F", bound=Callable[..., Any])


class Flow(NamedTuple):
    """Updates as columns: 1 for bids and -1 for asks, prices, sizes that stand from then on."""

    sides: NDArray[np.int8]
    prices: NDArray[np.float64]
    sizes: NDArray[np.float64]


def _compiled(function: F) -> F:
    """With numba, a part of the extra ``oracle``, where it is installed; else some 50 times slower."""
    if not is_installed("numba"):
        return function
    compiled: F = importlib.import_module("numba").njit(function)
    return compiled


@_compiled
def _step(held: NDArray[np.int64], best: NDArray[np.int64], side: int) -> tuple[bool, int, int]:
    """Whether the next step on a side is a market order, its tick, and the lots that it leaves there."""
    away = 2 * side - 1
    kind = np.random.random()
    if kind < 0.10:
        lots = 1 + int(np.random.exponential(_MEAN_LOTS))
        return True, best[side], max(held[side, best[side]] - lots, 0)
    if kind < 0.56:
        tick = best[1 - side] + away * (1 + min(int(np.random.exponential(5.0)), _LEVELS - 1))
        return False, tick, held[side, tick] + 1 + int(np.random.exponential(_MEAN_LOTS))
    tick = best[side] + away * min(int(np.random.exponential(6.0)), _LEVELS - 1)
    return False, tick, 0 if np.random.random() < 0.5 else held[side, tick] // 2


@_compiled
def _open(held: NDArray[np.int64], best: NDArray[np.int64], table: NDArray[np.int64]) -> int:
    """Set all levels; the number of rows."""
    for row in range(2 * _LEVELS):
        side = row % 2
        tick = best[side] + row // 2 * (2 * side - 1)
        held[side, tick] = 1 + int(np.random.exponential(3.0 * _MEAN_LOTS))
        table[row] = (0, _DEPTH, 1 - side, tick, held[side, tick])
    return 2 * _LEVELS


@_compiled
def _walk(seed: int, table: NDArray[np.int64]) -> None:
    """Fill a table of (ns since the last row, kind, 1 for a buy, tick, lots)."""
    np.random.seed(seed)
    held = np.zeros((2, _TICKS), np.int64)
    best = np.array([_TICKS // 2, _TICKS // 2 + 1])
    row = _open(held, best, table)
    while row < len(table):
        wait = 1 + int(np.random.exponential(1e6))
        side = int(np.random.random() < 0.5)
        trades, tick, left = _step(held, best, side)
        if left == held[side, tick]:
            continue
        if trades:
            table[row] = (wait, _TRADE, side, tick, held[side, tick] - left)
            row += 1
            wait = 0
        held[side, tick] = left
        if row < len(table):
            table[row] = (wait, _DEPTH, 1 - side, tick, left)
            row += 1
        if left > 0 and (2 * side - 1) * (tick - best[side]) < 0:
            best[side] = tick
        while held[side, best[side]] == 0:
            best[side] += 2 * side - 1


def zero_intelligence(rows: int, seed: int = 1) -> NDArray[Any]:
    """Rows of a random market, in the array format of hftbacktest 2.

    The flow goes round the best prices of a book that begins with 200 levels a side: 10 % of the steps are
    market orders, 46 % add to a level, the others cancel a level or half of it.
    """
    table = np.zeros((rows, 5), np.int64)
    _walk(seed, table)
    wait, kind, buys, ticks, lots = table.T
    made = np.zeros(rows, ROW)
    made["ev"] = kind | np.where(buys == 1, _BUY, _SELL) | _EXCHANGE | _LOCAL
    made["exch_ts"] = _EPOCH_NS + np.cumsum(wait)
    made["local_ts"] = made["exch_ts"] + _DELAY_NS
    made["px"] = ticks / round(1 / TICK)
    made["qty"] = lots / round(1 / LOT)
    return made


def depth_of(rows: NDArray[Any]) -> Flow:
    """Depth updates of the exchange's side."""
    rows = rows[((rows["ev"] & _EXCHANGE) != 0) & np.isin(rows["ev"] & 0xFF, (_DEPTH, _SNAPSHOT))]
    sides = np.where((rows["ev"] & _BUY) != 0, 1, -1).astype(np.int8)
    return Flow(sides, np.ascontiguousarray(rows["px"]), np.ascontiguousarray(rows["qty"]))


def recording() -> Path | None:
    """The recording of BTCUSDT, None where it is not there."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("SOAK_SHARED_DATA") or beside) / RECORDING
    return path if path.is_file() else None


def recorded() -> Flow | None:
    """Depth updates of the recording, None where it is not there."""
    path = recording()
    return None if path is None else depth_of(read_recording(path).rows)


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
