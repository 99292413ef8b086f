"""Gate warnings: counted per cause and canary, in one order, and only text."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_soak.domain.records import GateResult, Verdict
from pytest_soak.plugin.handles import GateError, SoakGateWarning, enforce
from pytest_soak.plugin.warned import SoakWarnings

HOSTILE = "a\x1b[2J\u202eb"
SHOWN = r"a\x1b[2J\u202eb"
MISSED = GateResult(
    kpi="net_bps", verdict=Verdict.FAIL, measured=1.0, n=100, bound=">= 2", threshold=2.0, off_by=1.0, least=0
)


@dataclass
class Report:
    message: str
    nodeid: str = "n"
    fslocation: object = "f"


def handed_on(*given: SoakGateWarning) -> list[str]:
    """What pytest shows in the end of warnings that it recorded one by one."""
    recorded: list[Report] = []
    reporter = SimpleNamespace(stats={"warnings": recorded})
    manager = SimpleNamespace(get_plugin=lambda _: reporter)
    plugin = SoakWarnings(cast("Any", SimpleNamespace(pluginmanager=manager)))
    for warning in given:
        recorded.append(Report(str(warning)))
        plugin.pytest_warning_recorded(warnings.WarningMessage(warning, SoakGateWarning, "f", 1), "")
    plugin.pytest_sessionfinish()
    return [report.message for report in recorded]


def test_equal_causes_of_a_canary_are_counted_by_canary() -> None:
    """Whatever the order in which workers told of them."""
    first, second = (
        SoakGateWarning("text", canary, [("FAIL net_bps", f"of {canary}")]) for canary in ("s1", "s2")
    )
    assert handed_on(second, first, second) == [
        "SoakGateWarning: of s1",
        "SoakGateWarning: of s2 (and 1 more of s2: FAIL net_bps)",
    ]


def test_many_canaries_have_a_line_each_in_one_warning() -> None:
    given = [
        SoakGateWarning("text", f"s{n}", [("FAIL net_bps", "a"), ("WARN risk_ratio", "b")][: 1 + n % 2])
        for n in (3, 1, 2, 5, 4, 1, 1)
    ]
    (said,) = handed_on(*given)
    assert said.splitlines() == [
        "SoakGateWarning: gates of 5 canaries that warned, or missed and did not fail:",
        "  s1: FAIL net_bps x3, WARN risk_ratio x3",
        "  s2: FAIL net_bps",
        "  s3: FAIL net_bps, WARN risk_ratio",
        "  s4: FAIL net_bps",
        "  s5: FAIL net_bps, WARN risk_ratio",
    ]


def test_foreign_names_in_warnings_are_shown_as_text() -> None:
    with pytest.warns(SoakGateWarning) as caught:
        enforce([MISSED], HOSTILE, Path("f"), canary=HOSTILE, hard=False)
    (warning,) = (w.message for w in caught)
    assert isinstance(warning, SoakGateWarning)
    assert str(warning).startswith(f"{SHOWN}: FAIL: net_bps")
    (said,) = handed_on(warning)
    assert said.startswith(f"SoakGateWarning: {SHOWN}: FAIL: net_bps")
    assert SHOWN in handed_on(warning, warning)[0].partition("more of")[2]


def test_the_first_missed_gate_comes_first_and_the_others_are_counted() -> None:
    other = MISSED.model_copy(update={"kpi": "risk_ratio"})
    with pytest.raises(GateError) as caught:
        enforce([MISSED, other, other], "here", Path("f"), canary="c", hard=True)
    first, *rest = str(caught.value).split("\n")
    assert first.startswith("net_bps ")
    assert first.endswith(" (+2 more)")
    assert len(first) < 40
    assert sum("required" in line for line in rest) == 3


def test_a_miss_is_named_before_what_was_not_measured() -> None:
    """Whatever the order of the KPIs, and though the item fails for both."""
    nothing = MISSED.model_copy(update={"verdict": Verdict.NO_DATA, "measured": None, "off_by": None})
    with pytest.raises(GateError, match=r"^net_bps .* \(\+1 more\)"):
        enforce([nothing, MISSED], "here", Path("f"), canary="c", hard=True)


def test_foreign_names_in_a_missed_gate_are_shown_as_text() -> None:
    """Also the folder's; the lines of the message itself stay lines."""
    with pytest.raises(GateError) as caught:
        enforce([MISSED], HOSTILE, Path(HOSTILE), canary="c", hard=True)
    lines = str(caught.value).split("\n")
    assert lines[1] == f"{SHOWN} missed 1 gate(s):"
    assert lines[-1] == f"  see {SHOWN}"


def test_a_gate_without_a_sampling_error_says_that_chance_was_not_allowed_for() -> None:
    """Not where an error is known, or where the value was not judged as it stands."""
    known = MISSED.model_copy(update={"error": 0.1, "margin": 0.2})
    by_rule = MISSED.model_copy(update={"note": "few were blocked"})
    said = "no sampling error is known, so it is judged as measured"
    with pytest.raises(GateError) as caught:
        enforce([MISSED, known, by_rule], "here", Path("f"), canary="c", hard=True)
    assert [said in line for line in str(caught.value).splitlines()[2:5]] == [True, False, False]
    with pytest.warns(SoakGateWarning, match=said):
        enforce([MISSED], "here", Path("f"), canary="c", hard=False)
