"""The oracle's own identity; its agreement with the kernel is in tests/oracle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.ledger import cash_ledger, components, p95, position

price = st.floats(min_value=1e-3, max_value=1e6)
quantity = st.floats(min_value=1e-6, max_value=1e4)
fee = st.floats(min_value=-5.0, max_value=5.0)
fill = st.fixed_dictionaries(
    {
        "side": st.sampled_from([1, -1]),
        "price": price,
        "qty": quantity,
        "maker": st.booleans(),
        "mid_at_fill": price,
        "mid_at_decision": price,
    }
)


@given(fills=st.lists(fill, max_size=20), maker_bps=fee, taker_bps=fee, mid_end=price)
def test_components_partition_the_profit(
    fills: list[dict[str, object]], maker_bps: float, taker_bps: float, mid_end: float
) -> None:
    parts = components(fills, maker_bps, taker_bps, mid_end)
    assert parts.profit == cash_ledger(fills, maker_bps, taker_bps, mid_end)
    assert (position(fills) == 0) or fills


@given(values=st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=20, max_size=200))
def test_percentile_is_numpys(values: list[float]) -> None:
    import numpy as np
    import pytest

    assert p95(values) == pytest.approx(float(np.percentile(values, 95)), rel=1e-9, abs=1e-6)


def test_percentile_needs_a_sample() -> None:
    assert p95([1.0] * 19) is None
    assert p95([1.0] * 20) == 1.0
