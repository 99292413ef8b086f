"""The kernel's replay against a plain Python book, matcher and accounting."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soak import _kernel, kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, ReplayMarket, Window
from pytest_soak.market.reports import report_of
from tests.oracle import ledger
from tests.oracle.book import Happening, MidPath, happenings
from tests.oracle.jobs import fees, job, parameters, window
from tests.oracle.matcher import Resting, match
from tests.oracle.recordings import random_rows, real_recording, write_npz

TICK, LOT = 0.1, 0.001
START_MS, QUIET_MS, END_MS = 1_000.0, 2_000.0, 22_000.0
few = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# Orders are never replaced, so that each rests until it is filled.
PATIENT = {"requote_bps": 1_000.0, "far_bps": 1_000.0, "exit_ratio": 1.0, "position_limit_notional": 1e9}
spreads = st.sampled_from([0.001, 0.1, 0.3, 0.6])
seeds = st.integers(min_value=0, max_value=50)


@cache
def rows_for(seed: int) -> np.ndarray:
    return random_rows(seed, seconds=END_MS / 1000.0 + 1.0, quiet_ms=QUIET_MS, rate=150.0)


@cache
def events_of(seed: int) -> list[Happening]:
    return happenings(rows_for(seed), TICK, LOT)


@cache
def mids_of(seed: int) -> MidPath:
    return MidPath(events_of(seed))


def run(
    rows: np.ndarray, task: MakerJob, start_ms: float, end_ms: float
) -> tuple[EdgeReport, dict[str, Any]]:
    spec = {
        "start_ns": round(start_ms * 1e6),
        "end_ns": round(end_ms * 1e6),
        "tick_size": TICK,
        "lot_size": LOT,
        "parameters": dict(task.parameters),
        "maker": task.maker.model_dump(),
        "fees": task.fees.model_dump(),
        "record_fills": True,
    }
    answer = kernel.replay(spec, rows.view(np.uint8).data)
    return report_of(answer), cast(dict[str, Any], answer)


def first_order(seed: int, side: int, task: MakerJob) -> Resting:
    """The order that the maker must place in the quiet book, from what its settings mean."""
    book: dict[int, dict[int, int]] = {1: {}, -1: {}}
    for event in events_of(seed):
        if event.at_ns > START_MS * 1e6:
            break
        book[1 if event.bits & (1 << 29) else -1][event.tick] = event.lots
    bids, asks = sorted(book[1], reverse=True), sorted(book[-1])
    mid = (bids[0] + asks[0]) / 2
    half = (task.maker.base_half_spread_bps + task.parameters["base_spread_bps_delta"]) * mid * 1e-4
    tick = int(np.floor(mid - half)) if side > 0 else int(np.ceil(mid + half))
    levels = (bids if side > 0 else asks)[: task.maker.depth_levels]
    seen = sum(book[side][level] for level in levels) * task.parameters["impact_cap_ratio"]
    most = min(
        task.maker.max_order_notional,
        task.parameters["max_delta_ratio"] * task.maker.position_limit_notional,
    )
    lots = int(min(seen, most / (mid * TICK * LOT)))
    return Resting(side=side, tick=tick, lots=lots, placed_ns=round(QUIET_MS * 1e6) - 1)


def fills_of_first(answer: dict[str, Any], order: Resting) -> list[tuple[float, int, int, int]]:
    """Time, ticks, lots and queue ahead of the fills on the order's side until it is complete."""
    found: list[tuple[float, int, int, int]] = []
    filled = 0
    for fill in answer["fills"]:
        if fill["side"] == order.side and fill["maker"] and filled < order.lots:
            lots = round(fill["qty"] / LOT)
            ahead = round(fill["queue_ahead_at_placement"] / LOT)
            found.append((fill["ts_ms"], round(fill["price"] / TICK), lots, ahead))
            filled += lots
    return found


def assert_first_orders_match(seed: int, task: MakerJob) -> int:
    _, answer = run(rows_for(seed), task, START_MS, END_MS)
    fills = 0
    for side in (1, -1):
        order = first_order(seed, side, task)
        story = match(events_of(seed), order, round(END_MS * 1e6))
        expected = [(m.at_ns / 1e6, order.tick, m.lots, story.ahead) for m in story.fills]
        assert fills_of_first(answer, order) == expected
        fills += len(expected)
    return fills


@few
@given(seed=seeds, values=parameters, spread=spreads)
def test_one_resting_order_a_side_fills_as_in_plain_python(
    seed: int, values: dict[str, float], spread: float
) -> None:
    assert_first_orders_match(seed, job(values, {**PATIENT, "base_half_spread_bps": spread}))


def test_the_comparison_sees_fills_of_both_kinds() -> None:
    task = job(maker={**PATIENT, "base_half_spread_bps": 0.1})
    assert sum(assert_first_orders_match(seed, task) for seed in range(8)) >= 12


@few
@given(
    seed=seeds, values=parameters, rates=fees, spread=spreads, limit=st.sampled_from([500.0, 5_000.0, 1e6])
)
def test_accounting_and_marks_are_those_of_the_fills(
    seed: int, values: dict[str, float], rates: dict[str, float], spread: float, limit: float
) -> None:
    maker = {"base_half_spread_bps": spread, "position_limit_notional": limit, "exit_ratio": 0.3}
    task = job(values, {**maker, "requote_bps": 0.3}, rates)
    report, answer = run(rows_for(seed), task, START_MS, END_MS)
    fills, mids = answer["fills"], mids_of(seed)
    ends = (task.fees.maker_bps, task.fees.taker_bps, report.totals.mid_end)
    parts, totals = ledger.components(fills, *ends), report.totals
    allowed = 1e-9 * totals.notional
    for name in ("gross", "fees", "slippage", "inventory"):
        assert abs(getattr(totals, name) - float(getattr(parts, name))) <= allowed, name
    assert abs(totals.ledger - float(ledger.cash_ledger(fills, *ends))) <= allowed
    assert abs(totals.notional - float(ledger.traded(fills))) <= allowed
    for fill in fills:
        at_ns = round(fill["ts_ms"] * 1e6)
        mid = mids.before(at_ns) if fill["maker"] else mids.at(at_ns)
        assert mid is not None
        assert fill["mid_at_fill"] == pytest.approx(mid * TICK, abs=1e-9)
    assert report.totals.mid_end == pytest.approx((mids.at(round(END_MS * 1e6)) or 0.0) * TICK, abs=1e-9)
    assert_adverse(report, fills, mids)


def assert_adverse(report: EdgeReport, fills: list[dict[str, Any]], mids: MidPath) -> None:
    costs = []
    for fill in fills:
        due = round(fill["ts_ms"] * 1e6) + 1_000_000_000
        if fill["maker"] and due <= END_MS * 1e6:
            later = (mids.at(due) or 0.0) * TICK
            costs.append(-fill["side"] * (later / fill["mid_at_fill"] - 1.0) * 1e4)
    assert report.adverse_bps.n == len(costs)
    assert report.adverse_bps.p95 == pytest.approx(ledger.p95(costs), abs=1e-6)


@few
@given(seed=seeds)
def test_path_is_the_mid_of_the_recording(seed: int) -> None:
    _, answer = run(rows_for(seed), job(), 0.0, END_MS)
    mids = mids_of(seed)
    assert len(answer["path"]) == END_MS / 100.0 + 1
    for at_ms, mid in answer["path"]:
        assert mid == pytest.approx((mids.at(round(at_ms * 1e6)) or 0.0) * TICK, abs=1e-9)


def test_a_run_on_half_of_a_recording_is_measured_on_what_there_was(tmp_path: Path) -> None:
    market = ReplayMarket(write_npz(tmp_path / "a.npz", rows_for(1)))
    first = market.run_maker(job(), window(0.0, 15_000.0))
    assert not first.market.ended
    assert first.market.end_ms == 15_000.0
    last = market.run_maker(job(), window(15_000.0, 15_000.0))
    assert last.market.ended
    assert last.market.end_ms == market.duration_ms
    assert last.market.start_ms == 15_000.0
    gone = market.run_maker(job(), window(30_000.0, 15_000.0))
    assert gone.market.ended
    assert gone.market.events == 0
    assert gone.totals.mid_end is None


@pytest.mark.parametrize("exactly", [0.0, 0.001])
def test_a_window_that_begins_at_or_after_the_last_row_is_empty(tmp_path: Path, exactly: float) -> None:
    market = ReplayMarket(write_npz(tmp_path / "a.npz", rows_for(2)))
    report = market.run_maker(job(), window(market.duration_ms + exactly, 1_000.0))
    assert report.market.ended
    assert report.attempts == 0
    before = market.run_maker(job(), window(market.duration_ms - 1.0, 1_000.0))
    assert before.market.ended
    assert before.totals.mid_end is not None


def test_kernel_and_package_agree_on_a_window_past_the_end(tmp_path: Path) -> None:
    rows = rows_for(3)
    market = ReplayMarket(write_npz(tmp_path / "a.npz", rows))
    past = window(market.duration_ms + 10.0, 1_000.0)
    raw = kernel.replay(market.spec(job(), past), rows.view(np.uint8).data)
    assert report_of(raw) == market.run_maker(job(), past)


@few
@given(seed=seeds, iteration=st.integers(min_value=1, max_value=96))
def test_replay_is_a_function_of_its_input(seed: int, iteration: int, tmp_path: Path) -> None:
    path = tmp_path / f"{seed}.npz"
    if not path.exists():
        write_npz(path, rows_for(seed))
    market = ReplayMarket(path)
    where = Window(iteration=iteration, iterations=96, start_ms=3_000.0, duration_ms=5_000.0)
    spec = json.dumps(market.spec(job(), where, record_fills=True))
    data = rows_for(seed).view(np.uint8).data
    text = _kernel.replay(spec, data)
    assert text == _kernel.replay(spec, data)
    assert "NaN" not in text
    assert "Infinity" not in text
    assert market.run_maker(job(), where) == market.run_maker(job(), window(3_000.0, 5_000.0))


def test_memory_mapped_rows_give_the_same_report(tmp_path: Path) -> None:
    rows = rows_for(4)
    np.save(tmp_path / "a.npy", rows)
    mapped = ReplayMarket(tmp_path / "a.npy").run_maker(job(), window(0.0, 10_000.0))
    assert mapped == ReplayMarket(write_npz(tmp_path / "a.npz", rows)).run_maker(job(), window(0.0, 10_000.0))


@pytest.mark.parametrize("size", [1, 63, 65])
def test_buffer_of_broken_rows_is_refused(size: int) -> None:
    spec = {"start_ns": 0, "end_ns": 10, "tick_size": TICK, "lot_size": LOT}
    full = {
        **spec,
        "parameters": dict(DEFAULTS),
        "maker": job().maker.model_dump(),
        "fees": job().fees.model_dump(),
    }
    with pytest.raises(SoakConfigError, match="refuses to replay.*64"):
        kernel.replay(full, bytes(size))


def test_real_recording_iteration_by_iteration() -> None:
    market = ReplayMarket(real_recording())
    reports = [market.run_maker(job(), window(k * 60_000.0, 60_000.0)) for k in range(7)]
    assert [r.market.ended for r in reports] == [False] * 5 + [True, True]
    assert all(r.source == "replay" and r.market.trades > 500 for r in reports[:5])
    assert all(58_000 < (r.totals.mid_end or 0.0) < 63_000 for r in reports[:6])
    assert reports[5].market.end_ms == 344_756.0
    assert reports[6].market.events == 0
    for report in reports:
        t = report.totals
        parts = t.gross + t.fees + t.slippage + t.inventory
        assert abs(parts - t.ledger) <= 1e-9 * t.notional


def test_mid_of_the_real_recording_is_that_of_a_naive_book() -> None:
    path = real_recording()
    market = ReplayMarket(path)
    rows = np.load(path)["data"]
    first = rows["exch_ts"][0]
    part = rows[rows["exch_ts"] < first + 6_000_000_000]
    spec = {**market.spec(job(), window(0.0, 5_000.0), record_fills=True)}
    answer = cast(dict[str, Any], kernel.replay(spec, rows.view(np.uint8).data))
    mids = MidPath(happenings(part, 0.1, 0.001))
    compared = [(mid, mids.at(round(at * 1e6))) for at, mid in answer["path"]]
    assert len(compared) > 30
    assert all(
        mine is not None and theirs == pytest.approx(mine * 0.1, abs=1e-9) for theirs, mine in compared
    )
