"""Recordings of other formats through ``--soak-replay``: a glob, steps that are given, files that moved."""

from __future__ import annotations

import pytest

from pytest_soak import cli
from tests.e2e.conftest import summary


def test_a_glob_is_one_recording_and_is_found_again_elsewhere(pytester: pytest.Pytester) -> None:
    pytester.mkdir("a")
    assert cli.main(["record", "calm", "a/day.csv.gz", "--form=tardis", "--minutes=2"]) == 0
    given = ("--soak-iterations=2", "--soak-tick-size=0.01", "--soak-gate=off")
    result = pytester.runpytest_inprocess("--soak-replay=a/day_*.csv.gz", *given)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["soak: day_*.csv.gz: tardis, tick 0.01 (from the option), lot 0.001 (from the data)"]
    )
    (canary,) = (pytester.path / "artifacts" / "soak" / "latest").glob("default-*")
    record = summary(pytester.path, 2, f"artifacts/soak/latest/{canary.name}")
    market = record["market"]
    assert (market["tick_from"], market["lot_from"]) == ("option", "data")
    # No exchange is behind it, which the files say.
    assert record["provenance"]["source"] == "mock"
    assert market["gaps"] == 0

    (pytester.path / "a").rename(pytester.path / "b")
    names = [f"b/day_{what}.csv.gz" for what in ("incremental_book_L2", "trades")]
    result = pytester.runpytest_inprocess(f"--soak-replay={','.join(names)}", "--soak-resume")
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--soak-tick-size=0", "argument --soak-tick-size: '0' is not a number from 1e-15 to 1e+09"),
        ("--soak-replay=gone_*.csv", "gone_*.csv: no file fits; expected the path of a file or a glob"),
    ],
)
def test_wrong_options_are_refused(pytester: pytest.Pytester, option: str, said: str) -> None:
    result = pytester.runpytest_inprocess(option, "--soak-iterations=1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in "\n".join((*result.errlines, *result.outlines))
