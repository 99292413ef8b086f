"""The order book against its limits, and against a book in Python that sorts both sides at every update."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benches.flows import RECORDING, TICK, Flow, depth_of, far_flow, jumping_flow, recorded, zero_intelligence
from benches.kit import Bench
from pytest_soak.market import L2Book

ZI_ROWS = 1_000_000
# Updates that are in the sorting book before it is timed, and those that it is timed with.
LOADED, SORTED = 20_000, 100


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


def _against_limit(bench: Bench, name: str, seconds: float, updates: int, limit_ns: float) -> None:
    ours = seconds / updates * 1e9
    bench.row(name, f"{ours:.3g} ns", f"limit {limit_ns:g} ns", limit_ns / ours, 1)


@pytest.mark.parametrize(
    ("market", "limit_ns"), [("zero-intelligence flow", 10.0), ("recorded BTCUSDT", 8.0)], ids=["zi", "btc"]
)
def bench_book(bench: Bench, market: str, limit_ns: float) -> None:
    """Updates in batch."""
    name = f"L2Book.apply_batch, {market}, an update"
    flow = recorded() if "BTC" in market else depth_of(zero_intelligence(bench.size(ZI_ROWS)))
    if flow is None:
        bench.row(name, "-", f"{RECORDING} is not there", None, 500)
        return
    updates = bench.size(len(flow.sides)) if "BTC" in market else len(flow.sides)
    flow = Flow(flow.sides[:updates], flow.prices[:updates], flow.sizes[:updates])
    if not same_end(flow):
        raise AssertionError(f"the book and two dictionaries disagree after the flow of: {name}")
    mine, theirs = bench.medians(_batch(flow), _sorting(flow, bench.size(LOADED)))
    _against_limit(bench, name, mine, updates, limit_ns)
    ours, peer = mine / updates * 1e9, theirs / SORTED * 1e9
    bench.row(name, f"{ours:.3g} ns", f"sorting book {peer:.3g} ns", peer / ours, 500)


def bench_book_single(bench: Bench) -> None:
    """Calls from Python, one an update."""
    flow = depth_of(zero_intelligence(bench.size(300_000)))
    (seconds,) = bench.medians(_single(flow))
    _against_limit(bench, "L2Book.apply_delta from Python", seconds, len(flow.sides), 250.0)


def bench_book_far(bench: Bench) -> None:
    """Prices outside the window."""
    flow = far_flow(bench.size(200_000))
    (seconds,) = bench.medians(_batch(flow))
    name = "L2Book.apply_batch, all outside the window"
    _against_limit(bench, name, seconds, len(flow.sides), 250.0)


def bench_book_jumps(bench: Bench) -> None:
    """A window that moves."""
    jumps = bench.size(20_000)
    (seconds,) = bench.medians(_single(jumping_flow(jumps)))
    name = "L2Book.apply_delta, each moves the window over 1,000 levels"
    _against_limit(bench, name, seconds, jumps, 100_000.0)
