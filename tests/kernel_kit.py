"""Specs for the kernel, and KPIs of its reports, for tests that talk to it directly."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Mapping
from typing import Any

from pytest_soak import _kernel, kernel
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.domain.records import EdgeReport, Kpis
from pytest_soak.domain.settings import FeeSettings, MakerSettings
from pytest_soak.market import MakerJob, MockMarket, Window, load_scenario
from pytest_soak.market.scenario.model import Impact

MINUTE_MS = 60_000.0


@functools.cache
def _read(name: str) -> dict[str, Any]:
    return load_scenario(name).model_dump(mode="json")


def scenario(name: str) -> dict[str, Any]:
    """The content of a shipped scenario, free to change."""
    return copy.deepcopy(_read(name))


def silent(name: str) -> dict[str, Any]:
    """A shipped scenario in which trades tell nothing."""
    return {**scenario(name), "impact": Impact().model_dump(mode="json")}


def spec(
    market: str | dict[str, Any] = "calm",
    *,
    seed: int = 1,
    start_minutes: float = 0.0,
    minutes: float = 5.0,
    parameters: Mapping[str, float] | None = None,
    maker: Mapping[str, float] | None = None,
    record_fills: bool = False,
) -> dict[str, Any]:
    """A whole iteration with default settings where nothing else is said: scenario, seed and spec."""
    return {
        "scenario": scenario(market) if isinstance(market, str) else market,
        "seed": seed,
        "start_ms": start_minutes * MINUTE_MS,
        "duration_ms": minutes * MINUTE_MS,
        "parameters": {**DEFAULTS, **(parameters or {})},
        "maker": {**MakerSettings().model_dump(), **(maker or {})},
        "fees": FeeSettings().model_dump(),
        "record_fills": record_fills,
    }


def whole_of(market: MockMarket, job: MakerJob, window: Window) -> dict[str, Any]:
    """A whole iteration of a market, with fills and path."""
    identity = {key: value for key, value in market.describe().items() if key != "source"}
    return {**identity, **market.spec(job, window, record_fills=True)}


def parts_of(whole: Mapping[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Scenario, seed and spec of a whole iteration."""
    spec = dict(whole)
    return spec.pop("scenario"), spec.pop("seed"), spec


def opened(whole: Mapping[str, Any]) -> tuple[_kernel.Market, str]:
    """The kernel's market of a whole iteration, and the spec that it is asked with."""
    scenario, seed, spec = parts_of(whole)
    return _kernel.Market(json.dumps(scenario), seed), json.dumps(spec)


def raw(whole: Mapping[str, Any]) -> bytes:
    """Run one iteration; the bytes of its report."""
    market, text = opened(whole)
    return market.simulate(text)


def asked(whole: Mapping[str, Any]) -> bytes:
    """Run one iteration as the package does: what the kernel refuses is a SoakConfigError."""
    scenario, seed, spec = parts_of(whole)
    return kernel.simulate(kernel.open_market(scenario, seed), spec)


def edge_of(answer: bytes) -> EdgeReport:
    """The record in an answer of the kernel that may hold fills and a path."""
    return EdgeReport.model_validate(_bare(json.loads(answer)))


def simulate(**wanted: Any) -> dict[str, Any]:
    """Run one iteration; its report as parsed JSON."""
    report: dict[str, Any] = json.loads(raw(spec(**wanted)))
    return report


def kpis(report: dict[str, Any]) -> Kpis:
    """KPIs of a report, which must be a valid record."""
    return kpis_of(EdgeReport.model_validate(_bare(report)))


def _bare(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if key not in ("fills", "path")}
