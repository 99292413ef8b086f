"""Soaks under pytest-xdist: one run folder, every canary on one worker, and recovery from crashed workers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_soak.plugin.collection import is_of_canary, unit_of
from pytest_soak.plugin.session import RUN

if TYPE_CHECKING:
    from pytest_soak.engine.settings import Settings

MOST_RESUMES = 2
"""How often, at most, a canary is moved to another worker after a crash."""

RESUMED = "resumed"


class SoakScheduling(LoadScopeScheduling):
    """Hands out whole canaries; the next one goes to a worker only when its last canary is nearly done.

    A worker holds one item back until it knows what follows, which is why a canary ends with a cheap
    item for its gates: with at most that one pending, no canary waits behind a running one.

    What a worker that died had left goes to another one. A canary resumes there from its journal, at most
    ``MOST_RESUMES`` times; an item of another test is not run again.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self.crashes: dict[str, int] = {}

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        # Items sent to a worker that has died return once the crash is noticed.
        with suppress(OSError):
            super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        # A worker that took a dead one's place is there before it has collected.
        if node.shutting_down or node not in self.registered_collections:
            return
        while self.workqueue and self._pending_of(self.assigned_work[node]) <= 1:
            self._assign_work_unit(node)
        if not self.workqueue and self._pending_of(self.assigned_work[node]) <= 1:
            node.shutdown()

    def remove_node(self, node: Any) -> str | None:
        """Remove a worker; its remaining items are scheduled again, before all others.

        Returns the item that it died in, None where nothing was left.
        """
        left = {
            unit: {nodeid: False for nodeid, done in items.items() if not done}
            for unit, items in self.assigned_work.pop(node).items()
        }
        left = {unit: items for unit, items in left.items() if items}
        if not left:
            return None
        first = next(iter(left))
        crashed: str = next(iter(left[first]))
        self.crashes[first] = self.crashes.get(first, 0) + 1
        if not is_of_canary(crashed):
            del left[first][crashed]
        elif self.is_given_up(crashed):
            left[first].clear()
        for unit, items in reversed(left.items()):
            if items:
                self.workqueue[unit] = items
                self.workqueue.move_to_end(unit, last=False)
        for other in self.nodes:
            self._reschedule(other)
        return crashed

    def is_given_up(self, nodeid: str) -> bool:
        """Whether the canary of an item has died too often to be resumed."""
        return self.crashes.get(unit_of(nodeid), 0) > MOST_RESUMES


class SoakXdist:
    """The controller's part; registered only where xdist is there."""

    def __init__(self, run_id: str, settings: Settings) -> None:
        self._run_id = run_id
        self._settings = settings
        self._resumed: dict[str, int] = {}

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker which run it works for; which run is the newest changes while it is worked on."""
        node.workerinput["soak_run_id"] = self._run_id
        if RUN in node.config.stash and self._settings.resume is not None:
            node.workerinput["soak_resume"] = node.config.stash[RUN].run_id

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> SoakScheduling | None:
        """Schedule by canary, unless the user chose a distribution that is about something else."""
        if not self._settings.given or config.getoption("dist") not in (
            "load",
            "loadscope",
            "loadgroup",
            "worksteal",
        ):
            return None
        config.option.loadscopereorder = False
        return SoakScheduling(config, log)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport, sched: Any) -> None:
        """Let a canary go on in another worker; once it has died too often, say so in its failure."""
        if not isinstance(sched, SoakScheduling):
            return
        _allow_one_more_worker(sched.config)
        if not is_of_canary(crashitem):
            return
        if sched.is_given_up(crashitem):
            times = sched.crashes[unit_of(crashitem)]
            report.longrepr = (
                f"{report.longrepr}; workers died {times} times in this canary, so the rest of it is left out"
            )
            return
        if not _is_replaced(sched.config):
            return
        # Neither passed nor failed: what counts is how the item ends in the worker that takes over.
        # pytest lets plugins have outcomes of their own.
        report.outcome = RESUMED  # type: ignore[assignment] # the type lists pytest's own outcomes only
        self._resumed[unit_of(crashitem)] = sched.crashes[unit_of(crashitem)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Name the outcome of an item whose worker crashed and whose canary continues."""
        return (RESUMED, "", "RESUMED") if report.outcome == RESUMED else None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Report which canaries continued in another worker."""
        for unit, times in self._resumed.items():
            again = "once" if times == 1 else f"{times} times"
            terminalreporter.write_line(
                f"soak: {unit}: its worker died {again}; it went on from its journal in another one"
            )


def _allow_one_more_worker(config: pytest.Config) -> None:
    """Do not count a death that an item or canary has answered for, unless the user set a limit.

    xdist's own limit, four times the number of workers, is against workers that die before they run
    anything; here it would let one canary use up the restarts of all others.
    """
    session = config.pluginmanager.get_plugin("dsession")
    limit = getattr(session, "_max_worker_restart", None)
    if session is not None and config.getoption("maxworkerrestart") is None and limit is not None:
        session._max_worker_restart = limit + 1


def _is_replaced(config: pytest.Config) -> bool:
    """Whether a worker replaces the crashed one; otherwise a run with unexecuted items would pass."""
    session: Any = config.pluginmanager.get_plugin("dsession")
    limit = getattr(session, "_max_worker_restart", None)
    return limit is None or session._failed_nodes_count < limit
