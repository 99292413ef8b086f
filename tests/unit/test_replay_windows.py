from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pytest_soak.market import ReplayMarket
from tests.oracle.jobs import job, window
from tests.oracle.recordings import random_rows, real_recording, write_npz
from tests.oracle.reports import nothing_measured


@cache
def rows_for(seed: int) -> np.ndarray:
    return random_rows(seed, seconds=23.0, rate=150.0)


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


def test_nothing_is_measured_past_the_end(tmp_path: Path) -> None:
    market = ReplayMarket(write_npz(tmp_path / "a.npz", rows_for(3)))
    report = market.run_maker(job(), window(90_000.0, 1_000.0))
    of_recording = ("tick_size", "lot_size", "tick_from", "lot_from", "local_shift_ms")
    units = report.market.model_copy(update=dict.fromkeys(of_recording))
    assert report.model_copy(update={"market": units}) == nothing_measured(90_000.0)


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
