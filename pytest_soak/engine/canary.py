"""The loop of a soak: parameters, market, KPIs, gates, tuner, guards, decision, journal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pytest_soak.config.overrides import read_current
from pytest_soak.domain.decision import TuningState, decide, no_decision, step_of, tuning_state
from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.gates import Chance, judge, verdict_of
from pytest_soak.domain.hashing import Canonical, decision_key, parameters_hash
from pytest_soak.domain.history import GuardContext, History, Step
from pytest_soak.domain.holdings import Holdings
from pytest_soak.domain.kpis import kpis_of, notional_in_quote
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.records import (
    Action,
    Decision,
    EdgeReport,
    IterationRecord,
    Kpis,
    Provenance,
    Verdict,
)
from pytest_soak.domain.reports import checked_report
from pytest_soak.domain.tuner import Proposal, TunerContext, bounded
from pytest_soak.engine.inputs import CanarySpec
from pytest_soak.engine.limits import limited
from pytest_soak.engine.ports import Clock, Hooks
from pytest_soak.engine.printing import labelled
from pytest_soak.engine.profiling import CodeProfiles
from pytest_soak.engine.resources import Meter
from pytest_soak.engine.watched import Watched
from pytest_soak.market import Market, Window
from pytest_soak.market.protocols import SeriesRecorder
from pytest_soak.store.exports import artifacts
from pytest_soak.store.exports.series import packed
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.journal.wall import WallClock
from pytest_soak.store.runs.layout import JOURNAL_NAME


@dataclass(frozen=True, slots=True)
class _Turn:
    """What an iteration starts from: its number, of how many, its parameters, their hash, those before it."""

    number: int
    iterations: int
    base: dict[str, float]
    base_hash: str
    history: History


class Canary:
    """One profile on one scenario with one seed, advanced iteration by iteration.

    The state lives in the journal of the canary's folder: asking for iteration n computes those before
    it that are missing and serves those that are there, so items may run alone, twice or in any order.
    """

    def __init__(self, spec: CanarySpec, hooks: Hooks, clock: Clock | None = None) -> None:
        self.spec = spec
        self._hooks = hooks
        self._clock = clock or Clock()
        self._journal = _open_journal(spec)
        self._initial: dict[str, float] = self._journal.inputs["parameters"]
        self._exports = artifacts.Exports(spec.folder, self._journal)
        self._profiles = CodeProfiles(spec.folder, spec.profiling)
        self._steps: list[Step] = []
        self._notionals: dict[FillModel | None, list[float]] = {}
        self._newest_edge: tuple[int, dict[str, Any]] | None = None
        with self._journal.lock():
            self._catch_up()
            self._journal.extend(spec.extensions)
            self._exports.rebuild(self._state(), self._initial)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    @property
    def records(self) -> tuple[IterationRecord, ...]:
        """Committed iterations, in order, read from the journal: a long run's are not kept in memory."""
        return self._journal.records()

    @property
    def done(self) -> int:
        """Number of committed iterations."""
        return len(self._steps)

    @property
    def planned(self) -> int:
        """How many iterations there are to be, with those that were added later."""
        return self._journal.planned

    def record(self, iteration: int) -> IterationRecord:
        """The record of a committed iteration.

        Raises:
            SoakStateError: there is none.
        """
        return self._journal.entry(iteration).record

    @property
    def parameters(self) -> Mapping[str, float]:
        """Parameters of the next iteration."""
        return self._steps[-1].parameters_after if self._steps else self._initial

    def edges(self, first: int = 1) -> tuple[EdgeReport, ...]:
        """Edge reports of the committed iterations from ``first`` on."""
        return tuple(self.edge(number) for number in range(first, self.done + 1))

    def edge(self, iteration: int) -> EdgeReport:
        """The edge report of a committed iteration.

        Raises:
            SoakStateError: there is none.
        """
        return self._journal.edge(iteration)

    def advance_to(self, iteration: int) -> Iterator[IterationRecord]:
        """Compute what is missing up to an iteration, and yield each record once it is in the journal.

        Raises:
            SoakStateError: where a guard stops the start, or the overrides were tampered with.
        """
        if not 1 <= iteration <= self.planned:
            raise SoakStateError(f"{self.spec.name}: iteration {iteration} is not one of 1 to {self.planned}")
        while self.done < iteration:
            if self._steps and self.spec.sleep_seconds:
                self._clock.sleep(self.spec.sleep_seconds)
            with self._journal.lock():
                self._catch_up()
                if self.done >= iteration:
                    return
                record = self._run(self.done + 1)
            yield record

    def _catch_up(self) -> None:
        """Take over what this or another process has committed."""
        self._steps.extend(step_of(entry.record) for entry in self._journal.entries(self.done + 1))

    def _run(self, number: int) -> IterationRecord:
        # In the order that a record read back has, so that a resumed run prints what one in one go does.
        spec, base = self.spec, dict(sorted(self.parameters.items()))
        iterations = self._journal.planned_at(number)
        turn = _Turn(number, iterations, base, parameters_hash(base), History(tuple(self._steps)))
        self._refuse_unless_sound(turn)
        wall_start, started = self._clock.now(), self._clock.monotonic()
        meter = Meter(spec.folder)
        duration_ms, left = spec.minutes * 60_000.0, self._left(number)
        window = Window(
            iteration=number,
            iterations=iterations,
            start_ms=(number - 1) * duration_ms,
            duration_ms=duration_ms,
            carry=left.get("carry"),
            holdings=self._holdings(left),
            seed=spec.seed,
            traded=self._traded_before(number),
            recorder=None if spec.series_step_ms is None else SeriesRecorder(spec.series_step_ms),
        )
        watched = Watched(base)
        edge = self._measured(watched, window)
        edge_json = Canonical.of(edge.model_dump(mode="json"))
        record = self._judged(turn, edge, edge_json.sha256, watched.unread)
        wall = WallClock(
            run_id=spec.run_id,
            started_at=wall_start.isoformat(timespec="milliseconds"),
            seconds=round(self._clock.monotonic() - started, 6),
            resources=meter.sample(),
        )
        self._journal.commit(record, edge_json, wall)
        self._steps.append(step_of(record))
        # Committed, but not exported over a file that was edited meanwhile.
        if not self._exports.holds(turn.base):
            self._refuse_other_overrides(turn, "is committed, but its export is held back")
        content = json.loads(edge_json.text)
        self._exports.add(self._state(), _series_of(window), content)
        # Nothing is kept of a canary that has ended, as a process may have thousands.
        self._newest_edge = (number, content) if number < self.planned else None
        self._profiles.keep(number, self._seconds)
        self._hooks.finished(record, record.parameters_after)
        return record

    def _seconds(self, number: int) -> float | None:
        """What an iteration took, in real time; None where it is not committed."""
        return self._journal.wall(number).seconds if number <= self.done else None

    def _measured(self, base: Mapping[str, float], window: Window) -> EdgeReport:
        """The report of a window, with those under each other fill model that a gate asks for.

        Under each model a strategy goes on from what it left itself under the same one.
        """
        spec, under = self.spec, {}
        with self._profiles.of(window.iteration):
            edge = self._report_of(spec.market, base, window)
        for fills in spec.profile.gates.models:
            market = spec.market_under(fills)
            if market is spec.market:
                under[fills.value] = edge
            else:
                left = self._left(window.iteration, fills)
                other = replace(
                    window,
                    carry=left.get("carry"),
                    holdings=self._holdings(left),
                    traded=self._traded_before(window.iteration, fills),
                    recorder=None,
                )
                with labelled(fills.value):
                    under[fills.value] = self._report_of(market, base, other)
        return edge.model_copy(update={"under": under})

    def _report_of(self, market: Market, base: Mapping[str, float], window: Window) -> EdgeReport:
        spec = self.spec
        under = "" if market is spec.market else f", fills {getattr(market, 'fills', None)}"
        where = f"iteration {window.iteration} of {spec.name}, strategy {spec.strategy.name}{under}"
        with limited(spec.iteration_timeout, where):
            answer = spec.strategy.run(market, base, window)
        return checked_report(answer, market.source, where)

    def _left(self, number: int, fills: FillModel | None = None) -> dict[str, Any]:
        """The report of the iteration before, read again from the journal's text every time.

        What the strategy itself handed in may differ from it: in the order of keys, in parts that are one
        object. A canary in one go would then not do what a resumed one does.
        """
        if number == 1:
            return {}
        # Handed out once, as a strategy may change what it is given.
        newest, self._newest_edge = self._newest_edge, None
        if newest is not None and newest[0] == number - 1:
            report = newest[1]
        else:
            report = json.loads(self._journal.edge_json(number - 1))
        left: dict[str, Any] = report if fills is None else report["under"][fills.value]
        return left

    def _holdings(self, left: Mapping[str, Any]) -> Holdings | None:
        """Position and orders that an iteration begins with, None where it begins without."""
        held = left.get("holdings") if self.spec.position is PositionRule.CARRY else None
        return None if held is None else Holdings.model_validate(held)

    def _traded_before(self, number: int, fills: FillModel | None = None) -> float:
        """Notional in quote currency of the iterations before, as the journal has it; 0 where no fee asks.

        Of iterations whose data cannot be trusted as well: they were charged.
        """
        if not self.spec.profile.fees.tiers:
            return 0.0
        known = self._notionals.setdefault(fills, [])
        for edge in map(self.edge, range(len(known) + 1, number)):
            report = edge if fills is None else edge.under[fills.value]
            known.append(notional_in_quote(report) or 0.0)
        return math.fsum(known)

    def _refuse_unless_sound(self, turn: _Turn) -> None:
        # The bytes that the export wrote need no parser to tell what they say.
        if not self._exports.holds(turn.base):
            self._refuse_other_overrides(turn, "refuses to start")
        context = self._context("start", turn)
        stops = [o for o in self._hooks.guard(context) if o.action is Action.STOP]
        if stops:
            said = "; ".join(f"{o.guard}: {o.message or o.reason}" for o in stops)
            raise SoakStateError(f"iteration {turn.number} of {self.spec.name} refuses to start: {said}")

    def _refuse_other_overrides(self, turn: _Turn, what: str) -> None:
        written = read_current(self.spec.folder / artifacts.OVERRIDES_NAME, self.spec.table)
        if written is not None and parameters_hash(written) != turn.base_hash:
            raise SoakStateError(
                f"iteration {turn.number} of {self.spec.name} {what}: "
                f"{self.spec.folder / artifacts.OVERRIDES_NAME} does not hold the parameters that the "
                "journal recorded; it was changed by hand. Delete it to go on with the recorded ones, or "
                "start a new run with --soak-override"
            )

    def _context(
        self,
        moment: Literal["start", "decide"],
        turn: _Turn,
        *,
        verdict: Verdict | None = None,
        kpis: Kpis | None = None,
        proposal: Proposal | None = None,
    ) -> GuardContext:
        deltas = {} if proposal is None else proposal.deltas
        return GuardContext(
            moment=moment,
            iteration=turn.number,
            iterations=turn.iterations,
            minutes=self.spec.minutes,
            warmup=self._is_warmup(turn.number),
            parameters=turn.base,
            expected_hash=turn.base_hash if moment == "start" else None,
            verdict=verdict,
            kpis=kpis,
            proposal=deltas,
            decision_key=decision_key(self._journal.inputs_hash, turn.number, turn.base_hash, deltas),
            history=turn.history,
            settings=self.spec.profile.guards,
            safe_parameters=self.spec.safe_parameters,
            zone=None if proposal is None else proposal.zone,
            drivers=() if proposal is None else proposal.drivers,
            zone_reason=None if proposal is None else proposal.zone_reason,
            table=self.spec.table,
        )

    def _state(self) -> TuningState:
        spec, history = self.spec, History(tuple(self._steps))
        return tuning_state(history, spec.profile.guards, spec.minutes, spec.guards_off, spec.table)

    def _is_warmup(self, number: int) -> bool:
        return number <= self.spec.profile.gates.warmup_iterations

    def _judged(
        self, turn: _Turn, edge: EdgeReport, edge_hash: str, unread: tuple[str, ...]
    ) -> IterationRecord:
        spec = self.spec
        kpis = kpis_of(edge)
        extended_after = tuple(after for after, _ in self._journal.extensions if after < turn.number)
        gates = judge(
            kpis,
            spec.profile.gates,
            least_blocked_share=spec.profile.tuner.least_blocked_share,
            # Of those that were planned together with it.
            chance=Chance.of_iterations(
                turn.iterations - max((spec.profile.gates.warmup_iterations, *extended_after)),
                spec.profile.gates,
                extensions=len(extended_after),
            ),
        )
        verdict = verdict_of(gates)
        decision, after = self._decided(turn, kpis, verdict)
        return IterationRecord(
            provenance=self._provenance(edge),
            iteration=turn.number,
            iterations=turn.iterations,
            extended_after=extended_after,
            minutes=spec.minutes,
            parameters_before=turn.base,
            parameters_after=after,
            unread=unread,
            parameters_before_hash=turn.base_hash,
            parameters_after_hash=parameters_hash(after),
            kpis=kpis,
            attempts=edge.attempts,
            blocks=edge.blocks,
            market=edge.market,
            gate_mode=spec.gate_mode,
            warmup=self._is_warmup(turn.number),
            gates=gates,
            verdict=verdict,
            decision=decision,
            edge_hash=edge_hash,
        )

    def _decided(self, turn: _Turn, kpis: Kpis, verdict: Verdict) -> tuple[Decision, dict[str, float]]:
        if not self.spec.tune:
            return no_decision(self._context("decide", turn)), turn.base
        answer = self._hooks.propose(
            TunerContext(
                iteration=turn.number,
                iterations=turn.iterations,
                parameters=turn.base,
                kpis=kpis,
                verdict=verdict,
                history=turn.history,
                settings=self.spec.profile.tuner,
                table=self.spec.table,
                profile={**self.spec.table.defaults, **self.spec.profile.parameters},
            )
        )
        proposal = bounded(answer, turn.base, self.spec.table)
        context = self._context("decide", turn, verdict=verdict, kpis=kpis, proposal=proposal)
        return decide(context, proposal, self._hooks.guard(context), self._hooks.guards_off)

    def _provenance(self, edge: EdgeReport) -> Provenance:
        inputs = self._journal.inputs
        return Provenance(
            source=edge.source,
            canary=self.spec.name,
            profile=inputs["profile"],
            profile_hash=inputs["profile_hash"],
            scenario=self.spec.scenario,
            market_hash=inputs["market_hash"],
            fills=getattr(self.spec.market, "fills", None),
            position=self.spec.position,
            seed=self.spec.seed,
            strategy=self.spec.strategy.name,
            inputs_hash=self._journal.inputs_hash,
            version=inputs["version"],
            kernel_version=inputs["kernel_version"],
        )


def _series_of(window: Window) -> dict[int, bytes]:
    """The file of the window's path by its iteration, where one is wanted and the market recorded it."""
    recorder = window.recorder
    if recorder is None or recorder.columns is None:
        return {}
    return {window.iteration: packed(recorder.columns, recorder.labels)}


def _open_journal(spec: CanarySpec) -> Journal:
    """Open the canary's journal; one that exists says which parameters iteration 1 had."""
    path = spec.folder / JOURNAL_NAME
    # In this order: another process that begins this canary makes the journal first, then the exports.
    left = artifacts.exports_in(spec.folder)
    if left and not (path.exists() and path.stat().st_size):
        raise SoakStateError(
            f"{path}: the journal is missing, while {left[0]} beside it was written from one; put it "
            "back and resume, or start a new run"
        )
    return Journal.open(path, inputs=spec.inputs(), kept=("parameters",))
