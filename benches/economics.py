"""``python -m benches.economics``: what trading earns and costs in the mock market, over seeds.

Three tables, each a mean with the half-width of its 95 % interval over seeds: the yardsticks of the market
itself (``market``), what fills of the reference maker keep (``maker``) and what other strategies earn
(``rivals``). ``benches.metaorders`` measures how far a metaorder moves the price.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benches.makers import Strategy, rivals
from pytest_soak import kernel
from pytest_soak.config.profiles import load_profile
from pytest_soak.domain.kpis import kpis_of
from pytest_soak.domain.records import EdgeReport
from pytest_soak.domain.settings import MakerSettings
from pytest_soak.market import MakerJob, MockMarket, Scenario, Window, available_scenarios, load_scenario
from pytest_soak.market.tape import STEP_S, Tape, tape_of_scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray

Row = dict[str, float]
MARKS_S = (1.0, 5.0, 30.0)
LAGS = (1, 10, 100)


def _half_spread(tape: Tape) -> NDArray[np.float64]:
    """Half-spread at each trade: that of the sample before it, bps."""
    at = np.clip((tape.trade_s / STEP_S).astype(int) - 1, 0, len(tape.bid) - 1)
    half: NDArray[np.float64] = tape.spread_bps[at] * 0.5
    return half


def yardsticks(name: str, hours: float, seed: int) -> Row:
    """The yardsticks of a market without a maker, of one seed."""
    tape = tape_of_scenario(load_scenario(name), seed=seed, duration_s=hours * 3600.0)
    h = float(np.nanmean(_half_spread(tape)))
    side, mid = tape.trade_side, tape.trade_mid
    row = {"h": h, "trades/s": len(side) / tape.seconds}
    for lag in LAGS:
        move = np.log(mid[lag:] / mid[:-lag]) * 1e4
        row[f"R({lag})/h"] = float(np.nanmean(side[:-lag] * move)) / h
    path = tape.mid
    for seconds in MARKS_S:
        at = ((tape.trade_s + seconds) / STEP_S).astype(int)
        use = at < len(path)
        row[f"A({seconds:g}s)"] = float(np.nanmean(side[use] * np.log(path[at[use]] / mid[use])) * 1e4)
    second = np.diff(np.log(path[::10])) * 1e4
    row["vol"] = float(np.std(second))
    row["sd/h"] = row["vol"] / math.sqrt(row["trades/s"]) / h
    edges = np.arange(0.0, tape.seconds + 1e-9, 10.0)
    flow, _ = np.histogram(tape.trade_s, edges, weights=side * np.sqrt(tape.trade_qty))
    moves = np.diff(np.log(np.append(path[0], path[99::100])))[: len(flow)]
    row["corr10"] = float(np.corrcoef(flow[: len(moves)], moves)[0, 1])
    minute = np.std(np.diff(np.log(path[::600]))) * 1e4
    row["vol60"] = float(minute) / math.sqrt(60.0)
    return row


def _job(profile: str) -> MakerJob:
    chosen = load_profile(profile).profile
    return MakerJob(parameters=chosen.parameters, maker=chosen.maker, fees=chosen.fees)


def _bare(report: Mapping[str, Any]) -> EdgeReport:
    return EdgeReport.model_validate({k: v for k, v in report.items() if k not in ("fills", "path")})


def _kept(report: Mapping[str, Any]) -> Row:
    """Effective spread of maker fills, and what is left of it later, weighted by notional, bps."""
    fills = [f for f in report["fills"] if f["maker"]]
    if not fills or not report["path"]:
        return {}
    times, mids = (np.array(column) for column in zip(*report["path"], strict=True))
    side, price, qty, ts, at_fill = (
        np.array([f[key] for f in fills]) for key in ("side", "price", "qty", "ts_ms", "mid_at_fill")
    )
    earned = side * (at_fill - price) * qty
    row = {"effective": float(earned.sum() / (price * qty).sum() * 1e4)}
    for seconds in MARKS_S:
        later = np.searchsorted(times, ts + seconds * 1e3)
        use = later < len(times)
        if use.any():
            left = side[use] * (mids[later[use]] - price[use]) * qty[use]
            row[f"kept {seconds:g}s"] = float(left.sum() / earned[use].sum())
    return row


def reference(name: str, profile: str, iterations: int, seed: int) -> list[Row]:
    """Iterations of the reference maker with a profile, of one seed."""
    market, job, rows = MockMarket(load_scenario(name), seed=seed), _job(profile), []
    for i in range(iterations):
        window = Window(iteration=i + 1, iterations=iterations, start_ms=300_000.0 * i, duration_ms=300_000.0)
        report = json.loads(kernel.simulate(market.compiled, market.spec(job, window, record_fills=True)))
        kpis = kpis_of(_bare(report))
        row = {key: value for key, value in kpis.model_dump().items() if isinstance(value, float | int)}
        rows.append({**row, **_kept(report), **_verdicts(row)})
    return rows


def _verdicts(row: Mapping[str, float]) -> Row:
    net, risk = row.get("net_bps", math.nan), row.get("risk_ratio", 0.0)
    mid = row.get("net_liquidation_bps", math.nan)
    return {
        "losing": float(net < 0.0),
        "fails": float(net < 2.0 or risk > 0.5),
        "warns": float(row.get("adverse_bps_p95", 0.0) > 3.0),
        "losing_liq": float(mid < 0.0),
    }


def half_of(profile: str) -> float:
    """Half-spread that a profile quotes, bps."""
    job = _job(profile)
    return job.maker.base_half_spread_bps + job.parameters["base_spread_bps_delta"]


def play(
    scenario: Scenario, strategy: Strategy, start_s: float, length_s: float, interval_ms: float, seed: int
) -> dict[str, Any]:
    """The report of a strategy in a window."""
    job = _job("steady_safe")
    maker = MakerSettings(**{**job.maker.model_dump(), "decision_interval_ms": interval_ms})
    job = MakerJob(parameters=job.parameters, maker=maker, fees=job.fees)
    window = Window(iteration=1, iterations=1, start_ms=start_s * 1e3, duration_ms=length_s * 1e3)
    market = MockMarket(scenario, seed=seed)
    simulation = kernel.open_simulation(market.compiled, market.spec(job, window, record_fills=True))
    strategy(simulation)
    report: dict[str, Any] = json.loads(simulation.report())
    return report


def rival(name: str, label: str, minutes: float, seed: int) -> Row:
    """What one strategy earns, per hour, the position sold at the end where that is measured."""
    strategy = rivals(half_of("steady_safe"))[label]
    report = play(load_scenario(name), strategy, 0.0, minutes * 60.0, 100.0, seed)
    totals, hours = report["totals"], minutes / 60.0
    sold = totals.get("liquidation")
    row = {
        "at mid": totals["ledger"] / hours,
        "notional": totals["notional"] / hours,
        "drawdown": totals["drawdown"],
        "position": abs(totals["position_max"]) * (totals["mid_end"] or 0.0),
    }
    if sold is not None:
        row["sold"] = sold / hours
    if totals["notional"]:
        row["net bps"] = totals["ledger"] / totals["notional"] * 1e4
    return row


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return "-"
    half = 2.0 * statistics.stdev(known) / math.sqrt(len(known))
    return f"{statistics.fmean(known):.3g} +- {half:.2g}"


def _show(title: str, rows: Mapping[str, Sequence[Row]]) -> None:
    keys = list(dict.fromkeys(key for some in rows.values() for row in some for key in row))
    sys.stdout.write(f"\n{title}\n| | {' | '.join(keys)} |\n|{'---|' * (len(keys) + 1)}\n")
    for label, some in rows.items():
        cells = [_mean([row[key] for row in some if key in row]) for key in keys]
        sys.stdout.write(f"| {label} | {' | '.join(cells)} |\n")
    sys.stdout.flush()


MAKER_KEYS = (
    *("net_bps", "net_liquidation_bps", "inventory_bps", "losing", "losing_liq", "fails", "warns"),
    *("risk_ratio", "blocked_share", "adverse_bps_p95", "maker_taker_ratio", "fills", "drawdown", "profit"),
    *("effective", *(f"kept {seconds:g}s" for seconds in MARKS_S)),
)


def _by_seed(rows: Sequence[Row]) -> Row:
    """Means of a seed's iterations, and the deviation of its net between them."""
    mean = {
        key: statistics.fmean([row[key] for row in rows if key in row])
        for key in MAKER_KEYS
        if any(key in row for row in rows)
    }
    nets = [row["net_bps"] for row in rows if "net_bps" in row]
    if len(nets) > 1:
        mean["sd of net"] = statistics.stdev(nets)
    return mean


def main(arguments: list[str] | None = None) -> int:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benches.economics", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all where none is named")
    parser.add_argument("--seeds", type=int, default=32)
    parser.add_argument("--tables", default="market,maker,rivals")
    parser.add_argument("--only", help="rivals by name, with commas between")
    parser.add_argument("--profiles", default="steady_safe")
    parser.add_argument("--hours", type=float, default=2.0, help="of the market table, a seed")
    parser.add_argument("--iterations", type=int, default=12, help="of the maker table, a seed")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the rivals table, a seed")
    options = parser.parse_args(arguments)
    names = options.scenarios or available_scenarios()
    seeds = range(1, options.seeds + 1)
    with ProcessPoolExecutor(2) as pool:

        def over(work: Callable[[int], Any]) -> list[Any]:
            return list(pool.map(work, seeds))

        for table in options.tables.split(","):
            TABLES[table](names, options, over)
    return 0


def _market(names: Iterable[str], options: argparse.Namespace, over: Callable[..., Any]) -> None:
    _show("The market", {n: over(partial(yardsticks, n, options.hours)) for n in names})


def _maker(names: Iterable[str], options: argparse.Namespace, over: Callable[..., Any]) -> None:
    for profile in options.profiles.split(","):
        runs = {n: over(partial(reference, n, profile, options.iterations)) for n in names}
        rows = {n: [_by_seed(run) for run in some] for n, some in runs.items()}
        _show(f"The reference maker, {profile}", rows)


def _rivals(names: Iterable[str], options: argparse.Namespace, over: Callable[..., Any]) -> None:
    for name in names:
        labels = options.only.split(",") if options.only else list(rivals(1.0))
        rows = {label: over(partial(rival, name, label, options.minutes)) for label in labels}
        _show(f"Rivals in {name}, per hour", rows)


TABLES: Mapping[str, Callable[..., None]] = {
    "market": _market,
    "maker": _maker,
    "rivals": _rivals,
}

if __name__ == "__main__":
    sys.exit(main())
