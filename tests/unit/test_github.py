"""What GitHub Actions is told: a table that stays a table, commands that stay one command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_soak.observe.markdown import escaped
from pytest_soak.plugin.bulk import Measured
from pytest_soak.plugin.github import commands, escaped_data, escaped_property, summary_text
from pytest_soak.plugin.lines import gate_text
from pytest_soak.plugin.wire import CanaryGates, GateSeen
from tests.unit.test_lines import ROW


def canary(verdict: str, *, mode: str = "hard", strategy: str = "mine", seed: int = 1) -> Measured:
    gate = GateSeen(kpi="net_bps", verdict=verdict, measured=1.5, bound=">= 2")
    row = replace(ROW, verdict="OK", gates=[], gate_mode=mode, strategy=strategy, seed=seed)
    gates = CanaryGates(verdict=verdict, gates=[gate])
    return Measured(f"default-calm-s{seed}", [row, replace(row, profit=-2.345)], gates)


def test_the_table_has_a_row_per_canary_and_the_last_lines() -> None:
    lines = summary_text([canary("FAIL"), canary("OK", seed=2)], ["next: start at a_b/c"]).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert rows[0][:3] == ["profile", "scenario", "seed"]
    assert rows[2] == ["default", "calm", "1", "mine", "+1.50", "-", "+10.00", "FAIL", "net_bps"]
    assert rows[3][-2:] == ["OK", "-"]
    assert lines[-2:] == ["next: start at a_b/c", ""]


def test_the_test_is_named_where_several_have_one_canary() -> None:
    bare = canary("FAIL")
    shared = replace(bare, rows=[replace(row, test="test_mine") for row in bare.rows])
    (line,) = commands([shared])
    assert "test_mine default-calm-s1" in line
    row = next(line for line in summary_text([shared], []).splitlines() if line.startswith("| default"))
    assert "mine in test" in row


def test_profit_is_given_only_where_every_iteration_has_one() -> None:
    whole = canary("OK")
    part = replace(whole, rows=[whole.rows[0], replace(whole.rows[1], profit=None)])
    assert "| +12.35 |" not in summary_text([part], [])
    assert "+10.00" in summary_text([whole], [])


@pytest.mark.parametrize("hostile", ["a|b", "a\nb", "a`b`", "<img src=x>", "[a](b)", "&lt;", "_a_", "@you"])
def test_foreign_text_stays_text_in_markdown(hostile: str) -> None:
    """Nothing that opens a cell, a line, a span, a tag, a link or a mention is left as it is."""
    given = escaped(hostile)
    assert hostile not in given
    text = summary_text([canary("OK", strategy=hostile)], [])
    row = next(line for line in text.splitlines() if line.startswith("| default"))
    assert row.count("|") == 10
    assert given in row


def test_many_canaries_stay_below_what_github_takes() -> None:
    """However long and strange the names are: 1 MiB, beyond which GitHub shows nothing."""
    base = canary("FAIL", strategy="|" * 1000)
    strange = replace(base, rows=[replace(base.rows[0], profile="&" * 1000, scenario="<" * 1000)])
    text = summary_text([strange] * 600, ["next: read on"])
    assert len(text.encode("utf-8")) < 2**20
    assert "(100 more canaries, none of which is worse)" in text


@pytest.mark.parametrize(
    ("verdict", "mode", "level"),
    [
        ("FAIL", "hard", "error"),
        ("NO_DATA", "hard", "error"),
        ("FAIL", "soft", "warning"),
        ("NO_DATA", "soft", "warning"),
        ("WARN", "hard", "warning"),
        ("INCONCLUSIVE", "hard", "warning"),
    ],
)
def test_an_annotation_has_the_level_of_what_it_does(verdict: str, mode: str, level: str) -> None:
    assert commands([canary(verdict, mode=mode)]) == [
        f"::{level} title=soak {verdict}%3A default-calm-s1::"
        f"strategy mine; over the run: {verdict} net_bps 1.5 (>= 2)"
    ]


def test_what_held_or_was_not_judged_has_no_annotation() -> None:
    assert commands([canary("OK"), canary("FAIL", mode="off")]) == []


def test_an_annotation_names_the_iteration_that_missed() -> None:
    """Where no gates item judged the whole."""
    (line,) = commands([Measured("key", [ROW, replace(ROW, iteration=4)], None)])
    assert line.endswith("::strategy mine; iteration 3 (and 1 more): FAIL net_bps 1.5 (>= 2)")


def test_a_name_cannot_end_a_command() -> None:
    """By GitHub's rules; a line break is spelled out before."""
    (line,) = commands([replace(canary("FAIL", strategy="a%0A\n::b"), key="x:y,z%\r")])
    assert line.startswith(r"::error title=soak FAIL%3A x%3Ay%2Cz%25\r::strategy a%250A\n::b;")
    assert escaped_data("%\r\n:,") == "%25%0D%0A:,"
    assert escaped_property("%\r\n:,") == "%25%0D%0A%3A%2C"


def test_a_missed_gate_never_reads_as_if_it_held() -> None:
    near = GateSeen(kpi="net_bps", verdict="FAIL", measured=1.99996, bound=">= 2")
    assert gate_text(near) == "net_bps 1.99996 (>= 2)"
    assert gate_text(replace(near, measured=None)) == "net_bps - (>= 2)"
