"""A market, mock or recorded, written down as arrays: its state every 100 ms, and its trades.

An hour of a scenario, and how far its price moved::

    tape = tape_of_scenario(load_scenario("mixed"), seed=1, duration_s=3600.0)
    moved_bps = (tape.mid[-1] / tape.mid[0] - 1.0) * 1e4
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak import kernel
from pytest_soak.market.recording.checks import check_rows
from pytest_soak.market.recording.reading import read_recording
from pytest_soak.market.recording.rows import FIELDS
from pytest_soak.market.scenario.loading import Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.recording.checks import Facts
    from pytest_soak.market.recording.rows import Recording, Rows

    Doubles = NDArray[np.float64]

STEP_S = 0.1
DEPTH_LEVELS = 10

_SAMPLES = (
    *("bid", "ask", "fair", "bid_depth", "ask_depth"),
    *("bid_queue", "ask_queue", "bid_gap", "ask_gap"),
)
_ORDERS = (
    *("trade_s", "trade_side", "trade_qty", "trade_price", "trade_mid"),
    *("trade_queue", "trade_emptied"),
)
_DOUBLES = ("bid", "ask", "fair", "trade_price", "trade_mid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """What a market did, without a maker in it. Prices in quote currency, quantities in base currency.

    Sample i is the state at (i + 1) * 100 ms after the start.

    Attributes:
        name: scenario, or file name of the recording.
        events: market events of the whole.
        bid, ask: best prices every 100 ms, NaN where a side is empty.
        fair: fair value, NaN where there is none (a recording).
        bid_depth, ask_depth: quantity on the ten best levels.
        bid_queue, ask_queue: quantity at the best price, 0 where a side is empty.
        bid_gap, ask_gap: ticks from the best price to the next one, 0 where there is none.
        labels: for each label whether it was on, per sample.
        trade_s: times of market orders that traded, s since the start.
        trade_side: 1 where the aggressor bought, -1 where it sold.
        trade_qty: quantity of the whole order.
        trade_price: the best price that it met.
        trade_mid: mid before it, NaN where there was none.
        trade_queue: what stood at the best price before it.
        trade_emptied: whether it took all that stood at the best price.
    """

    name: str
    events: int
    bid: Doubles
    ask: Doubles
    fair: Doubles
    bid_depth: Doubles
    ask_depth: Doubles
    bid_queue: Doubles
    ask_queue: Doubles
    bid_gap: Doubles
    ask_gap: Doubles
    labels: Mapping[str, NDArray[np.bool_]]
    trade_s: Doubles
    trade_side: Doubles
    trade_qty: Doubles
    trade_price: Doubles
    trade_mid: Doubles
    trade_queue: Doubles
    trade_emptied: NDArray[np.bool_]

    @property
    def mid(self) -> Doubles:
        """Mid every 100 ms; the last known one where a side was empty."""
        import numpy as np

        mid = (self.bid + self.ask) * 0.5
        known = np.where(np.isfinite(mid), np.arange(len(mid)), 0)
        filled: Doubles = mid[np.maximum.accumulate(known)]
        return filled

    @property
    def spread_bps(self) -> Doubles:
        """Spread every 100 ms in basis points of the mid; NaN where a side was empty."""
        spread: Doubles = (self.ask - self.bid) / self.mid * 1e4
        return spread

    @property
    def seconds(self) -> float:
        """Length of the tape."""
        return len(self.bid) * STEP_S


def tape_of_scenario(scenario: Scenario, *, seed: int, start_s: float = 0.0, duration_s: float) -> Tape:
    """Run a mock market without a maker and write it down.

    Args:
        scenario: what the market is like.
        seed: from 0 to 2**64 - 1.
        start_s: market time at which it starts.
        duration_s: length, from 1 to 604800; every 100 ms leave six numbers, a trade six more.

    Raises:
        SoakConfigError: where the kernel refuses the scenario, the seed or the times.
    """
    import numpy as np

    answer = _observed(scenario, seed, _spec(start_s, duration_s))
    columns = _arrays(answer["columns"])
    instrument = scenario.instrument
    on = columns["labels"].view(np.uint64)
    names = {name: (on & np.uint64(bits)) != 0 for name, bits in answer["names"]}
    columns["trade_s"] = columns["trade_at"] * 1e-9 - start_s
    return _tape(scenario.name, answer["events"], columns, names, instrument.tick_size, instrument.lot_size)


def rows_of_scenario(scenario: Scenario, *, seed: int, start_s: float = 0.0, duration_s: float) -> Rows:
    """Run a mock market without a maker and write it down as a recording that can be replayed.

    Args:
        scenario: what the market is like.
        seed: from 0 to 2**64 - 1.
        start_s: market time at which it starts.
        duration_s: length, from 1 to 14400; a change of a level is a row of 64 bytes.

    Returns:
        Rows in hftbacktest's format: a snapshot, then every change of a level and every trade. Rows are
        received with the feed message after them; what no message has brought by the end is left out.

    Raises:
        SoakConfigError: where the kernel refuses the scenario, the seed or the times.
    """
    import numpy as np

    answer = _observed(scenario, seed, _spec(start_s, duration_s) | {"rows": True})
    rows = np.frombuffer(answer["columns"]["rows"], dtype=list(FIELDS))
    return rows


def tape_of_recording(path: Path) -> Tape:
    """Write down a recording; prints of one time and side are one market order.

    Raises:
        SoakConfigError: naming the file, the row that is wrong and what was expected.
    """
    recording = read_recording(path)
    return tape_of_rows(recording, check_rows(recording.rows, path, None, None))


def tape_of_rows(recording: Recording, facts: Facts) -> Tape:
    """Write down a recording that was read and checked.

    Raises:
        SoakConfigError: where the kernel refuses a row.
    """
    try:
        raw = kernel.observe_rows(
            recording.buffer, facts.tick_size, facts.lot_size, DEPTH_LEVELS, recording.release
        )
    finally:
        recording.release()
    columns = _one_row_per_order(_arrays(raw))
    columns["trade_s"] = columns["trade_at"] * 1e-9
    return _tape(recording.path.name, facts.rows, columns, {}, facts.tick_size, facts.lot_size)


def part_of_tape(tape: Tape, begin_s: float, end_s: float) -> Tape:
    """The part of a tape between two times, whose own time begins at 0.

    Its events are counted as the share of time that it has of the whole.
    """
    first, last = (round(at / STEP_S) for at in (begin_s, end_s))
    trades = (tape.trade_s >= begin_s) & (tape.trade_s < end_s)
    samples = {name: getattr(tape, name)[first:last] for name in _SAMPLES}
    orders = {name: getattr(tape, name)[trades] for name in _ORDERS}
    return Tape(
        name=tape.name,
        events=round(tape.events * len(samples["bid"]) / max(1, len(tape.bid))),
        labels={label: on[first:last] for label, on in tape.labels.items()},
        **{**samples, **orders, "trade_s": orders["trade_s"] - begin_s},
    )


def _observed(scenario: Scenario, seed: int, spec: Mapping[str, object]) -> dict[str, Any]:
    return kernel.observe(kernel.open_market(scenario.model_dump(mode="json"), seed), spec)


def _spec(start_s: float, duration_s: float) -> dict[str, object]:
    return {
        "start_ms": start_s * 1e3,
        "duration_ms": duration_s * 1e3,
        "depth_levels": DEPTH_LEVELS,
    }


def _arrays(columns: Mapping[str, bytes]) -> dict[str, Doubles]:
    import numpy as np

    return {name: np.frombuffer(data, "<f8" if name in _DOUBLES else "<i8") for name, data in columns.items()}


def _one_row_per_order(columns: dict[str, Doubles]) -> dict[str, Doubles]:
    """Prints that follow each other at one time on one side are one order; it may have met several prices."""
    import numpy as np

    at, side, price = columns["trade_at"], columns["trade_side"], columns["trade_price"]
    if not len(at):
        return columns
    new = np.flatnonzero(np.concatenate(([True], (np.diff(at) != 0) | (np.diff(side) != 0))))
    worst, best = (reduce.reduceat(price, new) for reduce in (np.maximum, np.minimum))
    firsts = ("trade_at", "trade_side", "trade_price", "trade_mid", "trade_queue")
    merged = {name: columns[name][new] for name in firsts}
    merged["trade_lots"] = np.add.reduceat(columns["trade_lots"], new)
    merged["trade_walked"] = worst != best
    return {**columns, **merged}


def _tape(
    name: str,
    events: int,
    columns: Mapping[str, Doubles],
    labels: Mapping[str, NDArray[np.bool_]],
    tick_size: float,
    lot_size: float,
) -> Tape:
    walked = columns.get("trade_walked")
    emptied = columns["trade_lots"] >= columns["trade_queue"]
    return Tape(
        name=name,
        events=events,
        bid=columns["bid"] * tick_size,
        ask=columns["ask"] * tick_size,
        fair=columns["fair"] * tick_size,
        bid_depth=columns["bid_depth"] * lot_size,
        ask_depth=columns["ask_depth"] * lot_size,
        bid_queue=columns["bid_queue"] * lot_size,
        ask_queue=columns["ask_queue"] * lot_size,
        bid_gap=columns["bid_gap"].astype(float),
        ask_gap=columns["ask_gap"].astype(float),
        labels=labels,
        trade_s=columns["trade_s"],
        trade_side=columns["trade_side"].astype(float),
        trade_qty=columns["trade_lots"] * lot_size,
        trade_price=columns["trade_price"] * tick_size,
        trade_mid=columns["trade_mid"] * tick_size,
        trade_queue=columns["trade_queue"] * lot_size,
        trade_emptied=emptied if walked is None else emptied | (walked != 0),
    )
