"""What the rows of a recording must be to be replayed, and what can be inferred from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.market.recording.grid import MOST_UNITS, Grid, off_grid
from pytest_soak.market.recording.rows import (
    BUY,
    CLEAR,
    DEPTH,
    EXCHANGE,
    GAP,
    LOCAL,
    SELL,
    SNAPSHOT,
    TRADE,
    chunks,
    sample,
)
from pytest_soak.market.recording.table import Finding, refuse
from pytest_soak.market.recording.times import MOST_DELAY_NS, MOST_SKEW_NS, Axis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.recording.rows import Rows

_PRICED = (DEPTH, TRADE, SNAPSHOT)
_UNUSABLE = {
    5: "the best bid and offer",
    10: "level 3, an order added",
    11: "level 3, an order cancelled",
    12: "level 3, an order modified",
    13: "level 3, a fill",
}
_MOST_DELAYS = 1_000_000
_GIVE = "give it with --soak-{}=SIZE, or with ReplayMarket(path, {}=...) in pytest_soak_make_market"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a recording holds: times in ns of the exchange's clock, sizes of tick and lot, and where from.

    ``local_shift_ns`` is to be added to every local time, so that nothing is received before it was sent.
    ``has_delays`` is false where every row was received at the very time at which it was sent.
    """

    rows: int
    first_ns: int
    last_ns: int
    tick_size: float
    lot_size: float
    local_shift_ns: int = 0
    has_delays: bool = True
    tick_from: str = "data"
    lot_from: str = "data"
    findings: tuple[Finding, ...] = ()


def check_rows(
    rows: Rows,
    path: Path,
    tick_size: float | None,
    lot_size: float | None,
    *,
    most_skew_ns: int = MOST_SKEW_NS,
) -> Facts:
    """Check every row and infer what was not given; `pytest_soak.market.recording.table` lists the checks.

    Only the rows of the exchange's side (bit 31 of ``ev``) must be in order of ``exch_ts``: converters
    split an event that overtook another into an exchange row and a local row, and local rows are in
    order of ``local_ts``, so that over all rows ``exch_ts`` steps back by up to the feed latency.

    Rows may be received up to ``most_skew_ns`` before they were sent, which is repaired.

    Raises:
        SoakConfigError: naming the file, the first row that is wrong, how many are, and what was expected.
    """
    import numpy as np

    scan = _Scan(most_skew_ns)
    with np.errstate(all="ignore"):
        for offset, chunk in chunks(rows):
            scan.add(offset, chunk)
        scan.finish(path)
        tick = _unit(rows, path, _PRICE, scan.prices, tick_size)
        lot = _unit(rows, path, _QUANTITY, scan.quantities, lot_size)
        for what, unit, most in ((_PRICE, tick, scan.most_px), (_QUANTITY, lot, scan.most_qty)):
            if most / unit > MOST_UNITS:
                refuse(path, f": a {what.name} of {most} is too many times {what.argument} = {unit}")
        odd = tuple(_odd_trades(rows, scan, tick))
    return Facts(
        rows=len(rows),
        first_ns=scan.exchange.first or 0,
        last_ns=scan.exchange.last,
        tick_size=tick,
        lot_size=lot,
        local_shift_ns=scan.shift(),
        has_delays=scan.has_delays,
        tick_from="option" if tick_size else "data",
        lot_from="option" if lot_size else "data",
        findings=(*scan.findings(), *odd),
    )


def delays_ms(rows: Rows) -> NDArray[np.float64]:
    """Delays from the exchange to the receiver, of a million rows of the local side, evenly taken."""
    import numpy as np

    taken = sample(rows, _MOST_DELAYS)
    of_local = taken[(taken["ev"] & np.uint64(LOCAL)) != 0]
    delays: NDArray[np.float64] = (of_local["local_ts"] - of_local["exch_ts"]) / 1e6
    return delays


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    field: str
    argument: str

    @property
    def option(self) -> str:
        """The command line's option of it."""
        return self.argument.replace("_", "-")


_PRICE = _Field("price", "px", "tick_size")
_QUANTITY = _Field("quantity", "qty", "lot_size")


class _Found:
    """First row, number of rows, and what is wrong with the first, by check."""

    def __init__(self) -> None:
        self.by_check: dict[tuple[str, str], Finding] = {}

    def note(self, check: str, kind: str, row: int, count: int, text: str) -> None:
        known = self.by_check.get((check, kind))
        new = Finding(check, row, count, text)
        self.by_check[check, kind] = new if known is None else known._replace(rows=known.rows + count)


class _Scan:
    """One pass over the rows in chunks, so that a memory-mapped file is never held whole."""

    def __init__(self, most_skew_ns: int) -> None:
        self._most_skew_ns = most_skew_ns
        self._wrong = _Found()
        self._odd = _Found()
        self._offset = 0
        self._seen: set[str] = set()
        self.prices, self.quantities, self.trade_prices = Grid(), Grid(), Grid()
        self.most_px = self.most_qty = 0.0
        self.exchange = Axis("exch_ts", "exchange's", partial(self._report, "exchange"))
        self.local = Axis("local_ts", "local", partial(self._report, "local"))
        self.has_delays = False
        self._least_delay: tuple[int, int] | None = None
        self._early = 0

    def add(self, offset: int, chunk: Rows) -> None:
        import numpy as np

        self._offset = offset
        event = chunk["ev"]
        kind = (event & np.uint64(0xFF)).astype(np.int64)
        depth = np.isin(kind, (DEPTH, SNAPSHOT))
        good = self._numbers(chunk, np.isin(kind, _PRICED))
        self._kinds(kind)
        bought, sold = (event & np.uint64(BUY)) != 0, (event & np.uint64(SELL)) != 0
        self._mark(
            "side",
            depth & (bought == sold),
            lambda i: f"is depth with ev = {hex(event[i])}; expected one side, buy (bit 29) or sell (bit 28)",
        )
        self.prices.add(chunk["px"][depth & good])
        self.quantities.add(chunk["qty"][depth & good])
        self.trade_prices.add(chunk["px"][(kind == TRADE) & good])
        exchange, local = (event & np.uint64(EXCHANGE)) != 0, (event & np.uint64(LOCAL)) != 0
        standing = depth & (chunk["qty"] > 0.0)
        for name, mask in (
            ("bids of the exchange's side", standing & bought & exchange),
            ("asks of the exchange's side", standing & sold & exchange),
            ("bids of the local side", standing & bought & local),
            ("asks of the local side", standing & sold & local),
            ("trade rows of the exchange's side", (kind == TRADE) & exchange),
        ):
            if mask.any():
                self._seen.add(name)
        self._neither(exchange, local)
        self._times(chunk, exchange, local)

    def _numbers(self, chunk: Rows, priced: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Check prices and quantities; where both are numbers in range."""
        import numpy as np

        px, qty = chunk["px"], chunk["qty"]
        good: NDArray[np.bool_] = priced & np.isfinite(px) & (px > 0.0) & np.isfinite(qty) & (qty >= 0.0)
        for values, name, wrong, expected in (
            (px, "px", ~np.isfinite(px), "a finite price"),
            (px, "px", px <= 0.0, "a price above 0"),
            (qty, "qty", ~np.isfinite(qty), "a finite quantity"),
            (qty, "qty", qty < 0.0, "a quantity of at least 0"),
        ):
            self._mark("number", priced & wrong, _valued(values, name, expected), expected)
        if good.any():
            self.most_px = max(self.most_px, float(px[good].max()))
            self.most_qty = max(self.most_qty, float(qty[good].max()))
        return good

    def _kinds(self, kind: NDArray[np.int64]) -> None:
        import numpy as np

        for code in np.unique(kind).tolist():
            if code in _UNUSABLE:
                self._mark("kind", kind == code, _unusable(code), str(code))
            elif code not in (DEPTH, TRADE, CLEAR, SNAPSHOT, GAP):
                rows = np.flatnonzero(kind == code)
                row, text = self._offset + int(rows[0]), f"rows of kind {code} are not used"
                self._odd.note("other kind", str(code), row, len(rows), text)

    def _neither(self, exchange: NDArray[np.bool_], local: NDArray[np.bool_]) -> None:
        rows = (~(exchange | local)).nonzero()[0]
        if len(rows):
            row, text = (
                self._offset + int(rows[0]),
                "rows of neither clock (bits 30 and 31 of ev) are not used",
            )
            self._odd.note("other kind", "neither", row, len(rows), text)

    def _times(self, chunk: Rows, exchange: NDArray[np.bool_], local: NDArray[np.bool_]) -> None:
        import numpy as np

        for axis, field, mask in ((self.exchange, "exch_ts", exchange), (self.local, "local_ts", local)):
            places = np.flatnonzero(mask)
            axis.add(chunk[field][places], places)
        places = np.flatnonzero(local & (chunk["exch_ts"] >= 0) & (chunk["local_ts"] >= 0))
        if not len(places):
            return
        delay = chunk["local_ts"][places] - chunk["exch_ts"][places]
        at = int(delay.argmin())
        least = int(delay[at])
        if self._least_delay is None or least < self._least_delay[0]:
            self._least_delay = least, self._offset + int(places[at])
        self._early += int((delay < 0).sum())
        self.has_delays |= bool(delay.any())
        for wrong, expected in (
            (delay > MOST_DELAY_NS, "at most 10 min"),
            (
                delay < -self._most_skew_ns,
                f"at least {-self._most_skew_ns / 1e9:g} s; is one of the clocks not in nanoseconds?",
            ),
        ):
            self._report("both", "delay", wrong, places, partial(_delay_text, chunk, places, delay, expected))

    def _mark(self, check: str, bad: NDArray[np.bool_], text: Callable[[int], str], kind: str = "") -> None:
        if bad.any():
            index = int(bad.argmax())
            self._wrong.note(check, kind, self._offset + index, int(bad.sum()), text(index))

    def _report(
        self,
        clock: str,
        check: str,
        bad: NDArray[np.bool_],
        places: NDArray[np.intp],
        text: Callable[[int], str],
    ) -> None:
        if bad.any():
            index = int(bad.argmax())
            row = self._offset + int(places[index])
            self._wrong.note(check, clock, row, int(bad.sum()), text(index))

    def shift(self) -> int:
        """What is to be added to local times, ns."""
        return 0 if self._least_delay is None else max(0, -self._least_delay[0])

    def findings(self) -> Iterator[Finding]:
        """What was found and does not keep the recording from being replayed."""
        yield from self._odd.by_check.values()
        if self.shift() and self._least_delay is not None:
            text = f"received before it was sent: local times are shifted by {self.shift() / 1e6:.6g} ms"
            yield Finding("skew", self._least_delay[1], self._early, text)

    def finish(self, path: Path) -> None:
        """Refuse what cannot be replayed, by the first row that is wrong.

        Raises:
            SoakConfigError: naming the file, the row, how many rows are so and what was expected.
        """
        if self.exchange.first is None:
            refuse(path, " has no rows of the exchange's side (bit 31 of ev)")
        if self._wrong.by_check:
            first = min(self._wrong.by_check.values(), key=lambda found: found.row)
            more = "" if first.rows == 1 else f" ({first.rows} such rows)"
            refuse(path, f": row {first.row} {first.text}{more}")
        if self.local.first is None:
            refuse(path, " has no rows of the local side (bit 30 of ev): nobody could have seen its book")
        self.exchange.check_whole(path)
        sides = [
            f"{what} of the {side} side" for side in ("exchange's", "local") for what in ("bids", "asks")
        ]
        if not self._seen & set(sides):
            refuse(path, " has no depth rows that show a quantity; expected both depth and trades (L2)")
        for name in (*sides, "trade rows of the exchange's side"):
            if name not in self._seen:
                refuse(
                    path, f" has no {name}; expected both depth and trades (L2), of both sides of the book"
                )


def _valued(values: NDArray[np.float64], name: str, expected: str) -> Callable[[int], str]:
    return lambda index: f"has {name} = {values[index]}; expected {expected}"


def _unusable(code: int) -> Callable[[int], str]:
    return lambda _: (
        f"is of kind {code} ({_UNUSABLE[code]}), which the replay does not use; "
        "expected depth per price and trades (L2, kinds 1 to 4)"
    )


def _unit(rows: Rows, path: Path, what: _Field, grid: Grid, given: float | None) -> float:
    """Tick or lot size: what was given, if all depth rows are on its grid, or what they have in common."""
    unit = given or grid.unit(by_majority=what is _PRICE)
    if unit is None:
        refuse(
            path,
            f": no {what.argument} can be inferred, as not every {what.name} is a multiple of a decimal; "
            + _GIVE.format(what.option, what.argument),
        )
    if not grid.holds_for(unit):
        row, count = _off_grid(rows, what.field, unit, (DEPTH, SNAPSHOT))
        if count:
            how = (
                "was given" if given else f"nearly all others fit; {_GIVE.format(what.option, what.argument)}"
            )
            more = "" if count == 1 else f" ({count} such rows)"
            refuse(
                path,
                f": row {row} is depth with {what.field} = {rows[what.field][row]}, not a multiple of "
                f"{what.argument} = {unit}, which {how}{more}",
            )
    return unit


def _odd_trades(rows: Rows, scan: _Scan, tick: float) -> Iterator[Finding]:
    if not scan.trade_prices.holds_for(tick):
        row, count = _off_grid(rows, "px", tick, (TRADE,))
        if count:
            text = f"trades off the price grid of {tick} are not used"
            yield Finding("odd trade", row, count, text)


def _off_grid(rows: Rows, field: str, unit: float, kinds: tuple[int, ...]) -> tuple[int, int]:
    """First row off a grid, and how many there are."""
    import numpy as np

    first, count = -1, 0
    for offset, chunk in chunks(rows):
        mask = np.isin(chunk["ev"] & np.uint64(0xFF), kinds) & off_grid(chunk[field], unit)
        if mask.any() and not count:
            first = offset + int(mask.argmax())
        count += int(mask.sum())
    return first, count


def _delay_text(
    chunk: Rows, places: NDArray[np.intp], delay: NDArray[np.int64], expected: str, index: int
) -> str:
    """What is wrong with the delay of a row that both clocks have."""
    local, exchange = (chunk[name][places[index]] for name in ("local_ts", "exch_ts"))
    return (
        f"has local_ts = {local} and exch_ts = {exchange}, a delay of {delay[index] / 1e9:.6g} s; "
        f"expected {expected}"
    )
