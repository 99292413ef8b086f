"""A bad recording is refused, repaired with a word, or gives no KPI; it never gives a good-looking number."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.market import ReplayMarket, Window
from pytest_soak.market.recording.judging import Trust
from pytest_soak.market.recording.table import CHECKS
from pytest_soak.market.tape import tape_of_recording
from tests import recordings_kit as kit
from tests.oracle.recordings import BUY, DEPTH, SELL, TRADE, good_rows, write_npz

HOUR_NS = 3_600_000_000_000


def local_zero(rows: np.ndarray) -> np.ndarray:
    rows["local_ts"] = 0
    return rows


def unsorted_local(rows: np.ndarray) -> np.ndarray:
    rows["local_ts"][50_000] = rows["local_ts"][40_000]
    return rows


def zero_first(rows: np.ndarray) -> np.ndarray:
    first = rows["exch_ts"] == rows["exch_ts"][0]
    rows["exch_ts"][first] = rows["local_ts"][first] = 0
    return rows


REFUSED: dict[str, tuple[kit.Mutation, str]] = {
    "one local time far away": (
        kit.value("local_ts", 50_000, 2.7e18),
        r"row 50000 .* local_ts = 27\d+ \(2055-.* h later",
    ),
    "last local time far away": (kit.value("local_ts", -1, 2.7e18), r"row \d+ .*after"),
    "local zeros": (local_zero, r"row 0 has local_ts = 0 .*delay of -1.7e\+09 s.*\(\d+ such rows\)"),
    "local unsorted": (unsorted_local, r"row 50000 of the local side has local_ts = \d+ after \d+"),
    "local in ms": (kit.field("local_ts", lambda t: t // 1_000_000), r"row 0 .*not in nanoseconds"),
    "local far behind": (kit.field("local_ts", lambda t: t - HOUR_NS), r"row 0 .*a delay of -3"),
    "all in ms": (
        lambda r: kit.field("exch_ts", lambda t: t // 10**6)(kit.field("local_ts", lambda t: t // 10**6)(r)),
        r"looks like milliseconds",
    ),
    "all in us": (
        lambda r: kit.field("exch_ts", lambda t: t // 1000)(kit.field("local_ts", lambda t: t // 1000)(r)),
        r"looks like microseconds",
    ),
    "relative ms": (
        lambda r: kit.field("exch_ts", lambda t: (t - t[0]) // 10**6)(
            kit.field("local_ts", lambda t: (t - t[0]) // 10**6)(r)
        ),
        r"these times are not nanoseconds|a delay of",
    ),
    "a snapshot stamped 0": (
        zero_first,
        r"row \d+ of the exchange's side has exch_ts = 17\d+ \(2023-.*after 0 \(1970",
    ),
    "a row a day late": (
        kit.value("exch_ts", -1, 1.7000864e18 + 4e11),
        r"row \d+ of the exchange's side .* h later",
    ),
    "a last row 30 days later": (kit.value("exch_ts", -1, 1.7025920e18), r"h later"),
    "a last row at the end of time": (kit.end_of_time, r"exch_ts = 9223372036854775807"),
    "one row of both clocks a day early": (
        lambda r: kit.value("local_ts", 40_000, 1.6999e18)(kit.value("exch_ts", 40_000, 1.6999e18)(r)),
        r"row 40000 of the exchange's side .*expected exch_ts never to step back there$",
    ),
    "a negative time": (kit.value("exch_ts", 40_000, -5), r"row 40000 has exch_ts = -5"),
    "best bid and offer": (kit.of_kind(5), r"is of kind 5 \(the best bid and offer\).*\(40 such rows\)"),
    "level 3": (kit.of_kind(10), r"is of kind 10 \(level 3, an order added\)"),
    "no local bit": (kit.no_local, r"no rows of the local side \(bit 30"),
    "no asks": (kit.one_sided, r"has no asks of the exchange's side"),
    "depth off the grid": (
        lambda r: kit.inserted(r, 70_000, side=BUY, px=1890.0000005, qty=1.0),
        r"row 70000 is depth with px = 1890.0000005, not a multiple of tick_size = 0.01",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    mutate, message = REFUSED[name]
    path = write_npz(tmp_path / "bad.npz", mutate(kit.calm_rows()))
    for use in (ReplayMarket, tape_of_recording):
        with pytest.raises(SoakConfigError, match=message) as caught:
            use(path)
        assert "bad.npz" in str(caught.value)
        assert "\n" not in str(caught.value)


NO_DATA: dict[str, tuple[kit.Mutation, str]] = {
    "crossed": (kit.crossed, r"crossed for 6\d\.\d+% of the time \(at most 0.10%\)"),
    "another symbol": (kit.other_symbol, r"crossed for"),
    "a gap": (lambda r: kit.without(r, 40.0, 100.0), r"silent for 60.0 s"),
    "swapped sides": (kit.swapped, r"\d+ of \d+ trades took the aggressor's own side"),
    "sideless trades": (kit.sideless, r"\d+ of \d+ trades do not name the aggressor"),
    "asks that end": (kit.empty_asks, r"one-sided for 9\d"),
    "two sessions": (kit.glued(-0.02), r"the price jumped by 2.0\d% from one row to the next \(at most 1%\)"),
    "crossed for a moment, often": (kit.crossed_often, r"the price jumped by 1.\d\d%"),
    "another unit later": (kit.from_the_middle(100.0), r"crossed for [45]\d"),
    "trades off the book": (kit.trades_moved(0.005), r"\d+ of \d+ trades took more than the book showed"),
    "trades a little off": (kit.trades_moved(0.0005), r"\d+ of 779 trades took more than the book showed"),
    "trades within the spread": (kit.trades_moved(-0.0005), r"took more than the book showed .*at most 25%"),
    "trades late": (kit.trades_late, r"took more than the book showed"),
    "bids frozen": (kit.frozen(BUY), r"a side of the book stood still for \d\d.\d s while other rows came"),
    "asks frozen": (kit.frozen(SELL), r"a side of the book stood still"),
    "book frozen": (kit.frozen(BUY, SELL), r"a side of the book stood still"),
    "lost depth": (kit.lost(0.02, deletions=False), r"past a better price that the book went on to show"),
    "lost deletions": (kit.lost(0.1, deletions=True), r"past a better price .*at most 10%"),
    "trades ten times as large": (kit.scaled(TRADE, 10.0), r"took more than the book showed"),
    "depth a hundred times as small": (kit.scaled(DEPTH, 0.01), r"took more than the book showed"),
    "sellers alone": (kit.of_sellers, r"all \d+ trades are of sellers; is a side left out"),
    "rows twice": (kit.repeated(2, trades=False), r"trades repeat the trade before; are rows in it twice"),
    "trades five times": (kit.repeated(5, trades=True), r"trades repeat the trade before"),
    "short gaps": (kit.short_gaps, r"silent for 4\d.\d\d% of the time, 10 times \(at most 25%\)"),
    "a stretch that nobody received": (
        lambda rows: kit.unseen(rows, 60.0, 66.0),
        r"the receiver has no row of 6\.0 s in which the exchange's side has some \(below 5 s is accepted\)",
    ),
    "a receiver that stopped": (
        lambda rows: kit.unseen(rows, 110.0, 200.0),
        r"the receiver has no row of (9\.9|10\.0) s ",
    ),
    "clocks of whole seconds": (kit.whole_seconds, r"silent for 100.00% of the time"),
}


@pytest.mark.parametrize("name", NO_DATA)
def test_no_kpi_that_needs_a_price_and_a_reason(name: str, tmp_path: Path) -> None:
    mutate, message = NO_DATA[name]
    (report,) = kit.replayed_rows(mutate(kit.calm_rows()), tmp_path)
    kpis = kpis_of(report)
    beside = {"samples", "block_shares", "label_profit", "errors", "skews", "own", "under"}
    given = {key for key, value in kpis.model_dump(exclude=beside).items() if value is not None}
    assert kpis.block_shares == kpis.label_profit == kpis.own == {}
    assert given <= {"ws_lag_p95_ms", "latency_p95_ms"}
    assert pytest.approx(0) == sum(n for key, n in kpis.samples.items() if not key.endswith("_p95_ms"))
    assert report.market.no_data_reason is not None
    assert any(re.search(message, reason) for reason in report.market.withheld), report.market.withheld


def test_good_recording_gives_its_numbers_and_no_word(tmp_path: Path) -> None:
    (report,) = kit.replayed_rows(kit.calm_rows(), tmp_path)
    assert report.market.no_data_reason is None
    assert kpis_of(report).net_bps is not None
    assert (report.market.crossed_ms, report.market.silences, report.market.rows_ignored) == (0.0, 0, {})
    assert (report.market.tick_size, report.market.local_shift_ms) == (0.01, 0.0)
    found = report.market
    assert (found.trades_off_book, found.trades_through, found.trades_repeated) == (0, 0, 0)
    assert (found.side_silence_ms, found.silent_ms) == (0.0, 0.0)
    assert 0.0 < (found.local_silence_ms or 0.0) < 1_000.0
    # The largest order of the minutes takes several levels.
    assert 0.0 < (found.largest_jump_bps or 0.0) < Trust().jump_bps / 20
    assert 100 < (found.trades_bought or 0) < found.trades - 100


def test_limits_of_what_is_trusted_can_be_set(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "bad.npz", kit.trades_late(kit.calm_rows()))
    window = Window(iteration=1, iterations=1, start_ms=0.0, duration_ms=60_000.0)
    strict, lenient = (
        ReplayMarket(path, trust=trust).run_maker(kit.job(), window)
        for trust in (Trust(jump_bps=0.01), Trust(off_book_share=1.0, through_share=1.0))
    )
    assert any("the price jumped" in reason for reason in strict.market.withheld)
    assert not lenient.market.withheld


def test_only_the_iterations_that_are_touched_lose_their_kpis(tmp_path: Path) -> None:
    reports = kit.replayed_rows(kit.paused(kit.calm_rows(), 70.0, 15.0), tmp_path, iterations=4)
    assert [bool(report.market.withheld) for report in reports] == [False, False, True, False]
    assert [kpis_of(report).net_bps is None for report in reports] == [False, False, True, False]


def test_clock_skew_is_shifted_by_a_stated_amount(tmp_path: Path) -> None:
    rows = kit.field("local_ts", lambda t: t - 100_000_000)(kit.calm_rows())
    shift_ms = -float((rows["local_ts"] - rows["exch_ts"]).min()) / 1e6
    path = write_npz(tmp_path / "bad.npz", rows)
    (report,) = kit.replayed(path)
    assert report.market.local_shift_ms == pytest.approx(shift_ms)
    assert report.ws_lag_ms.n == 0
    assert "local times are shifted by" in str(report.market.no_data_reason)
    assert any("shifted by" in note for note in ReplayMarket(path).notes)
    # Nothing is seen before it happened: the numbers are those of rows that were received at least delay.
    least = kit.field("local_ts", lambda t: t + round(shift_ms * 1e6))(rows.copy())
    (expected,) = kit.replayed_rows(least, tmp_path)
    assert report.totals == expected.totals


def test_no_delay_is_measured_where_every_row_was_received_as_it_was_sent(tmp_path: Path) -> None:
    rows = kit.calm_rows()
    assert ReplayMarket(write_npz(tmp_path / "received.npz", rows)).recording.about.has_receipt
    rows["local_ts"] = rows["exch_ts"]
    (report,) = kit.replayed_rows(rows, tmp_path)
    assert report.ws_lag_ms.n == 0
    assert kpis_of(report).ws_lag_p95_ms is None
    assert kpis_of(report).net_bps is not None
    notes = ReplayMarket(write_npz(tmp_path / "sent.npz", rows)).notes
    assert any("times of receipt are not known" in note for note in notes)


def test_reconnects_change_no_fill(tmp_path: Path) -> None:
    (diffs,) = kit.replayed_rows(kit.calm_rows(), tmp_path)
    (snapshots,) = kit.replayed_rows(kit.as_snapshots(kit.calm_rows()), tmp_path)
    assert snapshots.orders == diffs.orders
    assert snapshots.totals == diffs.totals
    assert diffs.orders.maker_fills > 15


def test_odd_print_leaves_the_tick_and_fills_nobody(tmp_path: Path) -> None:
    rows = kit.inserted(kit.calm_rows(), 70_000, side=SELL, px=1890.0000005, qty=50.0, kind=TRADE)
    path = write_npz(tmp_path / "bad.npz", rows)
    market = ReplayMarket(path)
    assert market.describe()["tick_size"] == 0.01
    assert any("row 70000" in note and "off the price grid" in note for note in market.notes)
    (report,) = kit.replayed(path)
    assert report.market.rows_ignored == {"trade off the grid": 1}
    (good,) = kit.replayed_rows(kit.calm_rows(), tmp_path)
    assert report.totals == good.totals


def test_print_of_another_world_fills_nobody(tmp_path: Path) -> None:
    rows = kit.inserted(kit.calm_rows(), 70_000, side=SELL, px=100.0, qty=50.0, kind=TRADE)
    (report,) = kit.replayed_rows(rows, tmp_path)
    (good,) = kit.replayed_rows(kit.calm_rows(), tmp_path)
    assert report.totals == good.totals
    assert report.market.rows_ignored == {"trade far from the mid": 1}


def test_unknown_kinds_are_counted(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "bad.npz", kit.of_kind(77, 5)(kit.calm_rows()))
    (report,) = kit.replayed(path)
    assert report.market.rows_ignored == {"kind 77": 5}
    assert any(
        "rows of kind 77 are not used" in note and "5 in all" in note for note in ReplayMarket(path).notes
    )


def test_tiny_prices_have_a_tick(tmp_path: Path) -> None:
    rows = kit.calm_rows()
    rows["px"] = np.rint(rows["px"] * 100) * 1e-12
    market = ReplayMarket(write_npz(tmp_path / "bad.npz", rows))
    assert market.describe()["tick_size"] == 1e-12


@pytest.mark.parametrize(("name", "given"), [("tick_size", 0.02), ("tick_size", 3.0), ("lot_size", 7.0)])
def test_given_unit_that_does_not_fit_is_refused(name: str, given: float, tmp_path: Path) -> None:
    path = write_npz(tmp_path / "bad.npz", kit.calm_rows())
    with pytest.raises(
        SoakConfigError, match=rf"row \d+ is depth with .*not a multiple of {name} = {given}, which was given"
    ):
        ReplayMarket(
            path,
            tick_size=given if name == "tick_size" else None,
            lot_size=given if name == "lot_size" else None,
        )


def test_lot_dearer_than_the_largest_order_is_named(tmp_path: Path) -> None:
    (report,) = kit.replayed_rows(kit.dear_lot(kit.calm_rows()), tmp_path)
    assert "one lot costs" in str(report.market.no_data_reason)
    assert "no order" in str(report.market.no_data_reason)


def test_orders_without_a_fill_are_counted(tmp_path: Path) -> None:
    quiet = np.concatenate([good_rows()[:6], good_rows()[-1:], good_rows()[6:7]])
    quiet["exch_ts"][7:] = quiet["exch_ts"][6]
    quiet["local_ts"][7:] = quiet["local_ts"][6]
    (report,) = kit.replayed_rows(quiet, tmp_path)
    assert re.search(r"none of \d+ orders was filled|no order reached", str(report.market.no_data_reason))


def test_the_page_on_recordings_lists_every_check() -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "recordings.md").read_text(encoding="utf-8")
    for check in CHECKS.values():
        assert f"| {check.finds} | {check.does} |" in text
