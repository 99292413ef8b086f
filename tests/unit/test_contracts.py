"""Contracts, funding and fee tiers: on markets, in records, for strategies and over iterations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pytest_soak import Strategy
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.funding import Funding, funding_of
from pytest_soak.domain.gates import judge
from pytest_soak.domain.kpis import kpis_of, pooled, unit_of
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport, Verdict
from pytest_soak.domain.settings import FeeSettings, FeeTier, GateSettings, MakerSettings, Threshold
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.market import Market, MockMarket, ReferenceMaker, ReplayMarket, Window, load_scenario
from pytest_soak.market.stepping import Side
from pytest_soak.market.steps import Steps, remarks
from pytest_soak.market.strategy import SteppingMarket
from pytest_soak.market.tape import rows_of_scenario
from pytest_soak.market.terms import scenario_on
from pytest_soak.market.view import View
from tests import canary_kit
from tests.oracle.jobs import job, window

INVERSE = Contract(kind="inverse", size=10.0)
HOURLY = Funding(rate=0.0005, interval_h=0.025)
"""Every 90 s."""
CALM = load_scenario("calm")


SIDES: tuple[tuple[Side, float], ...] = ((1, 2_000.0), (-1, 1_000.0))


class Lopsided(Strategy):
    """Buys more than it sells, sized by notional; what it saw last is in the report's ``carry``."""

    name = "lopsided"

    def on_step(self, view: View) -> None:
        if view.mid is None or view.in_flight:
            return
        view.cancel_all()
        for side, notional in SIDES:
            view.place(side, view.mid * (1 - side * 4.7e-4), view.contract.units(notional, view.mid))

    def on_end(self, view: View) -> None:
        view.carry = {
            "profit": view.profit,
            "quote": view.profit_quote,
            "position": view.position,
            "closed": view.realised + (view.unrealised or 0.0) - view.account.fees + view.funding,
            "funding": view.funding,
        }


class LopsidedLoop:
    """The same in a loop of its own."""

    name = "lopsided_loop"

    def describe(self) -> dict[str, object]:
        return {"name": self.name}

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        assert isinstance(market, SteppingMarket)
        simulation = market.simulation(window, FeeSettings())
        orders: list[int] = []
        cash = 0.0
        while simulation.step():
            value = simulation.contract.value
            cash -= sum(fill.side * fill.qty * value(fill.price) + fill.fee for fill in simulation.fills)
            cash += sum(simulation.funded)
            if simulation.mid is None or simulation.in_flight:
                continue
            for order in orders:
                simulation.cancel(order)
            orders = [
                simulation.place(
                    side,
                    simulation.mid * (1 - side * 4.7e-4),
                    simulation.contract.units(notional, simulation.mid),
                )
                for side, notional in SIDES
            ]
        profit = cash + simulation.position * simulation.contract.value(simulation.mid or 0.0)
        return simulation.report(carry={"profit": profit, "position": simulation.position})


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Recordings of calm on inverse contracts: one that says what it was made from, and one that does not."""
    folder = tmp_path_factory.mktemp("recorded")
    scenario = scenario_on(CALM, INVERSE, None)
    rows = rows_of_scenario(scenario, seed=4, duration_s=240.0)
    origin = json.dumps({"scenario": scenario.model_dump(mode="json"), "seed": 4})
    np.savez_compressed(folder / "made.npz", data=rows, origin=np.array(origin))
    np.savez_compressed(folder / "plain.npz", data=rows)
    return {True: folder / "made.npz", False: folder / "plain.npz"}


def markets(recordings: Mapping[bool, Path]) -> list[MockMarket | ReplayMarket]:
    return [
        MockMarket(CALM, 4, contract=INVERSE, funding=HOURLY),
        ReplayMarket(recordings[False], contract=INVERSE, funding=HOURLY),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["mock", "recorded"])
def test_both_forms_of_a_strategy_see_what_the_record_says(
    recordings: Mapping[bool, Path], which: int
) -> None:
    market = markets(recordings)[which]
    length = window(0.0, 200_000.0)
    for strategy in (Lopsided(), LopsidedLoop()):
        report = strategy.run(market, DEFAULTS, length)
        totals, seen = report.totals, report.carry
        assert report.market.contract == INVERSE
        assert totals.maker_notional > 0.0
        assert totals.funding != 0.0 != totals.position_end
        assert totals.position_end == seen["position"] == round(seen["position"])
        # Decided at the end, at the mid that was seen then.
        assert seen["profit"] == pytest.approx(totals.ledger, rel=0.02, abs=1e-9)
        if "quote" in seen:
            assert seen["quote"] == pytest.approx(seen["profit"] * (totals.mid_end or 0.0), rel=1e-3)
            assert seen["closed"] == pytest.approx(seen["profit"], rel=1e-9)
            assert seen["funding"] == pytest.approx(totals.funding, rel=1e-12)
        kpis = kpis_of(report)
        assert kpis.profit == totals.ledger
        assert kpis.profit_quote == pytest.approx(totals.ledger * (totals.mid_end or 0.0))
        assert kpis.funding_bps == pytest.approx(totals.funding / totals.notional * 1e4)
        price = (kpis.notional_quote or 0.0) / totals.notional
        assert abs(price / (totals.mid_end or 1.0) - 1.0) < 0.01


def test_a_smaller_linear_contract_changes_sizes_and_no_money() -> None:
    """Lots of one contract of a thousandth are the lots of a thousandth that the scenario has."""
    whole = MockMarket(CALM, 2).run_maker(job(), window())
    small = MockMarket(CALM, 2, contract=Contract(size=CALM.instrument.lot_size)).run_maker(job(), window())
    assert small.orders == whole.orders
    factor = 1.0 / CALM.instrument.lot_size
    assert small.totals.position_max == pytest.approx((whole.totals.position_max or 0.0) * factor)
    for name in (
        "ledger",
        "gross",
        "fees",
        "inventory",
        "notional",
        "quote_notional",
        "liquidation",
        "drawdown",
    ):
        assert getattr(small.totals, name) == pytest.approx(getattr(whole.totals, name), rel=1e-9), name


@pytest.mark.parametrize("contract", [Contract(kind="inverse", size=s) for s in (1.0, 10.0, 100.0)], ids=str)
def test_limits_of_the_maker_are_notional_in_quote_currency(contract: Contract) -> None:
    maker = {"position_limit_notional": 4_000.0, "max_order_notional": 700.0}
    market = MockMarket(load_scenario("volatile"), 3, contract=contract)
    report, fills = market.run_with_fills(job(maker=maker), window(duration_ms=120_000.0))
    held = abs(report.totals.position_max or 0.0) * contract.size
    assert 500.0 <= held <= 4_000.0
    # 12 % to 14 % of the limit are less than the largest order here.
    assert 0.0 < max(float(fill["qty"] or 0.0) for fill in fills) * contract.size <= 0.14 * 4_000.0
    assert report.blocks.risk > 0


def test_a_lot_of_a_contract_beyond_the_largest_order_is_said() -> None:
    steps = Steps(tick_size=0.1, lot_size=1.0, price=60_000.0)
    assert any("costs some 6e+04" in line for line in remarks("m", steps, MakerSettings(), DEFAULTS))
    assert list(remarks("m", steps._replace(contract=Contract(size=0.001)), MakerSettings(), DEFAULTS)) == []
    usual = steps._replace(contract=Contract(kind="inverse", size=100.0))
    assert list(remarks("m", usual, MakerSettings(), DEFAULTS)) == []
    assert any(
        "cannot quote" in line
        for line in remarks("m", usual, MakerSettings(max_order_notional=99.0), DEFAULTS)
    )


def test_a_recording_whose_lot_is_one_contract_costs_what_the_contract_is_worth(
    recordings: Mapping[bool, Path],
) -> None:
    """Taken for linear, one lot of it would be 1,900; its notional is 10 whatever the price."""
    maker = {"max_order_notional": 9.0}
    told = ReplayMarket(recordings[True]).run_maker(job(maker=maker), window(duration_ms=5_000.0))
    assert "one lot costs 10, more than the largest order of 9" in str(told.market.no_data_reason)
    maker = {"max_order_notional": 11.0}
    told = ReplayMarket(recordings[True]).run_maker(job(maker=maker), window(duration_ms=5_000.0))
    assert told.attempts > 0
    wrong = ReplayMarket(recordings[True], contract=LINEAR)
    wrong_told = wrong.run_maker(job(maker=maker), window(duration_ms=5_000.0))
    assert "one lot costs 1900." in str(wrong_told.market.no_data_reason)


def test_a_recording_knows_the_contract_of_the_scenario_it_was_made_from(
    recordings: Mapping[bool, Path],
) -> None:
    made, plain = ReplayMarket(recordings[True]), ReplayMarket(recordings[False])
    assert (made.contract, plain.contract) == (INVERSE, LINEAR)
    assert any("inverse contracts of 10 quote" in note for note in made.notes)
    assert not any("contract" in note for note in plain.notes)
    assert "contract" not in plain.describe()
    told = ReplayMarket(recordings[False], contract=INVERSE)
    assert told.run_maker(job(), window()).totals == made.run_maker(job(), window()).totals
    # An option has the last word.
    assert ReplayMarket(recordings[True], contract=LINEAR).contract == LINEAR


def test_funding_is_paid_at_the_exchanges_clock(recordings: Mapping[bool, Path]) -> None:
    """Whatever the windows are, each time is paid for once."""
    market = ReplayMarket(recordings[False], contract=INVERSE, funding=Funding(rate=0.01, interval_h=1 / 60))
    short = [Lopsided().run(market, DEFAULTS, window(30_000.0 * n, 30_000.0)).totals for n in range(7)]
    first = market.facts.first_ns // 1_000_000
    due = [sum((first + 30_000 * n + ms) % 60_000 == 0 for ms in range(1, 30_001)) for n in range(7)]
    paid = [totals.funding != 0.0 for totals in short]
    assert sum(due) in (3, 4)
    # Nothing is paid where nothing is held.
    assert all(count for count, some in zip(due, paid, strict=True) if some)
    assert sum(paid) >= 2


def test_shipped_scenarios_say_nothing_of_contract_and_funding() -> None:
    """So that records of before keep their hashes."""
    about = json.dumps(MockMarket(CALM, 1).describe())
    assert "contract" not in about
    assert "funding" not in about
    assert "tiers" not in json.dumps(load_profile("default").profile.model_dump(mode="json"))
    assert "contract" in json.dumps(MockMarket(CALM, 1, contract=INVERSE).describe())
    report = MockMarket(CALM, 1).run_maker(job(), window(duration_ms=5_000.0))
    assert report.market.contract is None
    assert kpis_of(report).funding_bps in (None, 0.0)


def test_a_contract_too_large_for_a_scenario_names_it() -> None:
    with pytest.raises(
        SoakConfigError, match=r"scenario calm with a lot of one inverse contract of 20000: .*lot_size"
    ):
        MockMarket(CALM, 1, contract=Contract(kind="inverse", size=20_000.0))


@pytest.mark.parametrize(
    "text", ["0.1", "x/8h", "0.2/8h", "0.001/8", "0.001/0h", "0.001/200h", "nan/8h", "", "/"]
)
def test_funding_that_is_not_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a rate from -0\.1 to 0\.1 and an interval from 1m to 168h"):
        funding_of(text)


def test_funding_in_hours_and_minutes() -> None:
    assert funding_of("-0.0001/8h") == Funding(rate=-0.0001, interval_h=8.0)
    assert funding_of("1e-4/30m") == Funding(rate=1e-4, interval_h=0.5)


def test_units_follow_the_contract() -> None:
    named = ("profit", "position_end", "profit_per_hour", "net_bps", "profit_quote", "label_profit.news")
    assert [unit_of(name, LINEAR) for name in named] == ["quote", "base", "quote/h", "bps", "quote", "quote"]
    assert [unit_of(name, INVERSE) for name in named] == [
        "coin",
        "contracts",
        "coin/h",
        "bps",
        "quote",
        "coin",
    ]
    assert [unit_of(name, Contract(size=0.1)) for name in named][:2] == ["quote", "contracts"]


TIERS = FeeSettings(
    maker_bps=2.0,
    taker_bps=5.0,
    tiers=(
        FeeTier(from_notional=60_000.0, maker_bps=1.0, taker_bps=4.0),
        FeeTier(from_notional=150_000.0, maker_bps=-0.5, taker_bps=3.0),
    ),
)


@pytest.mark.parametrize("contract", [None, INVERSE], ids=["linear", "inverse"])
def test_tiers_count_what_the_journal_has_however_a_run_was_cut(
    tmp_path: Path, contract: Contract | None
) -> None:
    def made(folder: str) -> CanarySpec:
        spec = canary_kit.spec(tmp_path / folder, iterations=4, minutes=2.0, seed=5)
        profile = spec.profile.model_copy(update={"fees": TIERS})
        return replace(
            spec,
            profile=profile,
            market=MockMarket(CALM, 5, contract=contract),
            strategy=ReferenceMaker(profile.maker, TIERS),
        )

    whole = canary_kit.run(made("whole"))
    for upto in (1, 3):
        canary_kit.run(made("cut"), upto)
    assert canary_kit.run(made("cut")) == whole
    fees = [record.kpis.fees_eff_bps or 0.0 for record in whole]
    assert fees[0] == pytest.approx(-2.0, abs=0.7)
    assert fees[-1] == pytest.approx(0.5, abs=1e-6)
    assert fees == sorted(fees)


def test_tiers_must_rise() -> None:
    tiers = [{"from_notional": n, "maker_bps": 0.0, "taker_bps": 1.0} for n in (5.0, 5.0)]
    with pytest.raises(ValueError, match="tiers with a from_notional above that of the tier before"):
        FeeSettings.model_validate({"tiers": tiers})


@pytest.mark.parametrize("contract", [None, INVERSE], ids=["linear", "inverse"])
def test_a_rebate_is_earned_in_every_figure(contract: Contract | None) -> None:
    market = MockMarket(CALM, 1, contract=contract)
    reports = {
        bps: market.run_maker(job(fees={"maker_bps": bps, "taker_bps": 2.5}), window())
        for bps in (-1.5, 0.0, 1.5)
    }
    kpis = {bps: pooled([report]) for bps, report in reports.items()}
    for bps in (-1.5, 1.5):
        one, free, totals = kpis[bps], kpis[0.0], reports[bps].totals
        assert totals.taker_notional == 0.0
        assert one.fees_eff_bps == pytest.approx(-bps)
        assert (one.net_bps or 0.0) - (free.net_bps or 0.0) == pytest.approx(-bps)
        assert (one.profit or 0.0) - (free.profit or 0.0) == pytest.approx(-bps * totals.notional / 1e4)
        assert (one.net_liquidation_bps or 0.0) - (free.net_liquidation_bps or 0.0) == pytest.approx(-bps)
        # A markout is of the price alone.
        assert one.markout_1s_bps == free.markout_1s_bps
    # The gate on fees takes a rebate for what it is: more than nothing.
    gates = GateSettings(thresholds={"fees_eff_bps": Threshold(fail_below=0.5, least=0)})
    verdicts = [judge(kpis[bps], gates, least_blocked_share=0.0)[0].verdict for bps in (-1.5, 1.5)]
    assert verdicts == [Verdict.OK, Verdict.FAIL]
