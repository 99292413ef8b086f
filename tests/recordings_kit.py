"""Recordings that lie: a short recording of a calm market, and what may be done to it.

Each mutation takes the rows of a good recording and returns those of a bad one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, ReplayMarket, Window, load_scenario
from pytest_soak.market.tape import rows_of_scenario
from tests.oracle.recordings import BOTH, BUY, CLEAR, DEPTH, EXCHANGE, LOCAL, SELL, SNAPSHOT, TRADE, write_npz

MINUTES = 2.0
Mutation = Callable[[np.ndarray], np.ndarray]


@cache
def _calm() -> np.ndarray:
    calm = load_scenario("calm")
    # More of its market orders trade, so that a short recording shows what it has.
    flow = calm.flow.model_copy(update={"reservation_bps": 6.0})
    busy = calm.model_copy(update={"flow": flow})
    rows = rows_of_scenario(busy, seed=1, duration_s=MINUTES * 60.0).copy()
    rows.setflags(write=False)
    return rows


def calm_rows() -> np.ndarray:
    """Two minutes of a calm market with many trades, some 100,000 rows; a copy."""
    return _calm().copy()


def job() -> MakerJob:
    """The maker of the default profile."""
    profile = load_profile("default").profile
    return MakerJob(parameters=dict(profile.parameters), maker=profile.maker, fees=profile.fees)


def replayed(path: Path, iterations: int = 1) -> list[EdgeReport]:
    """The reports of a recording that is cut into iterations."""
    market = ReplayMarket(path)
    length = market.duration_ms / iterations
    return [
        market.run_maker(
            job(),
            Window(iteration=i + 1, iterations=iterations, start_ms=i * length, duration_ms=length),
        )
        for i in range(iterations)
    ]


def replayed_rows(rows: np.ndarray, folder: Path, iterations: int = 1) -> list[EdgeReport]:
    """The reports of rows, by way of a file."""
    return replayed(write_npz(folder / "bad.npz", rows), iterations)


def kinds(rows: np.ndarray) -> np.ndarray:
    """The kind of each row."""
    return rows["ev"] & np.uint64(0xFF)


def inserted(rows: np.ndarray, at: int, *, side: int, px: float, qty: float, kind: int = DEPTH) -> np.ndarray:
    """One more row before row ``at``, at its times."""
    new = rows[at : at + 1].copy()
    new["ev"] = BOTH | kind | side
    new["px"], new["qty"] = px, qty
    return np.concatenate([rows[:at], new, rows[at:]])


def crossed(rows: np.ndarray) -> np.ndarray:
    """One bid 1 % above the market that is never deleted."""
    return inserted(rows, len(rows) // 3, side=BUY, px=round(float(np.median(rows["px"])) * 1.01, 2), qty=1.0)


def other_symbol(rows: np.ndarray) -> np.ndarray:
    """Forty rows of an instrument that costs 3 % more."""
    new = rows[np.linspace(5_000, len(rows) - 5_000, 40).astype(int)].copy()
    new["px"] = np.round(new["px"] * 1.03, 2)
    places = np.linspace(5_000, len(rows) - 5_000, 40).astype(int)
    return np.insert(rows, places, new)


def without(rows: np.ndarray, from_s: float, to_s: float) -> np.ndarray:
    """A stretch of time is cut out."""
    since = (rows["exch_ts"] - rows["exch_ts"][0]) / 1e9
    kept: np.ndarray = rows[(since < from_s) | (since >= to_s)]
    return kept


def paused(rows: np.ndarray, at_s: float, for_s: float) -> np.ndarray:
    """Nothing happens for a while; no row is lost."""
    late = (rows["exch_ts"] - rows["exch_ts"][0]) / 1e9 >= at_s
    for name in ("exch_ts", "local_ts"):
        rows[name][late] += round(for_s * 1e9)
    return rows


def field(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Mutation:
    """All values of a field are changed."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        rows[name] = change(rows[name])
        return rows

    return mutated


def value(name: str, place: int, new: float) -> Mutation:
    """One value of a field is changed."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        rows[name][place] = new
        return rows

    return mutated


def end_of_time(rows: np.ndarray) -> np.ndarray:
    """The last row is stamped with the largest time that there is."""
    rows["exch_ts"][-1] = 2**63 - 1
    return rows


def of_kind(code: int, count: int = 40) -> Mutation:
    """Some depth rows become rows of another kind."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        places = np.flatnonzero(kinds(rows) == DEPTH)[1_000::1_000][:count]
        rows["ev"][places] = (rows["ev"][places] & ~np.uint64(0xFF)) | np.uint64(code)
        return rows

    return mutated


def swapped(rows: np.ndarray) -> np.ndarray:
    """Trades name the other side as the aggressor."""
    rows["ev"][kinds(rows) == TRADE] ^= np.uint64(BUY | SELL)
    return rows


def sideless(rows: np.ndarray) -> np.ndarray:
    """Trades do not name the aggressor."""
    rows["ev"][kinds(rows) == TRADE] &= ~np.uint64(BUY | SELL)
    return rows


def no_local(rows: np.ndarray) -> np.ndarray:
    """Rows are the exchange's alone."""
    rows["ev"] &= ~np.uint64(LOCAL)
    return rows


def unseen(rows: np.ndarray, from_s: float, to_s: float) -> np.ndarray:
    """Of a stretch of time, rows are the exchange's alone."""
    since = (rows["exch_ts"] - rows["exch_ts"][0]) / 1e9
    rows["ev"][(since >= from_s) & (since < to_s)] &= ~np.uint64(LOCAL)
    return rows


def one_sided(rows: np.ndarray) -> np.ndarray:
    """All asks are taken out."""
    kept: np.ndarray = rows[((rows["ev"] & np.uint64(SELL)) == 0) | (kinds(rows) == TRADE)]
    return kept


def empty_asks(rows: np.ndarray) -> np.ndarray:
    """Asks are displayed in the first second only."""
    later = rows["exch_ts"] > rows["exch_ts"][0] + 1_000_000_000
    asks = ((rows["ev"] & np.uint64(SELL)) != 0) & (kinds(rows) != TRADE)
    clear = rows[later][:1].copy()
    clear["ev"], clear["px"], clear["qty"] = BOTH | SELL | CLEAR, 0.0, 0.0
    at = int(later.argmax())
    return np.concatenate([rows[:at], clear, rows[at:][~asks[at:]]])


def dear_lot(rows: np.ndarray) -> np.ndarray:
    """Quantities are a thousand times as large, and so is a lot."""
    rows["qty"] = np.rint(np.maximum(rows["qty"] * 1e3, (rows["qty"] > 0) * 1.0)) * 1e3
    return rows


def as_snapshots(rows: np.ndarray, times: int = 20) -> np.ndarray:
    """The same market with reconnects: now and then both sides are cleared and shown anew, as they stand."""
    book: dict[int, dict[float, float]] = {BUY: {}, SELL: {}}
    stamps = rows["exch_ts"]
    last_of_time = np.flatnonzero(np.append(stamps[1:] != stamps[:-1], True))
    wanted = set(last_of_time[np.linspace(1_000, len(last_of_time) - 1_000, times).astype(int)].tolist())
    parts, begin = [], 0
    for at, (event, px, qty) in enumerate(zip(rows["ev"].tolist(), rows["px"], rows["qty"], strict=True)):
        if event & 0xFF in (DEPTH, SNAPSHOT) and event & EXCHANGE:
            levels = book[event & (BUY | SELL)]
            levels[px] = qty
            if qty == 0.0:
                del levels[px]
        if at in wanted:
            parts += [rows[begin : at + 1], _shown(rows[at], book)]
            begin = at + 1
    return np.concatenate([*parts, rows[begin:]])


def _shown(last: np.void, book: dict[int, dict[float, float]]) -> np.ndarray:
    levels = [(side, px, qty) for side, found in book.items() for px, qty in found.items()]
    shown = np.repeat(np.array([last]), 2 + len(levels))
    shown["ev"][:2], shown["px"][:2], shown["qty"][:2] = [BOTH | CLEAR | BUY, BOTH | CLEAR | SELL], 0.0, 0.0
    for place, (side, px, qty) in enumerate(levels, 2):
        shown[place]["ev"], shown[place]["px"], shown[place]["qty"] = BOTH | SNAPSHOT | side, px, qty
    return shown


def glued(jump: float) -> Mutation:
    """Two sessions one after the other: the book is cleared, and the price goes on elsewhere."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        half = len(rows) // 2
        clear = np.repeat(rows[half : half + 1], 2)
        clear["ev"], clear["px"], clear["qty"] = [BOTH | CLEAR | BUY, BOTH | CLEAR | SELL], 0.0, 0.0
        rows["px"][half:] = np.round(rows["px"][half:] * (1.0 + jump), 2)
        return np.concatenate([rows[:half], clear, rows[half:]])

    return mutated


def crossed_often(rows: np.ndarray, times: int = 40) -> np.ndarray:
    """Bids 1 % above the market that stand for a millisecond each, for less than 0.1 % of the time."""
    for at in np.linspace(5_000, len(rows) - 5_000, times).astype(int)[::-1].tolist():
        px = round(float(rows["px"][at]) * 1.01, 2)
        until = int(np.searchsorted(rows["exch_ts"], rows["exch_ts"][at] + 1_000_000))
        rows = inserted(rows, until, side=BUY, px=px, qty=0.0)
        rows = inserted(rows, at, side=BUY, px=px, qty=1.0)
    return rows


def trades_moved(share_of_price: float) -> Mutation:
    """Trades are printed off the book, in the direction of their aggressor."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        trades = kinds(rows) == TRADE
        sign = np.where((rows["ev"] & np.uint64(BUY)) != 0, 1.0, -1.0)
        moved = np.round(rows["px"] * (1.0 + sign * share_of_price), 2)
        rows["px"] = np.where(trades, moved, rows["px"])
        return rows

    return mutated


def trades_late(rows: np.ndarray, by_ns: int = 1_000_000_000) -> np.ndarray:
    """Trades come a second after the depth that they left."""
    trades = kinds(rows) == TRADE
    rows["exch_ts"][trades] += by_ns
    rows["local_ts"][trades] += by_ns
    rows = rows[np.argsort(rows["exch_ts"], kind="stable")]
    rows["local_ts"] = np.maximum.accumulate(rows["local_ts"])
    return rows


def frozen(*sides: int) -> Mutation:
    """From a third of the rows on, depth of some sides is no longer written."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        late = np.arange(len(rows)) >= len(rows) // 3
        on = (rows["ev"] & np.uint64(sum(sides))) != 0
        kept: np.ndarray = rows[~(late & on & (kinds(rows) != TRADE))]
        return kept

    return mutated


def lost(share: float, *, deletions: bool) -> Mutation:
    """A share of the depth rows is lost, of all or of those that delete a level."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        chosen = np.random.default_rng(1).random(len(rows)) < share
        kept: np.ndarray = rows[~(chosen & (kinds(rows) == DEPTH) & ((rows["qty"] == 0.0) | (not deletions)))]
        return kept

    return mutated


def scaled(kind: int, factor: float) -> Mutation:
    """Quantities of a kind of rows are in another unit."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        of_kind = kinds(rows) == kind
        rows["qty"] = np.where(of_kind, np.rint(rows["qty"] * factor * 1e3) / 1e3, rows["qty"])
        return rows

    return mutated


def of_sellers(rows: np.ndarray) -> np.ndarray:
    """Trades of buyers are left out."""
    kept: np.ndarray = rows[~((kinds(rows) == TRADE) & ((rows["ev"] & np.uint64(BUY)) != 0))]
    return kept


def repeated(times: int, *, trades: bool) -> Mutation:
    """All rows, or trades alone, stand in the file several times."""
    return lambda rows: np.repeat(rows, np.where((kinds(rows) == TRADE) | (not trades), times, 1))


def short_gaps(rows: np.ndarray) -> np.ndarray:
    """Every ten seconds, 4.9 s are cut out."""
    for begin in range(10, 110, 10):
        rows = without(rows, begin, begin + 4.9)
    return rows


def whole_seconds(rows: np.ndarray) -> np.ndarray:
    """Both clocks tell whole seconds."""
    for name in ("exch_ts", "local_ts"):
        rows[name] = rows[name] // 1_000_000_000 * 1_000_000_000
    return rows


def from_the_middle(factor: float) -> Mutation:
    """Prices are in another unit from the middle on."""

    def mutated(rows: np.ndarray) -> np.ndarray:
        rows["px"][len(rows) // 2 :] *= factor
        return rows

    return mutated
