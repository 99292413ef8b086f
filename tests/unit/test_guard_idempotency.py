from __future__ import annotations

from pytest_soak.domain.hashing import decision_key, parameters_hash
from pytest_soak.domain.parameters import DEFAULTS
from pytest_soak.guards.idempotency import opinions
from tests.rules_kit import allowed, context, moved_step, refused, step

DELTAS = {"min_interval_ms": 5.0, "tail_age_ms": 30.0}
APPLIED = moved_step(1, DEFAULTS, DELTAS)


def test_a_decision_that_was_applied_is_refused() -> None:
    said = opinions(context(1, steps=[APPLIED], proposal=DELTAS, decision_key="key-1"))
    assert refused(said) == dict.fromkeys(DELTAS, "duplicate_decision")
    assert said[0].message == "applied already at iteration 1"


def test_another_decision_is_not() -> None:
    assert allowed(opinions(context(2, steps=[APPLIED], proposal=DELTAS))) == set(DELTAS)


def test_a_decision_of_which_nothing_was_applied_may_be_repeated() -> None:
    said = opinions(context(1, steps=[step(1)], proposal=DELTAS, decision_key="key-1"))
    assert allowed(said) == set(DELTAS)


def test_nothing_is_said_at_the_start() -> None:
    assert opinions(context(1, steps=[APPLIED], moment="start", decision_key="key-1")) == ()


def test_the_key_is_of_run_iteration_base_and_deltas() -> None:
    base = parameters_hash(DEFAULTS)
    key = decision_key("run", 1, base, DELTAS)
    assert key == decision_key("run", 1, base, dict(reversed(DELTAS.items())))
    assert key == decision_key("run", 1, base, {"min_interval_ms": 5, "tail_age_ms": 30})
    others = {
        decision_key("other", 1, base, DELTAS),
        decision_key("run", 2, base, DELTAS),
        decision_key("run", 1, parameters_hash(APPLIED.parameters_after), DELTAS),
        decision_key("run", 1, base, {"min_interval_ms": 5.0}),
    }
    assert len(others | {key}) == 5
