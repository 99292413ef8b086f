"""``--soak-extend N`` adds iterations to a run: what was recorded stays, and the records say where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_soak import cli
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.matrix import with_marker
from tests.e2e.conftest import Scripted, canary_folder, summary
from tests.oracle.recordings import write_npz
from tests.recordings_kit import calm_rows

JOB = ("--soak-iterations=3", "--soak-profile=steady_safe", "--soak-minutes=2", "--soak-gate=off")


def summaries(folder: Path) -> list[dict[str, object]]:
    """Summaries of the newest canary, without wall-clock figures."""
    files = sorted(canary_folder(folder).glob("ITER_SUMMARY_*.json"), key=lambda path: int(path.stem[13:]))
    return [{**json.loads(path.read_text(encoding="utf-8")), "wall": None} for path in files]


def reasons(folder: Path) -> list[str]:
    return [str(row["tuning"]["skipped_reason"]) for row in summaries(folder)]  # type: ignore[index]


def test_iterations_are_added_and_what_was_recorded_stays(pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    before = summaries(pytester.path)
    result = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*steady_safe-calm-s1 5/5 *", "*5 x 2 min*", "*6 passed*"])
    after = summaries(pytester.path)
    assert after[:3] == before
    assert [row["iterations"] for row in after] == [3, 3, 3, 5, 5]
    assert [row["extended_after"] for row in after] == [[], [], [], [3], [3]]
    late = ["late_iteration" in reason for reason in reasons(pytester.path)]
    # The last iteration of its time is late, whatever else was asked for later.
    assert late == [False, False, True, False, True]


def test_a_cut_extension_ends_with_the_records_of_one_in_one_go(pytester: pytest.Pytester) -> None:
    whole, cut = pytester.mkdir("whole"), pytester.mkdir("cut")
    for folder, first in ((whole, ()), (cut, ("-k", "iter001 or iter002 or iter004"))):
        for options in (JOB, ("--soak-resume", "--soak-extend=3", *first), ("--soak-resume",)):
            assert pytester.runpytest_inprocess(f"--rootdir={folder}", *options, syspathinsert=True).ret == 0
    assert len(summaries(whole)) == 6
    assert summaries(cut) == summaries(whole)


def test_records_do_not_depend_on_when_a_run_was_stopped(pytester: pytest.Pytester) -> None:
    """One is extended when it is done, one after its first iteration, and both again: the same records."""
    whole, cut = pytester.mkdir("whole"), pytester.mkdir("cut")
    for folder, first in ((whole, ()), (cut, ("-k", "iter001"))):
        extending = ("--soak-resume", "--soak-extend=1")
        for options in ((*JOB, *first), extending, extending):
            assert pytester.runpytest_inprocess(f"--rootdir={folder}", *options).ret == 0
    found = summaries(whole)
    assert summaries(cut) == found
    assert [row["iterations"] for row in found] == [3, 3, 3, 4, 5]
    assert [row["extended_after"] for row in found] == [[], [], [], [3], [3, 4]]
    report = json.loads((canary_folder(whole) / "TUNING_REPORT.json").read_text(encoding="utf-8"))
    assert report["summary"]["extended_after"] == [3, 4]


def test_the_same_command_again_does_not_extend_twice(pytester: pytest.Pytester) -> None:
    """As it would where a script repeats what was killed."""
    extending = ("--soak-resume", "--soak-extend=2")
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    assert pytester.runpytest_inprocess(*extending, "-k", "iter004").ret == 0
    result = pytester.runpytest_inprocess(*extending)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "some of them are still to come; leave --soak-extend out" in result.stderr.str()
    assert pytester.runpytest_inprocess("--soak-resume").parseoutcomes()["passed"] == 6
    assert pytester.runpytest_inprocess(*extending).parseoutcomes()["passed"] == 8


def test_without_a_name_the_newest_run_is_extended(pytester: pytest.Pytester) -> None:
    """An older one that was cut short is not meant; workers agree on that."""
    assert pytester.runpytest_inprocess(*JOB, "-k", "iter001").ret == 0
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    result = pytester.runpytest_subprocess("--soak-resume", "--soak-extend=1", "-n2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*, 1 iterations more*", "*5 passed*"])
    runs = sorted((pytester.path / "artifacts/soak/runs").iterdir())
    extensions = [json.loads((run / "RUN.json").read_text(encoding="utf-8"))["extensions"] for run in runs]
    assert extensions == [[], [1]]


def test_the_ini_may_name_the_run_to_extend(pytester: pytest.Pytester) -> None:
    assert pytester.runpytest_inprocess(*JOB).ret == 0
    result = pytester.runpytest_inprocess("-o", "soak_resume=latest", "--soak-extend=1")
    assert result.parseoutcomes()["passed"] == 5


def test_the_pooled_gates_judge_the_iterations_that_were_added(
    pytester: pytest.Pytester, scripted: Scripted
) -> None:
    """The warm-up left nothing to judge, then something good, then the strategy gets bad."""
    scripted([(3.2, 0.3, 1.0)] * 4 + [(-90.0, 0.3, 1.0)])
    assert pytester.runpytest_inprocess("--soak-iterations=2", "--soak-gate=hard").ret == 1
    good = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=2")
    good.assert_outcomes(passed=5)
    assert "leave nothing to judge" not in good.stdout.str()
    bad = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=3")
    bad.stdout.fnmatch_lines(["FAILED *-gates]*net_bps -*"])


def test_failed_items_of_an_extended_run_run_again(pytester: pytest.Pytester, scripted: Scripted) -> None:
    """A bare ``--lf`` is a new run of as many iterations, with the records of the extended one."""
    scripted([(3.2, 0.3, 1.0)] * 3 + [(1.0, 0.3, 1.0)])
    assert pytester.runpytest_inprocess("--soak-iterations=3", "--soak-profile=steady_safe").ret == 0
    assert pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1", "-k", "not gates").ret == 1
    before = {**summary(pytester.path, 4), "wall": None}
    pytester.runpytest_inprocess("--lf").assert_outcomes(failed=1)
    assert {**summary(pytester.path, 4), "wall": None} == before
    assert len(list((pytester.path / "artifacts/soak/runs").iterdir())) == 2


def test_a_recording_that_was_divided_has_nothing_left_for_more(pytester: pytest.Pytester) -> None:
    recording = write_npz(pytester.path / "tape.npz", calm_rows())
    job = (f"--soak-replay={recording}", "--soak-iterations=2", "--soak-gate=off")
    assert pytester.runpytest_inprocess(*job, "-k", "iter001").ret == 0
    result = pytester.runpytest_inprocess("--soak-resume", "--soak-extend=1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "recording tape.npz was divided among its 2 iterations" in result.stderr.str()
    assert pytester.runpytest_inprocess("--soak-resume").ret == 0


def test_a_marker_with_what_is_added_keeps_to_the_cap() -> None:
    settings = Settings(extensions=(1,))
    assert with_marker(settings, pytest.mark.soak(iterations=9999).mark, "here").planned == 10_000
    with pytest.raises(
        pytest.UsageError, match=r"^here: 10001 iterations, with those of --soak-extend, are more"
    ):
        with_marker(settings, pytest.mark.soak(iterations=10_000).mark, "here")


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
