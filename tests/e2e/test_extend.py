"""``--soak-extend N`` adds iterations to a run: what was recorded stays, and the records say where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_soak import cli
from tests.e2e.conftest import canary_folder

JOB = ("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-minutes=0.5", "--soak-gate=off")


def summaries(folder: Path) -> list[dict[str, object]]:
    """Summaries of the newest canary, without wall-clock figures."""
    files = sorted(canary_folder(folder).glob("ITER_SUMMARY_*.json"), key=lambda path: int(path.stem[13:]))
    return [{**json.loads(path.read_text(encoding="utf-8")), "wall": None} for path in files]


def reasons(folder: Path) -> list[str]:
    return [str(summary["tuning"]["skipped_reason"]) for summary in summaries(folder)]  # type: ignore[index]


def test_iterations_are_added_and_what_was_recorded_stays(pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    before = summaries(pytester.path)
    result = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*steady_safe-calm-s1 5/5 *", "*5 x 0.5 min*", "*6 passed*"])
    after = summaries(pytester.path)
    assert after[:3] == before
    assert [summary["iterations"] for summary in after] == [3, 3, 3, 5, 5]
    assert [summary["extended_after"] for summary in after] == [[], [], [], [3], [3]]
    late = ["late_iteration" in reason for reason in reasons(pytester.path)]
    assert late == [False, False, True, False, True]


def test_a_cut_extension_ends_with_the_records_of_one_in_one_go(pytester: pytest.Pytester) -> None:
    whole, cut = pytester.mkdir("whole"), pytester.mkdir("cut")
    for folder, first in ((whole, ()), (cut, ("-k", "iter001 or iter002 or iter004"))):
        for options in (JOB, ("--soak-resume", "--soak-extend=3", *first), ("--soak-resume",)):
            assert pytester.runpytest_inprocess(f"--rootdir={folder}", *options, syspathinsert=True).ret == 0
    assert len(summaries(whole)) == 6
    assert summaries(cut) == summaries(whole)


def test_a_run_that_was_cut_short_is_extended_from_where_it_stopped(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(*JOB, "-k", "iter001")
    assert pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1").ret == 0
    found = summaries(pytester.path)
    assert [(summary["iterations"], summary["extended_after"]) for summary in found] == [
        (3, []),
        (4, [1]),
        (4, [1]),
        (4, [1]),
    ]


def test_a_run_is_extended_twice_and_its_canaries_alike_under_xdist(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.soak(seed=[1, 2])
        def test_long(soak_iteration):
            pass

        @pytest.mark.soak(seed=3, iterations=1)
        def test_short(soak_iteration):
            pass
        """
    )
    assert pytester.runpytest_subprocess(*JOB, "-n2").ret == 0
    for _ in range(2):
        assert pytester.runpytest_subprocess("--soak-resume", "--soak-extend=1", "-n2").ret == 0
    capsys.readouterr()
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1:3] == ["3", "13/13"]


def test_listing_items_extends_nothing(pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    result = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=2", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*iter005*"])
    assert pytester.runpytest_inprocess("--soak-resume").parseoutcomes()["passed"] == 4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ("--soak-extend=2",),
            "--soak-extend 2: it adds iterations to a run; name the run with --soak-resume",
        ),
        (("--soak-resume", "--soak-extend=0"), "'0' is not a whole number of at least 1"),
        (("--soak-resume", "--soak-extend=x"), "'x' is not a whole number of at least 1"),
        (("--soak-resume", "--soak-extend=10001"), "more than 10000 iterations"),
        (("--soak-resume", "--soak-extend=9998"), "10001 iterations in all are more than 10000"),
    ],
)
def test_what_cannot_be_added_is_refused(
    pytester: pytest.Pytester, options: tuple[str, ...], text: str
) -> None:
    assert pytester.runpytest_inprocess(*JOB, "-k", "iter001").ret == 0
    result = pytester.runpytest_inprocess(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert text in result.stderr.str()
    assert pytester.runpytest_inprocess("--soak-resume").parseoutcomes()["passed"] == 4
