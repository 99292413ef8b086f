"""What is said at the start of a market's ticks and lots."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market import MockMarket, Window, available_scenarios, load_scenario
from pytest_soak.market.protocols import MakerJob
from pytest_soak.market.replay import ReplayMarket
from pytest_soak.market.steps import Steps, remarks
from tests import recordings_kit as kit
from tests.oracle.recordings import real_recording, write_npz

COARSE = Steps(tick_size=0.04, lot_size=0.001, price=1000.0)
"""A tick is 0.4 bps."""


def said(steps: Steps, maker: MakerSettings, **parameters: float) -> list[str]:
    return list(remarks("m", steps, maker, {**DEFAULTS, **parameters}))


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"requote_bps": 0.8, "far_bps": 1.8}, "maker.requote_bps = 0.8 (2) is"),
        ({"requote_bps": 0.7, "far_bps": 0.401}, "maker.far_bps = 0.401 (1) is"),
        ({"requote_bps": 0.4, "far_bps": 1.2}, "maker.requote_bps = 0.4 (1) and maker.far_bps = 1.2 (3) is"),
        ({"requote_bps": 0.5, "far_bps": 0.71, "ticks_per_bps": 6.0}, "maker.requote_bps = 0.5 (3) is"),
        ({"requote_bps": 0.6, "far_bps": 1.0}, None),
        ({"requote_bps": 0.8, "far_bps": 1.2, "ticks_per_bps": 8.0}, None),
        # Of very many ticks, one more or less is nothing.
        ({"requote_bps": 40.0, "far_bps": 80.0}, None),
        # Less than a tick: every tick is too far.
        ({"requote_bps": 0.001, "far_bps": 0.2}, None),
    ],
)
def test_thresholds_of_whole_ticks_are_one_line(keys: dict[str, float], what: str | None) -> None:
    lines = said(COARSE, MakerSettings.model_validate(keys))
    assert len(lines) == (what is not None)
    assert what is None or lines[0].startswith(f"m: {what} a whole number of ticks of ")


def test_a_lot_beyond_the_largest_order_is_one_line_that_names_the_limit() -> None:
    dear = COARSE._replace(lot_size=6.5, tick_size=0.0137)
    (line,) = said(dear, MakerSettings())
    assert "one lot of 6.5 costs some 6500" in line
    assert "of 6000 (maker.max_order_notional)" in line
    (line,) = said(dear, MakerSettings(max_order_notional=1e5), max_delta_ratio=0.12)
    assert "of 6000 (max_delta_ratio x maker.position_limit_notional)" in line
    assert said(dear._replace(lot_size=6.0), MakerSettings(), max_delta_ratio=0.12) == []


@pytest.mark.parametrize("scenario", available_scenarios())
def test_shipped_profiles_say_nothing_in_shipped_scenarios(scenario: str) -> None:
    market = MockMarket(load_scenario(scenario), 1)
    for name in ("default", "steady_safe", "ultra_safe", "aggressive", "tick_bound"):
        profile = load_profile(name).profile
        assert list(remarks(scenario, market.steps, profile.maker, profile.parameters)) == []


def test_a_maker_that_is_said_not_to_quote_does_not(tmp_path: Path) -> None:
    market = ReplayMarket(write_npz(tmp_path / "dear.npz", kit.dear_lot(kit.calm_rows())))
    maker = MakerSettings()
    lines = list(remarks(market.name, market.steps, maker, DEFAULTS))
    assert any("so that it cannot quote" in line for line in lines), lines
    job = MakerJob(parameters=DEFAULTS, maker=maker, fees=load_profile("default").profile.fees)
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=market.duration_ms)
    assert market.run_maker(job, window).attempts == 0


def test_the_profile_of_ticks_reaches_from_the_touch_to_two_ticks_behind() -> None:
    """In a spread of one tick the touch is half a tick from the mid, and quotes are rounded away from it."""
    maker = load_profile("tick_bound").profile.maker
    spread = PARAMETERS["base_spread_bps_delta"]
    deltas = (spread.low, 0.16, spread.high)
    ticks = [(maker.base_half_spread_bps + bps) * maker.ticks_per_bps for bps in deltas]
    assert [math.ceil(half - 0.5) for half in ticks] == [0, 1, 2]


def test_the_profile_of_ticks_is_measured_on_a_recording_where_the_default_is_not() -> None:
    """The recorded spread is a tick of 0.016 bps: the default stands hundreds of ticks away."""
    market = ReplayMarket(real_recording())
    fills = {}
    for name in ("default", "tick_bound"):
        profile = load_profile(name).profile
        job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)
        length = market.duration_ms / 6
        reports = [
            market.run_maker(
                job, Window(iteration=n + 1, iterations=6, start_ms=n * length, duration_ms=length)
            )
            for n in range(6)
        ]
        fills[name] = [pooled([report]).fills or 0 for report in reports]
    assert min(fills["tick_bound"]) >= 30
    assert max(fills["default"]) < 30
