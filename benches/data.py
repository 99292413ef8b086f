"""Reason codes, quantiles, reports and audits against numpy, polars, msgspec, ijson and DuckDB."""

from __future__ import annotations

import importlib
import json
import random
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from benches.kit import Bench, Job, is_installed, ms, worker
from pytest_soak.readers.data import quantiles, risk_metrics

REPORT_BYTES = 200_000_000
REPORT_RATE = 1e9
MOST_MEMORY_MB = 20.0
LINES = 1_000_000
SHARES = [0.5, 0.9, 0.95, 0.99]

OURS_TOTALS = "from pytest_soak.readers.data import read_totals as work"
MSGSPEC = """
import mmap, msgspec
Totals = msgspec.defstruct("Totals", [("net_bps", float)])
decoder = msgspec.json.Decoder(msgspec.defstruct("Report", [("totals", Totals)]))
def work(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return decoder.decode(memory).totals.net_bps
"""
IJSON = """
import ijson
def work(path):
    with open(path, "rb") as file:
        return next(ijson.items(file, "totals", use_float=True, buf_size=1 << 20))
"""
OURS_AUDIT = """
from pytest_soak.readers.data import audit_counts
def work(path, threads):
    return audit_counts(path, threads=int(threads)).counts
"""
DUCKDB = """
import duckdb
def work(path, threads):
    connection = duckdb.connect(config={"threads": threads})
    source = "read_json(?, format='newline_delimited', columns={reason: 'VARCHAR'})"
    return connection.execute(f"select reason, count(*) from {source} group by 1", [path]).fetchall()
"""


def bench_codes(bench: Bench) -> None:
    """Counts by reason over an array of codes."""
    count = bench.size(100_000_000)
    array = np.random.default_rng(1).integers(0, 4, count, dtype=np.uint8)
    name = f"risk_metrics, {count:.0e} codes"
    bench.compare(
        name, lambda: risk_metrics(array), "np.bincount", lambda: np.bincount(array, minlength=4), 10
    )


@pytest.mark.parametrize("full", [1_000_000, 10_000_000])
@pytest.mark.parametrize("shares", [[0.95], SHARES], ids=["one", "four"])
def bench_quantiles(bench: Bench, full: int, shares: list[float]) -> None:
    """One quantile and four, over a million and ten million values."""
    values = np.random.default_rng(2).lognormal(size=bench.size(full))
    name = f"quantiles, {len(shares)} of {len(values):.0e} values"
    percents = [100 * share for share in shares]
    peers: dict[str, tuple[Job, float]] = {"np.percentile": (lambda: np.percentile(values, percents), 5)}
    if is_installed("polars"):
        series = importlib.import_module("polars").Series(values)
        peers["polars"] = (lambda: [series.quantile(share, "linear") for share in shares], 1)
    else:
        bench.missing(name, "polars", 1)
    mine, *theirs = bench.medians(lambda: quantiles(values, shares), *(job for job, _ in peers.values()))
    for (peer, (_, bar)), seconds in zip(peers.items(), theirs, strict=True):
        bench.row(name, ms(mine), f"{peer} {ms(seconds)}", seconds / mine, bar)


def bench_totals(bench: Bench) -> None:
    """``totals`` at the end of a report, each reader in a process of its own."""
    path = bench.folder / "EDGE_REPORT.json"
    size = _write_report(path, bench.size(REPORT_BYTES))
    name = f"read_totals, {size / 1e6:.0f} MB, totals last"
    seconds, megabytes = _readers(bench, name, OURS_TOTALS, {"msgspec": MSGSPEC, "ijson": IJSON}, path)
    rate = size / seconds
    bench.row(name, f"{rate / 1e9:.2f} GB/s", "limit 1 GB/s", rate / REPORT_RATE, 1)
    if megabytes:
        limit, ratio = f"limit {MOST_MEMORY_MB:g} MB", MOST_MEMORY_MB / megabytes
        bench.row(f"{name}, process peak", f"{megabytes:.1f} MB", limit, ratio, 1)


@pytest.mark.parametrize(("threads", "limit"), [("1", 0.355), ("2", 0.220)])
def bench_audit(bench: Bench, threads: str, limit: float) -> None:
    """Counts by reason over a JSON lines file, each reader in a process of its own."""
    path = bench.folder / "audit.jsonl"
    lines = bench.size(LINES)
    size = _write_audit(path, lines)
    name = f"audit_counts, {lines:.0e} lines, {size / 1e6:.0f} MB, threads={threads}"
    seconds, megabytes = _readers(bench, name, OURS_AUDIT, {"duckdb": DUCKDB}, path, threads)
    for part in (1, 3):
        at_most = limit / part
        ours = f"{ms(seconds)}, {megabytes:.0f} MB"
        bench.row(name, ours, f"limit {ms(at_most)}", at_most / seconds, 1)


def _readers(
    bench: Bench, name: str, ours: str, peers: dict[str, str], path: Path, *more: str
) -> tuple[float, float]:
    """Add a row for each peer; median seconds and peak memory in MB of ours."""
    with ExitStack() as stack:
        mine = stack.enter_context(worker(ours, str(path), *more))
        theirs = {
            peer: stack.enter_context(worker(code, str(path), *more))
            for peer, code in peers.items()
            if is_installed(peer)
        }
        seconds, *times = bench.medians(mine, *theirs.values())
    figure = f"{ms(seconds)}, {mine.megabytes:.0f} MB"
    for (peer, process), time in zip(theirs.items(), times, strict=True):
        their = f"{peer} {ms(time)}, {process.megabytes:.0f} MB"
        bench.row(name, figure, their, time / seconds, 1)
    for peer in peers.keys() - theirs.keys():
        bench.missing(name, peer, 1)
    return seconds, mine.megabytes


def _write_report(path: Path, size: int) -> int:
    """A report with many symbols, whose totals stand last."""
    pick = random.Random(7)  # noqa: S311 - seeded, so that every run reads the same file
    symbols = [json.dumps(_symbol(pick)) for _ in range(500)]
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"runtime":{"version":"0.1.0"},"symbols":{')
        while written < size:
            text = f'"SYM{written:010d}":{pick.choice(symbols)},'
            file.write(text)
            written += len(text)
        file.write('"LAST":{}},"totals":{"net_bps":2.94,"blocks":{"risk":{"count":38000,"ratio":0.38}}}}')
    return path.stat().st_size


def _symbol(pick: random.Random) -> dict[str, object]:
    kpis = ("adverse_bps", "fees_eff_bps", "gross_bps", "inventory_bps", "net_bps", "slippage_bps")
    quotes = [
        {"ts": 1723161256000 + i, "bid": round(pick.uniform(6e4, 6.1e4), 1), "note": 'q\u00e9 "x"'}
        for i in range(6)
    ]
    ages = [pick.randint(1, 900) for _ in range(40)]
    return {key: round(pick.uniform(-10, 10), 6) for key in kpis} | {"order_age_ms": ages, "quotes": quotes}


def _write_audit(path: Path, lines: int) -> int:
    """Lines of eight fields, some 150 bytes each."""
    pick = random.Random(7)  # noqa: S311 - seeded, so that every run reads the same file
    reasons = ["min_interval", "risk", "concurrency", "throttle", "allowed"]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for i in range(lines):
            line = {
                "ts": 1723161256000 + 17 * i,
                "symbol": pick.choice(["BTCUSDT", "ETHUSDT", "SOLUSDT"]),
                "side": pick.choice("BS"),
                "event": "order_attempt",
                "reason": pick.choices(reasons, [30, 35, 10, 5, 20])[0],
                "price": round(pick.uniform(61000, 61900), 1),
                "qty": round(pick.random(), 4),
                "age_ms": pick.randint(1, 900),
            }
            file.write(json.dumps(line) + "\n")
    return path.stat().st_size
