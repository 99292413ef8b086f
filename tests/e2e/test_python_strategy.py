"""A strategy written in Python, soaked on the shipped mock market through ``pytest_soak_make_strategy``."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from benches import documented
from pytest_soak.market import strategy
from tests.e2e.conftest import summary

SEED = documented.FIRST_SEED


def soak(pytester: pytest.Pytester, folder: str, *args: str) -> list[dict[str, Any]]:
    """Three iterations of the maker of the documentation; their records without wall-clock figures."""
    pytester.makeconftest(documented.conftest_of_stepping())
    command = ("--soak-iterations=3", "--soak-minutes=5", "--soak-profile=steady_safe")
    result = pytester.runpytest_inprocess(*command, f"--soak-artifacts={folder}", *args)
    result.assert_outcomes(passed=4)
    records = [summary(pytester.path, n, f"{folder}/latest/steady_safe-calm-s1") for n in (1, 2, 3)]
    for record in records:
        record.pop("wall")
    return records


def test_its_records_are_measured_and_sane(pytester: pytest.Pytester) -> None:
    """Its own KPIs are measured, its gates hold."""
    records = soak(pytester, "one")
    for record in records:
        assert record["provenance"]["strategy"] == "two_sided"
        assert record["provenance"]["source"] == "mock"
        kpis = record["summary"]
        assert 3.0 < kpis["gross_bps"] < 4.9
        assert 0.0 < kpis["fees_eff_bps"] <= 0.5 + 1e-9
        parts = ("gross_bps", "fees_eff_bps", "slippage_bps", "inventory_bps")
        assert kpis["net_bps"] == pytest.approx(sum(kpis[name] for name in parts), abs=1e-9)
        assert kpis["maker_taker_ratio"] == 1.0
        assert kpis["samples"]["net_bps"] > 20
        assert kpis["adverse_bps_p95"] is not None
        assert 0.0 <= kpis["risk_ratio"] <= 1.0
        assert record["summary"]["kpi_verdict"] in ("OK", "WARN")
    assert len({record["summary"]["net_bps"] for record in records}) == 3


def test_its_records_are_deterministic(pytester: pytest.Pytester) -> None:
    one, two = (soak(pytester, name) for name in ("one", "two"))
    assert one == two


def test_parameters_reach_it(pytester: pytest.Pytester) -> None:
    wide = soak(pytester, "wide", "--soak-override=base_spread_bps_delta=0.25")
    narrow = soak(pytester, "narrow", "--soak-override=base_spread_bps_delta=0.08")
    for more, less in zip(wide, narrow, strict=True):
        assert more["summary"]["gross_bps"] > less["summary"]["gross_bps"]


def test_a_market_and_a_maker_from_a_paper(pytester: pytest.Pytester) -> None:
    """Both hooks at once: Avellaneda and Stoikov's inventory maker on their market, 30 paths an iteration."""
    pytester.makeconftest(
        """
        from pytest_soak.market.examples.avellaneda_stoikov import AvellanedaStoikovMarket, InventoryMaker

        def pytest_soak_make_market(request):
            return AvellanedaStoikovMarket(seed=request.seed)

        def pytest_soak_make_strategy(profile):
            return InventoryMaker(gamma=0.1)
        """
    )
    pytester.runpytest_inprocess("--soak-iterations=2", "--soak-minutes=0.5", "--soak-gate=off")
    for number in (1, 2):
        record = summary(pytester.path, number)
        assert record["provenance"]["strategy"] == "inventory"
        assert record["provenance"]["scenario"] == "avellaneda_stoikov"
        assert record["market"]["events"] == 30 * 200
        # 65 a path, of about 91 units that change hands at about 100.
        assert 60.0 < record["summary"]["net_bps"] < 85.0
        assert record["summary"]["risk_ratio"] == 0.0


@pytest.mark.parametrize("name", documented.DOCUMENTED)
def test_what_is_documented_passes_its_gates(pytester: pytest.Pytester, name: str) -> None:
    """As a newcomer types it: in hard mode, with the default profile, on a seed that it was not chosen by."""
    pytester.makeconftest(documented.DOCUMENTED[name]())
    result = pytester.runpytest_inprocess("--soak-iterations=6", f"--soak-seed={SEED}", "-W", "error")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["after the warm-up: OK", "next: all gates held;*"])


def test_the_same_maker_stands_wherever_one_is_asked_at_every_decision() -> None:
    """What was measured of one page's is true of the tutorial's and of the module's, line by line."""
    tutorial = documented.PAGE.parents[1] / "tutorial" / "your-strategy.md"
    texts = [documented.conftest_of_page(), tutorial.read_text("utf-8"), inspect.getdoc(strategy) or ""]
    steps = [text.partition("def on_step")[2].partition("def pytest_soak")[0] for text in texts]
    said = [[line.strip() for line in step.splitlines() if line.strip()] for step in steps]
    assert len(said[0]) > 8
    assert said == said[:1] * 3
