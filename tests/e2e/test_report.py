"""The report of a run: what it says is in the journal, and foreign text stays text."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_soak import cli
from pytest_soak.observe.html import embedded
from pytest_soak.observe.reading import open_run
from pytest_soak.observe.report import WHERE, markdown, report_of
from pytest_soak.observe.series import spans
from pytest_soak.store.journal.journal import Journal
from tests.e2e.conftest import Scripted

JOB = ("--soak-iterations=4", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=soft")
CANARY = "steady_safe-calm-s1"


def newest(pytester: pytest.Pytester) -> Path:
    return sorted((pytester.path / "artifacts/soak/runs").iterdir())[-1]


def data(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_a_run_ends_with_its_report(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*JOB, "--soak-report=html")
    folder = newest(pytester)
    result.stdout.fnmatch_lines([f"report: artifacts/soak/runs/{folder.name}/report.html"])
    report = data(folder / "report.html")
    with Journal.read(folder / CANARY / "soak.db") as journal:
        records = journal.records()
    (section,) = report["sections"]
    assert [one["kpis"]["net_bps"] for one in section["iterations"]] == [r.kpis.net_bps for r in records]
    assert [one["parameters"] for one in section["iterations"]] == [r.parameters_before for r in records]
    text = (folder / "report.md").read_text(encoding="utf-8")
    for record in records:
        assert f"| {record.iteration} | {record.kpis.net_bps:+.2f} |" in text
    script = re.search(r'<script src="([^"]+)"></script>', (folder / "report.html").read_text("utf-8"))
    assert script is not None
    assert (folder / script[1]).stat().st_size > 1_000_000
    assert "http:" not in (folder / "report.html").read_text("utf-8").replace("http://www.w3.org", "")


def test_the_command_in_the_report_makes_the_run_again(pytester: pytest.Pytester) -> None:
    options = ("--soak-seed=3..4", "--soak-override=tail_age_ms=700", "--soak-no-tune")
    pytester.runpytest_inprocess(*JOB, *options)
    first = newest(pytester)
    command = re.search(r"made again by: `pytest ([^`]*)`", (first / "report.md").read_text("utf-8"))
    assert command is not None
    pytester.runpytest_inprocess(*command[1].split())
    second = newest(pytester)
    assert first != second
    for seed in (3, 4):
        hashes = []
        for run in (first, second):
            with Journal.read(run / f"steady_safe-calm-s{seed}" / "soak.db") as journal:
                hashes.append([entry.sha256 for entry in journal.entries()])
        assert hashes[0] == hashes[1]


def test_a_run_that_was_cut_short_says_what_is_missing(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(*JOB, "-k", "iter001")
    text = (newest(pytester) / "report.md").read_text("utf-8")
    assert f"3 iterations are missing: `pytest --soak-resume={newest(pytester).name}` goes on." in text
    assert text.splitlines()[2] == "**no verdict yet**"


def test_the_first_lines_say_the_verdict_and_why(pytester: pytest.Pytester, scripted: Scripted) -> None:
    scripted([(1.0, 0.30, 1.0)])
    pytester.runpytest_inprocess("--soak-iterations=4", "--soak-gate=hard")
    lines = (newest(pytester) / "report.md").read_text("utf-8").splitlines()
    assert re.match(r"\*\*FAIL\*\*: (over the run|iteration 3): net_bps: measured 1 bps, required", lines[2])


def test_foreign_text_stays_text_in_both_reports(pytester: pytest.Pytester) -> None:
    evil = "</script><script>alert(1)</script><b>\x1b[31m\u202e"
    pytester.makeconftest(
        f"""
        from pytest_soak.market import ReferenceMaker

        class Named(ReferenceMaker):
            name = {evil!r}

        def pytest_soak_make_strategy(profile):
            return Named(profile.maker, profile.fees)
        """
    )
    pytester.runpytest_inprocess("--soak-iterations=1", "--soak-minutes=0.5", "--soak-report=html")
    page = (newest(pytester) / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert data(newest(pytester) / "report.html")["canaries"][0]["strategy"] == evil
    text = (newest(pytester) / "report.md").read_text("utf-8")
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "alert(1)" in html.unescape(text)


@pytest.mark.parametrize("value", [["</script>"], {"a": "<!--"}, "&lt;", "\u2028"])
def test_embedded_json_ends_no_script_and_comes_back(value: object) -> None:
    text = embedded(value)
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == value


def test_the_command_writes_one_file_elsewhere(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.runpytest_inprocess(*JOB, "--soak-report=off")
    assert not (newest(pytester) / "report.md").exists()
    assert cli.main(["report", "-o", "out", "--single-file"]) == 0
    assert sorted(path.name for path in (pytester.path / "out").iterdir()) == ["report.html", "report.md"]
    assert (pytester.path / "out" / "report.html").stat().st_size > 1_000_000


def test_a_run_that_measured_nothing_has_its_report_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        class Broken:
            name = "broken"

            def describe(self):
                return {}

            def run(self, market, parameters, window):
                raise RuntimeError("broken")

        def pytest_soak_make_strategy(profile):
            return Broken()
        """
    )
    result = pytester.runpytest_inprocess(*JOB, "--soak-report=md")
    result.stdout.fnmatch_lines([f"report: artifacts/soak/runs/{newest(pytester).name}/report.md"])
    text = (newest(pytester) / "report.md").read_text("utf-8")
    assert "iterations are missing: `pytest --soak-resume=" in text
    assert "| steady_safe-calm-s1 | broken | 0/" in text


def test_a_series_that_is_missing_is_said(pytester: pytest.Pytester) -> None:
    """As after a disk that was full: the others are shown, and what cannot be is named."""
    pytester.runpytest_inprocess(*JOB, "--soak-report=off")
    (canary,) = newest(pytester).glob("*/soak.db")
    whole = report_of(open_run(newest(pytester), newest(pytester)))
    (section,) = whole["sections"]
    assert (section["without_series"], section["worst"]["lost"]) == ("", "")
    worst = section["worst"]["iteration"]
    (canary.parent / f"SERIES_{worst}.npz").unlink()
    report = report_of(open_run(newest(pytester), newest(pytester)))
    (section,) = report["sections"]
    assert section["worst"]["iteration"] != worst
    said = section["worst"]["lost"]
    assert said.startswith(f"Iteration {worst} earned less, but has no path to show: ")
    assert f"Iterations without a series, so without a path: {worst}. " in section["without_series"]
    assert f"without a path: {worst}. " in markdown(report)
    for path in canary.parent.glob("SERIES_*.npz"):
        path.unlink()
    (section,) = report_of(open_run(newest(pytester), newest(pytester)))["sections"]
    assert section["worst"] is None
    assert section["without_series"] == "No iteration has a series: there are no paths to show."


def test_neighbours_are_told_by_their_ends() -> None:
    assert spans([1, 2, 3, 7, 9, 10], " to ") == ["1 to 3", "7", "9 to 10"]
    assert spans([], "..") == []


def test_reports_share_one_copy_of_the_script(pytester: pytest.Pytester) -> None:
    for _ in range(2):
        pytester.runpytest_inprocess(*JOB, "--soak-report=html", "-k", "iter001")
    scripts = list(pytester.path.glob("artifacts/soak/runs/*/plotly-*.min.js"))
    assert len(scripts) == 2
    assert scripts[0].samefile(scripts[1])


def test_an_unknown_kind_is_refused(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*JOB, "-o", "soak_report=pdf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "soak_report: 'pdf' is not one of html, md, off" in result.stderr.str()


def test_a_report_that_cannot_be_written_fails_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from pathlib import Path

        def test_mine(soak_iteration):
            soak_iteration.run()
            run, = Path("artifacts/soak/runs").iterdir()
            (run / "report.md").mkdir(exist_ok=True)
        """
    )
    result = pytester.runpytest_inprocess(*JOB)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["report: not written: *report.md*"])


def test_every_number_of_the_tearsheet_is_in_the_journal_where_its_row_says(
    pytester: pytest.Pytester,
) -> None:
    job = ("--soak-iterations=3", "--soak-minutes=5", "--soak-scenario=flash_crash", "--soak-gate=soft")
    pytester.runpytest_inprocess(*job, "--soak-override=tail_age_ms=800", "--soak-report=html")
    (section,) = data(newest(pytester) / "report.html")["sections"]
    with Journal.read(newest(pytester) / section["name"] / "soak.db") as journal:
        entries = list(journal.entries())
    records = [entry.record.model_dump(mode="json") for entry in entries]
    wall = entries[2].wall.model_dump(mode="json")
    text = (newest(pytester) / "report.md").read_text("utf-8")
    titles = [table["title"] for table in section["sheet"]]
    assert {"Profit split", "Markout curve of maker fills", "Worst five minutes", "What was tuned"} <= set(
        titles
    )
    for table in section["sheet"]:
        assert f"### {table['title']}\n" in text
        for row in table["rows"]:
            assert f"| {row[0]} |" in text
            where: Any = {"record": records[2], "wall": wall}
            for key in row[-1].split("."):
                where = where[key]
            assert where is not None, row
    for place in re.findall(r"`(record\.[\w.]+)`", " ".join(WHERE)):
        where = {"record": records[2]}
        for key in place.split("."):
            where = where[key]
        assert f"`{place}`" in text
    tables = {table["title"]: table["rows"] for table in section["sheet"]}
    judged = records[2]
    assert tables["Worst five minutes"][0][:2] == ["3", f"{judged['kpis']['worst_five_minutes']:+.2f}"]
    assert dict(row[:2] for row in tables["Blocked attempts"]) == {
        reason: str(count) for reason, count in judged["blocks"].items()
    }
    tuning = json.loads((newest(pytester) / section["name"] / "TUNING_REPORT.json").read_text("utf-8"))
    at_bound = {
        name: ", ".join(f"{count} {side}" for side, count in uses.items() if count)
        for name, uses in tuning["summary"]["at_bound"].items()
    }
    assert at_bound
    for name, said in ((row[0].split()[0], row[4]) for row in tables["What was tuned"]):
        assert said == at_bound.get(name, "-")
    memory = next(row for row in tables["Resources"] if row[0] == "resident memory")
    assert memory[2] == f"{wall['resources']['rss_bytes'] / 1e6:.4g} MB"
    assert memory[5] == "NO_DATA"  # of three iterations no trend is told
    labels = {row[0]: row[1] for row in tables["Profit by label of the market"]}
    assert labels == {name: f"{made:+.2f}" for name, made in judged["kpis"]["label_profit"].items()}
    assert "crash" in labels
    assert section["worst"]["iteration"] == 3
    assert section["worst"]["path"]["fills"]["count"] == judged["kpis"]["fills"]
