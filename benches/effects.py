"""``python -m benches.effects``: what each parameter does to what is measured of the maker.

A row is a parameter and a measure: the mean change of an iteration of five minutes from the lower bound of
the parameter to the upper one, all else as in the profile ``default``, with the half-width of its 95 %
interval over seeds (Student's t on paired differences). A cell is empty where the interval holds zero, which
of twenty measures that nothing moves one does not; measures that no scenario tells from zero are left out.

With ``--no-tail`` a row is instead the change from an age limit at its lower bound to none at all. With
``--stale`` nothing is compared: for how long the price of an order had been too near when it was filled.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from benches.exploiters import interval
from pytest_soak import kernel
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.parameters import PARAMETERS
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob, MockMarket, Window, load_scenario

PROFILE = "default"
ITERATION_MS = 300_000.0
BEGINS = 4
"""A seed plays one of the first iterations, in turn, so that regimes and windows are met in all states."""
KPIS = (
    *("net_bps", "gross_bps", "inventory_bps", "adverse_bps_p95", "risk_ratio", "drawdown"),
    *("order_age_p95_ms", "maker_taker_ratio", "cancel_ratio"),
)
NEVER_FAR_BPS = 999.0
"""Distance from which an order may be too old, where none is ever so far."""
BLOCKS = ("min_interval", "throttle", "risk")
ORDERS = ("placed", "tail_cancelled", "maker_fills")
Row = dict[str, float]


def measured(scenario: str, parameter: str, value: float, seed: int, far_bps: float | None = None) -> Row:
    """One iteration with a value of a parameter; what was not measured is left out."""
    profile = load_profile(PROFILE).profile
    parameters = {**profile.parameters, parameter: value}
    maker = profile.maker if far_bps is None else profile.maker.model_copy(update={"far_bps": far_bps})
    job = MakerJob(parameters=parameters, maker=maker, fees=profile.fees)
    start = ITERATION_MS * (seed % BEGINS)
    window = Window(iteration=1, iterations=1, start_ms=start, duration_ms=ITERATION_MS)
    market = MockMarket(load_scenario(scenario), seed=seed)
    report: dict[str, Any] = json.loads(kernel.simulate(market.compiled, market.spec(job, window)))
    kpis = kpis_of(EdgeReport.model_validate(report)).model_dump()
    row = {name: float(kpis[name]) for name in KPIS if kpis[name] is not None}
    row |= {f"blocks for {name}": float(report["blocks"][name]) for name in BLOCKS}
    row |= {name: float(report["orders"][name]) for name in ORDERS}
    return row | {"notional": float(report["totals"]["notional"])}


def moves(scenario: str, parameter: str, seed: int) -> Row:
    """Upper minus lower bound of a parameter, of one seed."""
    bounds = PARAMETERS[parameter]
    low, high = (measured(scenario, parameter, value, seed) for value in (bounds.low, bounds.high))
    return _change(low, high)


def untailed(scenario: str, parameter: str, seed: int) -> Row:
    """No order cancelled for its age, minus an age limit at its lower bound, of one seed."""
    least = PARAMETERS[parameter].low
    return _change(
        measured(scenario, parameter, least, seed),
        measured(scenario, parameter, least, seed, far_bps=NEVER_FAR_BPS),
    )


def _change(low: Row, high: Row) -> Row:
    return {name: high[name] - low[name] for name in low if name in high}


def stale_ms(scenario: str, seed: int) -> list[float]:
    """Time for which each order that was filled had been nearer than wished by what makes it far, ms."""
    profile = load_profile(PROFILE).profile
    job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)
    half = profile.maker.base_half_spread_bps + profile.parameters["base_spread_bps_delta"]
    start = ITERATION_MS * (seed % BEGINS)
    window = Window(iteration=1, iterations=1, start_ms=start, duration_ms=ITERATION_MS)
    market = MockMarket(load_scenario(scenario), seed=seed)
    report = json.loads(kernel.simulate(market.compiled, market.spec(job, window, record_fills=True)))
    times, mids = (np.array(column) for column in zip(*report["path"], strict=True))
    found = []
    for fill in report["fills"]:
        placed, filled = fill["placed_ms"], fill["ts_ms"]
        first, last = np.searchsorted(times, [placed, filled])
        away = fill["side"] * (mids[first:last] / fill["price"] - 1.0) * 1e4
        near_enough = np.flatnonzero(away > half - profile.maker.far_bps)
        found.append(filled - (times[first + near_enough[-1]] if len(near_enough) else placed))
    return found


def stale(scenarios: Sequence[str], seeds: Sequence[int]) -> None:
    """Print a row a scenario, pooled over seeds; the mid is looked at every 100 ms."""
    sys.stdout.write("| scenario | fills | median, ms | 90 %, ms | above 500 ms |\n|---|---|---|---|---|\n")
    for scenario in scenarios:
        all_ms = np.concatenate([stale_ms(scenario, seed) for seed in seeds])
        median, most = np.quantile(all_ms, (0.5, 0.9))
        share = np.mean(all_ms > 500.0)
        sys.stdout.write(f"| {scenario} | {len(all_ms)} | {median:.0f} | {most:.0f} | {share:.2%} |\n")
        sys.stdout.flush()


def told(rows: Sequence[Row]) -> Mapping[str, tuple[float, float]]:
    """Measures whose mean change the interval tells from zero."""
    names = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row[name] for row in rows if name in row] for name in names}
    means = {name: interval(values) for name, values in found.items() if len(values) > 2}
    return {name: pair for name, pair in means.items() if abs(pair[0]) > pair[1]}


def table(
    scenarios: Sequence[str],
    parameters: Sequence[str],
    over: Callable[[Callable[[int], Row]], list[Row]],
    change: Callable[[str, str, int], Row] = moves,
) -> None:
    """Print the rows of each parameter as soon as they are known."""
    head = ["parameter", "measure", *scenarios]
    sys.stdout.write(f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n")
    for parameter in parameters:
        columns = [told(over(partial(change, scenario, parameter))) for scenario in scenarios]
        for name in dict.fromkeys(name for column in columns for name in column):
            cells = ["{:+.3g} +- {:.2g}".format(*c[name]) if name in c else "" for c in columns]
            sys.stdout.write(f"| `{parameter}` | {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benches.effects", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", default=["calm", "volatile", "mixed", "mean_reverting"], metavar="SCENARIO"
    )
    parser.add_argument("--seeds", type=int, default=128)
    parser.add_argument("--only", nargs="*", default=list(PARAMETERS), choices=list(PARAMETERS))
    parser.add_argument("--no-tail", action="store_true", help="what the limit on the age of far orders does")
    parser.add_argument("--stale", action="store_true", help="how long a fill's order had been too near")
    options = parser.parse_args(arguments)
    seeds = range(1, options.seeds + 1)
    if options.stale:
        stale(options.scenarios, seeds)
        return 0
    parameters, change = (["tail_age_ms"], untailed) if options.no_tail else (options.only, moves)
    with ProcessPoolExecutor(2) as pool:
        table(options.scenarios, parameters, lambda work: list(pool.map(work, seeds, chunksize=4)), change)
    return 0


if __name__ == "__main__":
    sys.exit(main())
