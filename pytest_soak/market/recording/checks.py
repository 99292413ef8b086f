"""What the rows of a recording must be to be replayed, and what can be inferred from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.recording.reading import Rows

EXCHANGE = 1 << 31
BUY = 1 << 29
SELL = 1 << 28
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
_PRICED = (DEPTH, TRADE, SNAPSHOT)
_CHUNK_ROWS = 1 << 18
_MOST_DECIMALS = 10
_DUST = 1e-6


@dataclass(frozen=True, slots=True)
class Facts:
    """What a recording holds: times in ns of the exchange's clock, sizes of tick and lot."""

    rows: int
    first_ns: int
    last_ns: int
    tick_size: float
    lot_size: float


def check_rows(rows: Rows, path: Path, tick_size: float | None, lot_size: float | None) -> Facts:
    """Check every row and infer what was not given.

    Only the rows of the exchange's side (bit 31 of ``ev``) must be in order of ``exch_ts``: converters
    split an event that overtook another into an exchange row and a local row, and local rows are in
    order of ``local_ts``, so that over all rows ``exch_ts`` steps back by up to the feed latency.

    Raises:
        SoakConfigError: naming the file, the first row that is wrong and what was expected.
    """
    scan = _Scan(path)
    for offset, chunk in _chunks(rows):
        scan.add(offset, chunk)
    first, last = scan.finish()
    return Facts(
        rows=len(rows),
        first_ns=first,
        last_ns=last,
        tick_size=tick_size or _smallest_unit(scan.prices, path, "price", "tick_size"),
        lot_size=lot_size or _smallest_unit(scan.quantities, path, "quantity", "lot_size"),
    )


def _chunks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    for offset in range(0, len(rows), _CHUNK_ROWS):
        yield offset, rows[offset : offset + _CHUNK_ROWS]


class _Scan:
    """One pass over the rows in chunks, so that a memory-mapped file is never held whole."""

    def __init__(self, path: Path) -> None:
        import numpy as np

        self._path = path
        self._first: int | None = None
        self._last = 0
        self._kinds: set[int] = set()
        self.prices: NDArray[np.float64] = np.empty(0)
        self.quantities: NDArray[np.float64] = np.empty(0)

    def add(self, offset: int, chunk: Rows) -> None:
        import numpy as np

        event = chunk["ev"]
        kind = event & np.uint64(0xFF)
        priced = np.isin(kind, _PRICED)
        self._refuse(offset, priced & ~np.isfinite(chunk["px"]), chunk, "px", "a finite price")
        self._refuse(offset, priced & (chunk["px"] <= 0.0), chunk, "px", "a price above 0")
        self._refuse(offset, priced & ~np.isfinite(chunk["qty"]), chunk, "qty", "a finite quantity")
        self._refuse(offset, priced & (chunk["qty"] < 0.0), chunk, "qty", "a quantity of at least 0")
        self._refuse_sideless(offset, np.isin(kind, (DEPTH, SNAPSHOT)), event)
        self._collect(chunk[priced])
        exchange = (event & np.uint64(EXCHANGE)) != 0
        self._kinds.update(int(k) for k in np.unique(kind[exchange]))
        self._in_order(offset, chunk, np.flatnonzero(exchange))

    def finish(self) -> tuple[int, int]:
        if self._first is None:
            raise SoakConfigError(f"recording {self._path} has no rows of the exchange's side (bit 31 of ev)")
        for kinds, name in (({DEPTH, SNAPSHOT}, "depth"), ({TRADE}, "trade")):
            if not kinds & self._kinds:
                raise SoakConfigError(
                    f"recording {self._path} has no {name} rows of the exchange's side; "
                    "expected both depth and trades (L2)"
                )
        return self._first, self._last

    def _refuse(self, offset: int, bad: NDArray[np.bool_], chunk: Rows, field: str, expected: str) -> None:
        if bad.any():
            index = int(bad.argmax())
            raise SoakConfigError(
                f"recording {self._path}: row {offset + index} has {field} = {chunk[field][index]}; "
                f"expected {expected}"
            )

    def _refuse_sideless(self, offset: int, depth: NDArray[np.bool_], event: NDArray[np.uint64]) -> None:
        import numpy as np

        bought, sold = (event & np.uint64(BUY)) != 0, (event & np.uint64(SELL)) != 0
        bad = depth & (bought == sold)
        if bad.any():
            index = int(bad.argmax())
            raise SoakConfigError(
                f"recording {self._path}: row {offset + index} is depth with ev = {hex(event[index])}; "
                "expected one side, buy (bit 29) or sell (bit 28)"
            )

    def _in_order(self, offset: int, chunk: Rows, places: NDArray[np.intp]) -> None:
        import numpy as np

        if not len(places):
            return
        times = chunk["exch_ts"][places]
        before = np.concatenate(([self._last if self._first is not None else times[0]], times[:-1]))
        late = times < before
        if late.any():
            index = int(late.argmax())
            raise SoakConfigError(
                f"recording {self._path}: row {offset + int(places[index])} of the exchange's side has "
                f"exch_ts = {times[index]} after {before[index]}; expected exch_ts never to step back there"
            )
        if self._first is None:
            self._first = int(times[0])
        self._last = int(times[-1])

    def _collect(self, priced: Rows) -> None:
        import numpy as np

        self.prices = np.union1d(self.prices, priced["px"])
        self.quantities = np.union1d(self.quantities, priced["qty"])


def _smallest_unit(values: NDArray[np.float64], path: Path, what: str, argument: str) -> float:
    """Greatest unit of which every value is a multiple, as the decimal numbers that were written down."""
    import numpy as np

    values = values[values > 0.0]
    for decimals in range(_MOST_DECIMALS + 1) if len(values) else ():
        scaled = values * 10.0**decimals
        whole = np.rint(scaled)
        if np.abs(scaled - whole).max() <= _DUST and whole.max() < 2.0**62:
            return int(np.gcd.reduce(whole.astype(np.int64))) / float(10**decimals)
    raise SoakConfigError(
        f"recording {path}: no {argument} can be inferred, as not every {what} is a multiple of a decimal "
        f"number; make the market with ReplayMarket(path, {argument}=...) in pytest_soak_make_market"
    )
