"""The main job as a user starts it: TEST-1, RM-1.4, MVP-4, in a real pytest of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Once, canary_folder, summary

MAIN_JOB = ("--soak-iterations=6", "--soak-profile=steady_safe")


@pytest.fixture
def main_job(pytester: pytest.Pytester, once: Once) -> pytest.RunResult:
    return once(pytester.runpytest_subprocess, pytester.path, *MAIN_JOB, timeout=120)


def test_main_job_passes_and_leaves_its_artifacts(
    pytester: pytest.Pytester, main_job: pytest.RunResult
) -> None:
    """TEST-1: six iterations with tuning on the mock market; exit code 0 because the strategy earns it."""
    assert main_job.ret == 0
    main_job.assert_outcomes(passed=7)
    latest = canary_folder(pytester.path)
    expected = [f"ITER_SUMMARY_{n}.json" for n in range(1, 7)]
    expected += ["TUNING_REPORT.json", "TUNING_STATE.json", "EDGE_REPORT.json", "runtime_overrides.json"]
    assert {*expected, "audit.jsonl", "soak.db"} <= {path.name for path in latest.iterdir()}
    records = [summary(pytester.path, n) for n in range(1, 7)]
    assert any(record["tuning"]["applied"] for record in records)
    assert all(record["provenance"]["source"] == "mock" for record in records)
    assert [r["summary"]["kpi_verdict"] for r in records[2:]] == ["OK"] * 4
    assert any("frozen" in (r["tuning"]["skipped_reason"] or "") for r in records)


def test_what_it_prints_fits_80_columns_of_ascii(main_job: pytest.RunResult) -> None:
    """Header, a line per iteration, the table and a last line that says what to do next."""
    main_job.stdout.fnmatch_lines(
        [
            "soak: * (kernel *), artifacts *",
            "soak: 7 items of 1 canary; 0 other tests deselected",
            "soak: profile steady_safe, scenario calm, seed 1, 6 x 5 min, reference_maker",
            "steady_safe-calm-s1 1/6  net * bps  risk *%  adv95 *  NORMALIZE  OK",
            "    *: profit *, * fills, position *",
            "    warm-up: a missed gate only warns; base_spread_bps_delta 0.16 -> 0.155",
            "steady_safe-calm-s1 6/6  net * bps*",
            "*soak summary*",
            "iter net bps    profit fills  position   risk adv95 zone         chg verdict",
            "   1 *",
            "   6 *",
            "after the warm-up: OK",
            "next: all gates held; iteration by iteration:",
            "  artifacts/soak/latest/*TUNING_REPORT.json",
        ]
    )
    text = main_job.stdout.str()
    assert text.isascii()
    lines = text[text.index("soak: 7 items") :].splitlines()
    assert max(len(line) for line in lines) <= 80


def test_the_readme_shows_what_its_command_prints(pytester: pytest.Pytester) -> None:
    """The example under "Read it" is that of the command under "Run it", word for word."""
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    command = next(line for line in readme.splitlines() if line.startswith("$ pytest "))
    example = readme[readme.index("## Read it") :].split("```")[1].strip("\n").splitlines()
    lines = pytester.runpytest_subprocess(*command.split()[2:], timeout=120).outlines
    assert len(example) == 2
    at = lines.index(example[0])
    assert lines[at : at + 2] == example


def test_the_same_run_twice_has_the_same_records(
    pytester: pytest.Pytester, main_job: pytest.RunResult
) -> None:
    """An A/A run: equal inputs, equal records, in folders of their own."""
    first = [without_wall(pytester.path, n) for n in range(1, 7)]
    pytester.runpytest_subprocess(*MAIN_JOB, timeout=120)
    assert [without_wall(pytester.path, n) for n in range(1, 7)] == first
    assert len(list((pytester.path / "artifacts/soak/runs").iterdir())) == 2


def without_wall(root: Path, iteration: int) -> str:
    content = summary(root, iteration)
    del content["wall"]
    return json.dumps(content, sort_keys=True)


def test_items_give_the_same_alone_and_in_any_order(
    pytester: pytest.Pytester, main_job: pytest.RunResult, gate_warnings: None
) -> None:
    """An item asked for alone computes what it needs; even the gates first, the iterations backwards."""
    expected = [without_wall(pytester.path, n) for n in range(1, 7)]
    alone = pytester.runpytest_inprocess(*MAIN_JOB, "-k", "iter004")
    alone.assert_outcomes(passed=1, deselected=6)
    assert [without_wall(pytester.path, n) for n in range(1, 5)] == expected[:4]
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(items):
            yield
            items.reverse()
        """
    )
    backwards = pytester.runpytest_inprocess(*MAIN_JOB, "-v")
    backwards.assert_outcomes(passed=7)
    order = re.findall(r"calm-s1-(\w+)\] PASSED", backwards.stdout.str())
    assert order == ["gates", *(f"iter00{n}" for n in (6, 5, 4, 3, 2, 1))]
    assert [without_wall(pytester.path, n) for n in range(1, 7)] == expected


def test_pytest_randomly_leaves_iterations_in_their_order(pytester: pytest.Pytester) -> None:
    words = ("--soak-iterations=3", "--soak-minutes=0.2", "--soak-gate=off", "--soak-seed=1..2")
    result = pytester.runpytest_subprocess(*words, "-v", "-p", "randomly", "--randomly-seed=3")
    result.stdout.fnmatch_lines(["Using --randomly-seed=3"])
    order = re.findall(r"calm-(s\d-\w+)\] PASSED", result.stdout.str())
    parts = ("iter001", "iter002", "iter003", "gates")
    assert order == [f"s{seed}-{part}" for seed in (1, 2) for part in parts]


def test_under_xdist_every_canary_stays_whole(pytester: pytest.Pytester, main_job: pytest.RunResult) -> None:
    """Two canaries on two workers: the same records as alone, one run folder, all lines printed."""
    expected = [without_wall(pytester.path, n) for n in range(1, 7)]
    result = pytester.runpytest_subprocess(*MAIN_JOB, "--soak-seed=1..2", "-n2", timeout=120)
    result.assert_outcomes(passed=14)
    folder = "artifacts/soak/latest/steady_safe-calm-s1"
    for number in range(1, 7):
        content = summary(pytester.path, number, folder)
        del content["wall"]
        assert json.dumps(content, sort_keys=True) == expected[number - 1]
    assert len(re.findall(r"steady_safe-calm-s2 \d/6  net", result.stdout.str())) == 6


def test_start_up_is_invisible_without_a_soak(pytester: pytest.Pytester) -> None:
    """A run that soaks nothing imports neither pydantic nor the kernel, prints nothing, leaves nothing."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_imported():
            heavy = {"pydantic", "pydantic_core", "jinja2", "numpy", "pytest_soak._kernel"}
            assert not heavy & set(sys.modules)
            assert not [name for name in sys.modules if name.startswith("pytest_soak.domain")]
        """
    )
    # Plugins that import numpy or jinja2 of their own accord are left out.
    others = ("hypothesispytest", "randomly", "html", "metadata")
    result = pytester.runpytest_subprocess(*(word for name in others for word in ("-p", f"no:{name}")))
    result.assert_outcomes(passed=1)
    assert not [line for line in result.outlines if line.startswith("soak")]
    assert not (pytester.path / "artifacts").exists()
