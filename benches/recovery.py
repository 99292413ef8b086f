"""``python -m benches.recovery``: fit recordings of scenarios that are known, and quote in what was fitted.

A row is a scenario and a seed: it is recorded, fitted by ``pytest-soak calibrate``, and the reference maker
quotes in what was fitted, in the scenario itself on another seed, and in the recording, at three distances.
Counted are KPIs that differ (95 % intervals of the difference): of the fitted scenario from the recording,
which is what ``pytest-soak market --replay --maker`` tells; of the true one from it, which is chance and what
a replay fills otherwise; and of the fitted scenario from the true one, both simulated. Then fills of the
fitted one over those of the true one, its net less that of the true one, bps, and which scales of the
recording change from part to part, which one state cannot have.

With ``--chance`` nothing is fitted: a row is how many KPIs of each of 32 other seeds, in as many windows as
six minutes have, differ from those of the scenario itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pytest_soak.cli import quoting
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.settings import Profile
from pytest_soak.market import MockMarket, ReplayMarket, load_scenario
from pytest_soak.market.calibration.fitting import fit
from pytest_soak.market.calibration.sample import pooled, source_of
from pytest_soak.market.scenario.model import Scenario
from pytest_soak.market.tape import rows_of_scenario

SCENARIOS = ("mixed", "santa_fe", "volatile")
OTHER_SEED = 1_000
"""Added to the seed of a recording: that of the markets in which the maker quotes."""
SHORT = 11
"""Windows that a recording of six minutes has."""
CHANCE_SEEDS = 32
DISTANCE = "base_spread_bps_delta"
Found = Mapping[float, Mapping[str, quoting.Estimate]]


def quoted(slices: quoting.Slices, profile: Profile) -> Found:
    """KPIs by distance."""
    return {
        delta: quoting.estimates(slices, profile, delta)
        for delta in quoting.distances(profile.parameters[DISTANCE])
    }


def differing(found: Found, other: Found) -> tuple[int, int]:
    """How many KPIs differ, of those that both have."""
    pairs = [
        (one, other[delta][key])
        for delta, kpis in found.items()
        for key, one in kpis.items()
        if key in other[delta]
    ]
    return sum(not one.agrees(another) for one, another in pairs), len(pairs)


def recovered(name: str, seed: int, minutes: int, simulations: int, profile: Profile) -> str:
    """The row of a scenario and a seed."""
    truth = load_scenario(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.npz"
        np.savez(path, data=rows_of_scenario(truth, seed=seed, duration_s=minutes * 60.0))
        sample = pooled([source_of(ReplayMarket(path), minutes * 60.0)])
        recorded = quoted(quoting.slices_of(path, 0.0), profile)
    fitted = fit("fitted", sample, simulations=simulations, seed=seed, progress=lambda *_: None)

    def of(scenario: Scenario) -> Found:
        market = MockMarket(scenario, seed=seed + OTHER_SEED)
        return quoted(quoting.Slices(market, 0.0, quoting.WINDOWS), profile)

    found, true = of(fitted.scenario), of(truth)
    differ, told = differing(found, recorded)
    of_true, _ = differing(true, recorded)
    of_both, _ = differing(found, true)
    ratios = [_ratio(found[delta], true[delta], "fills") for delta in true]
    nets = [_less(found[delta], true[delta], "net_bps") for delta in true]
    return (
        f"{name:10} {seed:4} {fitted.distance:9.3g} {differ:7} of {told:2} {of_true:9} {of_both:9} "
        f"{' '.join(f'{ratio:6.2f}' for ratio in ratios)}  {' '.join(f'{net:6.2f}' for net in nets)}  "
        f"{', '.join(change.name for change in fitted.changes) or 'nothing'}"
    )


def by_chance(name: str, profile: Profile) -> str:
    """How many KPIs of a scenario on other seeds differ from its own."""
    scenario = load_scenario(name)
    own = quoted(quoting.Slices(MockMarket(scenario, seed=1), 0.0, quoting.WINDOWS), profile)
    slices = [
        quoting.Slices(MockMarket(scenario, seed=seed), 0.0, SHORT) for seed in range(2, CHANCE_SEEDS + 2)
    ]
    found = [differing(quoted(one, profile), own) for one in slices]
    share = sum(differ for differ, _ in found) / sum(told for _, told in found)
    return f"{name}: {share:.1%} of KPIs; by seed {sorted(differ for differ, _ in found)}"


def _ratio(one: Mapping[str, quoting.Estimate], other: Mapping[str, quoting.Estimate], key: str) -> float:
    of = other[key].mean if key in other else 0.0
    return one[key].mean / of if key in one and of else float("nan")


def _less(one: Mapping[str, quoting.Estimate], other: Mapping[str, quoting.Estimate], key: str) -> float:
    return one[key].mean - other[key].mean if key in one and key in other else float("nan")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benches.recovery", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--seeds", type=int, default=3, help="recordings of each (default: 3)")
    parser.add_argument("--minutes", type=int, default=20, help="length of a recording (default: 20)")
    parser.add_argument("--simulations", type=int, default=400, help="trials of a fit (default: 400)")
    parser.add_argument("--profile", default="default", help="of the maker (default: default)")
    parser.add_argument("--chance", action="store_true", help="what differs where nothing is fitted")
    options = parser.parse_args(arguments)
    profile = load_profile(options.profile, (Path("soak_profiles"),)).profile
    if options.chance:
        for name in options.scenarios:
            sys.stdout.write(f"{by_chance(name, profile)}\n")
        return 0
    sys.stdout.write(
        f"{'scenario':10} {'seed':>4} {'distance':>9} {'differ':>13} {'true':>9} {'from true':>9} "
        f"{'fills / true':>20}  {'net - true, bps':>20}  changes\n"
    )
    for name in options.scenarios:
        for seed in range(1, options.seeds + 1):
            row = recovered(name, seed, options.minutes, options.simulations, profile)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
