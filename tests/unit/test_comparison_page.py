"""The page of a comparison: what it draws, and that foreign text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pytest_soak.observe.compared import values
from pytest_soak.observe.comparison import Comparison, Difference, Group
from pytest_soak.observe.html import COMPARISON, page, write_page

HOSTILE = "</script><img src=x onerror=alert(1)>"
COMPARED = Comparison(
    before="before",
    after="after",
    changes=(f"profile {HOSTILE} is new",),
    only_before=(),
    only_after=(HOSTILE,),
    groups=(
        Group(
            profile=HOSTILE,
            scenario="calm",
            pairs=3,
            identical=0,
            verdicts=("3 OK", "3 OK"),
            differences=(
                Difference("net_bps", 3, 0, 4.0, 3.0, 0.5),
                Difference("slippage_bps", 3, 0, 0.0, 0.5, 0.1),
                Difference("profit", 1, 0, 40.0, 41.0, None),
                Difference("fills", 2, 1, None, None, None),
            ),
        ),
    ),
)


def test_changes_are_shares_of_what_was_before_where_there_was_something() -> None:
    (group,) = values(COMPARED)["groups"]
    net, slippage, profit, fills = group["differences"]
    assert (net["share"], net["half"], net["mark"]) == (-0.25, 0.125, "worse")
    assert (slippage["share"], slippage["half"], slippage["mark"]) == (None, None, "better")
    assert (profit["share"], profit["half"]) == (0.025, None)
    assert (fills["share"], fills["mark"]) == (None, "NO_DATA")
    assert net["cells"] == ["net_bps", "4", "3", "-1", "0.5", "3", "worse"]


def test_a_page_holds_the_values_and_foreign_text_as_text(tmp_path: Path) -> None:
    text = page(values(COMPARED), COMPARISON, plotly="plotly.js")
    assert "<img" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert json.loads(data) == values(COMPARED)
    file = tmp_path / "compared.html"
    write_page(values(COMPARED), file, COMPARISON, single=True)
    assert "Plotly" in file.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["compared.html"]
