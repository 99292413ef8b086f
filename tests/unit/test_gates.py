from __future__ import annotations

import math

import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.gates import check_gate_settings, describe, judge, verdict_of
from pytest_soak.domain.records import GateResult, Kpis, Verdict
from pytest_soak.domain.settings import GateSettings, Threshold
from tests.rules_kit import GATES, kpis

GOOD = {"risk_ratio": 0.3, "net_bps": 3.0, "adverse_bps_p95": 2.0}


def judged(**values: float | None) -> dict[str, GateResult]:
    return {result.kpi: result for result in judge(kpis(**(GOOD | values)), GATES)}


@pytest.mark.parametrize(
    ("kpi", "value", "verdict"),
    [
        ("risk_ratio", 0.40, Verdict.OK),
        ("risk_ratio", math.nextafter(0.40, 1), Verdict.WARN),
        ("risk_ratio", 0.50, Verdict.WARN),
        ("risk_ratio", math.nextafter(0.50, 1), Verdict.FAIL),
        ("net_bps", 2.0, Verdict.OK),
        ("net_bps", math.nextafter(2.0, 0), Verdict.FAIL),
        ("adverse_bps_p95", 3.0, Verdict.OK),
        ("adverse_bps_p95", 3.1, Verdict.WARN),
        ("adverse_bps_p95", 99.0, Verdict.WARN),
        ("adverse_bps_p95", 0.0, Verdict.OK),
        ("risk_ratio", None, Verdict.NO_DATA),
        ("net_bps", None, Verdict.NO_DATA),
        ("adverse_bps_p95", None, Verdict.NO_DATA),
    ],
)
def test_default_gates_on_both_sides_of_each_bound(kpi: str, value: float | None, verdict: Verdict) -> None:
    results = judged(**{kpi: value})
    assert results[kpi].verdict is verdict
    assert verdict_of(results.values()) is verdict


def test_a_missed_gate_says_by_how_much() -> None:
    result = judged(risk_ratio=0.62)["risk_ratio"]
    assert (result.bound, result.threshold) == ("<= 0.5", 0.5)
    assert result.off_by == pytest.approx(0.12)
    result = judged(risk_ratio=0.45)["risk_ratio"]
    assert (result.bound, result.threshold) == ("<= 0.4", 0.4)
    assert result.off_by == pytest.approx(0.05)
    result = judged(net_bps=-1.5)["net_bps"]
    assert (result.bound, result.threshold, result.off_by) == (">= 2", 2.0, 3.5)


def test_a_passed_gate_names_its_nearest_bound() -> None:
    both = GateSettings(thresholds={"net_bps": Threshold(fail_below=2.0, fail_above=10.0)})
    low, high = (judge(kpis(net_bps=value), both)[0] for value in (3.0, 9.0))
    assert (low.bound, low.off_by) == (">= 2", 0.0)
    assert (high.bound, high.off_by) == ("<= 10", 0.0)


def test_what_was_not_measured_is_off_by_nothing_known() -> None:
    result = judged(risk_ratio=None)["risk_ratio"]
    assert result.measured is None
    assert result.off_by is None
    assert result.bound == "<= 0.5"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_never_passes(value: float) -> None:
    broken = Kpis.model_construct(**(dict(kpis(**GOOD)) | {"net_bps": value}))
    result = next(r for r in judge(broken, GATES) if r.kpi == "net_bps")
    assert result.verdict is Verdict.NO_DATA


def test_the_order_of_results_is_that_of_the_kpi_table_whatever_the_profile_says() -> None:
    swapped = GateSettings(thresholds=dict(reversed(GATES.thresholds.items())))
    assert judge(kpis(**GOOD), swapped) == judge(kpis(**GOOD), GATES)
    assert [r.kpi for r in judge(kpis(**GOOD), GATES)] == ["net_bps", "adverse_bps_p95", "risk_ratio"]


def test_sample_size_stands_beside_the_value() -> None:
    assert judged()["net_bps"].n == 50


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), Verdict.NO_DATA),
        (("OK",), Verdict.OK),
        (("OK", "WARN"), Verdict.WARN),
        (("OK", "WARN", "NO_DATA"), Verdict.NO_DATA),
        (("OK", "WARN", "NO_DATA", "FAIL"), Verdict.FAIL),
        (("FAIL", "OK"), Verdict.FAIL),
    ],
)
def test_the_worst_verdict_counts(verdicts: tuple[str, ...], expected: Verdict) -> None:
    results = [
        GateResult(
            kpi="net_bps", verdict=Verdict(v), measured=None, n=0, bound="", threshold=None, off_by=None
        )
        for v in verdicts
    ]
    assert verdict_of(results) is expected


def test_no_gates_are_no_pass() -> None:
    assert verdict_of(judge(kpis(**GOOD), GateSettings(thresholds={}))) is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("kpi", "threshold", "message"),
    [
        ("net", Threshold(fail_below=1.0), r"unknown KPI 'net'; known are net_bps, .*cancel_ratio"),
        ("samples", Threshold(fail_below=1.0), "unknown KPI 'samples'"),
        ("net_bps", Threshold(), "gate on net_bps: no bound"),
        ("risk_ratio", Threshold(warn_above=0.6, fail_above=0.5), "warn_above 0.6 lies above fail_above 0.5"),
        ("net_bps", Threshold(warn_below=1.0, fail_below=2.0), "warn_below 1 lies below fail_below 2"),
        ("net_bps", Threshold(fail_above=1.0, fail_below=2.0), "no value is both >= 2 and <= 1"),
        ("net_bps", Threshold(warn_above=1.0, fail_below=2.0), "no value is both >= 2 and <= 1"),
    ],
)
def test_gates_that_cannot_judge_are_refused(kpi: str, threshold: Threshold, message: str) -> None:
    settings = GateSettings(thresholds={kpi: threshold})
    with pytest.raises(SoakConfigError, match=message):
        check_gate_settings(settings)
    with pytest.raises(SoakConfigError, match=message):
        judge(kpis(**GOOD), settings)


def test_equal_bounds_are_fine() -> None:
    settings = GateSettings(
        thresholds={"net_bps": Threshold(warn_below=2.0, fail_below=2.0, fail_above=2.0, warn_above=2.0)}
    )
    assert verdict_of(judge(kpis(net_bps=2.0), settings)) is Verdict.OK


def test_one_line_on_a_missed_gate() -> None:
    line = describe(judged(net_bps=1.25)["net_bps"])
    assert line == "net_bps: measured 1.25 bps, required >= 2 bps, off by 0.75 bps (FAIL, n=50)"
    line = describe(judged(risk_ratio=0.62)["risk_ratio"])
    assert line == "risk_ratio: measured 0.62, required <= 0.5, off by 0.12 (FAIL, n=50)"


def test_a_risk_ratio_of_one_says_why() -> None:
    """It needs no more than a strategy that counts no other block."""
    said = "no attempt was blocked for another reason than risk"
    assert said in describe(judged(risk_ratio=1.0)["risk_ratio"])
    assert said not in describe(judged(risk_ratio=0.99)["risk_ratio"])


def test_one_line_on_a_passed_gate_and_on_one_without_data() -> None:
    assert describe(judged()["risk_ratio"]) == "risk_ratio: measured 0.3, required <= 0.4 (OK, n=50)"
    line = describe(judged(net_bps=None)["net_bps"])
    assert line == "net_bps: not measured, required >= 2 bps (NO_DATA, n=50)"


def test_a_percentile_of_too_few_says_how_many_it_takes() -> None:
    few = kpis(**(GOOD | {"adverse_bps_p95": None}))
    few = few.model_copy(update={"samples": {**few.samples, "adverse_bps_p95": 16}})
    line = describe(judge(few, GATES)[1])
    assert line == (
        "adverse_bps_p95: not measured, required <= 3 bps (NO_DATA, n=16; a 95th percentile takes 20)"
    )
