"""A loop without pytest: the built-in guards and the shipped tuner, called directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from pytest_soak.domain.decision import collected
from pytest_soak.domain.history import GuardContext
from pytest_soak.domain.records import IterationRecord, Opinion
from pytest_soak.domain.tuner import Proposal, TunerContext, propose
from pytest_soak.guards import BUILT_IN


class BuiltInHooks:
    """What a canary asks of the outside, answered by what ships with the package.

    ``guards_off`` names guards that are left out, as ``-p no:NAME`` does in a pytest run.
    """

    def __init__(self, guards_off: Sequence[str] = ()) -> None:
        self.guards_off = tuple(name for name in BUILT_IN if name in guards_off)
        self._guards = [
            import_module(module) for name, module in BUILT_IN.items() if name not in self.guards_off
        ]

    def guard(self, context: GuardContext) -> Sequence[Opinion]:
        """Every guard's opinions."""
        return collected(guard.pytest_soak_guard(context=context) for guard in self._guards)

    def propose(self, context: TunerContext) -> Proposal:
        """The shipped tuner's proposal."""
        return propose(context)

    def finished(self, record: IterationRecord, parameters: Mapping[str, float]) -> None:
        """Do nothing; override it to listen."""
