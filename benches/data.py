"""Reason codes, quantiles, reports and audits against numpy, polars, msgspec, ijson and DuckDB."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benches.kit import Row, Setup, bench, compare, in_own_process, is_installed, missing, ms
from pytest_soak.observe.data import quantiles, risk_metrics

REPORT_BYTES = 200_000_000
REPORT_RATE = 1e9
MOST_MEMORY_MB = 20.0
LINES = 1_000_000
SHARES = [0.5, 0.9, 0.95, 0.99]

OURS_TOTALS = "from pytest_soak.observe.data import read_totals as work"
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
from pytest_soak.observe.data import audit_counts
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


@bench("codes")
def codes(setup: Setup) -> Iterator[Row]:
    """Counts by reason over an array of codes."""
    count = setup.size(100_000_000)
    array = np.random.default_rng(1).integers(0, 4, count, dtype=np.uint8)
    yield compare(
        f"risk_metrics, {count:.0e} codes",
        setup,
        lambda: risk_metrics(array),
        "np.bincount",
        lambda: np.bincount(array, minlength=4),
        10,
    )


@bench("quantiles")
def quantile_rows(setup: Setup) -> Iterator[Row]:
    """One quantile and four, over a million and ten million values."""
    for full in (1_000_000, 10_000_000):
        count = setup.size(full)
        values = np.random.default_rng(2).lognormal(size=count)
        for shares in ([0.95], SHARES):
            yield from _quantiles(setup, values, shares)


def _quantiles(setup: Setup, values: np.ndarray[Any, Any], shares: list[float]) -> Iterator[Row]:
    name = f"quantiles, {len(shares)} of {len(values):.0e} values"
    percents = [100 * share for share in shares]

    def ours() -> object:
        return quantiles(values, shares)

    yield compare(name, setup, ours, "np.percentile", lambda: np.percentile(values, percents), 5)
    if not is_installed("polars"):
        yield missing(name, "polars", 1)
        return
    polars = importlib.import_module("polars")

    series = polars.Series(values)
    peer = "polars Series.quantile"
    yield compare(name, setup, ours, peer, lambda: [series.quantile(q, "linear") for q in shares], 1)


@bench("totals")
def totals(setup: Setup) -> Iterator[Row]:
    """``totals`` at the end of a report, each reader in a process of its own."""
    path = setup.folder / "EDGE_REPORT.json"
    size = _write_report(path, setup.size(REPORT_BYTES))
    name = f"read_totals, {size / 1e6:.0f} MB, totals last"
    seconds, megabytes = in_own_process(OURS_TOTALS, setup.repeat, str(path))
    rate = size / seconds
    yield Row(name=name, ours=f"{rate / 1e9:.2f} GB/s", peer="limit 1 GB/s", ratio=rate / REPORT_RATE, bar=1)
    if megabytes:
        limit, ratio = f"limit {MOST_MEMORY_MB:g} MB", MOST_MEMORY_MB / megabytes
        yield Row(name=f"{name}, process peak", ours=f"{megabytes:.1f} MB", peer=limit, ratio=ratio, bar=1)
    for peer, code in (("msgspec", MSGSPEC), ("ijson", IJSON)):
        if is_installed(peer):
            yield _against(name, peer, (seconds, megabytes), in_own_process(code, setup.repeat, str(path)))
        else:
            yield missing(name, peer, 1)


@bench("audit")
def audit(setup: Setup) -> Iterator[Row]:
    """Counts by reason over a JSON lines file, each reader in a process of its own."""
    path = setup.folder / "audit.jsonl"
    lines = setup.size(LINES)
    size = _write_audit(path, lines)
    for threads, limit in (("1", 0.355), ("2", 0.220)):
        name = f"audit_counts, {lines:.0e} lines, {size / 1e6:.0f} MB, threads={threads}"
        ours = in_own_process(OURS_AUDIT, setup.repeat, str(path), threads)
        for part in (1, 3):
            at_most = limit / part
            yield Row(
                name=name,
                ours=f"{ms(ours[0])}, {ours[1]:.0f} MB",
                peer=f"limit {ms(at_most)}",
                ratio=at_most / ours[0],
                bar=1,
            )
        if is_installed("duckdb"):
            yield _against(name, "duckdb", ours, in_own_process(DUCKDB, setup.repeat, str(path), threads))
        else:
            yield missing(name, "duckdb", 1)


def _against(name: str, peer: str, ours: tuple[float, float], theirs: tuple[float, float]) -> Row:
    return Row(
        name=name,
        ours=f"{ms(ours[0])}, {ours[1]:.0f} MB",
        peer=f"{peer} {ms(theirs[0])}, {theirs[1]:.0f} MB",
        ratio=theirs[0] / ours[0],
        bar=1,
    )


def _write_report(path: Path, size: int) -> int:
    """A report with many symbols, whose totals stand last."""
    pick = random.Random(7)  # noqa: S311 - no secret
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
    pick = random.Random(7)  # noqa: S311 - no secret
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
