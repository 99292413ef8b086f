"""Jobs and windows that tests ask of a market, and hypothesis strategies for them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import MakerJob, Window


def job(
    parameters: dict[str, float] | None = None,
    maker: dict[str, Any] | None = None,
    fees: dict[str, Any] | None = None,
) -> MakerJob:
    """The default job with some values changed."""
    return MakerJob(
        parameters={**DEFAULTS, **(parameters or {})},
        maker=MakerSettings(**(maker or {})),
        fees=FeeSettings(**(fees or {})),
    )


def window(start_ms: float = 0.0, duration_ms: float = 60_000.0, *, iteration: int = 1) -> Window:
    return Window(iteration=iteration, iterations=24, start_ms=start_ms, duration_ms=duration_ms)


parameters = st.fixed_dictionaries(
    {
        name: st.floats(min_value=p.low, max_value=p.high, allow_nan=False).map(lambda v: round(v, 6))
        for name, p in PARAMETERS.items()
    }
)
fees = st.fixed_dictionaries(
    {
        "maker_bps": st.floats(min_value=-2.0, max_value=2.0),
        "taker_bps": st.floats(min_value=-2.0, max_value=8.0),
    }
)
# Small limits make a maker that often reaches them and takes liquidity to get out.
limits = st.fixed_dictionaries(
    {
        "position_limit_notional": st.sampled_from([2_000.0, 10_000.0, 50_000.0]),
        "exit_ratio": st.sampled_from([0.02, 0.3, 0.8]),
        "base_half_spread_bps": st.sampled_from([0.5, 1.0, 2.6]),
        "requote_bps": st.sampled_from([0.1, 0.5, 2.0]),
    }
)
jobs = st.builds(job, parameters, limits, fees)
