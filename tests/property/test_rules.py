from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soak.domain.decision import decide
from pytest_soak.domain.history import History
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.records import Action, Kpis, Verdict, Zone
from pytest_soak.domain.settings import TunerSettings
from pytest_soak.domain.tuner import TunerContext, effective_deltas, propose, zone_of
from pytest_soak.guards import BUILT_IN
from pytest_soak.guards.oscillation import tolerance
from tests.rules_kit import GATES, STEADY_SAFE, ask, context, kpis, proposal_of
from tests.rules_loop import ITERATIONS, REGIMES, Loop, Turn, simulated

values_in_bounds = st.fixed_dictionaries(
    {p.name: st.floats(p.low, p.high).map(lambda v: round(v, 6)) for p in PARAMETERS.values()}
)
any_kpis = st.builds(
    lambda risk, net, adverse, slippage: kpis(
        risk_ratio=risk, net_bps=net, adverse_bps_p95=adverse, slippage_bps_p95=slippage
    ),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(-20, 20),
    st.none() | st.floats(-5, 20),
    st.none() | st.floats(-5, 20),
)
weather = st.tuples(
    st.lists(st.tuples(st.sampled_from(REGIMES), st.integers(1, 24)), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
)


def is_unsafe(turn: Turn) -> bool:
    return turn.proposal.zone in (Zone.AGGRESSIVE, Zone.MODERATE) or bool(turn.proposal.drivers)


@settings(max_examples=300, deadline=None)
@given(values=values_in_bounds, measured=any_kpis)
def test_no_unsafe_move_in_an_unsafe_zone_or_under_a_driver(values: dict[str, float], measured: Kpis) -> None:
    """For all inputs, whatever the bounds do: they are walls and never targets."""
    proposal = propose(
        TunerContext(
            iteration=1,
            iterations=6,
            parameters=values,
            kpis=measured,
            verdict=Verdict.OK,
            history=History(),
            settings=TunerSettings(),
        )
    )
    risk, adverse, slippage = measured.risk_ratio, measured.adverse_bps_p95, measured.slippage_bps_p95
    unsafe = (risk or 0.0) >= 0.40 or (adverse or 0.0) > 3.5 or (slippage or 0.0) > 2.5
    for name, delta in proposal.deltas.items():
        assert delta != 0.0
        assert abs(delta) <= PARAMETERS[name].step
        assert PARAMETERS[name].low <= round(values[name] + delta, 6) <= PARAMETERS[name].high
        if unsafe:
            assert PARAMETERS[name].is_safer(delta), (name, delta)
    if risk is None and not proposal.drivers:
        assert proposal.deltas == {}


@given(measured=any_kpis)
def test_zones_partition_every_risk_that_was_measured(measured: Kpis) -> None:
    zone = zone_of(measured, TunerSettings())
    risk, net = measured.risk_ratio, measured.net_bps
    if risk is None:
        assert zone is None
        return
    expected = {
        Zone.AGGRESSIVE: risk >= 0.60,
        Zone.MODERATE: 0.40 <= risk < 0.60,
        Zone.NORMALIZE: risk < 0.35 and net is not None and net >= 3.0,
    }
    expected[Zone.HOLD] = not any(expected.values())
    assert [z for z, holds in expected.items() if holds] == [zone]


@given(
    values=values_in_bounds, deltas=st.dictionaries(st.sampled_from(list(PARAMETERS)), st.floats(-1e9, 1e9))
)
def test_effective_deltas_never_leave_the_bounds_or_turn_round(
    values: dict[str, float], deltas: dict[str, float]
) -> None:
    got = effective_deltas(values, deltas)
    _, after = decide(context(1, parameters=values), proposal_of(got), [])
    for name, delta in got.items():
        assert delta * deltas[name] > 0
        assert abs(delta) <= abs(deltas[name]) + 1e-6
    assert all(PARAMETERS[name].contains(value) for name, value in after.items())


@settings(max_examples=40, deadline=None)
@given(weather=weather, minutes=st.sampled_from([1.0, 5.0, 15.0, 0.1]))
def test_a_day_of_any_weather_keeps_every_rule(
    weather: tuple[list[tuple[str, int]], int], minutes: float
) -> None:
    loop = simulated(*weather, minutes=minutes)
    assert len(loop.turns) == ITERATIONS
    for before, after in zip(loop.turns, loop.turns[1:], strict=False):
        assert after.context.parameters == before.after
    for turn in loop.turns:
        assert_applied_change_is_sound(turn)
        assert_every_guard_spoke(turn)
    assert_velocity_never_exceeded(loop, minutes)
    assert_cooldown_kept(loop)
    assert_no_oscillation(loop)
    assert_freeze_kept(loop)
    assert_reverts_come_after_three_fails(loop)
    assert_no_guard_holds_a_step_towards_safety(loop)
    last = loop.turns[-1].decision
    assert not last.applied or last.reverted is not None


def assert_applied_change_is_sound(turn: Turn) -> None:
    decision, before = turn.decision, turn.context.parameters
    for name, value in turn.after.items():
        assert PARAMETERS[name].contains(value)
        assert math.isclose(
            value, before[name] + decision.applied_deltas.get(name, 0.0), rel_tol=0, abs_tol=1e-6
        )
    if decision.reverted is not None:
        assert turn.after == STEADY_SAFE
        return
    for name, delta in decision.applied_deltas.items():
        assert delta == turn.proposal.deltas[name]
        if is_unsafe(turn):
            assert PARAMETERS[name].is_safer(delta)
    refusals = {o.parameter for o in decision.opinions if o.action is Action.REFUSE}
    assert set(decision.applied_deltas) == set(turn.proposal.deltas) - refusals


def is_wanted(turn: Turn, name: str) -> bool:
    """Whether a change is a step towards safety that the zone or a driver asks for."""
    delta = turn.proposal.deltas.get(name, 0.0)
    return is_unsafe(turn) and PARAMETERS[name].is_safer(delta)


def assert_no_guard_holds_a_step_towards_safety(loop: Loop) -> None:
    """But for state validation and the last iteration, whose proposal is never applied."""
    for turn in loop.turns:
        wanted = {name for name in turn.proposal.deltas if is_wanted(turn, name)}
        refused = [o for o in turn.decision.opinions if o.action is Action.REFUSE and o.parameter in wanted]
        assert {o.guard for o in refused} <= {"soak_state", "soak_late"}
        if turn.decision.reverted is None and not turn.context.is_last:
            assert wanted <= set(turn.decision.applied_deltas)


def assert_every_guard_spoke(turn: Turn) -> None:
    """Every guard says something of every parameter, also where another had refused."""
    said = {(o.guard, o.parameter) for o in turn.decision.opinions}
    per_parameter = {(g, p) for g in BUILT_IN if g != "soak_panic" for p in turn.proposal.deltas}
    assert said == per_parameter | {("soak_panic", None)}
    assert (turn.decision.skipped_reason is None) == (
        set(turn.decision.applied_deltas) >= set(turn.proposal.deltas) > set()
        if turn.decision.reverted is None
        else not turn.proposal.deltas
    )


def assert_velocity_never_exceeded(loop: Loop, minutes: float) -> None:
    """Checked from scratch: for each hour that ends with a change that is no wanted step towards safety."""
    for name in PARAMETERS:
        limit = {"min_interval_ms": 30.0, "impact_cap_ratio": 0.04}.get(name, PARAMETERS[name].span / 2)
        for end in range(ITERATIONS):
            moved = loop.turns[end].decision.applied_deltas
            if name not in moved or is_wanted(loop.turns[end], name) or loop.steps[end].reverted:
                continue
            path, k = 0.0, end
            while k >= 0 and not loop.steps[k].reverted and (end - k) * minutes < 60.0 - 1e-6:
                path += abs(loop.steps[k].parameters_after[name] - loop.steps[k].parameters[name])
                k -= 1
            assert path <= limit + 1e-6, (name, end)


def assert_cooldown_kept(loop: Loop) -> None:
    for index, turn in enumerate(loop.turns):
        moved = turn.decision.applied_deltas
        size = sum(abs(d) / PARAMETERS[n].span for n, d in moved.items())
        if turn.decision.reverted is not None or size > 0.30 + 1e-6:
            for later in loop.turns[index + 1 : index + 3]:
                free = later.decision.reverted is not None
                assert free or all(is_wanted(later, name) for name in later.decision.applied_deltas)


def assert_reverts_come_after_three_fails(loop: Loop) -> None:
    """After warm-up, counted anew from each revert; an iteration without data is passed over."""
    streak = 0
    for step in loop.steps[2:]:
        if step.verdict is Verdict.FAIL:
            streak += 1
        elif step.verdict is not Verdict.NO_DATA:
            streak = 0
        assert step.reverted == (streak == 3), step.iteration
        streak %= 3


def assert_freeze_kept(loop: Loop) -> None:
    """Once frozen, the sensitive parameters rest until the freeze ends, a FAIL thaws it or a revert comes."""
    until = 0
    for turn in loop.turns:
        question, decision = turn.context, turn.decision
        if question.verdict is Verdict.FAIL or decision.reverted is not None:
            until = 0
            continue
        held = [o.until_iteration or 0 for o in decision.opinions if o.reason == "frozen"]
        until = max([until, *held])
        if question.iteration <= until:
            moved = {"impact_cap_ratio", "max_delta_ratio"} & set(decision.applied_deltas)
            assert all(is_wanted(turn, name) for name in moved)


def assert_no_oscillation(loop: Loop) -> None:
    for name in PARAMETERS:
        values = [loop.steps[0].parameters[name]]
        for turn, step in zip(loop.turns, loop.steps, strict=True):
            value = step.parameters_after[name]
            if step.reverted:
                values = [value]
            elif value != values[-1]:
                values.append(value)
                if len(values) >= 3:
                    a, b, c = values[-3:]
                    back = (b - a) * (c - b) <= 0 and abs(c - a) <= tolerance(name)
                    assert not back or is_wanted(turn, name), (name, values[-3:])


def outcomes(
    days: int, off: tuple[str, ...] = ()
) -> tuple[Counter[tuple[str, str, str]], Counter[Zone | None]]:
    """What guards said and which zones came up over days of mixed weather."""
    said: Counter[tuple[str, str, str]] = Counter()
    zones: Counter[Zone | None] = Counter()
    for seed in range(days):
        rng = random.Random(seed)
        regimes = [(rng.choice(REGIMES), rng.randint(1, 12)) for _ in range(6)]
        loop = simulated(regimes, seed, off=off)
        zones.update(turn.proposal.zone for turn in loop.turns)
        decisions = [turn.decision for turn in loop.turns]
        # What an honest run never asks: a turn decided twice, and a proposal that nobody cut at the bounds.
        decisions.extend(loop.retry(turn).decision for turn in loop.turns if turn.decision.applied)
        for decision in decisions:
            said.update((o.guard, o.action.value, o.reason) for o in decision.opinions)
        foreign = context(1, parameters=loop.parameters, proposal={"tail_age_ms": 1e6})
        said.update((o.guard, o.action.value, o.reason) for o in ask(foreign, off))
    return said, zones


def test_every_zone_and_every_outcome_of_every_guard_is_reached() -> None:
    said, zones = outcomes(12)
    assert set(zones) == {*Zone, None}
    assert set(said) == {
        ("soak_state", "allow", "within_bounds"),
        ("soak_state", "refuse", "invalid_change"),
        ("soak_panic", "allow", "streak_below_limit"),
        ("soak_panic", "revert", "panic_revert"),
        ("soak_late", "allow", "not_late"),
        ("soak_late", "refuse", "late_iteration"),
        ("soak_cooldown", "allow", "no_cooldown"),
        ("soak_cooldown", "refuse", "cooldown_active"),
        ("soak_cooldown", "allow", "safe_step"),
        ("soak_freeze", "allow", "not_frozen"),
        ("soak_freeze", "refuse", "frozen"),
        ("soak_freeze", "allow", "safe_step"),
        ("soak_oscillation", "allow", "no_oscillation"),
        ("soak_oscillation", "refuse", "oscillation"),
        ("soak_oscillation", "allow", "safe_step"),
        ("soak_velocity", "allow", "within_velocity"),
        ("soak_velocity", "refuse", "velocity_exceeded"),
        ("soak_velocity", "allow", "safe_step"),
        ("soak_idempotency", "allow", "new_decision"),
        ("soak_idempotency", "refuse", "duplicate_decision"),
    }


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_guard_is_switched_off_by_itself(name: str) -> None:
    said, _ = outcomes(1, off=(name,))
    assert {guard for guard, _, _ in said} == set(BUILT_IN) - {name}


def test_normalize_has_an_effect() -> None:
    loop = simulated([("calm", ITERATIONS)], seed=1)
    applied = [t.decision.applied_deltas for t in loop.turns if t.proposal.zone is Zone.NORMALIZE]
    assert any(deltas.get("min_interval_ms", 0.0) < 0 for deltas in applied)
    assert any(deltas.get("impact_cap_ratio", 0.0) > 0 for deltas in applied)


def test_a_guard_does_not_lock_itself_by_what_it_refuses() -> None:
    """Velocity counts applied changes only: in an endless calm it lets go again after an hour."""
    loop = Loop(iterations=ITERATIONS, parameters={**DEFAULTS, "min_interval_ms": 80.0})
    for _ in range(ITERATIONS):
        loop.turn(risk_ratio=0.20, net_bps=3.5)
    moved = [t.context.iteration for t in loop.turns if "min_interval_ms" in t.decision.applied_deltas]
    assert moved == [*range(1, 11), 13, 14, 15, 16]
    assert loop.parameters["min_interval_ms"] == 40.0


@given(measured=any_kpis)
def test_what_was_not_measured_never_passes(measured: Kpis) -> None:
    turn = Loop().turn_on(measured)
    missing = [name for name in GATES.thresholds if getattr(measured, name) is None]
    if missing:
        assert turn.context.verdict in (Verdict.NO_DATA, Verdict.FAIL)
