"""Guards at work in whole runs: TEST-2, TEST-6, SAFE-1, SAFE-3, HAVE-4, switches and the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import Scripted, canary_folder, summary

STABLE = (3.2, 0.30, 1.0)
BAD = (1.0, 0.45, 1.0)
DRIVEN = (3.0, 0.38, 3.6)
ARGS = ("--soak-profile=steady_safe", "-p", "no:randomly")


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*ARGS, *args)


def state(pytester: pytest.Pytester) -> dict[str, Any]:
    text = (canary_folder(pytester.path) / "TUNING_STATE.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def test_freeze_activates_after_two_stable_iterations(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """TEST-2, RM-1.6: 1-2 stable, then the two sensitive parameters are frozen and others still move."""
    scripted([STABLE])
    pytester.mkdir("soak_profiles").joinpath("short.toml").write_text(
        'schema_version = 1\nname = "short"\n[parameters]\nmin_interval_ms = 75\nimpact_cap_ratio = 0.09\n'
        "[gates.thresholds.net_bps]\nfail_below = 2.0\n"
        "[guards.freeze]\nduration_iterations = 2\n",
        encoding="utf-8",
    )
    result = pytester.runpytest_inprocess("--soak-profile=short", "--soak-iterations=4", "-p", "no:randomly")
    assert result.ret == 0
    assert state(pytester)["frozen_until_iter"] == 4
    for iteration in (3, 4):
        record = summary(pytester.path, iteration)
        assert "frozen" in record["tuning"]["skipped_reason"]
        for name in ("impact_cap_ratio", "max_delta_ratio"):
            assert record["next_overrides"][name] == record["overrides"][name]
    moved = {"min_interval_ms": -3.0, "base_spread_bps_delta": -0.005, "tail_age_ms": -5.0}
    assert summary(pytester.path, 3)["tuning"]["deltas"] == moved


def test_freeze_lasts_four_iterations_by_default(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """HAVE-2: with the shipped profile the freeze of iteration 2 holds until iteration 6."""
    scripted([STABLE])
    assert run(pytester, "--soak-iterations=8").ret == 0
    frozen = [
        any(o["reason"] == "frozen" for o in summary(pytester.path, n)["tuning"]["opinions"])
        for n in range(1, 9)
    ]
    assert frozen == [False, True, True, True, True, True, False, True]


def test_panic_reverts_to_the_safe_profile(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """TEST-6, SAFE-3: three FAIL verdicts after the warm-up; the streak starts again; a cooldown begins."""
    scripted([BAD])
    result = pytester.runpytest_inprocess("--soak-profile=aggressive", "--soak-iterations=6")
    assert result.ret == 1
    safe = {"min_interval_ms": 75, "replace_rate_per_min": 260, "base_spread_bps_delta": 0.16}
    reverted = [summary(pytester.path, n)["tuning"]["reverted"] for n in range(1, 7)]
    assert reverted == [None, None, None, None, "steady_safe", None]
    after = summary(pytester.path, 5)["next_overrides"]
    assert {name: after[name] for name in safe} == safe
    assert state(pytester)["fail_streak"] == 1
    assert state(pytester)["cooldown_until_iter"] == 7
    result.stdout.fnmatch_lines(["*PANIC: reverted to steady_safe*"])


def test_large_change_starts_a_cooldown(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """SAFE-1, MVP-5: the change of iteration 1 is large, the next two iterations relax nothing."""
    scripted([DRIVEN, STABLE])
    pytester.runpytest_inprocess("--soak-profile=aggressive", "--soak-iterations=5", "--soak-gate=off")
    applied = [summary(pytester.path, n)["tuning"]["applied"] for n in range(1, 6)]
    assert applied == [True, False, False, True, False]
    assert "cooldown_active" in summary(pytester.path, 2)["tuning"]["skipped_reason"]


def test_last_proposal_is_recorded_and_not_applied(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """HAVE-4: nothing is applied at the end of the last iteration."""
    scripted([STABLE])
    assert run(pytester, "--soak-iterations=3").ret == 0
    last = summary(pytester.path, 3)
    assert last["tuning"]["proposal"] != {}
    assert last["next_overrides"] == last["overrides"]
    assert "late_iteration" in last["tuning"]["skipped_reason"]


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [("soak_freeze", "frozen"), ("soak_late", "late_iteration"), ("soak_cooldown", "cooldown_active")],
)
def test_one_guard_can_be_switched_off(
    pytester: pytest.Pytester, scripted: Scripted, plugin: str, reason: str
) -> None:
    """The guard is silent, the others are not, and the record says that it was off."""
    script = [DRIVEN, STABLE] if plugin == "soak_cooldown" else [STABLE]
    scripted(script)
    args = ("--soak-iterations=4", "--soak-gate=off")
    pytester.runpytest_inprocess(*args)
    reasons = {o["reason"] for n in (1, 2, 3, 4) for o in summary(pytester.path, n)["tuning"]["opinions"]}
    assert reason in reasons
    pytester.runpytest_inprocess(*args, "-p", f"no:{plugin}")
    opinions = [o for n in (1, 2, 3, 4) for o in summary(pytester.path, n)["tuning"]["opinions"]]
    assert opinions
    assert reason not in {o["reason"] for o in opinions}
    assert summary(pytester.path, 4)["tuning"]["guards_off"] == [plugin]


def test_a_guard_of_the_user_is_heard(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """The example of the hook's docstring: a refusal from a conftest.py, on one parameter."""
    scripted([STABLE])
    conftest = pytester.path / "conftest.py"
    conftest.write_text(
        conftest.read_text(encoding="utf-8")
        + """
from pytest_soak import Action, Opinion

def pytest_soak_guard(context):
    if context.moment == "decide" and "min_interval_ms" in context.proposal:
        return Opinion(guard="keep", parameter="min_interval_ms", action=Action.REFUSE, reason="desk_says_no")
""",
        encoding="utf-8",
    )
    assert run(pytester, "--soak-iterations=3").ret == 0
    record = summary(pytester.path, 1)
    assert record["next_overrides"]["min_interval_ms"] == 75
    assert "desk_says_no" in record["tuning"]["skipped_reason"]


def test_every_guard_speaks_of_every_proposed_parameter(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    """Also where another guard had refused already."""
    scripted([STABLE])
    assert run(pytester, "--soak-iterations=3").ret == 0
    decision = summary(pytester.path, 3)["tuning"]
    names = {"soak_state", "soak_panic", "soak_late", "soak_cooldown", "soak_freeze", "soak_oscillation"}
    names |= {"soak_velocity", "soak_idempotency"}
    for parameter in decision["proposal"]:
        said = {o["guard"] for o in decision["opinions"] if o["parameter"] in (parameter, None)}
        assert said == names


def test_no_tune_keeps_the_parameters(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """--soak-no-tune: the same parameters from the first iteration to the last, even when all fail."""
    scripted([BAD])
    run(pytester, "--soak-iterations=6", "--soak-no-tune")
    first = summary(pytester.path, 1)["overrides"]
    assert all(summary(pytester.path, n)["next_overrides"] == first for n in range(1, 7))
    assert summary(pytester.path, 6)["tuning"]["skipped_reason"] == "tuning_off"
