"""``python -m benches.ablations``: which stylised facts notice that a part of a market is missing.

Each ablation takes one part out of a scenario. A fact has power against it where it holds in the whole market
and fails in the ablated one, of the same seeds.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from pytest_soak.market import load_scenario
from pytest_soak.market.facts.finding import Finding, find
from pytest_soak.market.facts.table import FACTS
from pytest_soak.market.scenario.model import Scenario
from pytest_soak.market.tape import tape_of_scenario

Values = list[tuple[float, int]]

WHOLE = "whole"
ABLATIONS: Mapping[str, Mapping[str, object]] = {
    "no GARCH": {"fair.garch_alpha": 0.0},
    "no regimes": {"regimes": ()},
    "Gaussian without jumps": {"fair.tail_df": 1000.0, "fair.jumps_per_hour": 0.0},
    "branching of 0.4": {"flow.hawkes.branching": 0.4},
    "no informed flow": {"flow.informed_share": 0.0, "flow.pick_rate_per_s": 0.0},
    "frozen fair value": {"fair.vol_bps": 0.0, "fair.jumps_per_hour": 0.0},
    "no impact": {"impact.permanent_bps": 0.0, "impact.transient_bps": 0.0},
    "no flight": {"impact.flight": 0.0},
    "quotes that follow at once": {"impact.belief_half_life_s": 0.0},
    "independent sides": {"flow.metaorder_share": 0.0, "flow.hawkes.cross_share": 0.5},
    "one size": {"flow.size_cap": 1.0, "flow.pick_notional": 500.0, "book.order_log_sd": 0.0},
    "even depth": {"book.depth_log_sd": 0.0, "windows": (), "regimes.*.effect.depth": 1.0},
    "no Hawkes process": {"flow.hawkes": None},
}
"""What each takes out: values of the scenario by their path, ``*`` for all of a list."""


def ablated(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """A scenario with other values."""
    data = scenario.model_dump()
    for path, value in changes.items():
        _set(data, path.split("."), value)
    return Scenario.model_validate(data)


def _set(data: Any, path: list[str], value: object) -> None:
    first, *rest = path
    if first == "*":
        for one in data:
            _set(one, rest, value)
    elif rest:
        _set(data[first], rest, value)
    else:
        data[first] = value


def findings(scenario: Scenario, *, seed: int, hours: float) -> list[Finding]:
    """Facts of a market without a maker."""
    return list(find(tape_of_scenario(scenario, seed=seed, duration_s=hours * 3600.0), FACTS))


def _measured(hours: float, task: tuple[str, str, int]) -> Values:
    name, label, seed = task
    scenario = ablated(load_scenario(name), ABLATIONS.get(label, {}))
    return [(finding.value, finding.count) for finding in findings(scenario, seed=seed, hours=hours)]


def _mean(runs: list[Values], index: int) -> Finding:
    """Mean over seeds; not defined where it is not for one of them."""
    values = [run[index][0] for run in runs]
    whole = all(math.isfinite(value) for value in values)
    value = statistics.fmean(values) if whole else math.nan
    return Finding(FACTS[index], value, min(run[index][1] for run in runs))


def main(arguments: list[str] | None = None) -> int:
    """Print a row per ablation; 1 where one goes unnoticed."""
    parser = argparse.ArgumentParser(prog="python -m benches.ablations", description=__doc__)
    parser.add_argument("--scenario", default="mixed")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--hours", type=float, default=28.0, help="of market time, a seed")
    options = parser.parse_args(arguments)
    labels = [WHOLE, *ABLATIONS]
    seeds = range(1, options.seeds + 1)
    tasks = [(options.scenario, label, seed) for label in labels for seed in seeds]
    with ProcessPoolExecutor(2) as pool:
        measured = list(pool.map(partial(_measured, options.hours), tasks))
    runs = {label: measured[i * len(seeds) : (i + 1) * len(seeds)] for i, label in enumerate(labels)}
    found = {label: [_mean(runs[label], index) for index in range(len(FACTS))] for label in labels}
    missed = [f.fact.name for f in found[WHOLE] if f.holds is False]
    sys.stdout.write(f"{options.scenario}, whole: fails {', '.join(missed) or 'none'}\n\n")
    sys.stdout.write("| taken out | facts that fail: mean over seeds (in the whole market) |\n|---|---|\n")
    unnoticed = 0
    for label in ABLATIONS:
        told = [
            f"{one.fact.name} {one.value:.3g} ({whole.value:.3g})"
            for one, whole in zip(found[label], found[WHOLE], strict=True)
            if whole.holds and one.holds is False
        ]
        unnoticed += not told
        sys.stdout.write(f"| {label} | {', '.join(told) or 'NONE'} |\n")
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main())
