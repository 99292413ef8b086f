"""The market of a canary where no hook makes another."""

from __future__ import annotations

from pytest_soak.market.mock import MockMarket
from pytest_soak.market.protocols import Market, MarketRequest
from pytest_soak.market.scenario.loading import load_scenario


def make_market(request: MarketRequest) -> Market:
    """Make the mock market of a scenario and seed, or the replay of a recording where one is named.

    Raises:
        SoakConfigError: naming the file or scenario and what was expected.
    """
    if request.replay is not None:
        # Takes a while to import, which a mock market need not wait for.
        from pytest_soak.market.replay import ReplayMarket

        return ReplayMarket(
            request.replay,
            tick_size=request.tick_size,
            lot_size=request.lot_size,
            fills=request.fills,
            contract=request.contract,
            funding=request.funding,
        )
    scenario = load_scenario(request.scenario, request.scenario_dirs)
    return MockMarket(
        scenario, request.seed, fills=request.fills, contract=request.contract, funding=request.funding
    )
