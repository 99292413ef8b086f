"""Builders of the values that rules are made of, and what is read of guards' answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from pytest_soak.domain.history import GuardContext, History, Step
from pytest_soak.domain.kpis import KPI_MEANINGS
from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import (
    Action,
    Blocks,
    EdgeReport,
    EdgeTotals,
    Kpis,
    Opinion,
    OrderCounts,
    Sample,
    Verdict,
)
from pytest_soak.domain.settings import GateSettings, GuardSettings, Threshold
from pytest_soak.domain.tuner import Proposal
from pytest_soak.guards import BUILT_IN

STEADY_SAFE: Mapping[str, float] = {
    "min_interval_ms": 75.0,
    "replace_rate_per_min": 260.0,
    "base_spread_bps_delta": 0.16,
    "impact_cap_ratio": 0.08,
    "max_delta_ratio": 0.12,
    "tail_age_ms": 740.0,
}
GATES = GateSettings(
    thresholds={
        "risk_ratio": Threshold(warn_above=0.40, fail_above=0.50),
        "net_bps": Threshold(fail_below=2.0),
        "adverse_bps_p95": Threshold(warn_above=3.0),
    }
)
STABLE = {"risk_ratio": 0.30, "net_bps": 3.0, "adverse_bps_p95": 1.0, "slippage_bps_p95": 1.0}
FAILING = STABLE | {"risk_ratio": 0.55}
QUIET = STABLE | {"risk_ratio": 0.37}
RUN = "run"


def kpis(**values: float | None) -> Kpis:
    """KPIs that are None but for the given ones."""
    measured: dict[str, Any] = dict.fromkeys(KPI_MEANINGS) | values
    return Kpis(**measured, block_shares={}, samples=dict.fromkeys(values, 50))


def blocks(**counts: int) -> Blocks:
    return Blocks(**({"min_interval": 0, "throttle": 0, "concurrency": 0, "risk": 0} | counts))


def edge_report(**changes: Any) -> EdgeReport:
    """An iteration that traded 1000 in quote currency, 900 of it as a maker; changes replace fields."""
    return EdgeReport(**(REPORT | changes))


def totals(**changes: float) -> EdgeTotals:
    fields: dict[str, Any] = {
        "notional": 1000.0,
        "maker_notional": 900.0,
        "taker_notional": 100.0,
        "gross": 0.40,
        "fees": 0.02,
        "slippage": -0.03,
        "inventory": -0.07,
        "ledger": 0.32,
        "position_end": 0.0,
        "mid_start": 100.0,
        "mid_end": 100.1,
    }
    return EdgeTotals(**(fields | changes))


def orders(**changes: int) -> OrderCounts:
    fields = {
        "placed": 80,
        "cancelled": 50,
        "tail_cancelled": 3,
        "rejected": 1,
        "maker_fills": 30,
        "partial_fills": 4,
        "taker_fills": 6,
    }
    return OrderCounts(**(fields | changes))


MARKET = MarketFacts(
    start_ms=0.0,
    end_ms=300_000.0,
    events=300_000,
    trades=1000,
    mid_low=99.0,
    mid_high=101.0,
    spread_bps_mean=1.0,
)


REPORT: dict[str, Any] = {
    "source": "mock",
    "totals": totals(),
    "adverse_bps": Sample(n=30, p95=1.5),
    "slippage_bps": Sample(n=25, p95=2.0),
    "order_age_ms": Sample(n=40, p95=600.0),
    "ws_lag_ms": Sample(n=50, p95=12.0),
    "latency_ms": Sample(n=60, p95=9.0),
    "attempts": 200,
    "blocks": blocks(min_interval=10, throttle=6, concurrency=4, risk=5),
    "orders": orders(),
    "market": MARKET,
}


def step(iteration: int, **changes: Any) -> Step:
    """A committed iteration without a change, quiet and OK; changes replace fields."""
    fields: dict[str, Any] = {
        "iteration": iteration,
        "warmup": False,
        "verdict": Verdict.OK,
        "risk_ratio": 0.37,
        "net_bps": 2.5,
        "parameters": DEFAULTS,
        "parameters_after": DEFAULTS,
        "applied_deltas": {},
        "reverted": False,
        "decision_key": f"key-{iteration}",
    }
    return Step(**(fields | changes))


def moved_step(iteration: int, before: Mapping[str, float], deltas: Mapping[str, float]) -> Step:
    """A committed iteration at whose end ``deltas`` were applied to ``before``."""
    after = {name: round(value + deltas.get(name, 0.0), 6) for name, value in before.items()}
    return step(iteration, parameters=before, parameters_after=after, applied_deltas=dict(deltas))


def context(iteration: int, *, steps: Iterable[Step] = (), **changes: Any) -> GuardContext:
    """A question at the moment ``decide`` of one iteration out of 96; changes replace fields."""
    fields: dict[str, Any] = {
        "moment": "decide",
        "iteration": iteration,
        "iterations": 96,
        "minutes": 5.0,
        "warmup": False,
        "parameters": DEFAULTS,
        "expected_hash": None,
        "verdict": Verdict.OK,
        "kpis": kpis(**QUIET),
        "proposal": {},
        "decision_key": f"key-{iteration}",
        "history": History(tuple(steps)),
        "settings": GuardSettings(),
        "safe_parameters": STEADY_SAFE,
    }
    return GuardContext(**(fields | changes))


def proposal_of(deltas: Mapping[str, float]) -> Proposal:
    return Proposal(by="test", zone=None, drivers=(), deltas=deltas)


def refused(opinions: Iterable[Opinion]) -> dict[str | None, str]:
    """Reason per refused parameter."""
    return {o.parameter: o.reason for o in opinions if o.action is Action.REFUSE}


def allowed(opinions: Iterable[Opinion]) -> set[str | None]:
    """Parameters with an explicit ALLOW."""
    return {o.parameter for o in opinions if o.action is Action.ALLOW}


def ask(question: GuardContext, off: Iterable[str] = ()) -> tuple[Opinion, ...]:
    """What every built-in guard says, but for those switched off."""
    said: list[Opinion] = []
    for name, module in BUILT_IN.items():
        if name not in off:
            said.extend(import_module(module).pytest_soak_guard(question))
    return tuple(said)
