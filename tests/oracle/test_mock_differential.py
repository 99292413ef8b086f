"""The kernel's mock runs against the plain Python accounting, and what must hold of every run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, MockMarket, Window, available_scenarios, load_scenario
from pytest_soak.market.scenario.model import Impact
from tests.kernel_kit import asked, edge_of, parts_of, raw, whole_of
from tests.oracle import ledger
from tests.oracle.jobs import job, jobs, window
from tests.oracle.ledger import HORIZONS_MS

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = available_scenarios()
seeds = st.integers(min_value=0, max_value=2**64 - 1)
starts = st.integers(min_value=0, max_value=60).map(lambda minute: minute * 60_000.0)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def market(name: str = "calm", seed: int = 1) -> MockMarket:
    return MockMarket(load_scenario(name), seed=seed)


def recorded(place: MockMarket, task: MakerJob, where: Window) -> tuple[EdgeReport, dict[str, Any]]:
    answer = asked(whole_of(place, task, where))
    return edge_of(answer), json.loads(answer)


def near(report: EdgeReport, left: float, right: Any) -> bool:
    return abs(left - float(right)) <= 1e-9 * max(report.totals.notional, 1e-6)


def assert_same_accounting(report: EdgeReport, fills: list[Mapping[str, Any]], task: MakerJob) -> None:
    rates = (task.fees.maker_bps, task.fees.taker_bps, report.totals.mid_end)
    parts, totals = ledger.components(fills, *rates), report.totals
    assert near(report, totals.notional, ledger.traded(fills))
    assert near(report, totals.maker_notional, ledger.traded(fills, maker=True))
    assert near(report, totals.taker_notional, ledger.traded(fills, maker=False))
    assert near(report, totals.gross, parts.gross)
    assert near(report, totals.fees, parts.fees)
    assert near(report, totals.slippage, parts.slippage)
    assert near(report, totals.inventory, parts.inventory)
    assert near(report, totals.ledger, ledger.cash_ledger(fills, *rates))
    assert totals.position_end == pytest.approx(float(ledger.position(fills)), abs=1e-9)
    made = [f for f in fills if f["maker"]]
    assert report.orders.maker_fills == len(made)
    assert report.orders.taker_fills == len(fills) - len(made)
    costs = ledger.taker_costs_bps(fills)
    assert report.slippage_bps.n == len(costs)
    assert report.slippage_bps.p95 == pytest.approx(ledger.p95(costs), abs=1e-9)
    adverse = ledger.adverse_costs_bps(fills)
    assert report.adverse_bps.n == len(adverse)
    assert report.adverse_bps.p95 == pytest.approx(ledger.p95(adverse), abs=1e-6)


@few
@given(name=st.sampled_from(SCENARIOS), seed=seeds, start_ms=starts, task=jobs)
def test_accounting_is_that_of_the_fills(name: str, seed: int, start_ms: float, task: MakerJob) -> None:
    report, answer = recorded(market(name, seed), task, window(start_ms))
    assert_same_accounting(report, answer["fills"], task)


def test_accounting_is_exercised_by_takers_too() -> None:
    task = job(maker={"exit_ratio": 0.02})
    report, answer = recorded(market("volatile", 3), task, window(0.0, 300_000.0))
    assert report.orders.taker_fills >= 20
    assert report.orders.maker_fills >= 100
    assert report.slippage_bps.p95 is not None
    assert_same_accounting(report, answer["fills"], task)


@few
@given(name=st.sampled_from(SCENARIOS), seed=seeds, start_ms=starts, task=jobs)
def test_fills_and_path_are_consistent(name: str, seed: int, start_ms: float, task: MakerJob) -> None:
    where = window(start_ms, 30_000.0)
    report, answer = recorded(market(name, seed), task, where)
    times = [fill["ts_ms"] for fill in answer["fills"]]
    assert times == sorted(times)
    assert all(start_ms <= t <= where.end_ms for t in times)
    assert all(f["qty"] > 0 and f["price"] > 0 and f["side"] in (1, -1) for f in answer["fills"])
    path = answer["path"]
    assert_marks_lie_on_the_path(answer["fills"], path, where, report.market, calm=name == "calm")
    assert [round(t - start_ms, 3) for t, _ in path][:3] == [0.0, 100.0, 200.0]
    mids = [mid for _, mid in path]
    low, high = report.market.mid_low, report.market.mid_high
    assert low is not None
    assert high is not None
    assert low <= min(mids) <= max(mids) <= high
    assert report.totals.mid_start == mids[0]


def assert_marks_lie_on_the_path(
    fills: list[Mapping[str, Any]],
    path: list[tuple[float, float]],
    where: Window,
    facts: MarketFacts,
    *,
    calm: bool,
) -> None:
    """The mids after a fill are looked at where the window still covers them, and lie in the window's range.

    Where the market is calm it also lies near the samples; a crash moves the mid between two of them.
    """
    for fill, place in product(fills, range(len(HORIZONS_MS))):
        due, later = fill["ts_ms"] + HORIZONS_MS[place], fill["mids_later"][place]
        marked = later is not None
        assert marked == (due <= where.end_ms)
        if marked:
            assert facts.mid_low is not None
            assert facts.mid_high is not None
            # Lowest and highest are of the mids at decisions, and the mark may lie between two of them.
            assert facts.mid_low * 0.998 <= later <= facts.mid_high * 1.002
        if marked and calm:
            index = min(int((due - where.start_ms) // 100.0), len(path) - 1)
            around = [mid for _, mid in path[index : index + 2]]
            slack = 5e-4 * fill["mid_at_fill"]
            assert min(around) - slack <= later <= max(around) + slack


@few
@given(name=st.sampled_from(SCENARIOS), seed=seeds, start_ms=starts, task=jobs)
def test_counts_add_up(name: str, seed: int, start_ms: float, task: MakerJob) -> None:
    report, _ = recorded(market(name, seed), task, window(start_ms, 30_000.0))
    orders = report.orders
    assert report.blocks.total <= report.attempts
    assert orders.placed + orders.rejected <= report.attempts
    assert orders.cancelled <= orders.placed
    assert orders.tail_cancelled <= orders.cancelled
    assert orders.partial_fills <= orders.maker_fills
    for sample in (report.adverse_bps, report.slippage_bps, report.order_age_ms, report.ws_lag_ms):
        assert (sample.p95 is None) == (sample.n < 20)
    assert report.adverse_bps.n <= orders.maker_fills


@few
@given(name=st.sampled_from(SCENARIOS), seed=seeds, start_ms=starts, task=jobs)
def test_same_input_gives_the_same_bytes(name: str, seed: int, start_ms: float, task: MakerJob) -> None:
    whole = whole_of(market(name, seed), task, window(start_ms, 10_000.0))
    first = raw(whole)
    assert first == raw(whole)

    def refuse(name: str) -> object:
        raise AssertionError(f"{name} in the kernel's answer")

    assert json.loads(first, parse_constant=refuse)["source"] == "mock"


def test_same_input_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    whole = whole_of(market("volatile", 7), job(), window(120_000.0))
    scenario, seed, spec = parts_of(whole)
    (tmp_path / "parts.json").write_text(
        json.dumps([json.dumps(scenario), seed, json.dumps(spec)]), encoding="utf-8"
    )
    code = (
        "import json, sys, pathlib; from pytest_soak import _kernel; "
        "scenario, seed, spec = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')); "
        "sys.stdout.buffer.write(_kernel.Market(scenario, seed).simulate(spec))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "parts.json")],
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.stdout == raw(whole)


@few
@given(name=st.sampled_from(SCENARIOS), seed=st.integers(min_value=0, max_value=2**64 - 2))
def test_another_seed_is_another_market(name: str, seed: int) -> None:
    where = window(0.0, 10_000.0)
    one = recorded(market(name, seed), job(), where)[1]["path"]
    assert one != recorded(market(name, seed + 1), job(), where)[1]["path"]


@few
@given(name=st.sampled_from(SCENARIOS), seed=seeds, start_ms=starts, iteration=st.integers(2, 96))
def test_the_number_of_an_iteration_changes_nothing(
    name: str, seed: int, start_ms: float, iteration: int
) -> None:
    place = market(name, seed)
    first = place.run_maker(job(), window(start_ms, 10_000.0, iteration=1))
    later = place.run_maker(job(), window(start_ms, 10_000.0, iteration=iteration))
    assert first == later


# Its price comes out of the order flow of the iteration alone.
WITHOUT_FAIR_VALUE = "santa_fe"


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != WITHOUT_FAIR_VALUE])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fair_value_belongs_to_market_time_and_not_to_the_iteration(name: str, seed: int) -> None:
    """But for what the trades of the iteration add to it."""
    scenario = load_scenario(name).model_copy(update={"impact": Impact()})
    place = MockMarket(scenario, seed=seed)
    long = dict(recorded(place, job(), window(0.0, 300_000.0))[1]["path"])
    for start_ms in (60_000.0, 150_000.0, 240_000.0):
        short = recorded(place, job(), window(start_ms, 10_000.0))[1]["path"]
        off = [abs(mid / long[at] - 1.0) * 1e4 for at, mid in short if at in long]
        assert len(off) >= 90
        assert sum(off) / len(off) < 2.0


def test_the_crash_hits_the_iteration_that_covers_it_whatever_its_length() -> None:
    scenario = load_scenario("flash_crash")
    (shock,) = [s for s in scenario.shocks if s.move_bps < -100.0]
    place = MockMarket(scenario, seed=1)

    def is_hit(start_ms: float, length_ms: float) -> bool:
        return shock.label in place.run_maker(job(), window(start_ms, length_ms)).market.labels

    minute = 60_000.0
    first = int(shock.at_s * 1e3 // minute) - 1
    last = int((shock.at_s + shock.at_width_s) * 1e3 // minute) + 1
    hit = next(number for number in range(first, last + 1) if is_hit(number * minute, minute))
    assert hit > first
    whole = hit // 5
    assert is_hit(whole * 5 * minute, 5 * minute)
    assert not is_hit((whole - 1) * 5 * minute, 5 * minute)


def test_runs_of_equal_length_at_other_times_differ() -> None:
    place = market()
    one, other = place.run_maker(job(), window(0.0)), place.run_maker(job(), window(60_000.0))
    assert one.totals != other.totals
