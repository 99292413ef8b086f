"""The mock market seen from Python: determinism, absolute market time, signals, errors."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kernel_kit import kpis, opened, parts_of, raw, scenario, simulate, spec


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for inner in value.values() for n in _numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in _numbers(inner)]
    return [value] if isinstance(value, float) else []


def test_the_same_spec_gives_the_same_bytes() -> None:
    whole = spec("volatile", minutes=0.5, record_fills=True)
    assert raw(whole) == raw(whole)


def test_a_market_gives_the_same_whatever_was_asked_of_it_before() -> None:
    """Windows in order, out of order and twice: the world that a market keeps does not show."""
    market, _ = opened(spec("volatile"))
    texts = [json.dumps(parts_of(spec(start_minutes=start, minutes=0.2))[2]) for start in (0.0, 3.0, 6.0)]
    fresh = [opened(spec("volatile"))[0].simulate(text) for text in texts]
    for order in ((0, 1, 2), (2, 0, 1), (1, 1, 0)):
        for place in order:
            assert market.simulate(texts[place]) == fresh[place]


def test_threads_share_a_market() -> None:
    market, _ = opened(spec("volatile"))
    texts = [
        json.dumps(parts_of(spec(start_minutes=start, minutes=0.5))[2]) for start in (0.0, 4.0, 2.0, 6.0)
    ]
    alone = [market.simulate(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(market.simulate, texts)) == alone


def test_another_seed_or_start_gives_another_market() -> None:
    base = simulate(minutes=0.2)
    assert simulate(minutes=0.2, seed=2)["totals"] != base["totals"]
    assert simulate(minutes=0.2, start_minutes=0.2)["totals"] != base["totals"]


def test_a_report_is_a_valid_record_of_finite_numbers() -> None:
    report = simulate(market="flash_crash", start_minutes=12.0, minutes=2.0, record_fills=True)
    measured = kpis(report)
    assert all(math.isfinite(n) for n in _numbers(report))
    assert report["source"] == "mock"
    assert report["market"]["labels"] == ["crash"]
    assert measured.samples


def test_components_partition_the_ledger() -> None:
    totals = simulate(market="volatile", start_minutes=8.0)["totals"]
    parts = sum(totals[key] for key in ("gross", "fees", "slippage", "inventory"))
    assert totals["notional"] > 40_000.0
    assert abs(parts - totals["ledger"]) <= 1e-9 * totals["notional"]
    assert totals["maker_notional"] + totals["taker_notional"] == pytest.approx(totals["notional"])


def test_the_world_is_a_function_of_market_time_whatever_the_iteration_length() -> None:
    # What trades tell belongs to an iteration, as its trades do.
    market = scenario("calm")
    del market["impact"]
    whole = dict(simulate(market=market, minutes=4.0, record_fills=True)["path"])
    second = dict(simulate(market=market, start_minutes=2.0, minutes=2.0, record_fills=True)["path"])
    shared = sorted(set(whole) & set(second))
    assert len(shared) == 1201
    # Order flow differs between the two; the fair value that the mids follow does not.
    apart = [abs(whole[t] / second[t] - 1.0) * 1e4 for t in shared]
    moves = max(whole[t] for t in shared) / min(whole[t] for t in shared)
    assert sum(apart) / len(apart) < 1.0 < (moves - 1.0) * 1e4


def test_a_scripted_crash_hits_the_iteration_that_covers_it() -> None:
    def fall(start: float, minutes: float) -> float:
        market = simulate(market="flash_crash", start_minutes=start, minutes=minutes)["market"]
        return float(market["mid_low"] / market["mid_high"] - 1.0)

    assert fall(10.0, 8.0) < -0.035
    assert fall(11.0, 7.0) < -0.035
    assert fall(5.0, 5.0) > -0.01


def test_labels_are_those_of_the_time_that_was_run() -> None:
    labels = [simulate(market="volatile", start_minutes=5.0 * i)["market"]["labels"] for i in range(6)]
    assert ["burst"] in labels
    assert [] in labels
    longer = simulate(market="volatile", minutes=30.0)["market"]["labels"]
    assert longer == ["burst"]


def test_fills_and_path_come_only_where_asked_for() -> None:
    assert not {"fills", "path"} & set(simulate(minutes=0.1))
    report = simulate(minutes=1.0, record_fills=True)
    first = report["fills"][0]
    assert {"ts_ms", "side", "price", "qty", "maker", "mid_at_fill", "mid_at_decision", "fee"} < set(first)
    assert len(report["fills"]) == report["orders"]["maker_fills"] + report["orders"]["taker_fills"]
    assert [t for t, _ in report["path"]] == [100.0 * i for i in range(601)]


def test_latencies_are_those_of_the_scenario() -> None:
    slow = scenario("calm")
    slow["latency"]["order"] |= {"median_ms": 40.0, "log_sd": 0.0, "spike_probability": 0.0}
    slow["latency"]["feed"] |= {"median_ms": 30.0, "log_sd": 0.0, "spike_probability": 0.0}
    measured = kpis(simulate(market=slow, minutes=1.0))
    assert measured.latency_p95_ms == pytest.approx(80.0)
    assert measured.ws_lag_p95_ms == pytest.approx(30.0)


def test_calm_adverse_selection_is_a_cost() -> None:
    report = simulate(minutes=120.0, record_fills=True)
    costs = [
        -fill["side"] * (fill["mids_later"][1] - fill["mid_at_fill"]) / fill["mid_at_fill"] * 1e4
        for fill in report["fills"]
        if fill["maker"] and fill["mids_later"][1] is not None
    ]
    assert len(costs) > 1000
    # Of a half-spread of 4.6 bps nearly a third within a second, half in the end.
    assert 1.0 < sum(costs) / len(costs) < 2.0


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("seed",), -1, "seed"),
        (("duration_ms",), 0, "duration_ms = 0 is out of range"),
        (("scenario", "fair", "vol_bps"), 51.0, "scenario.fair.vol_bps = 51"),
        (("scenario", "flow", "surprise"), 1, "unknown field `surprise`"),
        (("parameters", "min_interval_ms"), float("nan"), "spec is not accepted"),
        (("maker", "depth_levels"), 0, "maker.depth_levels = 0"),
        (("fees", "maker_bps"), "much", "fees.maker_bps: invalid type"),
    ],
)
def test_what_is_wrong_with_a_spec_is_said(place: tuple[str, ...], value: Any, says: str) -> None:
    wanted = spec(minutes=0.1)
    inner = wanted
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValueError, match=says):
        raw(wanted)


def test_other_threads_run_meanwhile() -> None:
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    market, text = opened(spec(minutes=60.0))
    thread.start()
    begin = time.perf_counter()
    market.simulate(text)
    end = time.perf_counter()
    done.set()
    thread.join()
    # A thread that had to wait for the kernel would tick once at most, however busy the machine is.
    assert sum(begin < t < end for t in ticks) > 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer that raises a signal")
def test_ctrl_c_lands_within_half_a_second() -> None:
    raised: list[float] = []

    def interrupt(_number: int, _frame: object) -> None:
        raised.append(time.perf_counter())
        raise KeyboardInterrupt

    market, text = opened(spec(minutes=1440.0))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begin = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            market.simulate(text)
        end = time.perf_counter()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert len(raised) == 1
    assert end - begin < 0.2 + 0.5
