"""The fixtures of a soak test; each can be overridden in a ``conftest.py``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.cases import GATES, Case
from pytest_soak.collection import SHIPPED_NODE, case_of, chain_key

if TYPE_CHECKING:
    from pytest_soak.canary import Canary
    from pytest_soak.domain.settings import Profile
    from pytest_soak.iteration import SoakGates, SoakIteration
    from pytest_soak.market import Market
    from pytest_soak.run import SoakRun


@pytest.fixture
def _soak_case(request: pytest.FixtureRequest) -> Case:
    """The canary and the iteration of this item."""
    case: Case = request.param
    return case


def _run_of(request: pytest.FixtureRequest) -> SoakRun:
    """The run of this session; no fixture, as each of those costs every item its share."""
    from pytest_soak.plugin import run_of

    return run_of(request.config)


@pytest.fixture
def soak_profile(_soak_case: Case, request: pytest.FixtureRequest) -> Profile:
    """Profile of the canary: parameters, gates, guard settings and fees.

    Override it to change one thing for all tests below a folder::

        @pytest.fixture
        def soak_profile(soak_profile):
            return soak_profile.model_copy(update={"fees": FeeSettings(maker_bps=0.0, taker_bps=5.0)})
    """
    return _run_of(request).profile(_soak_case.profile).profile


@pytest.fixture
def soak_market(_soak_case: Case, request: pytest.FixtureRequest) -> Market:
    """Market of the canary: the mock market generator of its scenario and seed, or a recording.

    Override it to soak on a market of your own; it has the shape of ``pytest_soak.market.Market``.
    """
    return _run_of(request).market(_soak_case, request.node.ihook)


@pytest.fixture
def soak_overrides(
    _soak_case: Case, soak_profile: Profile, request: pytest.FixtureRequest
) -> Mapping[str, float]:
    """Parameters of iteration 1, resolved from all sources by their precedence.

    Override it to set parameters in code; what it leaves out keeps the resolved value::

        @pytest.fixture
        def soak_overrides():
            return {"min_interval_ms": 70}
    """
    return _run_of(request).resolve(_soak_case, soak_profile).values


@pytest.fixture
def soak_artifacts(_soak_case: Case, request: pytest.FixtureRequest) -> Path:
    """Folder of the canary's journal and artifacts; it is made when the canary starts."""
    return _run_of(request).folder / _folder_name(_soak_case, request.node)


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
    _soak_case: Case,
    soak_profile: Profile,
    soak_market: Market,
    soak_overrides: Mapping[str, float],
    soak_artifacts: Path,
    request: pytest.FixtureRequest,
) -> Canary:
    """The canary: profile, market, parameters and strategy, advanced iteration by iteration.

    ``soak_canary.advance_to(n)`` yields the records that are missing up to iteration n.
    """
    from pytest_soak.guards import BUILT_IN
    from pytest_soak.run import spec_of

    run = _run_of(request)
    manager = request.config.pluginmanager
    guards_off = tuple(name for name in BUILT_IN if not manager.has_plugin(name))
    spec = spec_of(
        run,
        _soak_case,
        profile=soak_profile,
        market=soak_market,
        overrides=soak_overrides,
        folder=soak_artifacts,
        strategy=request.node.ihook.pytest_soak_make_strategy(profile=soak_profile),
        guards_off=guards_off,
    )
    return run.open(spec, ItemHooks(request.node, guards_off))


@pytest.fixture
def soak_iteration(_soak_case: Case, soak_canary: Canary) -> SoakIteration | SoakGates:
    """One iteration of the canary; the test runs once per iteration, and the gates of the whole run last.

    ``soak_iteration.check_gates()`` asserts the KPI gates; ``.kpis``, ``.verdict``, ``.zone``,
    ``.parameters`` and ``.record`` hold what was measured and decided.
    """
    from pytest_soak.iteration import SoakGates, SoakIteration

    if _soak_case.part == GATES:
        return SoakGates(soak_canary)
    return SoakIteration(soak_canary, int(_soak_case.part or _soak_case.settings.iterations))
