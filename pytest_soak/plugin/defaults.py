"""The shipped tuner, markets and strategy: they answer where no ``conftest.py`` did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_soak.domain.tuner import propose
from pytest_soak.market import ReferenceMaker, make_market

if TYPE_CHECKING:
    from pytest_soak.domain.settings import Profile
    from pytest_soak.domain.tuner import Proposal, TunerContext
    from pytest_soak.market import Market, MarketRequest, Strategy


@pytest.hookimpl(trylast=True)
def pytest_soak_propose(context: TunerContext) -> Proposal:
    """Propose by risk zone and drivers."""
    return propose(context)


@pytest.hookimpl(trylast=True)
def pytest_soak_make_market(request: MarketRequest) -> Market:
    """Make the mock market of a scenario, or replay a recording."""
    return make_market(request)


@pytest.hookimpl(trylast=True)
def pytest_soak_make_strategy(profile: Profile) -> Strategy:
    """Make the reference maker."""
    return ReferenceMaker(profile.maker, profile.fees)
