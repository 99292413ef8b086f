from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pytest_soak.domain.decision import collected, decide, no_decision, step_of
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.hashing import parameters_hash
from pytest_soak.domain.parameters import DEFAULTS, PARAMETERS
from pytest_soak.domain.records import Action, Decision, IterationRecord, Opinion
from tests.rules_kit import STABLE, STEADY_SAFE, context, proposal_of
from tests.rules_loop import Loop, record_of

DELTAS = {"min_interval_ms": 5.0, "impact_cap_ratio": -0.01, "tail_age_ms": 30.0}


def opinion(
    action: Action, parameter: str | None, reason: str = "because", guard: str = "g", until: int | None = None
) -> Opinion:
    return Opinion(guard=guard, parameter=parameter, action=action, reason=reason, until_iteration=until)


def decided(*opinions: Opinion, **deltas: float) -> tuple[Decision, dict[str, float]]:
    return decide(context(3), proposal_of(deltas or DELTAS), opinions)


def test_without_a_refusal_the_proposal_is_applied() -> None:
    decision, after = decided(opinion(Action.ALLOW, "min_interval_ms"))
    assert decision.applied
    assert decision.applied_deltas == DELTAS
    assert decision.skipped_reason is None
    assert decision.reverted is None
    assert after == {**DEFAULTS, "min_interval_ms": 70.0, "impact_cap_ratio": 0.08, "tail_age_ms": 650.0}
    assert decision.base_hash == parameters_hash(DEFAULTS)
    assert decision.key == "key-3"


def test_one_refusal_is_enough_and_holds_for_its_parameter_only() -> None:
    decision, after = decided(
        opinion(Action.ALLOW, "impact_cap_ratio", guard="a"),
        opinion(Action.REFUSE, "impact_cap_ratio", "frozen", until=4),
        opinion(Action.ALLOW, "impact_cap_ratio", guard="z"),
    )
    assert decision.applied_deltas == {"min_interval_ms": 5.0, "tail_age_ms": 30.0}
    assert decision.skipped_reason == "frozen: impact_cap_ratio held until iteration 4"
    assert after["impact_cap_ratio"] == DEFAULTS["impact_cap_ratio"]


@pytest.mark.parametrize("action", [Action.REFUSE, Action.STOP])
def test_a_refusal_of_the_whole_proposal_refuses_every_parameter(action: Action) -> None:
    decision, after = decided(opinion(action, None, "not_today"))
    assert not decision.applied
    assert after == dict(DEFAULTS)
    assert decision.skipped_reason == "not_today: min_interval_ms, impact_cap_ratio, tail_age_ms"


def test_skipped_reason_groups_parameters_by_reason_and_names_every_reason() -> None:
    decision, _ = decided(
        opinion(Action.REFUSE, "impact_cap_ratio", "frozen", until=6),
        opinion(Action.REFUSE, "impact_cap_ratio", "cooldown_active", guard="c", until=4),
        opinion(Action.REFUSE, "tail_age_ms", "cooldown_active", guard="c", until=4),
    )
    assert decision.skipped_reason == (
        "cooldown_active: impact_cap_ratio, tail_age_ms held until iteration 4; "
        "frozen: impact_cap_ratio held until iteration 6"
    )
    assert decision.applied_deltas == {"min_interval_ms": 5.0}


def test_nothing_proposed_is_said_so() -> None:
    decision, after = decide(context(3), proposal_of({}), [opinion(Action.ALLOW, None)])
    assert decision.skipped_reason == "no_change_proposed"
    assert not decision.applied
    assert after == dict(DEFAULTS)


def test_a_refusal_of_what_was_not_proposed_is_recorded_and_without_effect() -> None:
    decision, _ = decided(opinion(Action.REFUSE, "max_delta_ratio"))
    assert decision.applied_deltas == DELTAS
    assert decision.skipped_reason is None
    assert decision.opinions[0].parameter == "max_delta_ratio"


def test_a_revert_wins_over_every_refusal() -> None:
    decision, after = decided(
        opinion(Action.REVERT, None, "panic_revert"),
        opinion(Action.REFUSE, None, "late_iteration"),
        opinion(Action.REFUSE, "min_interval_ms", "cooldown_active"),
    )
    assert after == STEADY_SAFE
    assert decision.reverted == "steady_safe"
    assert decision.applied
    assert decision.applied_deltas == {
        "min_interval_ms": 10.0,
        "replace_rate_per_min": -20.0,
        "base_spread_bps_delta": 0.02,
        "impact_cap_ratio": -0.01,
        "max_delta_ratio": -0.02,
        "tail_age_ms": 120.0,
    }
    assert decision.skipped_reason == (
        "panic_revert: min_interval_ms, impact_cap_ratio, tail_age_ms replaced by profile steady_safe"
    )


def test_a_revert_from_the_safe_values_changes_nothing_and_is_still_a_revert() -> None:
    decision, after = decide(
        context(3, parameters=STEADY_SAFE), proposal_of({}), [opinion(Action.REVERT, None)]
    )
    assert decision.reverted == "steady_safe"
    assert not decision.applied
    assert decision.skipped_reason is None
    assert after == STEADY_SAFE


def test_the_record_does_not_depend_on_the_order_of_the_guards() -> None:
    opinions = [
        opinion(action, parameter, reason, guard)
        for guard in ("one", "two")
        for parameter in (*DELTAS, None, "not_a_parameter")
        for action, reason in ((Action.ALLOW, "fine"), (Action.REFUSE, "bad"))
    ]
    expected = decided(*opinions)
    for seed in range(20):
        random.Random(seed).shuffle(opinions)
        assert decided(*opinions) == expected


@pytest.mark.parametrize(
    "deltas",
    [
        {"min_interval_ms": 50.0},  # not cut at the bound: 65 + 50 is 115, the wall is 80
        {"min_interval_ms": float("nan")},
        {"not_in_force": 1.0},
    ],
)
def test_a_change_that_does_not_add_up_is_refused(deltas: dict[str, float]) -> None:
    with pytest.raises(SoakStateError, match=r"min_interval_ms|not_in_force"):
        decided(**deltas)


def test_a_delta_is_never_taken_for_a_value() -> None:
    """A step of +5 ms moves 65 to 70; it is not written as 5."""
    _, after = decided(min_interval_ms=5.0)
    assert after["min_interval_ms"] == 70.0


def test_a_safe_profile_with_other_parameters_is_refused() -> None:
    partial = {name: value for name, value in STEADY_SAFE.items() if name != "tail_age_ms"}
    with pytest.raises(SoakStateError, match="set of parameters"):
        decide(context(3, safe_parameters=partial), proposal_of({}), [opinion(Action.REVERT, None)])


def test_a_parameter_that_is_not_moved_keeps_every_decimal() -> None:
    fine = {**DEFAULTS, "max_delta_ratio": 0.123456789}
    _, after = decide(context(3, parameters=fine), proposal_of({"min_interval_ms": 5.0}), [])
    assert after["max_delta_ratio"] == 0.123456789


def test_guards_that_are_off_are_recorded() -> None:
    decision, _ = decide(context(3), proposal_of({}), [], ("soak_late", "soak_freeze"))
    assert decision.guards_off == ("soak_freeze", "soak_late")


def test_tuning_switched_off_is_recorded_as_that() -> None:
    decision = no_decision(context(3))
    assert (decision.applied, decision.proposal, decision.skipped_reason) == (False, {}, "tuning_off")
    assert decision.base_hash == parameters_hash(DEFAULTS)


def test_hook_answers_are_collected_from_every_accepted_shape() -> None:
    one, two, three = (opinion(Action.ALLOW, None, guard=g) for g in "abc")
    assert collected([one, None, [two], (three,), [], ()]) == (one, two, three)


@pytest.mark.parametrize("answer", [True, "no", [None], [True], {"guard": "g"}])
def test_a_hook_answer_that_is_no_opinion_is_an_error(answer: object) -> None:
    with pytest.raises(SoakConfigError, match="not an Opinion"):
        collected([answer])


def test_a_record_is_reduced_to_the_step_that_rules_see() -> None:
    loop = Loop()
    for _ in range(3):
        loop.turn(**STABLE)
    for turn, step in zip(loop.turns, loop.steps, strict=True):
        record = record_of(turn)
        assert step_of(record) == step
        assert step_of(IterationRecord.model_validate_json(record.model_dump_json())) == step
    relaxed = {name: p.move_by("NORMALIZE") for name, p in PARAMETERS.items()}
    assert loop.steps[0].applied_deltas == {name: move for name, move in relaxed.items() if move}
    assert loop.steps[0].warmup
    assert not loop.steps[2].warmup


def test_a_reverted_record_is_a_reverted_step() -> None:
    turn = Loop().turn(**STABLE)
    reverted = replace(turn, decision=turn.decision.model_copy(update={"reverted": "steady_safe"}))
    assert step_of(record_of(reverted)).reverted
    assert not step_of(record_of(turn)).reverted
