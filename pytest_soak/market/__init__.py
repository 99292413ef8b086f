"""Markets to soak a strategy on: mock scenarios and recorded data; each name is loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_soak.market.book import L2Book
    from pytest_soak.market.mock import MockMarket
    from pytest_soak.market.protocols import (
        MakerJob,
        Market,
        MarketRequest,
        ReferenceMaker,
        Strategy,
        Window,
        market_under,
    )
    from pytest_soak.market.recording.judging import Trust
    from pytest_soak.market.replay import ReplayMarket
    from pytest_soak.market.scenario.loading import Scenario, available_scenarios, load_scenario
    from pytest_soak.market.shipped import make_market
    from pytest_soak.market.stepping import Simulation

__all__ = [
    "L2Book",
    "MakerJob",
    "Market",
    "MarketRequest",
    "MockMarket",
    "ReferenceMaker",
    "ReplayMarket",
    "Scenario",
    "Simulation",
    "Strategy",
    "Trust",
    "Window",
    "available_scenarios",
    "load_scenario",
    "make_market",
    "market_under",
]

_HOMES = {
    "L2Book": "book",
    "MakerJob": "protocols",
    "Market": "protocols",
    "MarketRequest": "protocols",
    "MockMarket": "mock",
    "ReferenceMaker": "protocols",
    "ReplayMarket": "replay",
    "Trust": "recording.judging",
    "Scenario": "scenario.loading",
    "Simulation": "stepping",
    "Strategy": "protocols",
    "Window": "protocols",
    "available_scenarios": "scenario.loading",
    "load_scenario": "scenario.loading",
    "make_market": "shipped",
    "market_under": "protocols",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module that it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
