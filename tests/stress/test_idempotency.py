from __future__ import annotations

from pytest_soak.domain.parameters import DEFAULTS
from tests.rules_loop import Loop

MODERATE = {"risk_ratio": 0.45, "net_bps": 2.5}


def test_the_same_decision_a_hundred_times_changes_the_overrides_once() -> None:
    """TEST-3: after the first apply, a hundred repeats of the decision leave the overrides as they are."""
    loop = Loop(iterations=100)
    first = loop.turn(**MODERATE)
    overrides = dict(first.after)
    assert first.decision.applied_deltas == {"min_interval_ms": 5.0, "impact_cap_ratio": -0.005}
    assert overrides != dict(DEFAULTS)
    for _ in range(100):
        again = loop.retry(first)
        assert again.decision.key == first.decision.key
        assert not again.decision.applied
        assert "duplicate_decision: min_interval_ms, impact_cap_ratio" in (
            again.decision.skipped_reason or ""
        )
        if again.decision.applied:
            overrides = again.after
    assert overrides == first.after
    assert dict(loop.parameters) == first.after


def test_the_same_deltas_on_a_new_base_are_applied() -> None:
    loop = Loop(iterations=100)
    first, second = loop.turn(**MODERATE), loop.turn(**MODERATE)
    assert first.decision.applied_deltas == second.decision.applied_deltas
    assert first.decision.key != second.decision.key
    assert second.after["min_interval_ms"] == DEFAULTS["min_interval_ms"] + 10.0


def test_the_repeat_is_refused_by_the_guard_and_by_nothing_else() -> None:
    loop = Loop(iterations=100, off=("soak_idempotency",))
    first = loop.turn(**MODERATE)
    assert loop.retry(first).decision.applied
