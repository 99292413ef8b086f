"""What is carried over the border of two iterations adds up, whatever happened before it."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.reports import checked_report
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import MakerJob, MockMarket, ReplayMarket, Window, load_scenario
from tests.oracle.recordings import write_npz
from tests.recordings_kit import calm_rows

FEES = FeeSettings(maker_bps=-0.4, taker_bps=3.0)
Fills = Sequence[Mapping[str, float | bool | None]]


def chained(
    market: MockMarket | ReplayMarket, maker: MakerSettings, lengths_ms: Sequence[float]
) -> tuple[list[EdgeReport], Fills]:
    """Reports of iterations that follow each other, as the journal gives them back, and all their fills."""
    reports: list[EdgeReport] = []
    fills: list[Mapping[str, float | bool | None]] = []
    start, held = 0.0, None
    for number, length in enumerate(lengths_ms, 1):
        window = Window(
            iteration=number,
            iterations=len(lengths_ms),
            start_ms=start,
            duration_ms=length,
            holdings=held,
        )
        answer, made = market.run_with_fills(MakerJob(parameters=DEFAULTS, maker=maker, fees=FEES), window)
        report = checked_report(EdgeReport.model_validate_json(answer.model_dump_json()), market.source, "")
        reports.append(report)
        fills += made
        start, held = start + length, report.holdings
    return reports, fills


def cash_of(fills: Fills) -> float:
    """What the fills have brought, fees paid, without the kernel's account."""
    flows = ((float(f["side"] or 0), float(f["price"] or 0), float(f["qty"] or 0), f["fee"]) for f in fills)
    return math.fsum(-side * price * qty - float(fee or 0.0) for side, price, qty, fee in flows)


def check_borders(reports: Sequence[EdgeReport], fills: Fills) -> None:
    assert reports[0].totals.position_start == 0.0
    for before, after in pairwise(reports):
        left = before.holdings
        assert left is not None
        assert left.position == before.totals.position_end == after.totals.position_start
        assert (left.average_price is None) == (left.position == 0.0)
        assert after.orders.carried + after.orders.dropped == len(left.orders)
    for report in reports:
        orders, left = report.orders, report.holdings
        assert left is not None
        whole_fills = orders.maker_fills - orders.partial_fills
        assert orders.carried + orders.placed == orders.cancelled + whole_fills + len(left.orders)
        assert abs(report.totals.position_max or 0.0) >= abs(report.totals.position_start or 0.0)
    last = reports[-1].holdings
    assert last is not None
    profit = math.fsum(report.totals.ledger for report in reports)
    scale = max(1.0, math.fsum(report.totals.notional for report in reports))
    worth = cash_of(fills) + last.position * (last.mark or 0.0)
    assert profit == pytest.approx(worth, abs=1e-8 * scale)
    whole = pooled(reports)
    assert whole.position_start == 0.0
    assert whole.position_end == last.position
    if whole.net_liquidation_bps is not None:
        # The position is sold once, at the very end.
        sold = profit - reports[-1].totals.ledger + (reports[-1].totals.liquidation or 0.0)
        assert whole.net_liquidation_bps * scale / 1e4 == pytest.approx(sold, abs=1e-8 * scale)


makers = st.builds(
    MakerSettings,
    base_half_spread_bps=st.floats(1.5, 6.0),
    skew_bps=st.sampled_from([0.0, 5.0, 40.0]),
    position_limit_notional=st.floats(5_000.0, 80_000.0),
    exit_ratio=st.sampled_from([0.05, 0.3, 1.0]),
)
lengths = st.lists(st.sampled_from([700.0, 5_000.0, 12_345.6, 20_000.0]), min_size=2, max_size=4)


@settings(max_examples=15, deadline=None)
@given(makers, lengths, st.integers(0, 2**32), st.sampled_from(["calm", "volatile"]))
def test_profit_adds_up_over_borders_of_a_mock_market(
    maker: MakerSettings, lengths_ms: list[float], seed: int, scenario: str
) -> None:
    reports, fills = chained(MockMarket(load_scenario(scenario), seed=seed), maker, lengths_ms)
    check_borders(reports, fills)


@pytest.fixture(scope="module")
def recorded() -> ReplayMarket:
    with tempfile.TemporaryDirectory() as folder:
        return ReplayMarket(write_npz(Path(folder) / "calm.npz", calm_rows()))


@settings(max_examples=15, deadline=None)
@given(makers, lengths)
def test_profit_adds_up_over_borders_of_a_recording(
    recorded: ReplayMarket, maker: MakerSettings, lengths_ms: list[float]
) -> None:
    """The book at the end of a slice is that at the begin of the next, so nothing has to be dropped."""
    reports, fills = chained(recorded, maker, lengths_ms)
    check_borders(reports, fills)
    for before, after in pairwise(reports):
        assert after.totals.mid_start == before.totals.mid_end
        assert after.orders.dropped == 0


def test_holdings_come_back_from_their_text_as_they_were() -> None:
    """What the kernel leaves is what it takes, to the last bit."""
    reports, _ = chained(MockMarket(load_scenario("calm"), seed=5), MakerSettings(), [20_000.0])
    left = reports[0].holdings
    assert left is not None
    assert left.orders
    assert left.moves is not None
    text = json.dumps(left.model_dump(mode="json"), sort_keys=True)
    assert type(left).model_validate_json(text) == left
