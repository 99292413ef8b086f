"""``pytest-soak record``: a mock market as a recording, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import MakerJob, ReplayMarket, Window, load_scenario
from pytest_soak.market.recording.rows import FIELDS
from pytest_soak.market.tape import rows_of_scenario, tape_of_recording, tape_of_scenario
from tests.oracle.jobs import job
from tests.oracle.recordings import EXCHANGE, LOCAL
from tests.oracle.replays import rows_for

DEPTH, TRADE, SNAPSHOT = 1, 2, 4


def test_a_recording_of_a_scenario_is_that_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "made" / "volatile.npz"
    assert cli.main(["record", "volatile", str(path), "--minutes=10", "--seed=5"]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: ")
    recorded = tape_of_recording(path)
    market = tape_of_scenario(load_scenario("volatile"), seed=5, duration_s=600.0)
    count = len(recorded.bid)
    assert count >= 5_998
    for name in ("bid", "ask", "bid_depth", "ask_depth"):
        assert getattr(recorded, name) == pytest.approx(getattr(market, name)[:count])
    trades = len(recorded.trade_s)
    assert trades > 200
    for name in ("trade_s", "trade_side", "trade_qty", "trade_mid"):
        assert getattr(recorded, name) == pytest.approx(getattr(market, name)[:trades], rel=1e-9)
    assert (recorded.trade_emptied == market.trade_emptied[:trades]).all()
    origin = json.loads(str(np.load(path)["origin"]))
    assert (origin["scenario"]["name"], origin["seed"]) == ("volatile", 5)


def test_rows_are_in_the_order_in_which_they_are_sent_and_received() -> None:
    tape = tape_of_scenario(load_scenario("feed_outage"), seed=1, duration_s=900.0)
    down = np.flatnonzero(np.diff(tape.labels["blackout"].astype(int))) * 0.1
    start = float(int(down[0]) - 20)
    rows = rows_of_scenario(load_scenario("feed_outage"), seed=1, start_s=start, duration_s=90.0)
    assert rows.dtype == np.dtype(list(FIELDS))
    assert (np.diff(rows["exch_ts"]) >= 0).all()
    assert (np.diff(rows["local_ts"]) >= 0).all()
    assert (rows["local_ts"] > rows["exch_ts"]).all()
    both = np.uint64(EXCHANGE | LOCAL)
    assert (rows["ev"] & both == both).all()
    kinds = rows["ev"] & np.uint64(0xFF)
    assert set(kinds.tolist()) == {DEPTH, TRADE, SNAPSHOT}
    first = int(np.argmax(kinds != SNAPSHOT))
    assert (kinds[:first] == SNAPSHOT).all()
    assert not (kinds[first:] == SNAPSHOT).any()
    # While the feed is down, which is 20 s at least, what is sent arrives afterwards.
    begin = rows["exch_ts"][0] + (down[0] - start) * 1e9
    held = (rows["exch_ts"] > begin + 0.4e9) & (rows["exch_ts"] < begin + 19e9)
    assert held.sum() > 5_000
    assert (rows["local_ts"][held] >= begin + 19e9).all()


def test_a_maker_can_be_run_on_it(tmp_path: Path) -> None:
    path = tmp_path / "calm.npz"
    assert cli.main(["record", "calm", str(path), "--minutes=5"]) == 0
    market = ReplayMarket(path)
    task: MakerJob = job()
    report = market.run_maker(
        task, Window(iteration=1, iterations=1, start_ms=1_000.0, duration_ms=290_000.0)
    )
    assert report.source == market.source == "mock"
    assert json.loads(str(market.describe()["origin"]))["scenario"]["name"] == "calm"
    np.savez(path, data=np.load(path)["data"])
    assert ReplayMarket(path).source == "replay"
    assert "origin" not in ReplayMarket(path).describe()
    assert report.orders.maker_fills > 30
    assert report.totals.gross / report.totals.notional * 1e4 == pytest.approx(4.3, abs=0.3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["calm", "x.npz", "--minutes=300"], "--minutes = 300; accepted is 1 to 240"),
        (["calm", "x.npy"], "x.npy: a recording is written to a file that ends in .npz"),
        (["clam", "x.npz"], "unknown scenario 'clam'"),
    ],
)
def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert cli.main(["record", *words]) == 2
    assert says in capsys.readouterr().err
    assert not Path(words[1]).exists()


@pytest.mark.parametrize(
    "origin",
    [np.array([1, 2]), np.array(["a", "b"]), np.array({"a": 1}, dtype=object), np.array("x" * (1 << 19))],
)
def test_an_origin_that_is_no_text_is_refused(tmp_path: Path, origin: Any) -> None:
    path = tmp_path / "odd.npz"
    np.savez(path, data=rows_for(1), origin=origin)
    with pytest.raises(
        SoakConfigError, match=r"odd\.npz: array 'origin' is not one text of at most 1048576 bytes"
    ):
        ReplayMarket(path)


def test_a_day_is_too_much_to_hold_as_rows() -> None:
    with pytest.raises(SoakConfigError, match=r"duration_ms = .* is out of range"):
        rows_of_scenario(load_scenario("calm"), seed=1, duration_s=86_400.0)
