"""pytest-html: each soak item's row has its KPIs, and other rows have empty cells."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.store.journal.journal import Journal
from tests.e2e.conftest import canary_folder

JOB = ("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-gate=soft")
HEAD = ["Result", "Test", "Strategy", "Net bps", "Profit", "Risk", "Zone", "Verdict", "Duration", "Links"]


@pytest.fixture(autouse=True)
def _with_html(monkeypatch: pytest.MonkeyPatch, _no_outside_influence: None) -> None:
    unused = ("hypothesispytest", "randomly", "benchmark", "anyio")
    words = ["-o soak_report=md", *(f"-p no:{name}" for name in unused)]
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(words))


def rows(file: Path) -> dict[str, list[str]]:
    """Cells of each row by the name of its test, and the heads of the columns."""
    text = file.read_text(encoding="utf-8")
    blob = re.search(r'data-jsonblob="([^"]*)"', text)
    assert blob is not None
    data: dict[str, list[dict[str, Any]]] = json.loads(html.unescape(blob[1]))["tests"]
    found = {"head": re.findall(r"<th[^>]*>([^<]*)</th>", text)}
    for name, reports in data.items():
        cells = reports[0]["resultsTableRow"]
        found[name.rpartition("::")[2]] = [re.sub(r"<[^>]*>", "", cell) for cell in cells]
    return found


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_rows_carry_what_the_journal_holds(
    pytester: pytest.Pytester, gate_warnings: None, workers: tuple[str, ...]
) -> None:
    run = pytester.runpytest_subprocess if workers else pytester.runpytest_inprocess
    result = run(*JOB, "--html=report.html", *workers)
    assert result.ret == 0
    found = rows(pytester.path / "report.html")
    assert found["head"][: len(HEAD)] == HEAD
    with Journal.read(canary_folder(pytester.path) / "soak.db") as journal:
        for record in journal.records():
            cells = found[f"test_soak[steady_safe-calm-s1-iter{record.iteration:03d}]"]
            assert record.decision.zone is not None
            assert cells[2:8] == [
                "reference_maker",
                f"{record.kpis.net_bps:+.2f}",
                f"{record.kpis.profit:+.2f}",
                f"{record.kpis.risk_ratio:.1%}",
                record.decision.zone.value,
                record.verdict.value,
            ]
    gates = found["test_soak[steady_safe-calm-s1-gates]"]
    assert gates[2] == "reference_maker"
    assert gates[7] == "OK"


def test_a_strategys_name_stays_text_and_other_tests_have_empty_cells(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from pytest_soak.market import ReferenceMaker

        class Named(ReferenceMaker):
            name = "<b>bold</b>\\x1b[31m"

        def pytest_soak_make_strategy(profile):
            return Named(profile.maker, profile.fees)
        """
    )
    pytester.makepyfile("def test_other(): pass\ndef test_mine(soak_iteration): pass")
    pytester.makeini("[pytest]\nsoak_iterations = 1\nsoak_minutes = 0.5\nsoak_gate = off")
    assert pytester.runpytest_inprocess("--html=report.html").ret == 0
    text = html.unescape((pytester.path / "report.html").read_text(encoding="utf-8"))
    assert "<b>bold" not in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "\x1b" not in text
    assert rows(pytester.path / "report.html")["test_other"][2:8] == [""] * 6


def test_without_the_report_there_is_nothing_to_fill(pytester: pytest.Pytester, gate_warnings: None) -> None:
    assert pytester.runpytest_inprocess(*JOB, "-p", "no:html").ret == 0
