"""Soaks under pytest-xdist: one run folder for all workers, and every canary on one worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_soak.plugin.collection import unit_of

if TYPE_CHECKING:
    from pytest_soak.engine.settings import Settings


class SoakScheduling(LoadScopeScheduling):
    """Hands out whole canaries; the next one goes to a worker only when its last canary is nearly done.

    A worker holds one item back until it knows what follows, which is why a canary ends with a cheap
    item for its gates: with at most that one pending, no canary waits behind a running one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _reschedule(self, node: Any) -> None:
        if not node.shutting_down and self.workqueue and self._pending_of(self.assigned_work[node]) > 1:
            return
        super()._reschedule(node)


class SoakXdist:
    """The controller's part; registered only where xdist is there."""

    def __init__(self, run_id: str, settings: Settings) -> None:
        self._run_id = run_id
        self._settings = settings

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it works for."""
        node.workerinput["soak_run_id"] = self._run_id

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> SoakScheduling | None:
        """Schedule by canary, unless the user chose a distribution that is about something else."""
        if not self._settings.given or config.getoption("dist") not in ("load", "loadscope", "loadgroup"):
            return None
        config.option.loadscopereorder = False
        return SoakScheduling(config, log)
