"""Gates on a KPI under another fill model: what is simulated for them, recorded, carried on and judged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.gates import check_gate_settings, headline, judge, judge_canary
from pytest_soak.domain.kpis import kpis_of, pooled
from pytest_soak.domain.records import EdgeReport, IterationRecord, Verdict
from pytest_soak.domain.settings import GateSettings, Threshold
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.market import Market, MockMarket, ReferenceMaker, Window, load_scenario, market_under
from tests.canary_kit import PlainHooks, run, spec
from tests.rules_kit import edge_report, kpis

NET = "net_bps@through"


def asked(folder: Path, *gates: str, **changes: Any) -> CanarySpec:
    """A canary with gates on these names alone, on a market whose models differ."""
    made = spec(folder, scenario="volatile", iterations=3, minutes=2.0)
    thresholds = {gate: Threshold(fail_below=-1e6) for gate in gates}
    settings = made.profile.gates.model_copy(update={"thresholds": thresholds})
    return replace(made, profile=made.profile.model_copy(update={"gates": settings}), **changes)


def edges_of(made: CanarySpec) -> tuple[tuple[EdgeReport, ...], tuple[IterationRecord, ...]]:
    canary = Canary(made, PlainHooks())
    try:
        list(canary.advance_to(made.iterations))
        return canary.edges(), canary.records
    finally:
        canary.close()


def test_what_is_judged_is_the_same_window_and_parameters_under_the_model(tmp_path: Path) -> None:
    made = asked(tmp_path / "a", "net_bps", NET)
    edges, records = edges_of(made)
    plain, plain_records = edges_of(asked(tmp_path / "b", "net_bps"))
    market = MockMarket(load_scenario("volatile"), seed=1, fills=FillModel.THROUGH)
    for number, (edge, record) in enumerate(zip(edges, records, strict=True)):
        window = Window(
            iteration=number + 1, iterations=3, start_ms=number * 120e3, duration_ms=120e3, seed=made.seed
        )
        alone = made.strategy.run(market, record.parameters_before, window)
        assert edge.under == {"through": alone}
        assert edge.model_copy(update={"under": {}}) == plain[number]
        assert record.kpis.under == {"through": kpis_of(alone)}
        result = next(gate for gate in record.gates if gate.kpi == NET)
        assert result.measured == kpis_of(alone).net_bps != record.kpis.net_bps
        assert (result.n, result.least) == (kpis_of(alone).samples["net_bps"], 30)
        assert result.error == kpis_of(alone).errors["net_bps"]
        assert result.margin is not None
    # What the tuner and the guards do does not hang on it.
    assert [r.parameters_after for r in records] == [r.parameters_after for r in plain_records]
    assert pooled(edges).under == {"through": pooled([edge.under["through"] for edge in edges])}


def test_a_run_in_parts_records_what_one_in_one_go_does(tmp_path: Path) -> None:
    whole = run(asked(tmp_path / "a", NET))
    made = asked(tmp_path / "b", NET)
    run(made, upto=1)
    assert [r.edge_hash for r in run(made)] == [r.edge_hash for r in whole]


class Counting(ReferenceMaker):
    """Leaves behind how often it ran under the model, and counts its runs by model."""

    ran: list[str]

    def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
        fills = str(getattr(market, "fills", None))
        self.ran.append(fills)
        left = [*(window.carry or []), fills]
        return super().run(market, parameters, window).model_copy(update={"carry": left})


def test_each_model_is_simulated_where_a_gate_asks_for_it_and_goes_on_from_its_own(tmp_path: Path) -> None:
    made = asked(tmp_path, "net_bps", NET, "fills@through", "net_bps@queue")
    strategy = Counting(made.profile.maker, made.profile.fees)
    object.__setattr__(strategy, "ran", [])
    edges, _ = edges_of(replace(made, strategy=strategy))
    # The run's own model is not simulated once more.
    assert strategy.ran == ["queue", "through"] * 3
    assert [edge.carry for edge in edges] == [["queue"] * n for n in (1, 2, 3)]
    assert [edge.under["through"].carry for edge in edges] == [["through"] * n for n in (1, 2, 3)]
    assert edges[0].under["queue"] == edges[0].model_copy(update={"under": {}})


def test_what_is_printed_under_a_model_is_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Printing(ReferenceMaker):
        def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
            sys.stdout.write("one")
            sys.stdout.write(" line\n\n")
            sys.stderr.write("said")
            return super().run(market, parameters, window)

    maker = asked(tmp_path, NET).strategy
    assert isinstance(maker, ReferenceMaker)
    run(asked(tmp_path, NET, strategy=Printing(maker.maker, maker.fees), iterations=1))
    said = capsys.readouterr()
    assert said.out == "one line\n\n[through] one line\n[through] \n"
    assert said.err == "said[through] said"


def test_nothing_is_simulated_that_no_gate_asks_for(tmp_path: Path) -> None:
    edges, records = edges_of(asked(tmp_path, "net_bps"))
    assert all(edge.under == {} for edge in edges)
    assert all(record.kpis.under == {} for record in records)


GATE = GateSettings(thresholds={NET: Threshold(fail_below=2.0), "net_bps": Threshold(fail_below=0.0)})


def test_without_a_measurement_under_the_model_there_is_no_verdict() -> None:
    own, under = judge(kpis(net_bps=5.0), GATE)
    assert (own.verdict, under.verdict) == (Verdict.OK, Verdict.NO_DATA)
    assert under.measured is None
    five_fills = kpis(net_bps=5.0).model_copy(update={"samples": {"net_bps": 5}})
    few = kpis(net_bps=5.0).model_copy(update={"under": {"through": five_fills}})
    _, under = judge(few, GATE)
    assert (under.verdict, under.note) == (Verdict.NO_DATA, "5 was measured, judged from n=30 on")
    # A part that was not measured so leaves the whole without.
    measured = edge_report().model_copy(update={"under": {"through": edge_report()}})
    assert pooled([measured, edge_report()]).under == {}
    assert judge_canary(pooled([measured, edge_report()]), GATE, 2)[1].verdict is Verdict.NO_DATA


def test_a_miss_names_the_model() -> None:
    seen = kpis(net_bps=5.0).model_copy(update={"under": {"through": kpis(net_bps=1.5)}})
    own, under = judge(seen, GATE)
    assert (own.verdict, under.verdict) == (Verdict.OK, Verdict.FAIL)
    assert headline(under) == "net_bps@through 1.5 < 2"


@pytest.mark.parametrize(
    "name", ["net_bps@sideways", "@through", "nett@through", "net_bps@", "own.x@through"]
)
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(SoakConfigError, match="each also followed by @ and one of queue, touch, through"):
        check_gate_settings(GateSettings(thresholds={name: Threshold(fail_below=2.0)}))


@pytest.mark.parametrize("name", ["own.edge.mean@touch", "label_profit.news@through", "drawdown@pessimistic"])
def test_every_kpi_can_be_asked_for_under_a_model(name: str) -> None:
    check_gate_settings(GateSettings(thresholds={name: Threshold(fail_below=2.0)}))


def test_a_strategy_does_not_report_for_another_model_itself(tmp_path: Path) -> None:
    class Forger(ReferenceMaker):
        def run(self, market: Market, parameters: Mapping[str, float], window: Window) -> EdgeReport:
            report = super().run(market, parameters, window)
            return report.model_copy(update={"under": {"through": report}})

    made = asked(tmp_path, "net_bps")
    with pytest.raises(SoakStateError, match=r"under = \['through'\]; accepted is none"):
        run(replace(made, strategy=Forger(made.profile.maker, made.profile.fees)))


def test_a_market_that_cannot_fill_so_is_refused() -> None:
    market = MockMarket(load_scenario("calm"), seed=1)
    assert market_under(market, FillModel.QUEUE) is market
    assert market_under(market, FillModel.TOUCH).describe() == {**market.describe(), "fills": "touch"}

    class Fixed:
        name = "fixed"

    class Stubborn(Fixed):
        def under(self, fills: FillModel) -> Market:
            return market

    for other in (Fixed(), Stubborn()):
        with pytest.raises(SoakConfigError, match="market fixed has no method under"):
            market_under(other, FillModel.TOUCH)  # type: ignore[arg-type]
