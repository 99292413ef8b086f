"""Reports that are written down, not computed."""

from __future__ import annotations

from pytest_soak.domain.holdings import Holdings
from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.records import (
    Blocks,
    Course,
    EdgeReport,
    EdgeTotals,
    Markouts,
    OrderCounts,
    Sample,
)
from pytest_soak.domain.values import Histogram


def nothing_measured(at_ms: float) -> EdgeReport:
    """The report of a window that begins at or after the end of a recording."""
    nothing = Sample(n=0, p95=None, histogram=Histogram(step=2.0**-20, at=(), counts=()))
    return EdgeReport(
        source="replay",
        totals=EdgeTotals(
            notional=0.0,
            maker_notional=0.0,
            taker_notional=0.0,
            quote_notional=0.0,
            gross=0.0,
            fees=0.0,
            slippage=0.0,
            inventory=0.0,
            ledger=0.0,
            position_start=0.0,
            position_end=0.0,
            position_max=0.0,
            profit_low=0.0,
            profit_high=0.0,
            drawdown=0.0,
            mid_start=None,
            mid_end=None,
        ),
        holdings=Holdings(position=0.0, average_price=None, mark=None, last_order=0, orders=()),
        adverse_bps=nothing,
        slippage_bps=nothing,
        order_age_ms=nothing,
        ws_lag_ms=nothing,
        latency_ms=nothing,
        attempts=0,
        blocks=Blocks(min_interval=0, throttle=0, concurrency=0, risk=0),
        orders=OrderCounts(
            placed=0,
            cancelled=0,
            tail_cancelled=0,
            rejected=0,
            maker_fills=0,
            partial_fills=0,
            taker_fills=0,
            filled_while_cancelling=0,
            cancels_too_late=0,
        ),
        course=Course(
            both_sides_ms=0.0,
            requote_ms=nothing,
            markouts=Markouts(profit=(0.0,) * 4, notional=(0.0,) * 4, fills=(0,) * 4),
            worst_five_minutes=None,
            label_profit={},
        ),
        market=MarketFacts(
            start_ms=at_ms,
            end_ms=at_ms,
            events=0,
            trades=0,
            mid_low=None,
            mid_high=None,
            spread_bps_mean=None,
            ended=True,
        ),
    )
