"""Sampling errors of KPIs, and that gates do not fail by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from statistics import NormalDist, pstdev
from typing import Any

import pytest

from pytest_soak.domain import sampling
from pytest_soak.domain.gates import FAMILY_ERROR, Chance, describe, error_of, judge, judge_canary
from pytest_soak.domain.kpis import kpis_of, pooled
from pytest_soak.domain.outcome import MISSED
from pytest_soak.domain.records import Batches, EdgeReport, Sample, Verdict
from pytest_soak.domain.sampling import BATCHES, merged_histogram, quantile, t_quantile
from pytest_soak.domain.settings import GateSettings, Threshold
from pytest_soak.domain.values import Histogram
from tests.rules_kit import blocks, edge_report, orders, totals

FILLS = 8
SPREAD_BPS = 6.0
NET = GateSettings(
    thresholds={"net_bps": Threshold(fail_below=2.0), "risk_ratio": Threshold(fail_above=0.5)},
    warmup_iterations=0,
)


Noise = Callable[[random.Random], float]


def normal(rng: random.Random) -> float:
    return rng.gauss(0.0, 1.0)


def skewed(rng: random.Random) -> float:
    """Few batches earn much: one without them looks bad and certain."""
    return rng.expovariate(1.0) - 1.0


class Correlated:
    """Neighbouring batches have a correlation of 0.3."""

    def __init__(self) -> None:
        self.last = 0.0

    def __call__(self, rng: random.Random) -> float:
        self.last = 0.3 * self.last + 0.91**0.5 * rng.gauss(0.0, 1.0)
        return self.last


# The same in all iterations, of which there are tens of thousands.
COUNTS = {
    "orders": orders(maker_fills=BATCHES * FILLS, taker_fills=0),
    "attempts": 2000,
    "blocks": blocks(min_interval=800, risk=200),
}
NONE = (0.0,) * BATCHES
BATCH_COUNTS = {
    "placed": (4,) * BATCHES,
    "cancelled": (2,) * BATCHES,
    "attempts": (100,) * BATCHES,
    "blocked": (50,) * BATCHES,
    "risk": (10,) * BATCHES,
}


def iteration(rng: random.Random, mean_bps: float, noise: Noise = normal) -> EdgeReport:
    """An iteration of a maker that earns ``mean_bps`` in expectation; fills of a batch move together."""
    earned, traded, share = [], [], rng.random
    for _ in range(BATCHES):
        fills = rng.randrange(1, 2 * FILLS)
        common = mean_bps + SPREAD_BPS * noise(rng)
        of_batch = sum([500.0 + 1000.0 * share() for _ in range(fills)])
        earned.append(common / 1e4 * of_batch)
        traded.append(of_batch)
    gross, notional, notionals = sum(earned), sum(traded), tuple(traded)
    return edge_report(
        totals=totals(
            notional=notional,
            maker_notional=notional,
            taker_notional=0.0,
            gross=gross,
            fees=0.0,
            slippage=0.0,
            inventory=0.0,
            ledger=gross,
        ),
        batches=Batches(
            gross=tuple(earned),
            notional=notionals,
            maker_notional=notionals,
            fees=NONE,
            slippage=NONE,
            inventory=NONE,
            **BATCH_COUNTS,
        ),
        **COUNTS,
    )


def is_red(reports: Sequence[EdgeReport]) -> bool:
    """Whether a canary in hard mode has an item that fails, as the plugin decides it."""
    chance = Chance.of_iterations(len(reports), NET)
    for report in reports:
        gates = judge(kpis_of(report), NET, chance=chance)
        if any(g.verdict in (Verdict.FAIL, Verdict.NO_DATA) and g.is_beyond_chance for g in gates):
            return True
    return any(gate.verdict is Verdict.FAIL for gate in judge_canary(pooled(reports), NET, len(reports)))


def share_red(iterations: int, errors_above: float, runs: int, noise: Noise = normal) -> float:
    """Share of red canaries of a maker whose expectation lies so many standard errors of a run above."""
    one = SPREAD_BPS / (BATCHES * iterations) ** 0.5 * 1.15
    rng = random.Random(iterations)
    red = sum(
        is_red([iteration(rng, 2.0 + errors_above * one, noise) for _ in range(iterations)])
        for _ in range(runs)
    )
    return red / runs


@pytest.mark.parametrize("iterations", [6, 24, 96])
def test_a_maker_that_meets_its_gates_is_seldom_red(iterations: int) -> None:
    """One standard error of a run above the gate: at most one canary in twenty."""
    assert share_red(iterations, 1.0, 9_600 // max(iterations, 32)) <= 0.05


def is_red_extended(reports: Sequence[EdgeReport], plans: Sequence[int]) -> bool:
    """Whether it is after any of its plans, the first and then what each extension adds."""
    done = 0
    for extensions, plan in enumerate(plans):
        chance = Chance.of_iterations(plan, NET, extensions=extensions)
        part, done = reports[done : done + plan], done + plan
        missed = (gate for report in part for gate in judge(kpis_of(report), NET, chance=chance))
        whole = judge_canary(pooled(reports[:done]), NET, done, extensions=extensions)
        if any(g.verdict in MISSED and g.is_beyond_chance for g in missed) or "FAIL" in {
            gate.verdict for gate in whole
        }:
            return True
    return False


@pytest.mark.parametrize(("errors_above", "most"), [(1.0, 0.05), (0.0, 0.10)])
def test_nor_is_one_whose_run_is_extended_again_and_again(errors_above: float, most: float) -> None:
    """Twice, as much again each time, whatever was said before; on its bound it has twice the chance."""
    plans = (6, 6, 12)
    one, rng = SPREAD_BPS / (BATCHES * sum(plans)) ** 0.5 * 1.15, random.Random(7)
    mean = 2.0 + errors_above * one
    runs = [[iteration(rng, mean) for _ in range(sum(plans))] for _ in range(120)]
    assert sum(is_red_extended(run, plans) for run in runs) / len(runs) <= most


def test_what_is_spent_on_extensions_has_an_end() -> None:
    assert error_of(0) == FAMILY_ERROR
    assert sum(map(error_of, range(60))) == pytest.approx(2.0 * FAMILY_ERROR)


@pytest.mark.parametrize("noise", [Correlated(), skewed], ids=["correlated", "skewed"])
def test_nor_is_one_whose_batches_are_no_textbook_sample(noise: Noise) -> None:
    assert share_red(24, 1.0, 400, noise) <= 0.05


@pytest.mark.parametrize("iterations", [6, 24])
def test_a_maker_that_misses_its_gates_is_red(iterations: int) -> None:
    """Five standard errors of a run below the gate: the whole canary sees what no iteration can."""
    assert share_red(iterations, -5.0, 40) >= 0.95


def test_the_standard_error_is_that_of_many_runs() -> None:
    rng = random.Random(3)
    measured = [kpis_of(iteration(rng, 3.0)) for _ in range(400)]
    claimed = sum(kpis.errors["net_bps"] for kpis in measured) / len(measured)
    assert claimed == pytest.approx(pstdev([kpis.net_bps or 0.0 for kpis in measured]), rel=0.15)


def test_an_interval_on_both_sides_of_a_bound_decides_nothing() -> None:
    rng = random.Random(5)
    reports = [iteration(rng, 2.1) for _ in range(6)]
    net = judge_canary(pooled(reports), NET, 6)[0]
    assert net.verdict is Verdict.INCONCLUSIVE
    assert net.decided_in is not None
    assert net.decided_in > 6
    assert "iterations would decide" in describe(net)
    plain = judge(pooled(reports), NET)[0]
    assert plain.verdict in (Verdict.OK, Verdict.FAIL)


def test_without_a_known_error_a_verdict_is_what_it_is() -> None:
    report = edge_report(totals=totals(gross=0.1, ledger=0.02), orders=orders(maker_fills=60))
    gates = judge(kpis_of(report), NET, chance=Chance(5.0))
    assert (gates[0].verdict, gates[0].margin, gates[0].is_beyond_chance) == (Verdict.FAIL, None, True)


def test_a_gate_takes_its_least_sample() -> None:
    few = edge_report(orders=orders(maker_fills=1, taker_fills=0))
    gate = judge(kpis_of(few), NET)[0]
    assert gate.verdict is Verdict.NO_DATA
    assert describe(gate) == (
        "net_bps: not judged, required >= 2 bps (NO_DATA, n=1; 3.2 was measured, judged from n=30 on)"
    )
    none = edge_report(orders=orders(maker_fills=0, taker_fills=0), totals=totals(notional=0.0))
    assert describe(judge(kpis_of(none), NET)[0]) == "net_bps: not measured, required >= 2 bps (NO_DATA, n=0)"
    uncounted = GateSettings(thresholds={"risk_ratio": Threshold(fail_above=0.5, least=10)})
    nothing = edge_report(attempts=0, blocks=blocks(risk=0))
    assert describe(judge(kpis_of(nothing), uncounted)[0]).startswith("risk_ratio: not measured, required")
    lax = GateSettings(thresholds={"net_bps": Threshold(fail_below=2.0, least=1)})
    assert judge(kpis_of(few), lax)[0].verdict is Verdict.OK


def test_few_blocks_say_nothing_of_risk() -> None:
    report = edge_report(attempts=4863, blocks=blocks(risk=38))
    gate = judge(kpis_of(report), NET)[1]
    assert (gate.verdict, gate.measured) == (Verdict.OK, 1.0)
    assert "0.78% of attempts" in describe(gate)
    strict = judge(kpis_of(report), NET, least_blocked_share=0.0)[1]
    assert strict.verdict is Verdict.FAIL


def test_uncounted_attempts_are_named() -> None:
    gate = judge(kpis_of(edge_report(attempts=0, blocks=blocks())), NET)[1]
    assert gate.verdict is Verdict.NO_DATA
    assert "simulation.attempt()" in describe(gate)


def sample(values: Sequence[float], step: float) -> Sample:
    places = sorted({int(value // step) for value in values})
    counts = [sum(int(value // step) == place for value in values) for place in places]
    return Sample(
        n=len(values), p95=None, histogram=Histogram(step=step, at=tuple(places), counts=tuple(counts))
    )


def test_a_pooled_percentile_is_that_of_all_values() -> None:
    """Not the worst part's: exact to the width of a class, also where the parts have other widths."""
    rng = random.Random(1)
    parts = [[rng.gauss(mean, 1.0) for _ in range(300)] for mean in (0.0, 0.5, 3.0)]
    merged = merged_histogram(
        [sample(part, step) for part, step in zip(parts, (1 / 64, 1 / 32, 1 / 64), strict=True)]
    )
    assert merged is not None
    assert sum(merged.counts) == 900
    ordered = sorted(value for part in parts for value in part)
    assert quantile(merged, 0.95) == pytest.approx(ordered[round(0.95 * 899)], abs=1 / 16)


def test_one_part_without_values_leaves_the_rest() -> None:
    empty = Sample(n=0, p95=None)
    merged = merged_histogram([sample([1.0, 2.0], 0.5), empty])
    assert merged is not None
    assert merged.counts == (1, 1)
    assert merged_histogram([sample([1.0], 0.5), Sample(n=3, p95=None)]) is None


@pytest.mark.parametrize(
    ("share", "freedom", "value"), [(0.975, 19, 2.0930), (0.995, 9, 3.2498), (0.9999, 19, 4.5899)]
)
def test_quantiles_of_students_t(share: float, freedom: int, value: float) -> None:
    """Against the printed tables."""
    assert t_quantile(share, freedom) == pytest.approx(value, rel=2e-2)
    assert t_quantile(share, 10**9) == pytest.approx(NormalDist().inv_cdf(share))


def drawdown_of(*parts: dict[str, Any]) -> float | None:
    return pooled([edge_report(totals=totals(**part)) for part in parts]).drawdown


def test_a_drawdown_goes_over_the_borders_of_iterations() -> None:
    rise = {"profit_low": 0.0, "profit_high": 5.0, "drawdown": 1.0, "ledger": 4.0}
    fall = {"profit_low": -3.0, "profit_high": 0.5, "drawdown": 3.2, "ledger": -2.0}
    assert drawdown_of(rise, fall) == 4.0
    assert drawdown_of(fall, rise) == 3.2
    assert drawdown_of(rise, {}) is None


def test_errors_too_small_for_their_cubes_are_no_error_of_ours() -> None:
    found = sampling._ratio_error([1e-110 * (i % 3) for i in range(40)], [1.0] * 40)
    assert found is not None
    assert 0.0 < found.size < 1e-100
    assert found.skew == 0.0
