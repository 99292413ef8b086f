"""What scripted events do to orders and money: fees that change, lines that are down, trades that excite."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_soak.domain.settings import FeeSettings
from pytest_soak.market import MockMarket, Scenario, load_scenario
from pytest_soak.market.stepping import Side
from tests.kernel_kit import scenario, simulate
from tests.oracle.jobs import window

NOTHING = {
    "ramp_s": 0.0,
    "move_bps": 0.0,
    "recovery_share": 0.0,
    "recovery_half_life_s": 60.0,
    "effect_half_life_s": 1.0,
    "outage": "none",
    "maker_fee_shift_bps": 0.0,
    "taker_fee_shift_bps": 0.0,
    "effect": {},
}


def with_shock(name: str, **shock: Any) -> dict[str, Any]:
    changed = scenario(name)
    changed["shocks"] = [NOTHING | {"label": "event", "at_s": 60.0, "length_s": 60.0} | shock]
    return changed


def test_fees_change_from_begin_to_end_of_a_shock() -> None:
    market = with_shock("volatile", maker_fee_shift_bps=0.8, taker_fee_shift_bps=-1.5)
    wanted = {"minutes": 3.0, "start_minutes": 0.0, "record_fills": True, "maker": {"exit_ratio": 0.02}}
    report = simulate(market=market, **wanted)
    fees = FeeSettings()
    seen = set()
    for fill in report["fills"]:
        shifted = 60_000.0 <= fill["ts_ms"] < 120_000.0
        rate = fees.maker_bps + 0.8 * shifted if fill["maker"] else fees.taker_bps - 1.5 * shifted
        assert fill["fee"] == pytest.approx(fill["qty"] * fill["price"] * rate * 1e-4)
        seen.add((shifted, fill["maker"]))
    assert len(seen) == 4
    assert report["totals"]["fees"] == pytest.approx(-sum(fill["fee"] for fill in report["fills"]))
    assert report["market"]["label_ms"]["event"] == pytest.approx(60_000.0, abs=1_500.0)
    plain = simulate(market=with_shock("volatile"), **wanted)
    assert [f["ts_ms"] for f in plain["fills"]] == [f["ts_ms"] for f in report["fills"]]
    assert plain["totals"]["fees"] != report["totals"]["fees"]


def test_while_the_feed_is_down_the_maker_sees_what_was() -> None:
    market = MockMarket(
        Scenario.model_validate(with_shock("calm", at_s=2.0, length_s=3.0, outage="feed")), seed=1
    )
    simulation = market.simulation(window(0.0, 8_000.0), FeeSettings())
    mids: dict[str, set[float | None]] = {"before": set(), "down": set(), "after": set()}
    while simulation.step():
        at = simulation.time_ms
        # Messages under way when the line breaks still arrive.
        part = "before" if at < 2_000.0 else "down" if 2_200.0 < at < 5_000.0 else "after"
        if not 2_000.0 <= at <= 2_200.0:
            mids[part].add(simulation.mid)
    assert len(mids["down"]) == 1
    assert min(len(mids["before"]), len(mids["after"])) >= 3


@pytest.mark.parametrize(
    ("outage", "held"), [("orders", True), ("both", True), ("feed", False), ("none", False)]
)
def test_while_orders_are_down_nothing_reaches_the_market(outage: str, held: bool) -> None:
    market = MockMarket(
        Scenario.model_validate(with_shock("calm", at_s=2.0, length_s=3.0, outage=outage)), seed=1
    )
    simulation = market.simulation(window(0.0, 8_000.0), FeeSettings())
    asked = answered = None
    while simulation.step():
        if asked is None and simulation.time_ms >= 3_000.0 and simulation.mid is not None:
            simulation.place(1, simulation.mid * 0.999, 0.5)
            asked = simulation.time_ms
        elif asked is not None and answered is None and not simulation.in_flight:
            answered = simulation.time_ms
    assert asked is not None
    assert answered is not None
    assert (answered >= 5_000.0) == held
    assert answered < 6_000.0


def test_our_market_orders_set_off_none_of_others() -> None:
    """Where one market order of another participant brings about 0.9 further ones, ours brings about none."""
    flow = {"market_rate_per_s": 2.0, "pick_rate_per_s": 0.0, "reservation_bps": 50.0}
    base = load_scenario("calm").model_dump(mode="json")
    base["flow"] |= flow
    base["flow"]["hawkes"] |= {"branching": 0.9, "half_lives_s": [0.05], "weights": [1.0]}
    market = MockMarket(Scenario.model_validate(base), seed=1)

    def others(every_ms: float) -> int:
        simulation = market.simulation(window(0.0, 60_000.0), FeeSettings())
        due, taken = 0.0, 0
        side: Side = 1
        while simulation.step():
            if simulation.mid is not None and simulation.time_ms >= due:
                due = simulation.time_ms + every_ms
                side = 1 if side == -1 else -1
                simulation.take(side, simulation.mid * (1 + side * 0.01), 0.01)
                taken += 1
        return simulation.report().market.trades - taken

    # As one of theirs, each of our 120 would bring about 1 / (1 - 0.9) - 1 = 9 on average.
    assert others(500.0) < others(1e9) + 120
