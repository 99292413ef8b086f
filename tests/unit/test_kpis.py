from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soak.domain.course import MARKOUTS
from pytest_soak.domain.kpis import KPI_MEANINGS, kpis_of, pooled
from pytest_soak.domain.records import EdgeReport, Kpis, Sample
from pytest_soak.domain.sampling import LEAST_VALUES
from tests.rules_kit import blocks, edge_report, orders, totals

BPS_KPIS = ("net_bps", "gross_bps", "fees_eff_bps", "slippage_bps", "inventory_bps", "funding_bps")
amounts = st.floats(-1e6, 1e6, allow_nan=False)


def test_components_are_shares_of_the_notional_in_bps() -> None:
    got = kpis_of(edge_report())
    assert got.gross_bps == pytest.approx(4.0)
    assert got.fees_eff_bps == pytest.approx(0.2)
    assert got.slippage_bps == pytest.approx(-0.3)
    assert got.inventory_bps == pytest.approx(-0.7)
    assert got.net_bps == pytest.approx(3.2)


def test_a_rebate_earns_and_slippage_costs() -> None:
    better = kpis_of(edge_report(totals=totals(fees=0.05, slippage=0.0)))
    worse = kpis_of(edge_report(totals=totals(fees=-0.05, slippage=-0.2)))
    assert better.net_bps is not None
    assert worse.net_bps is not None
    assert better.net_bps > worse.net_bps


@given(gross=amounts, fees=amounts, slippage=amounts, inventory=amounts, notional=st.floats(1e-3, 1e9))
def test_net_is_exactly_the_sum_of_the_components(
    gross: float, fees: float, slippage: float, inventory: float, notional: float
) -> None:
    got = kpis_of(
        edge_report(
            totals=totals(gross=gross, fees=fees, slippage=slippage, inventory=inventory, notional=notional)
        )
    )
    parts = (got.gross_bps, got.fees_eff_bps, got.slippage_bps, got.inventory_bps)
    assert got.net_bps == parts[0] + parts[1] + parts[2] + parts[3]  # type: ignore[operator]


def test_nothing_traded_is_not_measured() -> None:
    got = kpis_of(
        edge_report(
            totals=totals(notional=0.0, maker_notional=0.0, taker_notional=0.0),
            orders=orders(maker_fills=0, taker_fills=0, placed=0, cancelled=0),
        )
    )
    assert [getattr(got, name) for name in BPS_KPIS] == [None] * 6
    assert got.maker_taker_ratio is None
    assert got.cancel_ratio is None
    assert got.samples["net_bps"] == 0


def test_ratios_and_shares_have_the_documented_denominators() -> None:
    got = kpis_of(edge_report())
    assert got.risk_ratio == 5 / 25
    assert got.risk_rate == 5 / 200
    assert got.maker_taker_ratio == 0.9
    assert got.cancel_ratio == 50 / 80
    assert got.block_shares == {
        "min_interval": 10 / 25,
        "throttle": 6 / 25,
        "concurrency": 4 / 25,
        "risk": 5 / 25,
    }


def test_never_blocked_is_no_risk_where_attempts_were_counted() -> None:
    got = kpis_of(edge_report(blocks=blocks()))
    assert (got.risk_ratio, got.samples["risk_ratio"]) == (0.0, 200)
    assert (got.risk_rate, got.blocked_share) == (0.0, 0.0)
    assert got.block_shares == {}


def test_without_an_attempt_there_is_no_risk_rate() -> None:
    got = kpis_of(edge_report(blocks=blocks(), attempts=0))
    assert (got.risk_ratio, got.risk_rate, got.blocked_share) == (None, None, None)


@pytest.mark.parametrize(("n", "expected"), [(LEAST_VALUES - 1, None), (LEAST_VALUES, 7.0)])
def test_a_percentile_of_too_few_samples_is_not_measured(n: int, expected: float | None) -> None:
    got = kpis_of(edge_report(slippage_bps=Sample(n=n, p95=7.0)))
    assert got.slippage_bps_p95 == expected
    assert got.samples["slippage_bps_p95"] == n


def test_a_percentile_that_is_zero_is_a_measurement() -> None:
    assert kpis_of(edge_report(adverse_bps=Sample(n=40, p95=0.0))).adverse_bps_p95 == 0.0


def test_samples_say_what_stands_behind_each_kpi() -> None:
    got = kpis_of(edge_report())
    assert got.samples == {
        "net_bps": 36,
        "gross_bps": 30,
        "fees_eff_bps": 36,
        "slippage_bps": 6,
        "inventory_bps": 36,
        "funding_bps": 36,
        "adverse_bps_p95": 30,
        "slippage_bps_p95": 25,
        "order_age_p95_ms": 40,
        "ws_lag_p95_ms": 50,
        "latency_p95_ms": 60,
        "risk_ratio": 25,
        "risk_rate": 200,
        "maker_taker_ratio": 36,
        "cancel_ratio": 80,
        # The report is by hand and did not count them.
        **dict.fromkeys(("filled_while_cancelling", "cancels_too_late"), 0),
        "blocked_share": 200,
        "profit": 36,
        "profit_quote": 36,
        "notional_quote": 36,
        "notional": 36,
        "fills": 36,
        "position_start": 36,
        "position_end": 36,
        "position_max": 36,
        "drawdown": 36,
        "net_liquidation_bps": 36,
        **dict.fromkeys(MARKOUTS, 0),
        **dict.fromkeys(("quote_uptime", "requote_p50_ms", "requote_p95_ms"), 0),
        **dict.fromkeys(("profit_per_hour", "fills_per_hour"), 36),
        **dict.fromkeys(("worst_five_minutes", "worst_label_profit"), 0),
    }


def test_the_table_describes_every_kpi_and_nothing_else() -> None:
    beside = ("block_shares", "label_profit", "samples", "errors", "skews", "own", "under", "contract")
    fields = [name for name in Kpis.model_fields if name not in beside]
    assert sorted(KPI_MEANINGS) == sorted(fields)
    assert set(kpis_of(edge_report()).samples) == set(KPI_MEANINGS)
    for meaning in KPI_MEANINGS.values():
        assert meaning.unit in ("bps", "ms", "ratio", "quote", "base", "count", "quote/h", "1/h")
        assert meaning.better in ("up", "down", None)
        assert meaning.meaning.isascii()


reports = st.builds(
    lambda gross, notional, maker, risk, throttle, placed, p95: edge_report(
        totals=totals(gross=gross, notional=notional, maker_notional=notional * maker),
        blocks=blocks(risk=risk, throttle=throttle),
        orders=orders(placed=placed, cancelled=placed // 2),
        adverse_bps=Sample(n=30, p95=p95),
    ),
    gross=amounts,
    notional=st.floats(1.0, 1e7),
    maker=st.floats(0, 1),
    risk=st.integers(0, 1000),
    throttle=st.integers(0, 1000),
    placed=st.integers(1, 1000),
    p95=st.floats(-5, 50),
)


@given(reports=st.lists(reports, min_size=1, max_size=8))
def test_pooled_kpis_are_those_of_the_sums(reports: list[EdgeReport]) -> None:
    got = pooled(reports)
    exact = sum(Fraction(r.totals.gross) for r in reports) / sum(Fraction(r.totals.notional) for r in reports)
    assert got.gross_bps == pytest.approx(float(exact * 10_000), rel=1e-12, abs=1e-12)
    risk = sum(r.blocks.risk for r in reports)
    blocked = sum(r.blocks.total for r in reports)
    assert got.risk_ratio == (risk / blocked if blocked else 0.0)
    assert got.cancel_ratio == sum(r.orders.cancelled for r in reports) / sum(
        r.orders.placed for r in reports
    )
    assert got.adverse_bps_p95 == max(r.adverse_bps.p95 or 0.0 for r in reports)
    assert got.samples["adverse_bps_p95"] == 30 * len(reports)
    assert got == pooled(list(reversed(reports)))


def test_pooling_one_report_changes_nothing() -> None:
    assert pooled([edge_report()]) == kpis_of(edge_report())


def test_pooled_amounts_lose_nothing_by_rounding() -> None:
    parts = [edge_report(totals=totals(gross=gross, notional=1.0)) for gross in (1e16, 1.0, -1e16)]
    assert pooled(parts).gross_bps == pytest.approx(1.0 / 3 * 10_000)


def test_a_percentile_that_one_iteration_lacks_is_unknown_for_the_whole() -> None:
    parts = [edge_report(), edge_report(slippage_bps=Sample(n=3, p95=None))]
    got = pooled(parts)
    assert got.slippage_bps_p95 is None
    assert got.samples["slippage_bps_p95"] == 28
    assert got.adverse_bps_p95 == 1.5


def test_pooling_nothing_measures_nothing() -> None:
    got = pooled([])
    assert all(getattr(got, name) is None for name in KPI_MEANINGS)
    assert set(got.samples.values()) == {0}


def test_a_sum_that_overflows_never_becomes_a_kpi() -> None:
    huge = edge_report(totals=totals(gross=1e300, notional=1e-10))
    assert math.isfinite(huge.totals.gross)
    with pytest.raises(ValueError, match="finite"):
        kpis_of(huge)
