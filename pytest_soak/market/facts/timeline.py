"""A market over time: price and trades, spread, depth, volatility, and below them what was on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.tape import Tape

    Doubles = NDArray[np.float64]

_COLUMNS = 1_500
_MOST_TRADES = 1_000
_DENSE_DECADES = 1.7


def draw(figure: Any, tape: Tape) -> None:
    """Draw a tape into a figure."""
    labels = sorted(tape.labels)
    heights = (4.0, 1.5, 1.5, 1.5, 0.2 * len(labels))[: 5 if labels else 4]
    price, spread, depth, moves, *on = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    unit, name = _unit(tape.seconds)
    _price(price, tape, unit)
    _spread(spread, tape, unit)
    _depth(depth, tape, unit)
    _volatility(moves, tape, unit)
    for axes in on:
        _labels(axes, tape, unit, labels)
    for axes in (price, spread, depth):
        axes.legend(loc="best", ncols=4, fontsize="small", markerscale=1.5)
    for axes in (price, spread, depth, moves):
        axes.grid(alpha=0.25)
    (*on, moves)[0].set_xlabel(f"market time, {name}")
    figure.suptitle(f"{tape.name}: {tape.seconds / unit:.3g} {name}, {len(tape.trade_s)} market orders")


def _unit(seconds: float) -> tuple[float, str]:
    if seconds > 3 * 3600.0:
        return 3600.0, "h"
    return (60.0, "min") if seconds > 300.0 else (1.0, "s")


def _columns(values: Doubles, unit: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times, and values in a row per column of the picture; what does not fill a row is left out."""
    import numpy as np

    per_column = max(1, len(values) // _COLUMNS)
    rows = values[: len(values) // per_column * per_column].reshape(-1, per_column)
    return np.arange(len(rows)) * per_column * STEP_S / unit, rows


def _price(axes: Any, tape: Tape, unit: float) -> None:
    times, rows = _columns(tape.mid, unit)
    axes.fill_between(
        times, rows.min(axis=1), rows.max(axis=1), color="C0", linewidth=0.7, label="mid, low to high"
    )
    _trades(axes, tape, unit)
    times, rows = _columns(tape.fair, unit)
    if not _nothing(rows):
        axes.plot(times, rows[:, 0], color="black", linewidth=0.5, label="fair value")
    axes.set_ylabel("price, quote currency")
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)


def _trades(axes: Any, tape: Tape, unit: float) -> None:
    """The largest market orders at the mid before them, as all of them would hide the price."""
    import numpy as np

    shown = np.sort(np.argsort(tape.trade_qty, kind="stable")[-_MOST_TRADES:])
    for side, mark, colour, name in ((1, "^", "C2", "buys"), (-1, "v", "C3", "sells")):
        use = shown[(tape.trade_side[shown] == side) & np.isfinite(tape.trade_mid[shown])]
        label = f"largest {name}" if len(shown) < len(tape.trade_s) else name
        axes.scatter(
            tape.trade_s[use] / unit,
            tape.trade_mid[use],
            s=16.0,
            marker=mark,
            color=colour,
            alpha=0.6,
            linewidths=0.0,
            label=label,
            zorder=3,
        )


def _spread(axes: Any, tape: Tape, unit: float) -> None:
    import numpy as np

    times, rows = _columns(np.nan_to_num(tape.spread_bps, nan=0.0), unit)
    axes.plot(times, rows.max(axis=1), color="C7", linewidth=0.6, label="largest")
    axes.plot(times, np.median(rows, axis=1), color="C0", linewidth=0.8, label="median")
    _logarithmic(axes, "spread, bps")


def _depth(axes: Any, tape: Tape, unit: float) -> None:
    import numpy as np

    for values, name, colour in ((tape.bid_depth, "bids", "C2"), (tape.ask_depth, "asks", "C3")):
        times, rows = _columns(values, unit)
        axes.plot(times, np.median(rows, axis=1), color=colour, linewidth=0.6, label=name)
    _logarithmic(axes, "depth of 10 levels,\nbase currency")


def _logarithmic(axes: Any, name: str) -> None:
    """A logarithmic axis whose ticks are plain numbers, as 3 x 10^0 is hard to read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    dense = low > 0.0 and math.log10(high / low) < _DENSE_DECADES
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if dense else (1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(name)


def _volatility(axes: Any, tape: Tape, unit: float) -> None:
    """Standard deviation of 1 s returns per stretch: a minute, less in a short market."""
    import numpy as np

    moves = np.diff(np.log(tape.mid[:: round(1.0 / STEP_S)])) * 1e4
    stretch = max(10, min(60, len(moves) // 30), len(moves) // _COLUMNS)
    rows = moves[: len(moves) // stretch * stretch].reshape(-1, stretch)
    if len(rows):
        axes.stairs(rows.std(axis=1), np.arange(len(rows) + 1) * stretch / unit, color="C0", linewidth=0.8)
    axes.set_ylabel("volatility of\n1 s returns, bps")


def _labels(axes: Any, tape: Tape, unit: float, labels: Sequence[str]) -> None:
    for row, label in enumerate(labels):
        bars = [
            (begin * STEP_S / unit, (end - begin) * STEP_S / unit)
            for begin, end in _stretches(tape.labels[label])
        ]
        axes.broken_barh(bars, (row - 0.4, 0.8), color=f"C{row % 10}", linewidth=1.0)
    axes.set_yticks(range(len(labels)), labels, fontsize="small")
    axes.set_ylim(len(labels) - 0.5, -0.5)


def _stretches(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each stretch."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _nothing(rows: NDArray[Any]) -> bool:
    import numpy as np

    return bool(np.isnan(rows).all())
