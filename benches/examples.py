"""``python -m benches.examples``: what the makers of ``examples/strategies`` earn.

A row a maker and market, by the same object on all: means over seeds with their standard deviation, and the
largest position of any. On the mock market a seed is a market of its own; a recording is one market alone and
cut into as many slices that follow each other. ``--kpis MAKER`` prints the KPIs of one maker instead, pooled
over the seeds, the markets side by side.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of, pooled, value_of
from pytest_soak.domain.records import EdgeReport, Kpis
from pytest_soak.engine.declared import declared
from pytest_soak.market import MockMarket, ReplayMarket, Window, load_scenario

SHOWN = (
    *("net_bps", "gross_bps", "fees_eff_bps", "inventory_bps", "adverse_bps_p95", "markout_100ms_bps"),
    *("markout_10s_bps", "fills_per_hour", "profit_per_hour", "position_max", "drawdown", "quote_uptime"),
    *("cancel_ratio", "risk_rate", "filled_while_cancelling", "order_age_p95_ms", "latency_p95_ms"),
)
"""KPIs of one maker that are compared, before its own."""
FOLDER = Path(__file__).parents[1] / "examples" / "strategies"
SCENARIOS = ("calm", "mixed")


class Task(NamedTuple):
    """One maker on one market: a scenario and seed, or a slice of a recording."""

    maker: str
    market: str
    seed: int
    seeds: int
    minutes: float

    def run(self) -> EdgeReport:
        """Trade one window."""
        sys.path.insert(0, str(FOLDER))
        strategy = importlib.import_module(self.maker).pytest_soak_make_strategy(
            load_profile("default").profile
        )
        if self.market in SCENARIOS:
            market: MockMarket | ReplayMarket = MockMarket(load_scenario(self.market), seed=self.seed)
            length, start = self.minutes * 60_000.0, 0.0
        else:
            market = ReplayMarket(Path(self.market))
            length = market.duration_ms / self.seeds
            start = (self.seed - 1) * length
        window = Window(iteration=1, iterations=1, start_ms=start, duration_ms=length, seed=self.seed)
        report: EdgeReport = strategy.run(market, declared(strategy).defaults, window)
        return report


def makers() -> list[str]:
    """Names of the makers, which are those of their files."""
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if path.stem != "quoting"]


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return "no data"
    return f"{statistics.mean(known):.2f} +- {statistics.stdev(known):.2f}"


def row(task: Task, reports: Sequence[EdgeReport]) -> tuple[str, ...]:
    """What one maker did on one market."""
    kpis: list[Kpis] = [kpis_of(report) for report in reports]
    minutes = [(r.market.end_ms - r.market.start_ms) / 60_000.0 for r in reports]
    fills = [
        k.fills / m if k.fills is not None and m > 0.0 else None for k, m in zip(kpis, minutes, strict=True)
    ]
    return (
        f"`{task.maker}`",
        f"`{Path(task.market).stem}`",
        _spread([k.net_bps for k in kpis]),
        _spread([k.gross_bps for k in kpis]),
        _spread([k.inventory_bps for k in kpis]),
        _spread(fills),
        _spread([k.profit for k in kpis]),
        f"{max(abs(k.position_max or 0.0) for k in kpis):.3f}",
    )


def tasks(maker: str, market: str, seeds: int, minutes: float) -> list[Task]:
    """One maker on one market, over the seeds."""
    return [Task(maker, market, seed, seeds, minutes) for seed in range(1, seeds + 1)]


def lines(recordings: Sequence[Path], seeds: int, minutes: float) -> Iterator[str]:
    """The table in Markdown."""
    head = ("maker", "market", "net, bps", "gross, bps", "inventory, bps", "fills a minute", "profit, quote")
    yield f"| {' | '.join((*head, 'largest position, base'))} |"
    yield "|" + "---|" * (len(head) + 1)
    with ProcessPoolExecutor(max_workers=2) as pool:
        for market in (*SCENARIOS, *map(str, recordings)):
            for maker in makers():
                work = tasks(maker, market, seeds, minutes)
                yield f"| {' | '.join(row(work[0], list(pool.map(Task.run, work))))} |"


def side_by_side(maker: str, recordings: Sequence[Path], seeds: int, minutes: float) -> Iterator[str]:
    """KPIs of one maker in Markdown, a column a market."""
    markets = (*SCENARIOS, *map(str, recordings))
    with ProcessPoolExecutor(max_workers=2) as pool:
        found = [pooled(list(pool.map(Task.run, tasks(maker, market, seeds, minutes)))) for market in markets]
    yield f"| KPI | {' | '.join(f'`{Path(market).stem}`' for market in markets)} |"
    yield "|" + "---|" * (len(markets) + 1)
    for name in (*SHOWN, *sorted(found[0].own)):
        values = [value_of(kpis, name) for kpis in found]
        cells = ["-" if value is None else f"{value:.4g}" for value in values]
        yield f"| `{name}` | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benches.examples", description=__doc__)
    parser.add_argument("recordings", nargs="*", type=Path, help="recordings in hftbacktest's format")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5.0, help="market time of one seed")
    parser.add_argument("--kpis", metavar="MAKER", choices=makers(), help="KPIs of one maker, side by side")
    options = parser.parse_args(arguments)
    asked = (options.recordings, options.seeds, options.minutes)
    for line in lines(*asked) if options.kpis is None else side_by_side(options.kpis, *asked):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
