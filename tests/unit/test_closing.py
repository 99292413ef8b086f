"""The last lines agree with the numbers above them."""

from __future__ import annotations

import pytest

from pytest_soak.domain.outcome import Outcome
from pytest_soak.plugin.closing import lost_line, missing_line, next_step, verdict_line


def outcome(*verdicts: str, pooled: str | None = "OK", planned: int = 0, mode: str = "hard") -> Outcome:
    return Outcome(planned or len(verdicts), len(verdicts), mode, verdicts, pooled=pooled)


def said(*outcomes: Outcome, failed: bool = False) -> str:
    return next_step(outcomes, failed=failed, start_at="START", report="REPORT")


@pytest.mark.parametrize(
    ("outcomes", "failed", "expected"),
    [
        ([outcome("OK", "OK")], False, "all gates held"),
        ([outcome("OK", "FAIL")], False, "not fit to trade"),
        ([outcome("OK", "OK", pooled="FAIL")], False, "not fit to trade"),
        ([outcome("NO_DATA", pooled="FAIL")], False, "not fit to trade"),
        ([outcome("NO_DATA"), outcome("OK")], False, "not everything was measured"),
        ([outcome("OK", pooled="INCONCLUSIVE")], False, "more iterations would decide"),
        ([outcome("OK", planned=3, pooled=None)], False, "the run was not whole"),
        ([outcome("OK", mode="off")], False, "the gates are off"),
        ([outcome("OK", pooled=None)], False, "no gates item was run"),
        ([outcome("OK", mode="off"), outcome("OK")], False, "no verdict on 1 of 2 canaries"),
        ([outcome("OK", pooled="WARN")], False, "no gate failed, and those that warn are shown above"),
        ([outcome("FAIL", "OK", pooled="INCONCLUSIVE")], False, "in 1 of 2 iteration(s) (over the run: INC"),
        ([outcome("NO_DATA", "OK")], False, "measured in 1 of 2 iteration(s) (over the run: OK)"),
        ([outcome("NO_DATA", pooled=None)], False, "not everything was measured in 1 of 1 iteration(s);"),
        ([outcome("FAIL"), outcome("FAIL", pooled="FAIL")], False, "not fit to trade as it is; start"),
        ([outcome("OK")], True, "items failed for other reasons"),
    ],
)
def test_the_next_step_is_that_of_the_worst(outcomes: list[Outcome], failed: bool, expected: str) -> None:
    """Whether the gates held is said only of what was judged, all of it."""
    line = said(*outcomes, failed=failed)
    assert expected in line
    assert ("all gates held" in line) == (expected == "all gates held")


def test_a_verdict_that_is_not_that_of_the_pooled_gates_says_why() -> None:
    """Both stand on the screen: the canary's in the matrix, that of the pooled gates below its table."""
    said = verdict_line(outcome("FAIL", "OK", pooled="INCONCLUSIVE"))
    assert said == "verdict FAIL: 1 of 2 iteration(s) missed a gate by more than chance explains"
    assert verdict_line(outcome("NO_DATA")) == "verdict NO_DATA: 1 of 1 iteration(s) lacked data for a gate"
    assert verdict_line(outcome("FAIL", pooled="FAIL")) is None
    assert verdict_line(outcome("FAIL", pooled=None)) is None
    assert verdict_line(outcome("OK", pooled="INCONCLUSIVE")) is None


def test_records_that_are_gone_are_named() -> None:
    assert "missing: a/RUN.json was removed" in lost_line(["a/RUN.json"])
    assert "missing: a/RUN.json and 2 more was removed" in lost_line(["a/RUN.json", "b", "c"])


def test_misses_by_chance_are_named() -> None:
    """A miss within its sampling error fails nothing, and is not hidden."""
    line = said(Outcome(2, 2, "hard", ("OK",), by_chance=1, pooled="OK"))
    assert "all gates held over the run (1 iteration(s) missed one" in line


def test_a_run_cut_short_says_what_is_missing() -> None:
    """The count, and the command that goes on unless another line says it."""
    assert missing_line(5, 8, "RUN") == "missing: 5 of 8 iterations; pytest --soak-resume=RUN"
    assert missing_line(5, 8, "") == "missing: 5 of 8 iterations"
    assert missing_line(0, 8, "RUN") is None
