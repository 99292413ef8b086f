"""What benchmarks have in common: rows of the table, registry, fair timing, own processes."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        name: what is measured, with its size.
        ours: figure of the package, with unit.
        peer: the peer and its figure, or a fixed limit.
        ratio: how many times better than the peer or limit; None where the peer is missing.
        bar: the least ratio that is accepted.
    """

    name: str
    ours: str
    peer: str
    ratio: float | None
    bar: float

    @property
    def verdict(self) -> str:
        """``met``, ``MISSED``, or ``not measured`` where the peer is missing."""
        if self.ratio is None:
            return "not measured"
        return "met" if self.ratio >= self.bar else "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Where a benchmark may put files, how often it repeats, and whether it only shows that it runs.

    A quick run uses a hundredth of the data; its ratios say nothing.
    """

    folder: Path
    repeat: int
    quick: bool

    def size(self, full: int) -> int:
        """A number of items, less where the run is quick."""
        return full // 100 if self.quick else full


Bench = Callable[[Setup], Iterator[Row]]
BENCHES: dict[str, Bench] = {}
"""All benchmarks by name, in the order of the table."""


def bench(name: str) -> Callable[[Bench], Bench]:
    """Add a benchmark to the table under a name by which it can be chosen."""

    def add(function: Bench) -> Bench:
        if name in BENCHES:
            raise ValueError(f"there are two benchmarks with the name {name}")
        BENCHES[name] = function
        return function

    return add


def is_installed(package: str) -> bool:
    """Whether a peer can be imported."""
    return importlib.util.find_spec(package) is not None


def medians(repeat: int, *jobs: Callable[[], object]) -> list[float]:
    """Median seconds of each job; they take turns, so that a busy machine slows all of them."""
    times: list[list[float]] = [[] for _ in jobs]
    for turn in range(repeat + 1):
        for job, seconds in zip(jobs, times, strict=True):
            start = time.perf_counter()
            job()
            if turn > 0:  # the first turn fills caches
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def compare(
    name: str, setup: Setup, ours: Callable[[], object], peer: str, job: Callable[[], object], bar: float
) -> Row:
    """Time ours and the peer's on the same work."""
    mine, theirs = medians(setup.repeat, ours, job)
    return Row(name=name, ours=ms(mine), peer=f"{peer} {ms(theirs)}", ratio=theirs / mine, bar=bar)


def missing(name: str, peer: str, bar: float) -> Row:
    """The row of a peer that is not installed."""
    return Row(name=name, ours="-", peer=f"{peer} is not installed", ratio=None, bar=bar)


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1e3:.4g} ms"


_CHILD = """
import json, statistics, sys, time
{code}
times = []
for turn in range({repeat} + 1):
    start = time.perf_counter()
    work(*sys.argv[1:])
    times.append(time.perf_counter() - start)
try:
    # Not ru_maxrss, which a child inherits from its parent.
    with open("/proc/self/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))
except OSError:
    peak = 0
print(json.dumps([statistics.median(times[1:]), peak]))
"""


def in_own_process(code: str, repeat: int, *arguments: str) -> tuple[float, float]:
    """Run ``work(*arguments)``, which the code defines; median seconds and peak memory in MB.

    The peak is that of the whole process, imports included; 0 where the system does not tell.
    """
    text = _CHILD.format(code=code, repeat=repeat)
    command = [sys.executable, "-c", text, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603 - our own code
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def table(rows: list[Row]) -> str:
    """The rows as text in columns."""
    head = ("work", "ours", "peer or limit", "ratio", "bar", "verdict")
    cells = [head] + [
        (r.name, r.ours, r.peer, "-" if r.ratio is None else f"{r.ratio:.2f}", f"{r.bar:g}", r.verdict)
        for r in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
