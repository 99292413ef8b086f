"""``python -m benches.metaorders``: how far a metaorder of ours moves the mid, and how much of it stays.

Buys a share of the hour's volume in orders of usual size at most, evenly spread, sells as much on the same
seed, and takes half of what lies between the two mids: at the end, and a fifth and the whole of its length
later. Both moves are against the mid of that seed without us, which drops out of the half. ``Y`` is the move
at the end over the square root law, ``volatility of an hour * sqrt(share)``, the exponent that of the move in
size between a row and the one above it. Numbers are means over seeds with the half-width of their 95 %
interval (Student's t; of ratios of means and of exponents by the jackknife).
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benches.economics import play
from benches.exploiters import interval
from benches.makers import metaorder
from pytest_soak.domain.sampling import t_quantile
from pytest_soak.market import Scenario, load_scenario
from pytest_soak.market.tape import STEP_S, tape_of_scenario

SHARES = (0.001, 0.01, 0.1)
BEGIN_S = 30.0
AFTER = (0.0, 0.2, 1.0)
"""When the mid is looked at, in lengths of the metaorder after its end."""
Moves = Sequence[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Response:
    """What a metaorder did to one seed.

    Attributes:
        moves: of the mid at the times of ``AFTER``, bps.
        hour: deviation of the mid's return over an hour, bps.
    """

    moves: tuple[float, ...]
    hour: float


def _path(scenario: Scenario, way: int, notional: float, length_s: float, seed: int) -> list[float]:
    whole = BEGIN_S + length_s * (1.0 + AFTER[-1]) + 10.0
    report = play(scenario, metaorder(way, notional, BEGIN_S, length_s), 0.0, whole, 250.0, seed)
    return [mid for _, mid in report["path"]]


def _hour(scenario: Scenario, seed: int) -> tuple[float, float]:
    """Volume of an hour without us in quote units, and the deviation of the mid's return over it, bps."""
    tape = tape_of_scenario(scenario, seed=seed, duration_s=3600.0)
    minute = float(np.std(np.diff(np.log(tape.mid[::600]))) * 1e4)
    return float(np.nansum(tape.trade_qty * tape.trade_mid)), minute * math.sqrt(60.0)


def moves(scenario: Scenario, notional: float, length_s: float, seed: int) -> tuple[float, ...]:
    """Buy a notional within some seconds, and sell it; half of what lies between the mids, bps."""
    bought, sold = (_path(scenario, way, notional, length_s, seed) for way in (1, -1))
    gap = [math.log(up / down) * 0.5e4 for up, down in zip(bought, sold, strict=True)]
    width = 2.0

    def at(lengths: float) -> float:
        middle = BEGIN_S + length_s * (1.0 + lengths) + width
        first, last = (round((middle + sign * width) / STEP_S) for sign in (-1, 1))
        return statistics.fmean(gap[first:last])

    return tuple(at(lengths) for lengths in AFTER)


def responses(scenario: Scenario, length_s: float, seed: int) -> list[Response]:
    """What shares of the hour's volume do, traded within some seconds."""
    volume, hour = _hour(scenario, seed)
    return [Response(moves(scenario, share * volume, length_s, seed), hour) for share in SHARES]


def jackknife(value: Callable[[list[int]], float], count: int) -> tuple[float, float]:
    """A statistic of seeds and the half-width of its 95 % interval."""
    every = list(range(count))
    left = [value(every[:i] + every[i + 1 :]) for i in every]
    variance = statistics.pvariance(left) * (count - 1)
    return value(every), t_quantile(0.975, count - 1) * math.sqrt(variance)


def _mean(runs: Moves, of: Sequence[int], place: int = 0) -> float:
    return statistics.fmean(runs[i][place] for i in of)


def exponent(small: Moves, large: Moves, ratio: float) -> tuple[float, float]:
    """Of the move in the size, which differs by a ratio; not a number where a move is not upwards."""

    def of(seeds: list[int]) -> float:
        below, above = _mean(small, seeds), _mean(large, seeds)
        return math.log(above / below) / math.log(ratio) if min(below, above) > 0.0 else math.nan

    return jackknife(of, len(small))


def kept(runs: Moves, place: int) -> tuple[float, float]:
    """Share of the move at the end that is there at a later time."""
    return jackknife(lambda seeds: _mean(runs, seeds, place) / _mean(runs, seeds), len(runs))


def factor(runs: Sequence[Response], share: float) -> tuple[float, float]:
    """The move at the end over the square root law with a factor of one."""
    return interval([run.moves[0] / (run.hour * math.sqrt(share)) for run in runs])


def _cell(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.3g} +- {pair[1]:.2g}"


def table(
    name: str, length_s: float, over: Callable[[Callable[[int], list[Response]]], list[list[Response]]]
) -> None:
    """Print what metaorders of each size do in a scenario."""
    later = [f"left after {lengths * length_s:g} s" for lengths in AFTER[1:]]
    head = (
        "scenario",
        "share of the hour",
        "move at the end, bps",
        "Y",
        "exponent",
        *later,
    )
    sys.stdout.write(f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n")
    seeds = over(partial(responses, load_scenario(name), length_s))
    before: tuple[float, Moves] | None = None
    for share, runs in zip(SHARES, zip(*seeds, strict=True), strict=True):
        found = [run.moves for run in runs]
        grown = exponent(before[1], found, share / before[0]) if before else None
        cells = [name, f"{share:.1%}", _cell(interval([move[0] for move in found]))]
        cells += [_cell(factor(runs, share)), _cell(grown) if grown else ""]
        cells += [_cell(kept(found, place)) for place in range(1, len(AFTER))]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()
        before = share, found


def main(arguments: list[str] | None = None) -> int:
    """Print a table per scenario."""
    parser = argparse.ArgumentParser(prog="python -m benches.metaorders", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=["calm", "mixed"], metavar="SCENARIO")
    parser.add_argument("--seeds", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=600.0, help="that the metaorder lasts")
    options = parser.parse_args(arguments)
    seeds = range(1, options.seeds + 1)
    with ProcessPoolExecutor(2) as pool:
        for name in options.scenarios:
            table(name, options.seconds, lambda work: list(pool.map(work, seeds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
