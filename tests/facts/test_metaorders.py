"""What a metaorder of ours does to the price; `python -m benches.metaorders` measures it over seeds."""

from __future__ import annotations

import math
from functools import cache

import pytest

from benches.exploiters import chosen, interval
from benches.metaorders import Moves, exponent, jackknife, kept, moves
from pytest_soak.market import Scenario

SEEDS = range(1, 9)
LENGTH_S = 60.0


def quiet(impact: bool = True) -> Scenario:
    """``calm`` without news and with few trades of others, so that a few seeds show what ours do."""
    market = chosen("calm", impact)
    fair = market.fair.model_copy(update={"vol_bps": 0.01, "jumps_per_hour": 0.0})
    flow = market.flow.model_copy(update={"market_rate_per_s": 0.5})
    return market.model_copy(update={"fair": fair, "flow": flow})


@cache
def bought(notional: float, impact: bool = True) -> Moves:
    return [moves(quiet(impact), notional, LENGTH_S, seed) for seed in SEEDS]


def test_the_price_moves_with_a_metaorder_and_less_than_in_proportion() -> None:
    """The literature has an exponent of 0.4 to 0.7 (Toth et al. 2011; Zarinelli et al. 2015), not 1."""
    move, half = interval([one[0] for one in bought(20_000.0)])
    assert move - half > 10.0
    found, error = exponent(bought(20_000.0), bought(200_000.0), 10.0)
    assert found - error > 0.4
    assert found + error < 1.0


def test_part_of_the_move_comes_back_and_part_stays() -> None:
    """About two thirds stay (Bershova and Rakhlin 2013), as what is left is what was paid in the mean."""
    left, error = kept(bought(200_000.0), 2)
    assert left - error > 0.5
    assert left + error < 0.9


def test_where_trades_tell_nothing_no_metaorder_moves_the_price() -> None:
    silent, half = interval([one[1] for one in bought(20_000.0, impact=False)])
    assert abs(silent) + half < 1.0


def test_the_jackknife_of_a_mean_is_the_interval_of_students_t() -> None:
    values = [1.0, 2.0, 4.0, 9.0]
    mean, half = jackknife(lambda of: math.fsum(values[i] for i in of) / len(of), len(values))
    assert (mean, half) == pytest.approx(interval(values))
