from __future__ import annotations

from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.guards.late import opinions
from tests.rules_kit import STABLE, allowed, context, refused
from tests.rules_loop import Loop

PROPOSAL = {"min_interval_ms": 5.0, "tail_age_ms": 30.0}


def test_the_last_iteration_changes_nothing() -> None:
    said = opinions(context(6, iterations=6, proposal=PROPOSAL))
    assert refused(said) == dict.fromkeys(PROPOSAL, "late_iteration")
    assert said[0].message == "iteration 6 of 6 is the last one"


def test_the_one_before_it_does() -> None:
    assert allowed(opinions(context(5, iterations=6, proposal=PROPOSAL))) == set(PROPOSAL)


def test_nothing_is_said_at_the_start() -> None:
    assert opinions(context(6, iterations=6, moment="start")) == ()


def test_the_last_proposal_is_recorded_and_not_applied() -> None:
    loop = Loop(iterations=1)
    turn = loop.turn(**STABLE)
    assert turn.decision.proposal == {
        "min_interval_ms": -3.0,
        "base_spread_bps_delta": -0.005,
        "impact_cap_ratio": 0.005,
        "max_delta_ratio": 0.0025,
        "tail_age_ms": -5.0,
    }
    assert not turn.decision.applied
    assert turn.decision.skipped_reason == f"late_iteration: {', '.join(turn.decision.proposal)}"
    assert turn.after == dict(DEFAULTS)
