"""What the terminal says of a recording that lies: the header, the iteration's lines, and the exit code."""

from __future__ import annotations

import re
from fnmatch import fnmatch

import numpy as np
import pytest

from tests import recordings_kit as kit
from tests.oracle.recordings import SELL, TRADE, write_npz


def soaked(pytester: pytest.Pytester, mutate: kit.Mutation) -> pytest.RunResult:
    """Replay two minutes that were tampered with, in one iteration."""
    # This suite turns warnings into errors, which an inner run in the same process would inherit.
    pytester.makeini("[pytest]\nfilterwarnings = always::pytest_soak.SoakGateWarning\n")
    path = write_npz(pytester.path / "bad.npz", mutate(kit.calm_rows()))
    return pytester.runpytest_inprocess(f"--soak-replay={path}", "--soak-iterations=1")


def odd(rows: np.ndarray) -> np.ndarray:
    """Rows of an unknown kind, a trade off the grid, and a local clock that lags behind."""
    rows = kit.of_kind(77, 5)(rows)
    rows = kit.inserted(rows, 70_000, side=SELL, px=1890.0000005, qty=50.0, kind=TRADE)
    rows["local_ts"] -= 100_000_000
    return rows


def test_header_names_tick_lot_and_findings(pytester: pytest.Pytester) -> None:
    result = soaked(pytester, odd)
    result.stdout.fnmatch_lines(
        [
            "soak: bad.npz: hftbacktest, tick 0.01 (from the data), lot 0.001 (from the data)",
            "soak: bad.npz: rows of kind 77 are not used (first in row *, 5 in all)",
            "soak: bad.npz: received before it was sent: local times are shifted by * ms (first in row *",
            "soak: bad.npz: trades off the price grid of 0.01 are not used (first in row 70000, 1 in all)",
            "default-bad-s1 1/1  net *",
            "*rows not used: 5 x kind 77, 1 x trade off the grid*",
        ]
    )


NO_DATA: dict[str, tuple[kit.Mutation, str]] = {
    "crossed": (kit.crossed, r"the book was crossed for 6\d\.\d\d% of the time \(at most 0\.10%\)"),
    "asks that end": (
        kit.empty_asks,
        r"the book was one-sided for 9\d\.\d\d% of the time \(at most 0\.10%\)",
    ),
    "a gap": (lambda rows: kit.without(rows, 40.0, 100.0), r"the feed was silent for 60\.0 s"),
    "swapped sides": (
        kit.swapped,
        r"(\d+) of \1 trades took the aggressor's own side; are the sides of trades swapped\?",
    ),
    "sideless trades": (kit.sideless, r"(\d+) of \1 trades do not name the aggressor"),
    "a dear lot": (kit.dear_lot, r"one lot costs .*, more than the largest order of 6000"),
}


@pytest.mark.parametrize("name", NO_DATA)
def test_withheld_iteration_says_why(pytester: pytest.Pytester, name: str) -> None:
    mutate, reason = NO_DATA[name]
    result = soaked(pytester, mutate)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    at_start = "soak: bad.npz: one lot of * so that it cannot quote"
    assert any(fnmatch(line, at_start) for line in result.outlines) == (name == "a dear lot")
    result.stdout.fnmatch_lines(
        [
            "default-bad-s1 1/1  net -  risk *  adv95 -  -  NO_DATA",
            "after the warm-up: NO_DATA",
        ]
    )
    # The notes of an iteration are wrapped at spaces.
    text = " ".join(result.stdout.str().split())
    assert re.search(reason, text)
    for kpi in ("net_bps", "adverse_bps_p95"):
        assert f"NO_DATA {kpi}" in text


REFUSED: dict[str, tuple[kit.Mutation, str]] = {
    "no local bit": (kit.no_local, "bad.npz has no rows of the local side (bit 30 of ev)"),
    "no asks": (kit.one_sided, "bad.npz has no asks of the exchange's side"),
    "30 days later": (kit.value("exch_ts", -1, 1.7025920e18), "h later; expected nanoseconds"),
    "the end of time": (kit.end_of_time, "exch_ts = 9223372036854775807 (2262-04-11 23:47:16 UTC) after"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_recording_is_one_sentence_before_anything_runs(pytester: pytest.Pytester, name: str) -> None:
    mutate, sentence = REFUSED[name]
    result = soaked(pytester, mutate)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.stderr.lines if line)
    assert line.startswith("ERROR: recording ")
    assert sentence in line
    assert not (pytester.path / "artifacts").exists()
