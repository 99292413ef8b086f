"""pytest-soak: soak market-making strategies as pytest items.

The names below are what a test or a ``conftest.py`` imports; they are loaded on first use, so that a
pytest run without a soak imports none of what stands behind them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soak.domain.history import GuardContext, History, Step
    from pytest_soak.domain.parameter import Parameter
    from pytest_soak.domain.parameters import PARAMETERS
    from pytest_soak.domain.records import Action, EdgeReport, IterationRecord, Kpis, Opinion, Verdict, Zone
    from pytest_soak.domain.settings import Profile
    from pytest_soak.domain.tuner import Proposal, TunerContext
    from pytest_soak.market.compiled import CompiledStrategy, CompiledView
    from pytest_soak.market.orders import StrategyError
    from pytest_soak.market.strategy import Strategy
    from pytest_soak.market.view import View
    from pytest_soak.plugin.handles import GateError, SoakGateWarning, SoakIteration

    __version__: str

_HOMES = {
    "GuardContext": "domain.history",
    "History": "domain.history",
    "Step": "domain.history",
    "Parameter": "domain.parameter",
    "PARAMETERS": "domain.parameters",
    "Action": "domain.records",
    "EdgeReport": "domain.records",
    "CompiledStrategy": "market.compiled",
    "CompiledView": "market.compiled",
    "Strategy": "market.strategy",
    "StrategyError": "market.orders",
    "View": "market.view",
    "IterationRecord": "domain.records",
    "Kpis": "domain.records",
    "Opinion": "domain.records",
    "Verdict": "domain.records",
    "Zone": "domain.records",
    "Profile": "domain.settings",
    "Proposal": "domain.tuner",
    "TunerContext": "domain.tuner",
    "GateError": "plugin.handles",
    "SoakGateWarning": "plugin.handles",
    "SoakIteration": "plugin.handles",
}

__all__ = [
    "PARAMETERS",
    "Action",
    "CompiledStrategy",
    "CompiledView",
    "EdgeReport",
    "GateError",
    "GuardContext",
    "History",
    "IterationRecord",
    "Kpis",
    "Opinion",
    "Parameter",
    "Profile",
    "Proposal",
    "SoakGateWarning",
    "SoakIteration",
    "Step",
    "Strategy",
    "StrategyError",
    "TunerContext",
    "Verdict",
    "View",
    "Zone",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from pytest_soak.version import package_version

        return package_version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
