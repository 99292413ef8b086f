"""A recording written down: against a plain Python book, and what is known of the recorded BTCUSDT flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.facts.finding import find
from pytest_soak.market.facts.table import FACTS
from pytest_soak.market.tape import DEPTH_LEVELS, STEP_S, tape_of_recording
from tests.oracle.book import MidPath, book_at
from tests.oracle.recordings import real_recording, write_npz
from tests.oracle.replays import LOT, TICK, events_of, rows_for

STEP_NS = round(STEP_S * 1e9)


@pytest.mark.parametrize("seed", range(4))
def test_the_tape_of_a_recording_is_that_of_a_plain_book(tmp_path: Path, seed: int) -> None:
    tape = tape_of_recording(write_npz(tmp_path / "recording.npz", rows_for(seed)))
    events = events_of(seed)
    path = MidPath(events)
    assert len(tape.bid) == -(-events[-1].at_ns // STEP_NS) - 1
    for index in range(0, len(tape.bid), 7):
        at_ns = (index + 1) * STEP_NS
        book = book_at(events, at_ns)
        best = book.best()
        if best is None:
            assert np.isnan(tape.bid[index]) or np.isnan(tape.ask[index])
            continue
        assert tape.bid[index] == pytest.approx(best[0] * TICK)
        assert tape.ask[index] == pytest.approx(best[1] * TICK)
        depth = sum(lots for _, lots in sorted(book.bids.items(), reverse=True)[:DEPTH_LEVELS])
        assert tape.bid_depth[index] == pytest.approx(depth * LOT)
    trades = [event for event in events if event.is_trade]
    assert tape.trade_qty.sum() == pytest.approx(sum(event.lots for event in trades) * LOT)
    sides = {event.at_ns: -1.0 if event.hits_bids else 1.0 for event in trades}
    for at_s, side, mid in zip(tape.trade_s, tape.trade_side, tape.trade_mid, strict=True):
        at_ns = round(at_s * 1e9)
        assert sides[at_ns] == side
        assert mid == pytest.approx((path.before(at_ns) or np.nan) * TICK, nan_ok=True)


def test_what_is_known_of_the_recorded_flow() -> None:
    """The figures of 345 s of BTCUSDT; tails and memory of volatility need a day and are not judged."""
    found = {finding.fact.statistic: finding for finding in find(tape_of_recording(real_recording()), FACTS)}
    gaps = found["deviation over mean of gaps between market orders"]
    assert gaps.value == pytest.approx(1.47, abs=0.01)
    assert gaps.count > 5_000
    assert found["ACF of sides of market orders, lag 10"].value == pytest.approx(0.12, abs=0.01)
    branching = found["1 - F ** -0.5, F = Fano factor of market orders in 10 s"]
    assert 0.80 <= branching.value <= 0.87
    assert found["correlation of net volume of market orders and return over 10 s"].value == pytest.approx(
        0.66, abs=0.01
    )
    judged = {f.fact.name for f in found.values() if f.holds is not None}
    assert len(judged) >= 25
    assert judged >= {fact.name for fact in FACTS if fact.where == "one tick"}
    assert not judged & {fact.name for fact in FACTS if fact.where == "wide"}
    assert {f.fact.name: f.value for f in found.values() if f.holds is False} == {}


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SoakConfigError, match="does not exist"):
        tape_of_recording(tmp_path / "none.npz")
