"""Tuner, guards and decision driven over given KPIs, as a canary drives them, without a market."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pytest_soak.domain.decision import decide
from pytest_soak.domain.gates import judge, verdict_of
from pytest_soak.domain.hashing import decision_key, parameters_hash
from pytest_soak.domain.history import GuardContext, History, Step
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.records import Action, Decision, IterationRecord, Kpis, Provenance
from pytest_soak.domain.settings import GateMode, GuardSettings, TunerSettings
from pytest_soak.domain.state import TuningState, tuning_state
from pytest_soak.domain.tuner import Proposal, TunerContext, propose
from tests.rules_kit import GATES, MARKET, RUN, ask, blocks, context, kpis, step

ITERATIONS = 96
REGIMES = ("calm", "rough", "storm", "costly", "noise", "dark")


@dataclass(frozen=True)
class Turn:
    """One turn of the loop: the question, the tuner's proposal, the answer and the parameters after it."""

    context: GuardContext
    proposal: Proposal
    decision: Decision
    after: dict[str, float]


@dataclass
class Loop:
    """Tuner, guards and decision over given KPIs, as a canary drives them, without a market."""

    iterations: int = 96
    minutes: float = 5.0
    parameters: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULTS))
    guards: GuardSettings = field(default_factory=GuardSettings)
    tuner: TunerSettings = field(default_factory=TunerSettings)
    off: tuple[str, ...] = ()
    turns: list[Turn] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def turn(self, **values: float | None) -> Turn:
        """Run the next iteration with the given KPIs."""
        return self.turn_on(kpis(**values))

    def turn_on(self, measured: Kpis) -> Turn:
        """Run the next iteration with KPIs that were measured."""
        number = len(self.steps) + 1
        base = dict(self.parameters)
        start = self._context("start", number, base, expected_hash=parameters_hash(base))
        assert [o.action for o in ask(start, self.off) if o.guard == "soak_state"] in ([Action.ALLOW], [])
        turn = self._decided(number, base, measured)
        self.turns.append(turn)
        self.steps.append(_step_of_turn(turn))
        self.parameters = turn.after
        return turn

    def retry(self, turn: Turn) -> Turn:
        """Decide a turn once more, on the same base, now that its result is in the history."""
        again = replace(turn.context, history=History(tuple(self.steps)))
        decision, after = decide(again, turn.proposal, ask(again, self.off), self.off)
        return Turn(again, turn.proposal, decision, after)

    def state(self) -> TuningState:
        """The state after the last turn."""
        return tuning_state(History(tuple(self.steps)), self.guards, self.minutes, self.off)

    def _decided(self, number: int, base: dict[str, float], measured: Kpis) -> Turn:
        verdict = verdict_of(judge(measured, GATES))
        history = History(tuple(self.steps))
        proposal = propose(
            TunerContext(
                iteration=number,
                iterations=self.iterations,
                parameters=base,
                kpis=measured,
                verdict=verdict,
                history=history,
                settings=self.tuner,
            )
        )
        question = self._context(
            "decide",
            number,
            base,
            verdict=verdict,
            kpis=measured,
            proposal=proposal.deltas,
            zone=proposal.zone,
            drivers=proposal.drivers,
            zone_reason=proposal.zone_reason,
            decision_key=decision_key(RUN, number, parameters_hash(base), proposal.deltas),
        )
        decision, after = decide(question, proposal, ask(question, self.off), self.off)
        return Turn(question, proposal, decision, after)

    def _context(
        self, moment: Literal["start", "decide"], number: int, base: Mapping[str, float], **changes: Any
    ) -> GuardContext:
        return context(
            number,
            steps=self.steps,
            moment=moment,
            iterations=self.iterations,
            minutes=self.minutes,
            warmup=number <= GATES.warmup_iterations,
            parameters=base,
            settings=self.guards,
            **changes,
        )


def _step_of_turn(turn: Turn) -> Step:
    question, decision = turn.context, turn.decision
    assert question.kpis is not None
    return step(
        question.iteration,
        warmup=question.warmup,
        verdict=question.verdict,
        risk_ratio=question.kpis.risk_ratio,
        net_bps=question.kpis.net_bps,
        parameters=question.parameters,
        parameters_after=turn.after,
        applied_deltas=decision.applied_deltas,
        reverted=decision.reverted is not None,
        decision_key=decision.key,
    )


def record_of(turn: Turn) -> IterationRecord:
    """A turn as the record that a canary would commit."""
    question = turn.context
    assert question.kpis is not None
    assert question.verdict is not None
    return IterationRecord(
        provenance=Provenance(
            source="mock",
            canary="c",
            profile="default",
            profile_hash="p",
            scenario="calm",
            market_hash="m",
            seed=1,
            strategy="none",
            inputs_hash=RUN,
            version="0",
            kernel_version="0",
        ),
        iteration=question.iteration,
        iterations=question.iterations,
        minutes=question.minutes,
        parameters_before=dict(question.parameters),
        parameters_after=turn.after,
        parameters_before_hash=parameters_hash(question.parameters),
        parameters_after_hash=parameters_hash(turn.after),
        kpis=question.kpis,
        attempts=0,
        blocks=blocks(),
        market=MARKET,
        gate_mode=GateMode.HARD,
        warmup=question.warmup,
        gates=judge(question.kpis, GATES),
        verdict=question.verdict,
        decision=turn.decision,
        edge_hash="e",
    )


def measured_in(regime: str, rng: random.Random) -> Kpis:
    """KPIs as a regime of the market would give them."""
    if regime == "dark":
        return kpis()
    if regime == "noise":
        return kpis(
            risk_ratio=rng.choice([None, rng.random()]),
            net_bps=rng.choice([None, rng.uniform(-5, 10)]),
            adverse_bps_p95=rng.choice([None, rng.uniform(0, 8)]),
            slippage_bps_p95=rng.choice([None, rng.uniform(0, 8)]),
        )
    low, high, net, cost = {
        "calm": (0.1, 0.34, 4.0, 1.0),
        "rough": (0.36, 0.59, 2.5, 2.0),
        "storm": (0.5, 0.9, 0.5, 3.0),
        "costly": (0.2, 0.4, 3.5, 5.0),
    }[regime]
    return kpis(
        risk_ratio=rng.uniform(low, high),
        net_bps=net + rng.gauss(0, 0.5),
        adverse_bps_p95=cost,
        slippage_bps_p95=cost,
    )


def simulated(
    regimes: list[tuple[str, int]], seed: int, minutes: float = 5.0, off: tuple[str, ...] = ()
) -> Loop:
    """A day of 96 iterations through regimes, started anywhere in the bounds."""
    rng = random.Random(seed)
    start = {p.name: round(rng.uniform(p.low, p.high), 6) for p in PARAMETERS.values()}
    loop = Loop(iterations=ITERATIONS, minutes=minutes, parameters=start, off=off)
    while len(loop.turns) < ITERATIONS:
        for regime, length in regimes:
            for _ in range(min(length, ITERATIONS - len(loop.turns))):
                loop.turn_on(measured_in(regime, rng))
    return loop
