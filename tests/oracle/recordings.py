"""Synthetic recordings in hftbacktest's layout, and where the real one is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

EXCHANGE, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
BOTH = EXCHANGE | LOCAL
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
LAYOUT = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
EPOCH_NS = 1_723_161_256_298_000_000
LAG_NS = 4_000_000
REAL = "btcusdt_20240808.npz"
Row = tuple[int, float, float, float]


def row(at_ms: float, kind: int, side: int, price: float, qty: float) -> Row:
    """One event on both sides, ``at_ms`` after the recording's begin."""
    return (BOTH | kind | side, at_ms, price, qty)


def rows_of(events: Iterable[Row], *, lag_ns: int = LAG_NS) -> np.ndarray:
    """Rows of (ev, ms since the begin, price, quantity)."""
    listed = list(events)
    rows = np.zeros(len(listed), dtype=LAYOUT)
    for index, (event, at_ms, price, qty) in enumerate(listed):
        stamp = EPOCH_NS + round(at_ms * 1e6)
        rows[index] = (event, stamp, stamp + lag_ns, price, qty, 0, 0, 0.0)
    return rows


def ladder(at_ms: float, mid: float, qtys: Sequence[float], tick: float = 0.1) -> list[Row]:
    """A book with ``qtys`` on each side, one tick apart, best prices half a tick round ``mid``."""
    found: list[Row] = []
    for level, qty in enumerate(qtys):
        found.append(row(at_ms, SNAPSHOT, BUY, round(mid - tick / 2 - level * tick, 6), qty))
        found.append(row(at_ms, SNAPSHOT, SELL, round(mid + tick / 2 + level * tick, 6), qty))
    return found


def good_rows() -> np.ndarray:
    """The smallest recording that can be replayed: six levels, one trade, 500 ms."""
    events = ladder(0.0, 60_000.05, [1.5, 2.25, 0.008])
    events.append(row(10.0, TRADE, SELL, 60_000.0, 0.004))
    events.append(row(10.0, DEPTH, BUY, 60_000.0, 1.496))
    events.append(row(500.0, DEPTH, SELL, 60_000.1, 0.0))
    return rows_of(events)


def random_rows(
    seed: int, *, seconds: float = 20.0, rate: float = 200.0, quiet_ms: float = 0.0
) -> np.ndarray:
    """A small market: levels refill, are cancelled and eaten; the mid wanders tick by tick.

    Prices are multiples of 0.1, quantities of 0.001. Every trade is followed by the depth row of what
    it left, as exchanges send it. The book never crosses and never runs empty.
    """
    rng = np.random.default_rng(seed)
    book: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
    for level in range(40):
        book[BUY][59_999 - level] = int(rng.integers(200, 4000))
        book[SELL][60_000 + level] = int(rng.integers(200, 4000))
    events = [row(0.0, SNAPSHOT, side, t / 10, q / 1000) for side in book for t, q in book[side].items()]
    at_ms = quiet_ms
    while at_ms < seconds * 1000.0:
        at_ms += float(rng.exponential(1000.0 / rate))
        events.extend(_happening(rng, book, at_ms))
    return rows_of(events)


def reconnected(before: np.ndarray, after: np.ndarray, at_ms: float, bound: bool) -> np.ndarray:
    """A recording that breaks off at ``at_ms``: the book is cleared and another one begins.

    With ``bound`` the clear rows name the worst price of the old book, else they name none.
    """
    first, shift = before[0]["exch_ts"], round(at_ms * 1e6)
    kept = before[before["exch_ts"] < first + shift]
    clears = np.zeros(2, dtype=LAYOUT)
    clears["ev"] = [BOTH | CLEAR | BUY, BOTH | CLEAR | SELL]
    clears["exch_ts"] = first + shift
    clears["local_ts"] = first + shift + LAG_NS
    if bound:
        clears["px"] = [kept["px"].min(), kept["px"].max()]
    later = after.copy()
    later["exch_ts"] += shift
    later["local_ts"] += shift
    return np.concatenate([kept, clears, later])


def _happening(rng: np.random.Generator, book: dict[int, dict[int, int]], at_ms: float) -> list[Row]:
    side = BUY if rng.random() < 0.5 else SELL
    levels = book[side]
    away = -1 if side == BUY else 1
    best = max(levels) if side == BUY else min(levels)
    chance = rng.random()
    if chance < 0.12:
        return _trade(rng, levels, best, side, at_ms)
    if chance < 0.62:
        other = book[SELL if side == BUY else BUY]
        touch = min(other) if side == BUY else max(other)
        tick = touch + away * (1 + int(rng.exponential(4.0)))
        levels[tick] = levels.get(tick, 0) + int(rng.integers(1, 1500))
    else:
        tick = best + away * int(rng.exponential(4.0))
        if tick not in levels or len(levels) < 20:
            return []
        levels[tick] = int(levels[tick] * rng.random())
        if not levels[tick]:
            del levels[tick]
    return [row(at_ms, DEPTH, side, tick / 10, levels.get(tick, 0) / 1000)]


def _trade(rng: np.random.Generator, levels: dict[int, int], best: int, side: int, at_ms: float) -> list[Row]:
    if len(levels) < 20:
        return []
    size = min(levels[best], int(rng.integers(1, 3000)))
    levels[best] -= size
    left = levels[best]
    if not left:
        del levels[best]
    taker = SELL if side == BUY else BUY
    return [
        row(at_ms, TRADE, taker, best / 10, size / 1000),
        row(at_ms, DEPTH, side, best / 10, left / 1000),
    ]


def write_npz(path: Path, rows: np.ndarray) -> Path:
    """Write rows as hftbacktest does: a compressed archive with the array ``data``."""
    np.savez_compressed(path, data=rows)
    return path


def real_recording() -> Path:
    """Path of the shared recording; skips the test, with the places looked at, where there is none."""
    given = os.environ.get("SOAK_SHARED_DATA")
    here = Path(__file__).resolve().parents[2]
    places = [Path(given)] if given else [here.parent / "shared" / "data", here / "shared" / "data"]
    for place in places:
        if (place / REAL).is_file():
            return place / REAL
    looked = ", ".join(str(place) for place in places)
    pytest.skip(f"no recorded data: {REAL} is not in {looked}; set SOAK_SHARED_DATA to its folder")
