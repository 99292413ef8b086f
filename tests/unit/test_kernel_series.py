"""The kernel's series of an iteration, and what the report says of the same time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pytest_soak import _kernel
from pytest_soak.market.tape import rows_of_scenario
from tests.kernel_kit import opened, spec

Columns = dict[str, NDArray[np.float64]]
HORIZONS = ("100ms", "1s", "10s", "60s")
COUNTS = ("labels", "attempts", "min_interval", "throttle", "concurrency", "risk")


def columns_of(raw: dict[str, bytes]) -> Columns:
    return {
        name: np.frombuffer(data, "<u8" if name in COUNTS else "<f8").astype(float)
        for name, data in raw.items()
    }


def recorded(step_ms: float = 100.0, **wanted: Any) -> tuple[dict[str, Any], Columns, Any]:
    """Report and series of the reference maker, and the bits of the market's labels."""
    market, text = opened(spec(**wanted))
    raw: dict[str, bytes] = {}
    report = market.simulate(json.dumps({**json.loads(text), "series_step_ms": step_ms}), raw)
    assert report == market.simulate(text)
    return json.loads(report), columns_of(raw), dict(market.labels())


@pytest.fixture(scope="module")
def fall() -> tuple[dict[str, Any], Columns, Any]:
    """Minutes round the fall of the shipped crash."""
    return recorded(market="flash_crash", start_minutes=12.0, minutes=6.5)


def profit(series: Columns) -> NDArray[np.float64]:
    made: NDArray[np.float64] = series["cash"] + series["position"] * series["mid"]
    return made


def test_the_series_ends_where_the_report_does(fall: tuple[dict[str, Any], Columns, Any]) -> None:
    report, series, _ = fall
    totals, last = report["totals"], {name: values[-1] for name, values in series.items() if len(values)}
    assert np.all(np.diff(series["time_ms"]) == 100.0)
    assert len({len(values) for name, values in series.items() if not name.startswith("fill_")}) == 1
    assert profit(series)[-1] == pytest.approx(totals["ledger"])
    for name in ("gross", "fees", "slippage", "inventory"):
        assert last[name] == pytest.approx(totals[name])
    assert last["position"] == pytest.approx(totals["position_end"])
    # The last decision falls on the end or shortly before it.
    assert last["attempts"] == pytest.approx(report["attempts"], abs=2)
    assert last["risk"] == pytest.approx(report["blocks"]["risk"], abs=2)
    drop = np.maximum.accumulate(profit(series)) - profit(series)
    assert drop.max() == pytest.approx(totals["drawdown"], rel=0.1)


def test_the_books_own_best_quotes_stand_on_the_right_sides(
    fall: tuple[dict[str, Any], Columns, Any],
) -> None:
    _, series, _ = fall
    both = np.isfinite(series["own_bid"]) & np.isfinite(series["own_ask"])
    assert both.any()
    assert np.all(series["bid"] < series["ask"])
    assert np.all(series["own_bid"][both] < series["own_ask"][both])
    assert np.all((series["own_bid_size"] > 0) == np.isfinite(series["own_bid"]))
    assert np.all(series["bid_size"] > 0)


def test_uptime_is_that_of_the_quotes(fall: tuple[dict[str, Any], Columns, Any]) -> None:
    report, series, _ = fall
    both = np.isfinite(series["own_bid"]) & np.isfinite(series["own_ask"])
    share = report["course"]["both_sides_ms"] / (series["time_ms"][-1] - series["time_ms"][0])
    assert 0.2 < share < 1.0
    assert both.mean() == pytest.approx(share, abs=0.02)
    assert report["course"]["requote_ms"]["n"] > 0


def test_markouts_are_those_of_the_fills(fall: tuple[dict[str, Any], Columns, Any]) -> None:
    report, series, _ = fall
    course, side, price, qty = (
        report["course"],
        *(series[f"fill_{name}"] for name in ("side", "price", "qty")),
    )
    assert len(side) == report["orders"]["maker_fills"] + report["orders"]["taker_fills"]
    for place, after in enumerate(HORIZONS):
        mid = series[f"fill_mid_{after}"]
        seen = np.isfinite(mid) & (series["fill_maker"] == 1.0)
        assert course["markouts"]["fills"][place] == seen.sum()
        made = (side * qty * (mid - price))[seen].sum()
        assert course["markouts"]["profit"][place] == pytest.approx(made)
        assert course["markouts"]["notional"][place] == pytest.approx((qty * price)[seen].sum())
    assert course["markouts"]["fills"][3] < course["markouts"]["fills"][0]


def test_profit_by_label_and_the_worst_minutes(fall: tuple[dict[str, Any], Columns, Any]) -> None:
    report, series, bits = fall
    made, on = np.diff(profit(series)), series["labels"][:-1].astype(np.uint64)
    found = report["course"]["label_profit"]
    for label, bit in bits.items():
        was_on = (on & np.uint64(bit)) != 0
        assert (label in found) == was_on.any()
        if was_on.any():
            assert found[label] == pytest.approx(made[was_on].sum(), abs=1e-6)
    assert found["(none)"] == pytest.approx(made[on == 0].sum(), abs=1e-6)
    whole = profit(series)
    assert report["course"]["worst_five_minutes"] == pytest.approx((whole[3000:] - whole[:-3000]).min())
    assert recorded(minutes=4.9)[0]["course"]["worst_five_minutes"] is None


def test_the_step_is_kept_and_bounded() -> None:
    _, series, _ = recorded(step_ms=1000.0, minutes=0.5)
    assert len(series["time_ms"]) == 31
    market, text = opened(spec(minutes=0.5))
    untouched: dict[str, bytes] = {}
    market.simulate(text, untouched)
    assert untouched == {}
    for step in (99.0, 3.7e6):
        with pytest.raises(ValueError, match="series_step_ms"):
            market.simulate(json.dumps({**json.loads(text), "series_step_ms": step}))


def test_a_strategy_of_steps_and_a_recording_leave_the_same_columns() -> None:
    market, text = opened(spec(minutes=0.2))
    asked = json.dumps({**json.loads(text), "series_step_ms": 100.0})
    simulation = market.open(asked)
    sent = False
    while simulation.step():
        if simulation.mid is not None and not sent:
            simulation.take(1, simulation.mid * 1.01, 0.5)
            sent = True
    report = json.loads(simulation.report())
    series = columns_of(simulation.take_series())
    assert series["position"][-1] == pytest.approx(report["totals"]["position_end"])
    assert series["fill_maker"].sum() == 0
    assert np.isfinite(series["fill_mid_1s"]).all()
    assert report["course"]["markouts"]["fills"] == [0, 0, 0, 0]

    from pytest_soak.market import load_scenario

    rows = rows_of_scenario(load_scenario("calm"), seed=1, duration_s=20.0)
    instrument = load_scenario("calm").instrument
    wanted = {name: value for name, value in json.loads(asked).items() if not name.endswith(("_ms",))}
    wanted |= {"start_ns": 0, "end_ns": 15 * 10**9, "series_step_ms": 500.0}
    wanted |= {"tick_size": instrument.tick_size, "lot_size": instrument.lot_size}
    raw: dict[str, bytes] = {}
    answer = json.loads(_kernel.replay(json.dumps(wanted), rows.view(np.uint8).data, raw))
    replayed = columns_of(raw)
    assert list(replayed) == list(series)
    assert replayed["gross"][-1] == pytest.approx(answer["totals"]["gross"])
    assert answer["course"]["label_profit"] == {}
