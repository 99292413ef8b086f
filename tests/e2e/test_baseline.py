"""A run against an earlier one: named changes, limits that make it red, a baseline that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

JOB = (
    *("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=off"),
    "--soak-position=flat",
)


@pytest.fixture
def before(pytester: pytest.Pytester) -> Path:
    pytester.runpytest_inprocess(*JOB, "--soak-report=off")
    return next((pytester.path / "artifacts/soak/runs").iterdir())


def test_the_end_of_a_run_says_what_was_changed_and_then_how_it_differs(
    pytester: pytest.Pytester, before: Path
) -> None:
    """The newest run is found before this one begins; also where workers run the items."""
    same = pytester.runpytest_subprocess(
        *JOB, "--soak-baseline=latest", "--soak-baseline-fail=net_bps:-5%", "-n1", "--dist=loadgroup"
    )
    assert same.ret == 0
    same.stdout.fnmatch_lines(
        [
            "*= soak baseline =*",
            f"before: {before.name}",
            "changed: nothing *",
            "*1 pair(s), 1 with the same*",
        ]
    )
    other = pytester.runpytest_inprocess(
        *JOB, "--soak-baseline", before.name, "--soak-override=tail_age_ms=700"
    )
    assert other.ret == 0
    other.stdout.fnmatch_lines([f"before: {before.name}", "changed: *", "*KPI *before *after*"])


def test_a_limit_that_is_failed_or_not_measured_makes_the_run_red(
    pytester: pytest.Pytester, before: Path
) -> None:
    wider = (
        "--soak-override=base_spread_bps_delta=0.25",
        "--soak-override=tail_age_ms=500",
        "--soak-no-tune",
    )
    worse = pytester.runpytest_inprocess(
        *JOB, *wider, f"--soak-baseline={before}", "--soak-baseline-fail=net_bps:-0.0001,quote_uptime:-0.0001"
    )
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    worse.stdout.fnmatch_lines(["FAIL: * on steady_safe, calm: *"])
    result = pytester.runpytest_inprocess(
        *JOB, f"--soak-baseline={before}", "--soak-baseline-fail=net_bps:-5%", "--soak-seed=2"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["only before: *", "no canary is in both runs"])
    assert pytester.runpytest_inprocess(*JOB, f"--soak-baseline={before}", "--soak-seed=2").ret == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--soak-baseline=none/here"], "--soak-baseline: none/here: not a run"),
        (["--soak-baseline=x", "--soak-baseline-fail=pnl:-5%"], "--soak-baseline-fail: limit 'pnl:-5%'"),
        (["--soak-baseline-fail=net_bps:-5%"], "--soak-baseline-fail net_bps:-5%: name the run with"),
    ],
)
def test_a_baseline_that_is_not_there_is_refused_before_collection(
    pytester: pytest.Pytester, words: list[str], said: str
) -> None:
    result = pytester.runpytest_inprocess(*JOB, *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()
    assert not (pytester.path / "artifacts").exists()


def test_a_baseline_that_cannot_be_read_is_refused_before_collection(
    pytester: pytest.Pytester, before: Path
) -> None:
    (before / "steady_safe-calm-s1/soak.db").write_bytes(b"x" * 4096)
    result = pytester.runpytest_inprocess(*JOB, f"--soak-baseline={before}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "soak.db" in result.stderr.str()
    assert len(list(before.parent.iterdir())) == 1


def test_what_a_project_sets_says_nothing_where_there_is_no_soak(
    pytester: pytest.Pytester, before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an ordinary session; the path begins at the home folder, as one on the command line does."""
    monkeypatch.setenv("HOME", str(pytester.path))
    monkeypatch.setenv("USERPROFILE", str(pytester.path))
    place = before.relative_to(pytester.path).as_posix()
    pytester.makeini(f"[pytest]\nsoak_baseline = ~/{place}\nsoak_baseline_fail = net_bps:-5%\n")
    pytester.makepyfile("def test_ordinary(): pass")
    result = pytester.runpytest_inprocess()
    assert result.ret == 0
    assert "baseline" not in result.stdout.str()
    pytester.makeini("[pytest]\nsoak_baseline = ~/none\n")
    refused = pytester.runpytest_inprocess()
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "ini option soak_baseline: " in refused.stderr.str()
