"""What a strategy prints goes to its canary's folder; reports keep the last lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_soak.plugin.output import LAST_LINES, MOST_BYTES

LOUD = """
import sys
from pytest_soak.market import ReferenceMaker


class Loud(ReferenceMaker):
    def run(self, market, parameters, window):
        for line in range({lines}):
            print(f"iteration {{window.iteration}} line {{line}}", "x" * {width})
        print("to stderr", file=sys.stderr)
        return ReferenceMaker.run(self, market, parameters, window)


def pytest_soak_make_strategy(profile):
    return Loud(profile.maker, profile.fees)
"""
JOB = ("--soak-iterations=3", "--soak-minutes=0.2", "-p", "no:cacheprovider")


def output(pytester: pytest.Pytester, name: str = "output.log") -> Path:
    return next(Path(pytester.path).glob(f"artifacts/soak/runs/*/*/{name}"))


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_all_of_it_is_in_the_file_and_the_end_in_the_report(
    pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    pytester.makeconftest(LOUD.format(lines=100, width=10))
    result = pytester.runpytest_subprocess(*JOB, "-rA", *workers)
    text = output(pytester).read_text(encoding="utf-8")
    for number in (1, 2, 3):
        assert f"iteration {number} line 0 " in text
        assert f"iteration {number} line 99 " in text
    assert text.count("to stderr") == 3
    shown = result.stdout.str()
    assert "iteration 3 line 99 " in shown
    assert f"iteration 3 line {100 - LAST_LINES} " in shown
    assert f"iteration 3 line {99 - LAST_LINES} " not in shown
    assert "(the last lines; all of it: " in shown


def test_the_file_is_bounded(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LOUD.format(lines=3000, width=1000))
    pytester.runpytest_subprocess(*JOB)
    newest, older = output(pytester), output(pytester, "output.log.1")
    assert newest.stat().st_size <= MOST_BYTES
    assert older.stat().st_size <= MOST_BYTES
    assert "iteration 3 line 2999 " in newest.read_text(encoding="utf-8")


def test_a_quiet_strategy_leaves_no_file(pytester: pytest.Pytester, gate_warnings: None) -> None:
    pytester.runpytest_inprocess(*JOB)
    assert not list(Path(pytester.path).glob("artifacts/soak/runs/*/*/output.log*"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFO")
@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_output_that_cannot_be_kept_fails_its_item_and_stops_nothing(
    pytester: pytest.Pytester, kind: str
) -> None:
    make = "os.mkfifo(file)" if kind == "fifo" else "file.mkdir()"
    pytester.makeconftest(
        LOUD.format(lines=1, width=1)
        + f"""
import os
from pathlib import Path

def pytest_runtest_call(item):
    for folder in Path("artifacts/soak/runs").glob("*/*/") if "iter002" in item.nodeid else ():
        file = folder / "output.log"
        if file.is_file():
            file.unlink()
            {make}
"""
    )
    result = pytester.runpytest_inprocess(*JOB, "--soak-gate=off", "-p", "no:randomly")
    assert result.parseoutcomes() == {"passed": 2, "failed": 2}
    result.stdout.re_match_lines([r".*output\.log could not be written: .*"])
    result.stdout.no_re_match_line("INTERNALERROR|Traceback")
