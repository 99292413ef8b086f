"""Each shipped scenario does what its name says; ``unit/test_kernel_scenarios.py`` has the maker's zones."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pytest_soak.market import MockMarket, available_scenarios, load_scenario
from pytest_soak.market.tape import Tape, tape_of_scenario
from tests.oracle.jobs import job, window

HOURS_S = 20_000.0
HOUR_S = 3_600.0
"""Longer than any scripted shock."""
MINUTE_MS = 60_000.0


@cache
def tape_of(name: str, seed: int = 1, seconds: float = HOURS_S) -> Tape:
    return tape_of_scenario(load_scenario(name), seed=seed, duration_s=seconds)


def variance_ratio(name: str) -> float:
    """Variance of moves of ten minutes over that of ten seconds, per time: 1 for a random walk."""
    ratios = []
    for seed in (1, 2):
        price = np.log(tape_of(name, seed).mid)
        long, short = (np.mean((price[lag:] - price[:-lag]) ** 2) / lag for lag in (6_000, 100))
        ratios.append(long / short)
    return float(np.mean(ratios))


def test_prices_trend_or_come_back() -> None:
    assert variance_ratio("trending") > 1.3 * variance_ratio("calm")
    assert variance_ratio("mean_reverting") < 0.7 * variance_ratio("calm")
    assert 0.6 < variance_ratio("calm") < 1.7


def test_trends_move_the_price_farther_than_calm_does() -> None:
    def moved(name: str) -> float:
        moves = [np.diff(np.log(tape_of(name, seed).mid[::3_000])) * 1e4 for seed in (1, 2)]
        return float(np.std(np.concatenate(moves)))

    assert moved("trending") > 1.25 * moved("calm")


def test_zero_intelligence_prices_come_out_of_the_order_flow() -> None:
    tape = tape_of("santa_fe")
    assert np.ptp(tape.fair) == 0.0
    assert np.log(tape.mid).std() * 1e4 > 5.0


def begins(tape: Tape, label: str) -> list[int]:
    """Samples at which a label comes on."""
    return [int(at) + 1 for at in np.flatnonzero(np.diff(tape.labels[label].astype(int)) > 0)]


def test_news_move_the_price_at_once_after_a_quiet_minute() -> None:
    signs, times, sizes = set(), set(), []
    for seed in range(1, 7):
        tape = tape_of("news", seed, HOUR_S)
        depth = tape.bid_depth + tape.ask_depth
        announced = begins(tape, "news")
        assert len(announced) == 3
        for at in announced:
            move = np.log(tape.mid[at + 60] / tape.mid[at - 10]) * 1e4
            sizes.append(abs(move))
            signs.add(move > 0)
            times.add(at)
            assert np.median(depth[at - 300 : at]) < 0.7 * np.median(depth[:3_000])
            assert tape.labels["before_news"][at - 300]
    assert 20.0 < np.mean(sizes) < 60.0
    assert signs == {True, False}, "nobody knows the sign before"
    assert len(times) == 18, "nor the time from another seed"


def test_a_thin_book_stays_thin() -> None:
    for seed in range(1, 5):
        tape = tape_of("flash_crash", seed, HOUR_S)
        depth = tape.bid_depth + tape.ask_depth
        thin = depth[tape.labels["aftermath"]]
        assert np.quantile(thin, 0.99) < np.median(depth[:3_000])


def test_the_price_moves_while_the_feed_is_down() -> None:
    moves = []
    for seed in range(1, 17):
        tape = tape_of_scenario(load_scenario("feed_outage"), seed=seed, duration_s=900.0)
        down = np.flatnonzero(tape.labels["blackout"])
        moves.append(np.log(tape.mid[down[-1]] / tape.mid[down[0]]) * 1e4)
    assert np.mean(np.abs(moves)) > 15.0
    assert min(moves) < 0.0 < max(moves)


def test_regimes_of_a_mixed_day_switch_and_differ() -> None:
    tape = tape_of("mixed", 2)
    regimes = [regime.label for regime in load_scenario("mixed").regimes]
    on = np.stack([tape.labels[label] for label in regimes])
    assert (on.sum(axis=0) == 1).all(), "one regime is on at any time"
    moves = np.diff(np.log(tape.mid[::100])) * 1e4
    quiet, turbulent = (moves[tape.labels[label][::100][:-1]].std() for label in ("quiet", "turbulent"))
    assert turbulent > 1.8 * quiet


def test_outages_hold_the_feed_and_then_bring_all_of_it() -> None:
    market = MockMarket(load_scenario("feed_outage"), seed=1)
    hit = market.run_maker(job(), window(10 * MINUTE_MS, 5 * MINUTE_MS))
    assert "blackout" in hit.market.labels
    assert 20_000.0 < hit.market.label_ms["blackout"] < 60_000.0
    assert hit.ws_lag_ms.p95 is not None
    assert hit.ws_lag_ms.p95 > 5_000.0
    # The feed sends every 10 ms; nothing of it is lost.
    assert hit.ws_lag_ms.n == pytest.approx(30_000, abs=300)


@pytest.mark.parametrize("name", available_scenarios())
def test_labels_are_in_the_records_with_their_time(name: str) -> None:
    scenario = load_scenario(name)
    market = MockMarket(scenario, seed=3)
    known = {window.label for window in scenario.windows} | {shock.label for shock in scenario.shocks}
    known |= {regime.label for regime in scenario.regimes}
    seen: set[str] = set()
    for minute in range(0, 60, 10):
        facts = market.run_maker(job(), window(minute * MINUTE_MS, 10 * MINUTE_MS)).market
        assert set(facts.label_ms) == set(facts.labels) <= known
        assert all(0.0 < length <= 10 * MINUTE_MS for length in facts.label_ms.values())
        if scenario.regimes:
            total = sum(facts.label_ms.get(regime.label, 0.0) for regime in scenario.regimes)
            assert total == pytest.approx(10 * MINUTE_MS)
        seen |= set(facts.labels)
    assert seen or not known
