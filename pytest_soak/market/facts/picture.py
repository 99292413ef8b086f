"""A picture of a market: what it did over time, the statistics of its returns, a recording beside it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.facts import timeline
from pytest_soak.market.facts.estimators import autocorrelation
from pytest_soak.market.facts.series import Series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.tape import Tape

    Doubles = NDArray[np.float64]

FORMATS = ("png", "svg", "pdf")
_LAGS = 300
_LEAST_RETURNS = 60
_RECORDING = "C1"


def drawn(tape: Tape, form: str, beside: Tape | None = None) -> bytes:
    """Draw a tape, a recording beside it where there is one.

    Returns:
        The content of a file of the given format, one of ``png``, ``svg``, ``pdf``.

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
    tapes = [tape, *([beside] if beside is not None else [])]
    figure = Figure(figsize=(8.0 * len(tapes) + 4.0, 13.0), layout="constrained")
    over_time, statistics = figure.subfigures(2, 1, height_ratios=(3.0, 1.0), squeeze=False)[:, 0]
    columns = over_time.subfigures(1, len(tapes), squeeze=False)[0]
    for part, one in zip(columns, tapes, strict=True):
        timeline.draw(part, one)
    _statistics(statistics.subplots(1, 3), tapes)
    content = io.BytesIO()
    figure.savefig(content, format=form, dpi=100)
    return content.getvalue()


def _statistics(panels: Any, tapes: list[Tape]) -> None:
    tails, signs, sizes = panels
    for tape, colour in zip(tapes, ("C0", _RECORDING), strict=False):
        series = Series(tape)
        returns = series.returns(1.0) if len(series.path) else series.path
        if len(returns) < _LEAST_RETURNS or not returns.any():
            continue
        _tails(tails, returns, tape.name, colour)
        _memory(signs, returns, tape.name, colour)
        _memory(sizes, abs(returns), tape.name, colour)
    _finish(tails, "tails of 1 s returns", "size of a return, standard deviations", "share that is larger")
    _finish(signs, "autocorrelation of 1 s returns", "lag, s", "autocorrelation")
    _finish(sizes, "autocorrelation of their sizes (volatility)", "lag, s", "autocorrelation")


def _tails(axes: Any, returns: Doubles, name: str, colour: str) -> None:
    """Share of returns beyond a size on logarithmic axes, beside that of a Gaussian."""
    import math

    import numpy as np

    sizes = np.sort(np.abs(returns) / returns.std())
    shares = 1.0 - np.arange(len(sizes)) / len(sizes)
    shown = sizes > 0.1
    axes.loglog(sizes[shown], shares[shown], color=colour, linewidth=1.2, label=name, rasterized=True)
    if not any(line.get_label() == "Gaussian" for line in axes.lines):
        at = np.geomspace(0.1, 5.0, 100)
        gauss = [math.erfc(x / math.sqrt(2.0)) for x in at]
        axes.loglog(at, gauss, color="black", linewidth=0.8, linestyle="--", label="Gaussian")


def _memory(axes: Any, values: Doubles, name: str, colour: str) -> None:
    """Autocorrelation by lag, and the band within which 95 % lie where there is none."""
    import numpy as np

    most = min(_LAGS, len(values) // 4)
    axes.plot(
        np.arange(1, most + 1), autocorrelation(values, most)[1:], color=colour, linewidth=1.0, label=name
    )
    band = 1.96 / np.sqrt(len(values))
    axes.axhspan(-band, band, color=colour, alpha=0.12, linewidth=0.0)
    axes.set_xscale("log")


def _finish(axes: Any, title: str, across: str, up: str) -> None:
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.25)
    if axes.lines:
        axes.legend(loc="best", fontsize="small")
    else:
        axes.text(0.5, 0.5, "too few returns", ha="center", va="center", transform=axes.transAxes)
