from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.hashing import canonical_json
from pytest_soak.market import (
    MarketRequest,
    MockMarket,
    Scenario,
    available_scenarios,
    load_scenario,
    make_market,
)
from pytest_soak.market.scenario.model import Effect, Instrument

SHIPPED = (
    "btc_perp",
    "calm",
    "feed_outage",
    "flash_crash",
    "liquidity_gap",
    "mean_reverting",
    "mixed",
    "news",
    "santa_fe",
    "trending",
    "volatile",
)
TEXT = """
schema_version = 1
name = "mine"
description = "A scenario of the tests."

[instrument]
tick_size = 0.1
lot_size = 0.001
start_price = 60000.0

[fair]
vol_bps = 0.2
drift_bps_per_hour = 0
tail_df = 5.0
garch_alpha = 0.02
garch_half_life_s = 60.0
jumps_per_hour = 2.0
jump_sd_bps = 2.0

[book]
orders = 400
touch_bps = 0.5
scale_bps = 2.0
max_distance_bps = 50.0
order_notional = 5000.0
order_log_sd = 0.8
stale_share = 0.5
stale_ratio = 0.5
depth_log_sd = 0.2
depth_half_life_s = 10.0

[flow]
limit_rate_per_s = 950.0
market_rate_per_s = 5.0
market_notional = 500.0
size_tail = 1.6
size_cap = 100.0
metaorder_share = 0.5
metaorder_tail = 1.5
metaorder_max = 200
informed_share = 0.2
reservation_bps = 5.0
pick_rate_per_s = 20.0
pick_margin_bps = 0.5
pick_notional = 5000.0

[latency]
feed_interval_ms = 10.0
[latency.feed]
median_ms = 2.0
log_sd = 0.5
spike_probability = 0.001
spike_ms = 20.0
spike_tail = 2.0
max_ms = 500.0

[latency.order]
median_ms = 2.0
log_sd = 0.5
spike_probability = 0.001
spike_ms = 20.0
spike_tail = 2.0
max_ms = 500.0

[[windows]]
label = "burst"
gap_s = [60, 120]
length_s = [10.0, 30.0]
ramp_s = 2.0
effect = { volatility = 3.0 }

[[shocks]]
label = "fall"
at_s = 30.0
length_s = 60.0
ramp_s = 5.0
move_bps = -400.0
recovery_share = 0.5
recovery_half_life_s = 300.0
effect_half_life_s = 60.0
effect = { depth = 0.1, spread = 4.0 }
"""


def stored(folder: Path, text: str = TEXT, name: str = "mine") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_users_scenario_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = stored(tmp_path)
    by_name = load_scenario("mine", [tmp_path / "none", tmp_path])
    assert by_name == load_scenario(path) == load_scenario(str(path))
    assert by_name.windows[0].gap_s == (60.0, 120.0)
    assert by_name.shocks[0].effect.spread == 4.0
    assert by_name.shocks[0].effect.volatility == 1.0
    assert "mine" in available_scenarios([tmp_path])
    assert "mine" not in available_scenarios()


def test_users_scenario_wins_over_a_shipped_one(tmp_path: Path) -> None:
    stored(tmp_path, TEXT.replace('"mine"', '"calm"'), "calm")
    assert load_scenario("calm", [tmp_path]).description == "A scenario of the tests."
    assert load_scenario("calm").description != "A scenario of the tests."


def test_the_scenarios_are_shipped_and_valid() -> None:
    assert available_scenarios() == SHIPPED
    for name in available_scenarios():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.description
        assert canonical_json(scenario.model_dump(mode="json"))


def test_unknown_scenario_names_those_that_exist() -> None:
    with pytest.raises(
        SoakConfigError, match=r"unknown scenario 'clam'; known are btc_perp, calm, .*did you mean 'calm'\?"
    ):
        load_scenario("clam")


def test_name_of_scenario_and_file_agree(tmp_path: Path) -> None:
    stored(tmp_path, TEXT, "other")
    with pytest.raises(SoakConfigError, match=r"name = 'mine' is not the name of its file; expected 'other'"):
        load_scenario("other", [tmp_path])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("vol_bps = 0.2", "vol_bps = nan", r"fair\.vol_bps = nan"),
        ("vol_bps = 0.2", "vol_bps = -1.0", r"fair\.vol_bps = -1\.0 .*greater than or equal to 0"),
        ("vol_bps = 0.2", "vol_bps = 1e999", r"fair\.vol_bps = 1e999"),
        ("vol_bps = 0.2", 'vol_bps = "0.2"', r"fair\.vol_bps = '0\.2'"),
        ("vol_bps = 0.2", "vol_bps = true", r"fair\.vol_bps = True"),
        ("vol_bps = 0.2", "vola_bps = 0.2", r"vol.*_bps"),
        ("[fair]", "colour = 3\n[fair]", r"unknown key instrument\.colour"),
        ("vol_bps = 0.2", "", r"key fair\.vol_bps is missing"),
        ("orders = 400", "orders = 400.5", r"book\.orders = 400\.5"),
        ("schema_version = 1", "schema_version = 2", r"schema_version = 2"),
        ("schema_version = 1", "schema_version = ", r"invalid TOML"),
        ("tick_size = 0.1", "tick_size = 100.0", r"tick_size from 0\.06 to 60 at start_price 60000"),
        ("lot_size = 0.001", "lot_size = 1.0", r"lot_size from .* at start_price 60000"),
        ("gap_s = [60, 120]", "gap_s = [120, 60]", r"gap_s with the least before the largest"),
        ("gap_s = [60, 120]", "gap_s = [60]", r"windows\.0\.gap_s"),
        ('name = "mine"', 'name = "../mine"', r"name = '\.\./mine'"),
        ("volatility = 3.0", "volatilty = 3.0", r"windows\.0\.effect\.volatilty.*did you mean 'volatility'"),
    ],
)
def test_bad_scenario_is_named_with_key_and_value(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    path = stored(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(SoakConfigError, match=message) as caught:
        load_scenario(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_scenario_file_and_foreign_bytes(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match=r"gone\.toml: there is no such file"):
        load_scenario(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SoakConfigError, match=r"bad\.toml.*UTF-16"):
        load_scenario(tmp_path / "bad.toml")


def test_copy_of_a_section_is_a_market_of_its_own(tmp_path: Path) -> None:
    scenario = load_scenario(stored(tmp_path))
    flow = scenario.flow.model_copy(update={"informed_share": 0.4})
    changed = scenario.model_copy(update={"flow": flow})
    one, other = MockMarket(scenario, seed=1), MockMarket(changed, seed=1)
    assert one.describe() != other.describe() != MockMarket(changed, seed=2).describe()
    assert one.describe() == MockMarket(load_scenario(stored(tmp_path)), seed=1).describe()
    assert one.name == "mine"
    assert one.source == "mock"


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(tmp_path: Path, seed: int) -> None:
    with pytest.raises(SoakConfigError, match=f"seed {seed} is out of range"):
        MockMarket(load_scenario(stored(tmp_path)), seed=seed)


def test_market_of_a_request(tmp_path: Path) -> None:
    stored(tmp_path)
    request = MarketRequest(scenario="mine", seed=4, replay=None, iterations=2, minutes=5.0)
    assert make_market(replace(request, scenario_dirs=(tmp_path,))).describe()["seed"] == 4
    with pytest.raises(SoakConfigError, match="unknown scenario 'mine'"):
        make_market(request)
    replay = MarketRequest(scenario="mine", seed=4, replay=tmp_path / "x.npz", iterations=2, minutes=None)
    with pytest.raises(SoakConfigError, match="does not exist"):
        make_market(replay)


def test_numbers_have_a_unit_or_meaning_each() -> None:
    def fields_of(model: type[BaseModel]) -> Mapping[str, Any]:
        return model.model_fields

    for section in ("instrument", "fair", "book", "flow", "latency"):
        model = Scenario.model_fields[section].annotation
        assert isinstance(model, type)
        for name, field in fields_of(model).items():
            assert field.description or field.annotation.__name__ == "Lag", (section, name)


def test_effect_of_nothing_changes_nothing() -> None:
    assert set(Effect().model_dump().values()) == {1.0}
    with pytest.raises(ValidationError):
        Effect(depth=0.0)
    with pytest.raises(ValidationError):
        Instrument(tick_size=0.1, lot_size=float("nan"), start_price=60_000.0)
