"""``python -m benches.scenarios``: what the shipped profiles do in the shipped scenarios, over seeds.

``cells`` (the default) is a row per scenario and profile, without tuning unless ``--tune`` is given: net
profit with the half-width of its 95 % interval over seeds, its deviation between iterations, the share of
iterations that lose, risk, drawdown, zones, and the verdicts of whole canaries after the warm-up; a rule
turns the numbers into a sentence. ``tuner`` compares the built-in tuner with none on the same seeds, as
paired differences, ``ranks`` the drawdown of each profile with that of the next one. Positions are carried
over borders, as in a run, unless ``--position flat`` says otherwise.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benches.gates import spec_in
from pytest_soak.config.limits import POSITION
from pytest_soak.config.profiles import available_profiles
from pytest_soak.domain.gates import judge_canary, verdict_of
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.records import IterationRecord, Verdict
from pytest_soak.domain.settings import TunerSettings
from pytest_soak.domain.tuner import zone_of
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.standalone import BuiltInHooks
from pytest_soak.market import available_scenarios

FIRST_SEED = 1001
"""Seeds from here on were used for no choice of a value in profiles, scenarios and tuner."""
Over = Callable[[Callable[[int], Any]], list[Any]]
SETTINGS = TunerSettings()


@dataclass(frozen=True, slots=True)
class Soaked:
    """One canary: its iterations and the verdict of those after the warm-up."""

    records: Sequence[IterationRecord]
    verdict: Verdict
    missed: tuple[str, ...]

    def mean(self, read: Callable[[IterationRecord], float | None]) -> float:
        """Mean of what the iterations measured; not a number where none did."""
        known = [value for record in self.records if (value := read(record)) is not None]
        return statistics.fmean(known) if known else math.nan


def soaked(
    profile: str, scenario: str, iterations: int, tune: bool, position: PositionRule, seed: int
) -> Soaked:
    """Run one canary with the built-in guards."""
    with tempfile.TemporaryDirectory() as folder:
        spec = spec_in(Path(folder), scenario, seed, profile=profile, iterations=iterations, tune=tune)
        canary = Canary(replace(spec, position=position), BuiltInHooks())
        try:
            records = list(canary.advance_to(iterations))
            first = spec.profile.gates.warmup_iterations + 1
            gates = judge_canary(
                pooled(canary.edges(first)), spec.profile.gates, sum(not record.warmup for record in records)
            )
        finally:
            canary.close()
    missed = tuple(gate.kpi for gate in gates if gate.verdict is not Verdict.OK)
    return Soaked(records, verdict_of(gates), missed)


def net(record: IterationRecord) -> float | None:
    """Net profit of an iteration, bps."""
    return record.kpis.net_bps


def losing(record: IterationRecord) -> float | None:
    """1 where an iteration lost."""
    return None if record.kpis.net_bps is None else float(record.kpis.net_bps < 0.0)


def failed(record: IterationRecord) -> float:
    """1 where an iteration missed a gate that fails."""
    return float(record.verdict in (Verdict.FAIL, Verdict.NO_DATA))


def interval(values: Iterable[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return (known[0] if known else math.nan), math.inf
    return statistics.fmean(known), 2.0 * statistics.stdev(known) / math.sqrt(len(known))


def reason(runs: Sequence[Soaked]) -> str:
    """One sentence on a row, by rule from its numbers."""
    records = [record for run in runs for record in run.records]

    def mean(read: Callable[[IterationRecord], float | None]) -> float:
        return interval(run.mean(read) for run in runs)[0]

    share = mean(losing)
    gross, inventory = mean(lambda r: r.kpis.gross_bps), mean(lambda r: r.kpis.inventory_bps)
    words = [f"keeps {1 + inventory / gross:.0%} of the {gross:.1f} bps that fills earn at once"]
    if share:
        bad = [r for r in records if losing(r)]
        lost = statistics.fmean(r.kpis.inventory_bps or 0.0 for r in bad)
        labels = Counter(label for r in bad for label in r.market.labels)
        cause = f", most with {labels.most_common(1)[0][0]!r}" if labels else ""
        words.append(f"iterations that lose give {-lost:.1f} bps back on the position{cause}")
    causes = Counter(kpi for run in runs for kpi in run.missed)
    if causes:
        words.append(f"{' and '.join(kpi for kpi, _ in causes.most_common(2))} missed")
    return "; ".join(words)


def _counted(counter: Counter[str], whole: int | None = None) -> str:
    if whole is None:
        return ", ".join(f"{n} {name}" for name, n in counter.most_common())
    return ", ".join(f"{name} {n / whole:.0%}" for name, n in counter.most_common())


def _pm(pair: tuple[float, float], digits: int = 2) -> str:
    return f"{pair[0]:.{digits}f} +- {pair[1]:.{digits}f}"


def cells(names: Sequence[str], options: argparse.Namespace, over: Over) -> None:
    """A row per scenario and profile."""
    head = "scenario | profile | net bps | sd | losing | risk | drawdown | zones | verdicts | why"
    _rows(head)
    for name in names:
        for profile in options.profiles.split(","):
            runs = over(partial(soaked, profile, name, options.iterations, options.tune, options.position))
            _row([name, profile, *_cell(runs), reason(runs)])


def _cell(runs: Sequence[Soaked]) -> list[str]:
    records = [record for run in runs for record in run.records]
    nets = [value for record in records if (value := net(record)) is not None]
    zones = Counter(
        zone.value if (zone := zone_of(r.kpis, SETTINGS)) is not None else "none" for r in records
    )
    return [
        _pm(interval(run.mean(net) for run in runs)),
        f"{statistics.stdev(nets):.2f}",
        f"{sum(value < 0.0 for value in nets) / len(nets):.1%}",
        f"{interval(run.mean(lambda r: r.kpis.risk_ratio) for run in runs)[0]:.2f}",
        _pm(interval(run.mean(lambda r: r.kpis.drawdown) for run in runs), 1),
        _counted(zones, len(records)),
        _counted(Counter(run.verdict.value for run in runs)),
    ]


TUNED: dict[str, Callable[[IterationRecord], float | None]] = {
    "FAIL iterations": failed,
    "profit": lambda record: record.kpis.profit,
    "drawdown": lambda record: record.kpis.drawdown,
    "net bps": net,
}


def tuner(names: Sequence[str], options: argparse.Namespace, over: Over) -> None:
    """A row per scenario and profile: tuned minus untuned, paired by seed."""
    _rows(f"scenario | profile | {' | '.join(TUNED)}")
    for name in names:
        for profile in options.profiles.split(","):
            with_it, without = (
                over(partial(soaked, profile, name, options.iterations, tune, options.position))
                for tune in (True, False)
            )
            _row([name, profile, *(_difference(with_it, without, read) for read in TUNED.values())])


def ranks(names: Sequence[str], options: argparse.Namespace, over: Over) -> None:
    """A row per scenario and neighbours among the profiles: by how much the second one draws down less."""
    _rows("scenario | profile | next | drawdown less")
    for name in names:
        runs = {
            profile: over(partial(soaked, profile, name, options.iterations, options.tune, options.position))
            for profile in options.profiles.split(",")
        }
        for first, second in pairwise(runs):
            _row([name, first, second, _difference(runs[first], runs[second], TUNED["drawdown"])])


def _difference(
    with_it: Sequence[Soaked],
    without: Sequence[Soaked],
    read: Callable[[IterationRecord], float | None],
) -> str:
    pairs = [(a.mean(read), b.mean(read)) for a, b in zip(with_it, without, strict=True)]
    base = interval(b for _, b in pairs)[0]
    return f"{_pm(interval(a - b for a, b in pairs), 3)} (of {base:.3g})"


def _rows(head: str) -> None:
    _row(head.split(" | "))
    sys.stdout.write(f"|{'---|' * len(head.split(' | '))}\n")


def _row(values: Sequence[str]) -> None:
    sys.stdout.write(f"| {' | '.join(values)} |\n")
    sys.stdout.flush()


TABLES: dict[str, Callable[[Sequence[str], argparse.Namespace, Over], None]] = {
    "cells": cells,
    "tuner": tuner,
    "ranks": ranks,
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benches.scenarios", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all where none is named")
    parser.add_argument("--table", choices=list(TABLES), default="cells")
    parser.add_argument("--profiles", default=",".join(available_profiles()))
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="first seed")
    parser.add_argument("--iterations", type=int, default=6, help="of 5 minutes, a seed")
    parser.add_argument("--tune", action="store_true", help="let the built-in tuner work in the cells")
    parser.add_argument(
        "--position", type=PositionRule, choices=list(PositionRule), default=PositionRule(POSITION)
    )
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(2) as pool:
        TABLES[options.table](
            options.scenarios or available_scenarios(),
            options,
            lambda work: list(pool.map(work, seeds, chunksize=4)),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
