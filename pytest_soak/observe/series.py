"""The path of an iteration as plain JSON values, thinned to what a chart can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.course import HORIZONS
from pytest_soak.domain.reasons import REASONS
from pytest_soak.observe.sheet import COMPONENTS, Json
from pytest_soak.store.exports.series import FILL, read_series, series_name, series_number

if TYPE_CHECKING:
    from collections.abc import Mapping

Columns = Any

MOST_ROWS = 1_200
"""Rows of a path that is drawn; of more, every second, third and so on is shown."""
MOST_FILLS = 2_000
"""Fills that are drawn, evenly over the iteration where there are more."""

_PRICES = ("mid", "bid", "ask", "own_bid", "own_ask", "bid_size", "ask_size", "position")


def path_of(folder: Path, iteration: int) -> Json:
    """The path of a canary's iteration; times in seconds since it began.

    Raises:
        SoakStateError: it was not written, was removed by retention, or is damaged.
    """
    found: Mapping[str, Columns] = read_series(folder / series_name(iteration))
    rows = len(found["time_ms"])
    step = max(1, math.ceil(rows / MOST_ROWS))
    kept = slice(None, None, step)
    start = float(found["time_ms"][0]) if rows else 0.0
    # A file of before there was funding has no column of it.
    parts = {name: found.get(name.split("_")[0], 0.0 * found["cash"]) for name in COMPONENTS}
    profit = sum(parts.values(), 0.0 * found["mid"])
    return {
        "rows": rows,
        "shown_every": step,
        "start_ms": start,
        "time": _numbers((found["time_ms"][kept] - start) / 1e3),
        **{name: _numbers(found[name][kept]) for name in _PRICES},
        "profit": _numbers(profit[kept]),
        "parts": {name: _numbers(values[kept]) for name, values in parts.items()},
        "attempts": [int(count) for count in found["attempts"][kept]],
        "blocks": {reason: [int(count) for count in found[reason][kept]] for reason in REASONS},
        "labels": list(_labels(found, start)),
        "fills": _fills(found, start),
    }


def without_series(folder: Path, iterations: Sequence[int]) -> str:
    """Which of a canary's iterations have no series, in one sentence; empty where each of them has one."""
    there = {number for path in folder.iterdir() if (number := series_number(path.name)) is not None}
    lost = [number for number in iterations if number not in there]
    if not lost:
        return ""
    if not there:
        return "No iteration has a series: there are no paths to show."
    return (
        f"Iterations without a series, so without a path: {', '.join(spans(lost, ' to '))}. Retention "
        "removes old ones, and one that was written when the disk was full is missing. Records are whole."
    )


def spans(numbers: Sequence[int], between: str) -> list[str]:
    """Whole numbers in rising order, runs of neighbours by their ends."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [str(low) if low == high else f"{low}{between}{high}" for low, high in found]


def _numbers(values: Columns) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _labels(found: Mapping[str, Columns], start: float) -> Iterator[Json]:
    """Stretches in which a label was on, by the rows; the last one ends with the path."""
    time, on = found["time_ms"], found["labels"]
    for name, bits in zip(found["label_names"].tolist(), found["label_bits"].tolist(), strict=True):
        begun: float | None = None
        for moment, held in zip(time.tolist(), on.tolist(), strict=True):
            if held & bits and begun is None:
                begun = moment
            elif not held & bits and begun is not None:
                yield _stretch(name, begun, moment, start)
                begun = None
        if begun is not None:
            yield _stretch(name, begun, float(time[-1]), start)


def _stretch(name: str, begin: float, end: float, start: float) -> Json:
    return {"label": name, "from": (begin - start) / 1e3, "to": (end - start) / 1e3}


def _fills(found: Mapping[str, Columns], start: float) -> Json:
    """Fills as columns, with what each was worth later in bps of its price."""
    count = len(found[f"{FILL}time_ms"])
    kept = slice(None, None, max(1, math.ceil(count / MOST_FILLS)))
    side, price = found[f"{FILL}side"][kept], found[f"{FILL}price"][kept]
    worth = {
        after: _numbers(side * (found[f"{FILL}mid_{after}"][kept] - price) / price * 1e4)
        for after in HORIZONS
    }
    return {
        "count": count,
        "time": _numbers((found[f"{FILL}time_ms"][kept] - start) / 1e3),
        "side": [int(one) for one in side],
        "price": _numbers(price),
        "qty": _numbers(found[f"{FILL}qty"][kept]),
        "maker": [bool(one) for one in found[f"{FILL}maker"][kept]],
        "fee": _numbers(found[f"{FILL}fee"][kept]),
        "markout_bps": worth,
    }


def ranges_of(found: Mapping[str, Columns]) -> Iterator[str]:
    """A line per column: its rows, and its least and largest number."""
    for name, values in found.items():
        if name in ("labels", "label_names", "label_bits"):
            continue
        # NaN, which equals nothing, was not there.
        known = values[values == values]
        span = f"{known.min():.10g} to {known.max():.10g}" if len(known) else "-"
        yield f"{name:<16} {len(values):>7} rows  {span}"
    labels = [str(name) for name in found["label_names"].tolist()]
    on = [
        name for name, bits in zip(labels, found["label_bits"].tolist(), strict=True) if _was_on(found, bits)
    ]
    yield f"labels: {', '.join(on) or 'none was on'}"


def _was_on(found: Mapping[str, Columns], bits: int) -> bool:
    return any(held & bits for held in found["labels"].tolist())
