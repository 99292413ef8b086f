"""The kernel's replay against a plain Python book, matcher and accounting."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soak import _kernel, kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport, Kpis
from pytest_soak.market import MakerJob, ReplayMarket, Window
from tests.oracle import ledger
from tests.oracle.book import MidPath, happenings
from tests.oracle.jobs import fees, job, parameters, window
from tests.oracle.ledger import HORIZONS_MS
from tests.oracle.recordings import real_recording, write_npz
from tests.oracle.replays import END_MS, LOT, START_MS, TICK, mids_of, rows_for, run

few = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
spreads = st.sampled_from([0.001, 0.1, 0.3, 0.6])
seeds = st.integers(min_value=0, max_value=50)


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
        assert fill["qty"] > 0
        at_ns = round(fill["ts_ms"] * 1e6)
        mid = mids.before(at_ns) if fill["maker"] else mids.at(at_ns)
        assert mid is not None
        assert fill["mid_at_fill"] == pytest.approx(mid * TICK, abs=1e-9)
    assert report.totals.mid_end == pytest.approx((mids.at(round(END_MS * 1e6)) or 0.0) * TICK, abs=1e-9)
    assert_adverse(report, fills, mids)
    assert_kpis(kpis_of(report), fills, task, report.totals.mid_end)


def assert_kpis(kpis: Kpis, fills: list[dict[str, Any]], task: MakerJob, mid_end: float | None) -> None:
    rates = (task.fees.maker_bps, task.fees.taker_bps, mid_end)
    notional = ledger.traded(fills)
    if not notional:
        assert kpis.net_bps is None
        assert kpis.maker_taker_ratio is None
        return
    profit = ledger.cash_ledger(fills, *rates)
    parts = ledger.components(fills, *rates)
    expected = {
        "net_bps": profit / notional * 10_000,
        "gross_bps": parts.gross / notional * 10_000,
        "fees_eff_bps": parts.fees / notional * 10_000,
        "slippage_bps": parts.slippage / notional * 10_000,
        "inventory_bps": parts.inventory / notional * 10_000,
        "maker_taker_ratio": ledger.traded(fills, maker=True) / notional,
    }
    for name, value in expected.items():
        assert getattr(kpis, name) == pytest.approx(float(value), rel=1e-9, abs=1e-5), name


def assert_adverse(report: EdgeReport, fills: list[dict[str, Any]], mids: MidPath) -> None:
    for fill, (place, after) in product(fills, enumerate(HORIZONS_MS)):
        due = round((fill["ts_ms"] + after) * 1e6)
        if due <= END_MS * 1e6:
            assert fill["mids_later"][place] == pytest.approx((mids.at(due) or 0.0) * TICK, abs=1e-9)
        else:
            assert fill["mids_later"][place] is None
    costs = ledger.adverse_costs_bps(fills)
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
    assert b"NaN" not in text
    assert b"Infinity" not in text
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
    with pytest.raises(SoakConfigError, match=r"refuses to replay.*64"):
        kernel.replay(full, bytes(size))


def test_mid_of_the_real_recording_is_that_of_a_naive_book() -> None:
    path = real_recording()
    market = ReplayMarket(path)
    rows = np.load(path)["data"]
    first = rows["exch_ts"][0]
    part = rows[rows["exch_ts"] < first + 6_000_000_000]
    spec = {**market.spec(job(), window(0.0, 5_000.0), record_fills=True)}
    answer = json.loads(kernel.replay(spec, rows.view(np.uint8).data))
    mids = MidPath(happenings(part, 0.1, 0.001))
    compared = [(mid, mids.at(round(at * 1e6))) for at, mid in answer["path"]]
    assert len(compared) > 30
    assert all(
        mine is not None and theirs == pytest.approx(mine * 0.1, abs=1e-9) for theirs, mine in compared
    )
