"""Hooks that a ``conftest.py`` or a plugin can implement to change what a soak does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pytest_soak.domain.history import GuardContext
    from pytest_soak.domain.records import IterationRecord, Opinion
    from pytest_soak.domain.settings import Profile
    from pytest_soak.domain.tuner import Proposal, TunerContext
    from pytest_soak.market import Market, MarketRequest, Strategy

# pytest's own marker, imported without pytest.
hookspec = pluggy.HookspecMarker("pytest")


@hookspec
def pytest_soak_guard(context: GuardContext) -> Sequence[Opinion] | Opinion | None:
    """Judge a proposed change, or the state before an iteration starts.

    Every implementation is asked, in both moments (``context.moment``), and the record shows what each
    one said. A change is applied to a parameter only where no guard refuses it. An ``Opinion`` whose
    ``parameter`` is None speaks of the whole proposal. At the moment ``start`` the action ``stop``
    keeps the iteration from starting.

    Example, for a ``conftest.py``::

        from pytest_soak import Action, Opinion

        def pytest_soak_guard(context):
            if context.moment == "decide" and "tail_age_ms" in context.proposal:
                return Opinion(
                    guard="keep_tail", parameter="tail_age_ms", action=Action.REFUSE,
                    reason="tail_is_ours", message="tail_age_ms is set by the operator",
                )
    """


@hookspec(firstresult=True)
def pytest_soak_propose(context: TunerContext) -> Proposal | None:
    """Propose a change of parameters after an iteration; the first answer wins.

    Example, for a ``conftest.py``: a tuner that changes nothing::

        from pytest_soak import Proposal

        def pytest_soak_propose(context):
            return Proposal(by="hold_still", zone=None, drivers=(), deltas={})
    """


@hookspec(firstresult=True)
def pytest_soak_make_market(request: MarketRequest) -> Market | None:
    """Make the market of a canary; the first answer wins, None leaves it to the shipped ones.

    Example, for a ``conftest.py``: a mock market whose order flow is twice as informed::

        from pytest_soak.market import MockMarket, load_scenario

        def pytest_soak_make_market(request):
            scenario = load_scenario(request.scenario)
            flow = scenario.flow.model_copy(update={"informed_share": 0.4})
            scenario = scenario.model_copy(update={"flow": flow})
            return MockMarket(
                scenario,
                seed=request.seed,
                fills=request.fills,
                contract=request.contract,
                funding=request.funding,
            )
    """


@hookspec(firstresult=True)
def pytest_soak_make_strategy(profile: Profile, scenario: str, seed: int, market: Market) -> Strategy | None:
    """Make the strategy under test; the first answer wins, None leaves it to the reference maker.

    Leave out the arguments that you do not need: ``scenario`` and ``seed`` are the canary's, ``market`` is
    the one that it trades on.

    Example, for a ``conftest.py``::

        from my_desk import OurMaker

        def pytest_soak_make_strategy(profile):
            return OurMaker(fees=profile.fees)

    """


@hookspec
def pytest_soak_iteration_finished(record: IterationRecord, parameters: Mapping[str, float]) -> None:
    """Called once an iteration is in the journal, with its record and the parameters of the next one.

    It runs in the process that computed the iteration (under xdist, a worker).

    Example, for a ``conftest.py``::

        def pytest_soak_iteration_finished(record, parameters):
            print(record.iteration, record.verdict, dict(parameters))
    """
