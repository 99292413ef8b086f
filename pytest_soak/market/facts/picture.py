"""A picture of a market: price, spread and depth over time, and below them what was on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.tape import Tape

    Doubles = NDArray[np.float64]

FORMATS = ("png", "svg", "pdf")
_COLUMNS = 1_500


def drawn(tape: Tape, form: str) -> bytes:
    """Draw a tape; the content of a file of the given format, one of ``png``, ``svg``, ``pdf``.

    Raises:
        SoakConfigError: the format is another one, or matplotlib is not installed.
    """
    if form not in FORMATS:
        raise SoakConfigError(f"a picture in the format {form!r}; accepted is one of {', '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SoakConfigError(
            f"matplotlib cannot be loaded ({error}); install it with: pip install pytest-soak[picture]"
        ) from error
    figure = Figure(figsize=(12.0, 8.0), layout="constrained")
    labels = sorted(tape.labels)
    heights = (4.0, 1.5, 1.5, 0.2 * len(labels))[: 4 if labels else 3]
    price, spread, depth, *on = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    unit, name = _unit(tape.seconds)
    _price(price, tape, unit)
    _spread(spread, tape, unit)
    _depth(depth, tape, unit)
    for axes in on:
        _labels(axes, tape, unit, labels)
    for axes in (price, spread, depth):
        axes.legend(loc="best", ncols=2, fontsize="small")
    (*on, depth)[0].set_xlabel(f"market time, {name}")
    figure.suptitle(tape.name)
    content = io.BytesIO()
    figure.savefig(content, format=form, dpi=100)
    return content.getvalue()


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
    axes.fill_between(times, rows.min(axis=1), rows.max(axis=1), color="C0", linewidth=0.7, label="mid")
    times, rows = _columns(tape.fair, unit)
    if not _nothing(rows):
        axes.plot(times, rows[:, 0], color="black", linewidth=0.5, label="fair value")
    axes.set_ylabel("price")
    axes.ticklabel_format(useOffset=False)


def _spread(axes: Any, tape: Tape, unit: float) -> None:
    import numpy as np

    times, rows = _columns(np.nan_to_num(tape.spread_bps, nan=0.0), unit)
    axes.plot(times, rows.max(axis=1), color="C7", linewidth=0.6, label="largest")
    axes.plot(times, np.median(rows, axis=1), color="C0", linewidth=0.8, label="median")
    axes.set_yscale("log")
    axes.set_ylabel("spread, bps")


def _depth(axes: Any, tape: Tape, unit: float) -> None:
    import numpy as np

    for values, name, colour in ((tape.bid_depth, "bids", "C2"), (tape.ask_depth, "asks", "C3")):
        times, rows = _columns(values, unit)
        axes.plot(times, np.median(rows, axis=1), color=colour, linewidth=0.6, label=name)
    axes.set_yscale("log")
    axes.set_ylabel("depth")


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
    """Begin and end of each stretch."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _nothing(rows: NDArray[Any]) -> bool:
    import numpy as np

    return bool(np.isnan(rows).all())
