"""Whatever the kernel is given, it answers with a report or with one clear error."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soak import _kernel, kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MockMarket, load_scenario
from tests.kernel_kit import asked, edge_of, opened, whole_of
from tests.oracle.jobs import job, window
from tests.oracle.recordings import BOTH, BUY, EXCHANGE, LAYOUT, LOCAL, SELL

some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
numbers: st.SearchStrategy[object] = st.one_of(
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, 0.0, 1e-300, 1e300, 2**63, 2**64, True, None, "x", [], {}]),
)


def _mock_spec() -> dict[str, Any]:
    return whole_of(MockMarket(load_scenario("calm"), seed=1), job(), window(duration_ms=50.0))


def _places(value: object, place: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [place]
    return [found for key, inner in value.items() for found in _places(inner, (*place, key))]


def _replaced(spec: dict[str, Any], place: tuple[str, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(spec)
    target = changed
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return changed


def _outcome(call: Callable[[], bytes]) -> EdgeReport | str:
    """The report, or the text of the refusal."""
    try:
        return edge_of(call())
    except SoakConfigError as error:
        return str(error)


def _holds(outcome: EdgeReport | str) -> bool:
    if isinstance(outcome, str):
        return "\n" not in outcome and outcome.isascii()
    t = outcome.totals
    return abs(t.gross + t.fees + t.slippage + t.inventory - t.ledger) <= 1e-9 * t.notional


@some
@given(place=st.sampled_from(_places(_mock_spec())), value=numbers)
def test_any_value_anywhere_in_a_spec_is_run_or_refused(place: tuple[str, ...], value: object) -> None:
    # Long and far runs are legal and slow; they are not what is asked here.
    if place in (("duration_ms",), ("start_ms",)) and isinstance(value, int | float) and value > 1e5:
        value = -value
    spec = _replaced(_mock_spec(), place, value)
    assert _holds(_outcome(lambda: asked(spec)))


@some
@given(text=st.text(max_size=200))
def test_any_text_is_refused_as_a_spec(text: str) -> None:
    market, _ = opened(_mock_spec())
    with pytest.raises(ValueError, match="spec"):
        market.simulate(text)
    with pytest.raises(ValueError, match="scenario"):
        _kernel.Market(text, 1)
    with pytest.raises(ValueError, match="spec"):
        _kernel.replay(text, b"")


@st.composite
def recordings(draw: st.DrawFn) -> bytes:
    """Rows that look like a recording, with some that do not."""
    count = draw(st.integers(min_value=0, max_value=60))
    rows = np.zeros(count, dtype=LAYOUT)
    for row in rows:
        row["ev"] = draw(st.sampled_from([BOTH, EXCHANGE, LOCAL])) | draw(
            st.sampled_from([BUY, SELL, BUY, SELL, 0, BUY | SELL])
        )
        row["ev"] |= np.uint64(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5, 255])))
        row["exch_ts"] = draw(st.integers(min_value=0, max_value=10**10))
        row["local_ts"] = draw(st.integers(min_value=0, max_value=10**10))
        row["px"] = draw(st.sampled_from([99.8, 99.9, 100.0, 100.1, 100.2]))
        row["qty"] = draw(st.sampled_from([0.0, 0.001, 1.0, 500.0]))
    for _ in range(draw(st.integers(min_value=0, max_value=2)) if count else 0):
        row = rows[draw(st.integers(min_value=0, max_value=count - 1))]
        field = draw(st.sampled_from(["exch_ts", "local_ts", "px", "qty", "ev"]))
        if field in ("px", "qty"):
            row[field] = draw(st.floats())
        else:
            bits = draw(st.binary(min_size=8, max_size=8))
            row[field] = struct.unpack("<Q" if field == "ev" else "<q", bits)[0]
    return rows.tobytes()


@some
@given(data=recordings(), start=st.integers(0, 10**10), length=st.integers(1, 10**10))
def test_any_rows_are_replayed_or_refused(data: bytes, start: int, length: int) -> None:
    spec = {
        "start_ns": start,
        "end_ns": start + length,
        "tick_size": 0.1,
        "lot_size": 0.001,
        "parameters": dict(job().parameters),
        "maker": job().maker.model_dump(),
        "fees": job().fees.model_dump(),
        "record_fills": True,
    }
    assert _holds(_outcome(lambda: kernel.replay(spec, data)))
