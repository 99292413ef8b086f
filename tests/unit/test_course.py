"""KPIs of how iterations went over their time, and gates on them."""

from __future__ import annotations

import random
from statistics import fmean, stdev

import pytest

from pytest_soak.domain.course import MARKOUTS
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.gates import describe, judge, judge_canary
from pytest_soak.domain.kpis import kpis_of, pooled
from pytest_soak.domain.records import Course, EdgeReport, Markouts, Sample, Verdict
from pytest_soak.domain.reports import checked_report
from pytest_soak.domain.settings import GateSettings, Threshold
from pytest_soak.domain.values import Histogram
from tests.rules_kit import edge_report

# An iteration of the kit lasts this long.
MINUTES = (edge_report().market.end_ms - edge_report().market.start_ms) / 60_000.0


def course(**values: object) -> EdgeReport:
    gaps = Histogram(step=1.0, at=(10, 30), counts=(19, 1))
    given: dict[str, object] = {
        "both_sides_ms": 15_000.0 * MINUTES,
        "requote_ms": Sample(n=20, p95=11.0, histogram=gaps),
        "markouts": Markouts(
            profit=(2.0, 1.0, -1.0, 0.0), notional=(1e4, 1e4, 5e3, 0.0), fills=(30, 30, 15, 0)
        ),
        "worst_five_minutes": -3.0,
        "label_profit": {"fall": -4.0, "(none)": 9.0},
    }
    return edge_report(course=Course.model_validate(given | values))


def test_the_markout_curve_is_per_notional_of_the_fills_that_lived_to_see_it() -> None:
    got = kpis_of(course())
    assert [getattr(got, name) for name in MARKOUTS] == [2.0, 1.0, -2.0, None]
    assert [got.samples[name] for name in MARKOUTS] == [30, 30, 15, 0]
    two = pooled(
        [course(), course(markouts=Markouts(profit=(0.0,) * 4, notional=(3e4,) * 4, fills=(9,) * 4))]
    )
    assert two.markout_100ms_bps == 0.5


def test_uptime_gaps_and_pace() -> None:
    got = kpis_of(course())
    assert got.quote_uptime == pytest.approx(0.25)
    assert got.samples["requote_p50_ms"] == 20
    assert got.requote_p50_ms == pytest.approx(10.5, abs=0.5)
    assert got.requote_p95_ms == pytest.approx(11.5, abs=1.0)
    assert got.profit_per_hour == pytest.approx((got.profit or 0.0) * 60.0 / MINUTES)
    assert got.fills_per_hour == pytest.approx((got.fills or 0) * 60.0 / MINUTES)
    assert kpis_of(course(requote_ms=Sample(n=19, p95=None))).requote_p50_ms is None


def test_worst_minutes_and_labels_over_iterations() -> None:
    calm = course(worst_five_minutes=None, label_profit={"(none)": 1.0})
    got = pooled([course(), calm])
    assert (got.worst_five_minutes, got.worst_label_profit) == (-3.0, -4.0)
    assert got.label_profit == {"(none)": 10.0, "fall": -4.0}


def test_what_one_iteration_does_not_say_is_not_measured_over_all() -> None:
    got = pooled([course(), edge_report()])
    names = (*MARKOUTS, "quote_uptime", "requote_p50_ms", "worst_five_minutes", "worst_label_profit")
    assert [getattr(got, name) for name in names] == [None] * len(names)
    assert got.profit_per_hour is not None


def test_no_kpi_of_prices_is_given_where_they_cannot_be_trusted() -> None:
    report = course()
    doubted = report.model_copy(
        update={"market": report.market.model_copy(update={"withheld": ("crossed",)})}
    )
    got = kpis_of(doubted)
    assert (got.label_profit, got.quote_uptime, got.markout_1s_bps) == ({}, None, None)


def test_over_ten_iterations_each_is_a_batch() -> None:
    """Means have the error of a mean; extremes have none, and neither has a single iteration."""
    rng = random.Random(1)
    shares = [rng.uniform(0.2, 0.8) for _ in range(12)]
    ran = [course(both_sides_ms=share * 60_000.0 * MINUTES, label_profit={"fall": share}) for share in shares]
    got = pooled(ran)
    assert got.quote_uptime == pytest.approx(fmean(shares))
    for name, times in (("quote_uptime", 1.0), ("label_profit.fall", 12.0)):
        # Neighbours that resemble each other widen it, by at most so much.
        assert 1.0 <= got.errors[name] / (times * stdev(shares) / 12**0.5) <= 1.3
    assert got.errors["requote_p95_ms"] >= 1.0
    assert {"markout_1s_bps", "fills_per_hour", "fills"} <= got.errors.keys()
    assert not {"drawdown", "worst_five_minutes", "worst_label_profit", "position_max"} & got.errors.keys()
    assert pooled(ran[:9]).errors.keys().isdisjoint({"quote_uptime", "markout_1s_bps", "fills"})
    uptime = GateSettings(thresholds={"quote_uptime": Threshold(fail_below=fmean(shares) + 0.01)})
    (result,) = judge_canary(got, uptime, 12)
    assert (result.verdict, result.margin is not None) == (Verdict.INCONCLUSIVE, True)


def test_a_gate_may_name_a_label_of_the_market() -> None:
    thresholds = {
        "label_profit.fall": Threshold(fail_below=-1.0),
        "label_profit.storm": Threshold(fail_below=-1.0),
        "quote_uptime": Threshold(warn_below=0.5),
    }
    results = judge(kpis_of(course()), GateSettings(thresholds=thresholds))
    assert [(r.kpi, r.verdict, r.measured) for r in results] == [
        ("quote_uptime", Verdict.WARN, pytest.approx(0.25)),
        ("label_profit.fall", Verdict.FAIL, -4.0),
        ("label_profit.storm", Verdict.NO_DATA, None),
    ]
    assert "label_profit.fall: measured -4 quote, required >= -1 quote" in describe(results[1])
    with pytest.raises(SoakConfigError, match=r"label_profit\.LABEL"):
        judge(kpis_of(course()), GateSettings(thresholds={"label_profit.": Threshold(fail_below=0.0)}))


def test_a_report_that_says_impossible_things_is_refused() -> None:
    report = course(both_sides_ms=60_001.0 * MINUTES)
    with pytest.raises(SoakStateError, match=r"course\.both_sides_ms"):
        checked_report(report, report.source, "here")
    report = course(requote_ms=Sample(n=0, p95=3.0))
    with pytest.raises(SoakStateError, match=r"course\.requote_ms"):
        checked_report(report, report.source, "here")
