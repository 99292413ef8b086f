"""``pytest-soak market`` as a user calls it: the table, the picture, and what goes wrong."""

from __future__ import annotations

import gc
import math
import sys
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.figure  # whole: pytester drops what its tests import, and would leave a half of it
import pytest

from pytest_soak import cli
from pytest_soak.cli import market, quoting
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import Scenario, load_scenario
from pytest_soak.market.facts.crash import CRASH_FACTS
from pytest_soak.market.facts.finding import find, find_over
from pytest_soak.market.facts.picture import drawn
from pytest_soak.market.facts.table import FACTS
from pytest_soak.market.tape import Tape, tape_of_recording, tape_of_scenario
from tests import recordings_kit as kit
from tests.oracle.recordings import SELL, TRADE, write_npz
from tests.oracle.replays import rows_for

PNG = b"\x89PNG\r\n\x1a\n"


@cache
def _known(described: str, **where: Any) -> Tape:
    return tape_of_scenario(Scenario.model_validate_json(described), **where)


def known_tape(scenario: Scenario, **where: Any) -> Tape:
    """The tape of a market, which is run once for all tests of this file."""
    return _known(scenario.model_dump_json(), **where)


@cache
def known_picture(form: str) -> bytes:
    """The picture of ten minutes of news."""
    return drawn(known_tape(load_scenario("news"), seed=1, duration_s=600.0), form)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pytest_soak.market.tape.tape_of_scenario", known_tape)


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    code = cli.main(["market", *words])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_facts_of_a_scenario_beside_a_recording(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recording = write_npz(tmp_path / "recording.npz", rows_for(1))
    code, lines, err = called(capsys, "calm", "--hours=2", "--seed=3", f"--replay={recording}")
    assert (code, err) == (0, "")
    assert lines[0].startswith("calm, seed 3: 2 h, ")
    assert lines[1].startswith("recording.npz: ")
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["fact", "accepted", "scenario", "recording"]
    assert [line[:25].rstrip() for line in table[1 : len(FACTS) + 1]] == [fact.name for fact in FACTS]
    # Two hours have 7,200 returns, of which nothing is judged, but enough market orders.
    tails, branching = (next(row for row in table if row.startswith(name)) for name in ("heavy", "branching"))
    assert tails.count("too few") == 2
    assert "FAILS" in branching or "holds" in branching
    assert lines[-1] == f"picture: {Path('artifacts/soak/market/calm.png')}"
    assert Path("artifacts/soak/market/calm.png").read_bytes().startswith(PNG)
    assert all(line.isascii() and len(line) <= 100 for line in lines)


def test_a_crash_has_facts_of_its_own_and_each_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = called(capsys, "flash_crash", "--hours=1", "--explain", "--picture=crash.svg")
    assert code == 0
    text = "\n".join(lines)
    for fact in (*FACTS, *CRASH_FACTS):
        assert fact.statistic in text
        assert fact.source in text
    crash = lines[lines.index(next(line for line in lines if line.startswith("fall "))) :]
    assert sum("holds" in line for line in crash) == len(CRASH_FACTS)
    assert Path("crash.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_scenario_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "soak_profiles" / "scenarios"
    folder.mkdir(parents=True)
    text = 'schema_version = 1\nname = "mine"\nextends = "calm"\n'
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    assert called(capsys, "mine", "--hours=1")[1][0].startswith("mine, seed 1")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["clam"], "unknown scenario 'clam'; known are btc_perp, calm, "),
        (["calm", "--hours=200"], "--hours = 200; accepted is 1 to 168"),
        (["calm", "--hours=1", "--replay=none.npz"], "recording none.npz does not exist"),
        (["calm", "--hours=1", "--picture=x.bmp"], "in the format 'bmp'; accepted is one of png, svg, pdf"),
    ],
)
def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    code, _, err = called(capsys, *words)
    assert code == 2
    assert says in err
    assert err.startswith("pytest-soak: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["calm", "--seed=1..3"], ["calm", "--seed=-1"], ["calm", "--hours=0"]])
def test_bad_numbers_are_refused_by_the_parser(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["market", *words])
    assert stopped.value.code == 2


def test_without_matplotlib_the_table_is_printed_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, lines, err = called(capsys, "calm", "--hours=1")
    assert code == 0
    assert len(lines) > len(FACTS)
    assert "no picture: matplotlib cannot be loaded" in err
    assert "pip install pytest-soak[picture]" in err
    code, _, err = called(capsys, "calm", "--hours=1", "--picture=x.png")
    assert code == 2
    assert not Path("x.png").exists()


@pytest.mark.parametrize(("form", "begin"), [("png", PNG), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_is_drawn_in_each_format(form: str, begin: bytes) -> None:
    assert known_picture(form).startswith(begin)
    with pytest.raises(SoakConfigError, match="accepted is one of png, svg, pdf"):
        drawn(known_tape(load_scenario("news"), seed=1, duration_s=600.0), "gif")


def test_the_same_market_is_the_same_picture() -> None:
    one, other = (tape_of_scenario(load_scenario("news"), seed=seed, duration_s=600.0) for seed in (1, 2))
    assert known_picture("png") == drawn(one, "png") != drawn(other, "png")


@pytest.mark.parametrize(
    ("mutate", "says"),
    [
        (kit.crossed, "the book was crossed for 6"),
        (kit.empty_asks, "the book was one-sided for 9"),
        (lambda rows: kit.without(rows, 40.0, 100.0), "the feed was silent for 60.0 s"),
        (kit.swapped, "took the aggressor's own side"),
    ],
)
def test_facts_of_a_recording_that_lies_are_withheld(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mutate: kit.Mutation, says: str
) -> None:
    recording = write_npz(tmp_path / "bad.npz", mutate(kit.calm_rows()))
    code, lines, err = called(capsys, "calm", "--hours=1", f"--replay={recording}")
    assert (code, err) == (0, "")
    assert any(line.startswith("bad.npz: no fact is judged: ") and says in line for line in lines)
    table = lines[lines.index("") + 2 :][: len(FACTS)]
    assert all(line.endswith(" withheld") for line in table)


def test_what_the_checks_found_stands_beside_the_facts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = kit.of_kind(77, 5)(kit.calm_rows())
    rows = kit.inserted(rows, 70_000, side=SELL, px=1890.0000005, qty=50.0, kind=TRADE)
    rows["local_ts"] -= 100_000_000
    recording = write_npz(tmp_path / "odd.npz", rows)
    _, lines, _ = called(capsys, "calm", "--hours=1", f"--replay={recording}")
    said = [line for line in lines if line.startswith("odd.npz: ")]
    for part in ("tick 0.01 (from the data), lot ", "rows of kind 77", "off the price grid", "shifted by"):
        assert any(part in line for line in said), part
    assert not any("withheld" in line for line in lines)


@pytest.mark.parametrize("mutate", [kit.value("exch_ts", -1, 1.7025920e18), kit.end_of_time])
def test_a_last_row_far_away_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mutate: kit.Mutation
) -> None:
    recording = write_npz(tmp_path / "far.npz", mutate(kit.calm_rows()))
    code, lines, err = called(capsys, "calm", "--hours=1", f"--replay={recording}")
    assert (code, lines) == (2, [])
    assert "far.npz: row " in err
    assert "h later" in err
    assert err.count("\n") == 1


def test_a_recording_stands_beside_the_scenario_in_the_picture(tmp_path: Path) -> None:
    tape = known_tape(load_scenario("news"), seed=1, duration_s=600.0)
    recording = tape_of_recording(write_npz(tmp_path / "calm.npz", kit.calm_rows()))
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        text = drawn(tape, "svg", recording).decode("utf-8")
    for words in (
        "news: 10 min, ",
        "calm.npz: 120 s, ",
        "market time, min",
        "market time, s",
        "price, quote currency",
        "spread, bps",
        "base currency",
        "1 s returns, bps",
        "tails of 1 s returns",
        "autocorrelation of 1 s returns",
        "autocorrelation of their sizes (volatility)",
        "Gaussian",
        "buys",
        "sells",
    ):
        assert words in text, words
    assert "too few returns" not in text


def test_a_picture_of_a_market_that_stands_still(tmp_path: Path) -> None:
    tape = tape_of_recording(write_npz(tmp_path / "short.npz", kit.calm_rows()[:8_000]))
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        assert "too few returns" in drawn(tape, "svg").decode("utf-8")


def test_a_long_market_is_looked_at_in_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that memory does not grow with the hours: two windows are held at most, the first to be drawn."""
    alive: list[weakref.ref[object]] = []
    most = []

    def made(*args: object, **named: object) -> Tape:
        tape = tape_of_scenario(*args, **named)  # type: ignore[arg-type]
        alive.append(weakref.ref(tape.bid))
        gc.collect()
        most.append(sum(one() is not None for one in alive))
        return tape

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(market, "WINDOW_HOURS", 1)
    monkeypatch.setattr("pytest_soak.market.tape.tape_of_scenario", made)
    assert cli.main(["market", "calm", "--hours", "4", "--picture", str(tmp_path / "a.png")]) == 0
    assert ", in 4 windows, of which the first is drawn" in capsys.readouterr().out
    assert len(most) == 4
    assert max(most) <= 3


def test_facts_over_windows_are_means_weighted_by_observations() -> None:
    scenario = load_scenario("calm")
    tapes = [tape_of_scenario(scenario, seed=1, start_s=s, duration_s=d) for s, d in ((0, 900), (900, 2700))]
    parts = [list(find(tape, FACTS)) for tape in tapes]
    for one, first, second in zip(find_over(tapes, FACTS), *parts, strict=True):
        known = [part for part in (first, second) if part.count and math.isfinite(part.value)]
        assert one.count == sum(part.count for part in known)
        if known:
            assert one.value == pytest.approx(sum(p.value * p.count for p in known) / one.count)
    assert find_over([tapes[0]], FACTS)[0] == parts[0][0]


def test_the_reference_maker_quotes_in_both_at_three_distances(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quoting, "WINDOWS", 4)
    recording = write_npz(tmp_path / "recording.npz", kit.calm_rows())
    words = ("calm", "--hours=1", f"--replay={recording}", "--maker=steady_safe")
    code, lines, _ = called(capsys, *words)
    assert code == 0
    counts = "4 in the scenario, 3 in the recording"
    begin = lines.index(f"the reference maker with steady_safe, in windows of 30 s: {counts}")
    heads = [line.split() for line in lines[begin:] if line.startswith("base_spread_bps_delta")]
    assert heads == [
        ["base_spread_bps_delta", f"{d:g}", "scenario", "recording"] for d in (0.16, 0.205, 0.25)
    ]
    rows = {line[:28].strip(): line[28:] for line in lines[begin + 3 : begin + 14]}
    assert " +- " in rows["net_bps"]
    assert 0.0 <= float(rows["nobody ahead"].split()[0]) <= 1.0
    # That recording has more trades than `calm`, which is said with both intervals.
    said = [line.split()[0] for line in lines[begin:] if line.endswith(" recorded")]
    marked = [line.split()[0] for line in lines[begin:] if line.endswith("  differs")]
    assert said == [name.split()[0] for name in marked]
    assert f"scenario and recording differ in {len(said)} of " in "\n".join(lines)
    assert "fills" in said
    assert "  within a wide spread fills, drawdown, profit_quote may differ for that alone" in lines
    assert all(line.count(" +- ") == 2 for line in lines if line.endswith(" recorded"))
    assert all(line.isascii() and len(line) <= 100 for line in lines)

    lines = list(quoting.compared(load_scenario("calm"), 1, recording, "steady_safe", from_s=70.0))
    assert lines[1].endswith("4 in the scenario, 1 in the recording")
    assert lines[-1] == "scenario and recording cannot be compared: no KPI was measured in both"
    code, _, err = called(capsys, *words, "--replay-from=900")
    assert code == 2
    assert "--replay-from = 900; accepted is what leaves some of recording" in err


def test_estimates_agree_where_the_interval_of_their_difference_holds_nothing() -> None:
    first = quoting.Estimate(1.0, 0.3)
    assert first.agrees(quoting.Estimate(1.5, 0.4))
    assert not first.agrees(quoting.Estimate(1.51, 0.4))
    assert first.agrees(first._replace(half=0.0))
    assert quoting.distances(0.25) == (0.25,)


def test_a_profile_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called(capsys, "calm", "--hours=1", "--maker=brave")
    assert code == 2
    assert "brave" in err
    assert err.count("\n") == 1
