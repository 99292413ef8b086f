"""The fixtures of a soak test; each can be overridden in a ``conftest.py``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_soak.engine.case import GATES, Case
from pytest_soak.plugin.collection import SHIPPED_NODE, case_of, chain_key

if TYPE_CHECKING:
    from pytest_soak.domain.settings import Profile
    from pytest_soak.engine.canary import Canary
    from pytest_soak.engine.run import SoakRun
    from pytest_soak.market import Market, Strategy
    from pytest_soak.plugin.handles import SoakGates, SoakIteration


class ItemCase(NamedTuple):
    """What one item is about: its canary and iteration, the run of the session, and the item itself."""

    case: Case
    run: SoakRun
    item: pytest.Item


@pytest.fixture
def _soak_case(request: pytest.FixtureRequest) -> ItemCase:
    """The only fixture here that takes ``request``: pytest creates a new one for each fixture that does."""
    from pytest_soak.plugin.session import run_of

    return ItemCase(request.param, run_of(request.config), request.node)


@pytest.fixture
def soak_profile(_soak_case: ItemCase) -> Profile:
    """Profile of the canary: parameters, gates, guard settings and fees.

    Override it to change one thing for all tests below a folder::

        @pytest.fixture
        def soak_profile(soak_profile):
            return soak_profile.model_copy(update={"fees": FeeSettings(maker_bps=0.0, taker_bps=5.0)})
    """
    return _soak_case.run.profile(_soak_case.case.profile).profile


@pytest.fixture
def soak_market(_soak_case: ItemCase) -> Market:
    """Market of the canary: the mock market generator of its scenario and seed, or a recording.

    Override it to soak on a market of your own; it has the shape of ``pytest_soak.market.Market``.
    """
    return _soak_case.run.market(_soak_case.case, _soak_case.item.ihook)


@pytest.fixture
def _soak_strategy(_soak_case: ItemCase, soak_profile: Profile, soak_market: Market) -> Strategy:
    """What the hook made, which declares its own parameters before any is resolved."""
    case, _, item = _soak_case
    made: Strategy = item.ihook.pytest_soak_make_strategy(
        profile=soak_profile, scenario=case.scenario, seed=case.seed, market=soak_market
    )
    return made


@pytest.fixture
def soak_overrides(
    _soak_case: ItemCase, soak_profile: Profile, _soak_strategy: Strategy
) -> Mapping[str, float]:
    """Parameters of iteration 1, the strategy's own included, resolved from all sources by their precedence.

    Override it to set parameters in code; what it leaves out keeps the resolved value::

        @pytest.fixture
        def soak_overrides():
            return {"min_interval_ms": 70}
    """
    case, run, _ = _soak_case
    return run.resolve(case, soak_profile, run.table(case, soak_profile, _soak_strategy)).values


@pytest.fixture
def soak_artifacts(_soak_case: ItemCase) -> Path:
    """Folder of the canary's journal and artifacts; it is made when the canary starts."""
    return _soak_case.run.folder / _folder_name(_soak_case.case, _soak_case.item)


def _folder_name(case: Case, item: pytest.Item) -> str:
    """Canary name, with the test's name before it where the test is not the shipped one."""
    key = chain_key(item) or item.nodeid
    if key.startswith(f"{SHIPPED_NODE}::"):
        return case.canary
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()[:6]
    name = getattr(item, "originalname", item.name)
    return f"{name[:60]}-{digest}-{case.canary}"


def folder_names(items: Sequence[pytest.Item]) -> tuple[str, ...]:
    """Folder names of the canaries that the items belong to."""
    cases = ((case_of(item), item) for item in items)
    return tuple(dict.fromkeys(_folder_name(case, item) for case, item in cases if case is not None))


class ItemHooks:
    """The canary's hooks, called through the item: a ``conftest.py`` counts in its folder only."""

    def __init__(self, item: pytest.Item, guards_off: tuple[str, ...]) -> None:
        self._hook: Any = item.ihook
        self.guards_off = guards_off

    def guard(self, context: Any) -> Sequence[Any]:
        """Every guard's opinions, in the order of the answers."""
        from pytest_soak.domain.decision import collected

        return collected(self._hook.pytest_soak_guard(context=context))

    def propose(self, context: Any) -> Any:
        """The proposal of the first tuner that answered."""
        return self._hook.pytest_soak_propose(context=context)

    def finished(self, record: Any, parameters: Mapping[str, float]) -> None:
        """Tell the listeners."""
        self._hook.pytest_soak_iteration_finished(record=record, parameters=parameters)


@pytest.fixture
def soak_canary(
    _soak_case: ItemCase,
    soak_profile: Profile,
    soak_market: Market,
    soak_overrides: Mapping[str, float],
    soak_artifacts: Path,
    _soak_strategy: Strategy,
) -> Canary:
    """The canary: profile, market, parameters and strategy, advanced iteration by iteration.

    ``soak_canary.advance_to(n)`` yields the records that are missing up to iteration n.
    """
    from pytest_soak.engine.run import spec_of
    from pytest_soak.guards import BUILT_IN

    case, run, item = _soak_case
    manager = item.config.pluginmanager
    guards_off = tuple(name for name in BUILT_IN if not manager.has_plugin(name))
    spec = spec_of(
        run,
        case,
        profile=soak_profile,
        market=soak_market,
        overrides=soak_overrides,
        folder=soak_artifacts,
        strategy=_soak_strategy,
        guards_off=guards_off,
    )
    return run.open(spec, ItemHooks(item, guards_off))


@pytest.fixture
def soak_iteration(_soak_case: ItemCase, soak_canary: Canary) -> SoakIteration | SoakGates:
    """One iteration of the canary; the test runs once per iteration, and the gates of the whole run last.

    ``soak_iteration.check_gates()`` asserts the KPI gates; ``.kpis``, ``.verdict``, ``.zone``,
    ``.parameters`` and ``.record`` hold what was measured and decided.
    """
    from pytest_soak.plugin.handles import SoakGates, SoakIteration

    case = _soak_case.case
    if case.part == GATES:
        return SoakGates(soak_canary)
    return SoakIteration(soak_canary, int(case.part or case.settings.planned))
