"""``python -m benches.contracts``: the reference maker on linear and on inverse contracts of the same market.

A row a contract: means over seeds with half the width of their 95 % interval, and the same of the difference
from the linear contract seed by seed. Orders are of whole contracts, so no market is another fill by fill.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.contract import LINEAR, Contract
from pytest_soak.domain.kpis import pooled
from pytest_soak.domain.records import Kpis
from pytest_soak.domain.sampling import t_quantile
from pytest_soak.market import MakerJob, MockMarket, Window, load_scenario

CONTRACTS = (LINEAR, *(Contract(kind="inverse", size=size) for size in (1.0, 10.0, 100.0)))
HEAD = ("contract", "net, bps", "minus linear", "gross", "inventory", "net liquidation", "profit, quote")


def kpis(scenario: str, profile: str, iterations: int, contract: Contract, seed: int) -> Kpis:
    """KPIs of one seed over its iterations of five minutes, parameters untouched."""
    market = MockMarket(load_scenario(scenario), seed, contract=contract)
    chosen = load_profile(profile).profile
    job = MakerJob(parameters=chosen.parameters, maker=chosen.maker, fees=chosen.fees)
    length = 300_000.0
    windows = (
        Window(iteration=n + 1, iterations=iterations, start_ms=n * length, duration_ms=length)
        for n in range(iterations)
    )
    return pooled([market.run_maker(job, window) for window in windows])


def shown(values: Sequence[float], spec: str = "+.2f") -> str:
    """A mean and half the width of its interval."""
    half = t_quantile(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.fmean(values):{spec}} +- {half:{spec.removeprefix('+')}}"


def row(contract: Contract, found: Sequence[Kpis], linear: Sequence[Kpis]) -> str:
    """A row of the table."""

    def of(read: Callable[[Kpis], float | None]) -> list[float]:
        return [read(one) or 0.0 for one in found]

    net = of(lambda one: one.net_bps)
    apart = [value - (one.net_bps or 0.0) for value, one in zip(net, linear, strict=True)]
    cells = (
        "linear" if contract == LINEAR else f"inverse of {contract.size:g}",
        shown(net),
        "" if contract == LINEAR else shown(apart),
        shown(of(lambda one: one.gross_bps)),
        shown(of(lambda one: one.inventory_bps)),
        shown(of(lambda one: one.net_liquidation_bps)),
        shown(of(lambda one: one.profit_quote), "+.1f"),
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benches.contracts", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("scenario", nargs="?", default="calm")
    parser.add_argument("--profile", default="steady_safe")
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--iterations", type=int, default=6)
    options = parser.parse_args(arguments)
    sys.stdout.write(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}\n")
    linear: list[Kpis] = []
    with ProcessPoolExecutor() as workers:
        for contract in CONTRACTS:
            work = partial(kpis, options.scenario, options.profile, options.iterations, contract)
            found = list(workers.map(work, range(1, options.seeds + 1)))
            linear = linear or found
            sys.stdout.write(f"{row(contract, found, linear)}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
