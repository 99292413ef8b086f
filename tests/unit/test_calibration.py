"""A scenario that is fitted to recordings: what is read, what is searched, what is written."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket, load_scenario
from pytest_soak.market.calibration import search
from pytest_soak.market.calibration.fields import base_of, fields_of, scales_of, scenario_at
from pytest_soak.market.calibration.fitting import Fit, fit
from pytest_soak.market.calibration.moments import MOMENTS, measured
from pytest_soak.market.calibration.sample import Sample, Source, pooled, source_of
from pytest_soak.market.calibration.search import least
from pytest_soak.market.calibration.writing import text_of
from pytest_soak.market.tape import part_of_tape, rows_of_scenario, tape_of_scenario
from tests import recordings_kit as kit
from tests.oracle.recordings import BUY, DEPTH, TRADE, write_npz

if TYPE_CHECKING:
    from pytest_soak.market.tape import Tape

SECONDS = 90.0
TRIALS = 60


def _quiet(tried: int, distance: float) -> None:
    """Progress that nobody looks at."""


def _source(tape: Tape, tick_size: float = 0.01) -> Source:
    return Source(tape.name, "0" * 64, tape, tick_size, 0.001, None)


@pytest.fixture(scope="module")
def lively() -> Sample:
    """A market whose spread, trades and moves are far from where a search begins."""
    calm = load_scenario("calm")
    flow = calm.flow.model_copy(update={"market_rate_per_s": 40.0, "reservation_bps": 6.0})
    fair = calm.fair.model_copy(update={"vol_bps": 2.5})
    scenario = calm.model_copy(update={"flow": flow, "fair": fair})
    return pooled([_source(tape_of_scenario(scenario, seed=7, start_s=20.0, duration_s=SECONDS))])


@pytest.fixture(scope="module")
def fitted(lively: Sample) -> Fit:
    return fit("lively", lively, simulations=TRIALS, seed=1, progress=_quiet)


def test_a_search_finds_the_bottom_of_a_bent_valley_and_never_leaves_its_box() -> None:
    told: list[int] = []

    def valley(place: np.ndarray) -> float:
        assert ((place >= 0.0) & (place <= 1.0)).all()
        x, y = place[0], place[1:]
        return float((x - 0.95) ** 2 + 10.0 * ((y - x**2) ** 2).sum())

    start = np.full(5, 0.1)
    best = least(valley, start, 1200, lambda tried, _: told.append(tried), 1, 0.15)
    assert best.tried == told[-1] == 1200
    assert best.distance == valley(best.at) < 1e-3 < valley(start)
    again = least(valley, start, 1200, lambda *_: None, 1, 0.15)
    assert (again.at == best.at).all()
    assert (least(valley, start, 60, lambda *_: None, 2, 0.15).at != best.at).any()
    assert least(valley, start, 1, lambda *_: None, 1, 0.15).distance == valley(start)


def test_trials_do_not_depend_on_the_axes_that_a_machine_finds() -> None:
    """Axes of equal length are any of their plane: which ones differs between builds of LAPACK."""
    start = np.full(6, 0.5)
    one, other = (search._Strategy(start, 0.1, np.random.default_rng(1)) for _ in range(2))
    other._axes = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0]
    assert one.ask(8) == pytest.approx(other.ask(8), abs=1e-12)


def test_facts_of_a_market_are_recovered(lively: Sample, fitted: Fit) -> None:
    scales = scales_of(lively)
    base, searched = base_of("start", lively, scales), fields_of(scales)
    begin = scenario_at(base, searched, np.array([field.place() for field in searched]))
    before = fit("start", lively, simulations=1, seed=1, progress=_quiet)
    assert before.scenario.model_copy(update={"name": "start"}) == begin
    # On seeds that neither has seen.
    assert fitted.distance < 0.75 * before.distance
    assert fitted.simulations == TRIALS
    found = {match.name: match for match in fitted.matches}
    for name in ("market orders per second", "mean spread", "volatility over 1 s", "queue, median"):
        assert 0.5 < found[name].fitted / found[name].recorded < 2.0, found[name]
    assert sum(match.holds for match in fitted.matches) > 0.6 * len(fitted.matches)


def test_a_fit_is_a_function_of_its_input(fitted: Fit, lively: Sample, tmp_path: Path) -> None:
    few = fit("few", lively, simulations=14, seed=3, progress=_quiet)
    assert text_of(few) == text_of(fit("few", lively, simulations=14, seed=3, progress=_quiet))
    assert few.scenario != fit("few", lively, simulations=14, seed=4, progress=_quiet).scenario
    file = tmp_path / "lively.toml"
    file.write_text(text_of(fitted), encoding="utf-8")
    assert load_scenario(file) == fitted.scenario


def test_a_fit_goes_on_where_an_earlier_one_ended(fitted: Fit, lively: Sample) -> None:
    on = fit("on", lively, simulations=1, seed=1, progress=_quiet, start=fitted.scenario)
    assert on.scenario.model_copy(update={"name": "lively"}) == fitted.scenario
    assert "begun at scenario lively, 1 trials" in text_of(on)
    # What a scenario has not is begun as ever.
    fit("other", lively, simulations=1, seed=1, progress=_quiet, start=load_scenario("santa_fe"))


def test_recordings_of_a_market_that_changes_are_told_from_those_of_one(fitted: Fit) -> None:
    """One state is fitted to all of a recording; its file says where the recording had several."""
    assert fitted.changes == ()
    assert "not one market" not in text_of(fitted).lower()
    calm = load_scenario("calm")
    lively = calm.model_copy(update={"flow": calm.flow.model_copy(update={"market_rate_per_s": 80.0})})
    both = [
        _source(tape_of_scenario(one, seed=7, start_s=20.0, duration_s=SECONDS)) for one in (calm, lively)
    ]
    found = fit("both", pooled(both), simulations=1, seed=1, progress=_quiet)
    changes = {change.name: change for change in found.changes}
    orders = changes["market orders per second"]
    assert orders.recorded > 2.0 > 0.5 * orders.fitted
    assert "mean spread" not in changes
    said = " ".join(line.removeprefix("# ") for line in text_of(found).splitlines())
    assert "Not one market all the time: from part to part of 22.5 s, these change" in said
    assert f"market orders per second {orders.recorded:.2g} (fitted {orders.fitted:.2g})" in said


def test_a_file_says_from_what_it_is_and_what_remained(fitted: Fit) -> None:
    text = text_of(fitted)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 110
    assert f"calm, sha256 {'0' * 64}" in text
    assert f"Seed 1, {TRIALS} trials of 2 x 90 s:" in text
    command = f"pytest-soak calibrate calm -o lively.toml --simulations {TRIALS} --seed 1"
    assert f"#   {command}\n" in text
    assert command.replace(" --sim", " --until 60 --sim") in text_of(fitted, " --until 60")
    assert f"{fitted.distance:.4g}" in text
    for moment in MOMENTS:
        assert f"#   {moment.name}" in text
    # What recordings do not tell is marked, and nothing that was searched.
    assert "garch_half_life_s = 60.0  # not searched" in text
    assert "\nvol_bps = " in text
    assert "# not searched" not in next(line for line in text.splitlines() if line.startswith("vol_bps"))


def test_every_searched_field_is_within_what_a_scenario_accepts(lively: Sample) -> None:
    scales = scales_of(lively)
    base = base_of("bounds", lively, scales)
    tiny = scales._replace(
        half_spread=1e-4, volatility=1e-4, per_order=1e-6, queue=1.0, order=0.01, rate=0.01
    )
    huge = scales._replace(
        half_spread=90.0, volatility=90.0, per_order=50.0, queue=1e9, order=1e7, rate=900.0
    )
    for extreme in (scales, tiny, huge):
        searched = fields_of(extreme)
        for place in (0.0, 1.0):
            scenario_at(base, searched, np.full(len(searched), place))
        assert all(0.0 <= field.place() <= 1.0 for field in searched)


def test_each_statistic_is_known_of_a_market_and_unknown_of_nothing(lively: Sample) -> None:
    assert np.isfinite(lively.values).all()
    assert (lively.errors >= [moment.tolerance for moment in MOMENTS]).all()
    nothing = part_of_tape(lively.sources[0].tape, 0.0, 0.1)
    assert np.isnan(measured(nothing, MOMENTS)).sum() > len(MOMENTS) / 2


def test_recordings_are_pooled(lively: Sample) -> None:
    tape = lively.sources[0].tape
    both = pooled([_source(part_of_tape(tape, 0.0, 45.0)), _source(part_of_tape(tape, 45.0, 90.0))])
    assert both.stretch_s == pytest.approx(45.0)
    rate = next(place for place, moment in enumerate(MOMENTS) if moment.name == "market orders per second")
    halves = [len(source.tape.trade_s) / 45.0 for source in both.sources]
    assert both.values[rate] == pytest.approx(math.log(halves[0] * halves[1]) / 2.0)
    with pytest.raises(
        SoakConfigError, match=r"have ticks of 0\.01 and 0\.05; accepted are recordings of one"
    ):
        pooled([_source(tape), _source(tape, tick_size=0.05)])


def test_a_part_of_a_tape_has_its_own_time(lively: Sample) -> None:
    tape = lively.sources[0].tape
    part = part_of_tape(tape, 30.0, 60.0)
    assert part.seconds == 30.0
    assert part.bid == pytest.approx(tape.bid[300:600])
    inside = (tape.trade_s >= 30.0) & (tape.trade_s < 60.0)
    assert part.trade_s == pytest.approx(tape.trade_s[inside] - 30.0)
    assert part.trade_qty == pytest.approx(tape.trade_qty[inside])


@pytest.mark.parametrize(
    ("begin", "end", "change", "said"),
    [
        (0.0, 20.0, {}, "20 s are too short to fit a scenario to; accepted are 60 s or more"),
        (
            0.0,
            90.0,
            {"trade_s": 3},
            "3 market orders are too few to fit a scenario to; accepted are 100 or more",
        ),
        (0.0, 90.0, {"ask": None}, "there is no ask for 100% of the time, and a scenario has two sides"),
    ],
)
def test_what_cannot_be_fitted_is_said_in_one_sentence(
    lively: Sample, begin: float, end: float, change: dict[str, int | None], said: str
) -> None:
    tape = part_of_tape(lively.sources[0].tape, begin, end)
    if "ask" in change:
        tape = replace(tape, ask=np.full(len(tape.ask), np.nan))
    if "trade_s" in change:
        orders = [field.name for field in fields(tape) if field.name.startswith("trade_")]
        tape = replace(tape, **{name: getattr(tape, name)[: change["trade_s"]] for name in orders})

    class Market:
        facts = None
        recording = type("Recording", (), {"path": Path("bad.npz")})

        def tape(self) -> Tape:
            return tape

    with pytest.raises(SoakConfigError) as error:
        source_of(Market(), 1e9)  # type: ignore[arg-type]  # a market of which the check stops short
    assert str(error.value).startswith(f"recording bad.npz: {said}")


def test_delays_and_steps_are_read_from_a_recording(tmp_path: Path) -> None:
    calm = load_scenario("calm")
    path = write_npz(tmp_path / "calm.npz", kit.calm_rows())
    source = source_of(ReplayMarket(path), 1e9)
    assert (source.tick_size, source.name) == (0.01, "calm.npz")
    assert source.delays is not None
    # A row is received with the message after it, which comes every 10 ms.
    assert source.delays.interval_ms == pytest.approx(calm.latency.feed_interval_ms, rel=0.5)
    assert 1.0 < source.delays.median_ms < 30.0
    sample = pooled([source])
    base = base_of("delays", sample, scales_of(sample))
    assert base["latency"]["order"] == calm.latency.order.model_dump(mode="json")
    assert base["latency"]["feed"]["median_ms"] == pytest.approx(source.delays.median_ms, rel=1e-3)
    half = source_of(ReplayMarket(path), 61.0)
    assert half.tape.seconds == 61.0


def test_the_time_between_messages_of_a_book_is_read_from_a_recording(tmp_path: Path) -> None:
    calm = load_scenario("calm")
    assert "batch_ms" not in calm.model_dump(mode="json")["book"]
    flow = calm.flow.model_copy(update={"market_rate_per_s": 40.0, "reservation_bps": 6.0})
    book = calm.book.model_copy(update={"batch_ms": 40.0})
    by_clock = calm.model_copy(update={"book": book, "flow": flow})
    rows = rows_of_scenario(by_clock, seed=1, duration_s=70.0)
    kinds, at = rows["ev"] & np.uint64(0xFF), rows["exch_ts"]
    # Depth comes by the clock, trades when they are made.
    assert not (at[kinds == DEPTH] % 40_000_000).any()
    assert (at[kinds == TRADE] % 40_000_000).any()
    path = write_npz(tmp_path / "by_clock.npz", rows)
    sample = pooled([source_of(ReplayMarket(path), 1e9)])
    base = base_of("by_clock", sample, scales_of(sample))
    assert base["book"]["batch_ms"] == 40.0
    text = text_of(fit("by_clock", sample, simulations=1, seed=1, progress=_quiet))
    assert "\nbatch_ms = 40.0  # read from the recordings\n" in text
    path = write_npz(tmp_path / "calm.npz", kit.calm_rows())
    assert source_of(ReplayMarket(path), 1e9).batch_ms == 0.0


def test_quotes_that_leap_leave_nothing_right_behind_them() -> None:
    """A value that drifts through the ticks leaves the old queues a tick behind; one that leaps does not."""
    perp = load_scenario("btc_perp")
    found = []
    for vol_bps, jumps in ((0.15, 0.0), (0.0, 4000.0)):
        fair = perp.fair.model_copy(update={"vol_bps": vol_bps, "jumps_per_hour": jumps})
        impact = perp.impact.model_copy(update={"permanent_bps": 0.0, "transient_bps": 0.0})
        scenario = perp.model_copy(update={"fair": fair, "impact": impact})
        values = measured(tape_of_scenario(scenario, seed=1, duration_s=30.0), MOMENTS)
        found.append(dict(zip((moment.name for moment in MOMENTS), values, strict=True)))
    drifting, leaping = found
    assert leaping["bare a tick behind"] > drifting["bare a tick behind"] + 0.1
    assert leaping["moves of a tick"] < 0.5 * drifting["moves of a tick"]
    assert leaping["ticks to the next price"] > drifting["ticks to the next price"]


def test_orders_at_the_touch_make_long_queues() -> None:
    calm = load_scenario("calm")
    queue = []
    for share in (0.0, 0.5):
        scenario = calm.model_copy(update={"book": calm.book.model_copy(update={"touch_share": share})})
        queue.append(float(np.median(tape_of_scenario(scenario, seed=1, duration_s=60.0).bid_queue)))
    assert queue[1] > 2.0 * queue[0]


def test_a_one_sided_recording_is_refused_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pytest_soak import cli

    rows = rows_of_scenario(load_scenario("calm"), seed=1, duration_s=70.0)
    bids = rows[(rows["ev"] & np.uint64(BUY)) != 0]
    path = write_npz(tmp_path / "bids.npz", bids)
    assert cli.main(["calibrate", str(path), "-o", str(tmp_path / "out.toml")]) == 2
    err = capsys.readouterr().err
    assert "bids.npz" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out.toml").exists()
