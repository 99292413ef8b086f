"""Soaks under pytest-xdist: one run folder for all workers, and every canary on one worker."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_soak.plugin.collection import unit_of

if TYPE_CHECKING:
    from pytest_soak.engine.settings import Settings


# A canary goes on in a new worker this many times, then it fails.
RESUMES = 2


class SoakScheduling(LoadScopeScheduling):
    """Hands out whole canaries; the next one goes to a worker only when its last canary is nearly done.

    A worker holds one item back until it knows what follows, which is why a canary ends with a cheap
    item for its gates: with at most that one pending, no canary waits behind a running one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self.crashes: Counter[str] = Counter()

    def remove_node(self, node: Any) -> str | None:
        """Forget a worker; the canary that it died in goes on elsewhere, up to ``RESUMES`` times."""
        # xdist would hand out finished canaries again, and the next worker would wait for items for ever.
        workload = {
            scope: unit for scope, unit in self.assigned_work.pop(node).items() if not all(unit.values())
        }
        crashed = next(
            (item for unit in workload.values() for item, completed in unit.items() if not completed), None
        )
        if crashed is not None:
            scope = self._split_scope(crashed)
            self.crashes[scope] += 1
            if self.crashes[scope] > RESUMES:
                del workload[scope]
        for scope in reversed(workload):
            self.workqueue[scope] = workload[scope]
            self.workqueue.move_to_end(scope, last=False)
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed

    def _assign_work_unit(self, node: Any) -> None:
        # What a dead worker was given comes back when xdist notices its death.
        with suppress(OSError):
            super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        """Give a worker canaries until it has two items, or tell it that there are no more."""
        if node not in self.registered_collections:
            return
        while not node.shutting_down:
            if self.workqueue and self._pending_of(self.assigned_work[node]) > 1:
                return
            super()._reschedule(node)


class SoakXdist:
    """The controller's part; registered only where xdist is there."""

    def __init__(self, run_id: str, settings: Settings) -> None:
        self._run_id = run_id
        self._settings = settings
        self._resumed: Counter[str] = Counter()

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

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport, sched: Any) -> None:
        """Count a crash as a restart of its canary while it has restarts left; then it is a failure."""
        if not isinstance(sched, SoakScheduling):
            return
        canary = unit_of(crashitem)
        if sched.crashes[canary] > RESUMES:
            report.longrepr = (
                f"{report.longrepr}; {canary} crashed {sched.crashes[canary]} workers, "
                "the rest of it was not run"
            )
        if self._restart(sched.config) and sched.crashes[canary] <= RESUMES:
            self._resumed[canary] += 1
            # Neither passed nor failed: the item itself is still to be reported, by the next worker.
            report.outcome = "rerun"  # type: ignore[assignment]
            report.soak_resumed = True  # type: ignore[attr-defined]

    def _restart(self, config: pytest.Config) -> bool:
        """Whether the dead worker is replaced; its death does not count against a limit nobody asked for."""
        session: Any = config.pluginmanager.get_plugin("dsession")
        if config.getoption("maxworkerrestart") is None and session._max_worker_restart is not None:
            session._max_worker_restart += 1
        limit = session._max_worker_restart
        return limit is None or session._failed_nodes_count < limit

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Give restarts a word of their own in the last line."""
        return ("soak-resumed", "C", "RESUMED") if getattr(report, "soak_resumed", False) else None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which canaries went on in a new worker."""
        for canary, times in sorted(self._resumed.items()):
            terminalreporter.write_line(
                f"soak: {canary} lost its worker {times} {'time' if times == 1 else 'times'} "
                "and went on from its journal"
            )
