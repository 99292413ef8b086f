"""Facts of the largest fall of a market within five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_soak.market.facts.finding import Fact
from pytest_soak.market.tape import STEP_S

if TYPE_CHECKING:
    from pytest_soak.market.facts.estimators import Doubles
    from pytest_soak.market.facts.series import Series

FALL_S = 300.0
RECOVERY_S = 1_800.0
_BEFORE_S = 300.0


def _place(series: Series) -> tuple[int, int, int]:
    """Samples of the peak, the bottom and half an hour later, of the largest fall within five minutes."""
    import numpy as np

    mid, reach = series.tape.mid, round(FALL_S / STEP_S)
    windows = np.lib.stride_tricks.sliding_window_view(mid, reach)
    bottom = int(np.argmin(mid[reach - 1 :] / windows.max(axis=1))) + reach - 1
    peak = bottom - reach + 1 + int(np.argmax(mid[bottom - reach + 1 : bottom + 1]))
    return peak, bottom, bottom + round(RECOVERY_S / STEP_S)


def _fall(series: Series) -> tuple[float, int]:
    peak, bottom, _ = _place(series)
    mid = series.tape.mid
    return float((1.0 - mid[bottom] / mid[peak]) * 1e4), len(mid)


def _duration(series: Series) -> tuple[float, int]:
    peak, bottom, _ = _place(series)
    return (bottom - peak) * STEP_S, len(series.tape.mid)


def _recovered(series: Series) -> tuple[float, int]:
    peak, bottom, later = _place(series)
    mid = series.tape.mid
    return float((mid[later] - mid[bottom]) / (mid[peak] - mid[bottom])), len(mid)


def _ratio(series: Series, values: Doubles) -> tuple[float, int]:
    """Median of the second half of the fall over that of the five minutes before it."""
    import numpy as np

    peak, bottom, _ = _place(series)
    before = values[max(0, peak - round(_BEFORE_S / STEP_S)) : peak]
    during = values[(peak + bottom) // 2 : bottom]
    return float(np.nanmedian(during) / np.nanmedian(before)), len(during)


def _depth(series: Series) -> tuple[float, int]:
    return _ratio(series, series.tape.bid_depth + series.tape.ask_depth)


def _spread(series: Series) -> tuple[float, int]:
    return _ratio(series, series.tape.spread_bps)


CRASH_FACTS = (
    Fact(
        name="fall",
        statistic="largest fall of the mid within 300 s",
        unit="bps",
        low=400.0,
        high=700.0,
        least=10_000,
        source="2010-05-06: 5 to 6 % in some five minutes",
        measure=_fall,
    ),
    Fact(
        name="duration of the fall",
        statistic="peak to bottom",
        unit="s",
        low=60.0,
        high=300.0,
        least=10_000,
        source="2010-05-06 and 2025-10-10: minutes",
        measure=_duration,
    ),
    Fact(
        name="depth in the fall",
        statistic="median depth of its second half over that before",
        low=0.01,
        high=0.15,
        least=100,
        source="a choice: 0.02 to 0.1",
        measure=_depth,
    ),
    Fact(
        name="spread in the fall",
        statistic="median spread of its second half over that before",
        low=8.0,
        high=50.0,
        least=100,
        source="a choice: 10 to 50",
        measure=_spread,
    ),
    Fact(
        name="recovery",
        statistic="share of the fall that is back after 1800 s",
        low=0.3,
        high=0.8,
        least=10_000,
        source="2010-05-06: most of it within 20 to 30 minutes",
        measure=_recovered,
    ),
)
