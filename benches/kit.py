"""What benchmarks have in common: the rows of the table, the fixture, workers in processes of their own."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

Job = Callable[[], object]


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


class Bench:
    """What a benchmark function works with, as the fixture ``bench``.

    Attributes:
        repeat: measurements that a figure is the median of.
        folder: where it may put files.
        quick: whether it only shows that it runs; ratios of a hundredth of the data say nothing.
        rows: rows of the table so far.
    """

    def __init__(
        self, benchmark: BenchmarkFixture, folder: Path, rows: list[Row], *, repeat: int, quick: bool
    ) -> None:
        self._benchmark = benchmark
        self._pedantic: Callable[..., Any] = benchmark.pedantic
        self.repeat = repeat
        self.folder = folder
        self.rows = rows
        self.quick = quick

    def size(self, full: int) -> int:
        """A number of items, less where the run is quick."""
        return full // 100 if self.quick else full

    def medians(self, ours: Job, *peers: Job) -> list[float]:
        """Median seconds of each job; to be called once.

        pytest-benchmark measures ours. The peers take turns with it, so that a busy machine slows all of
        them; a benchmark of their own would be measured at another time.
        """
        times: list[list[float]] = [[] for _ in peers]

        def let_peers_run() -> None:
            for peer, seconds in zip(peers, times, strict=True):
                start = time.perf_counter()
                peer()
                seconds.append(time.perf_counter() - start)

        self._pedantic(ours, setup=let_peers_run, rounds=self.repeat, warmup_rounds=1)
        # The first turn fills caches.
        measured: Any = self._benchmark.stats
        return [measured["median"], *(statistics.median(seconds[1:]) for seconds in times)]

    def once(self, job: Callable[[], Any]) -> Any:
        """Run a job that measures itself; its result."""
        return self._pedantic(job)

    def row(self, name: str, ours: str, peer: str, ratio: float | None, bar: float) -> None:
        """Add a row to the table, and to what pytest-benchmark saves."""
        row = Row(name=name, ours=ours, peer=peer, ratio=ratio, bar=bar)
        self.rows.append(row)
        self._benchmark.extra_info.setdefault("rows", []).append(asdict(row) | {"verdict": row.verdict})

    def missing(self, name: str, peer: str, bar: float) -> None:
        """Add the row of a peer that is not installed."""
        self.row(name, "-", f"{peer} is not installed", None, bar)

    def compare(self, name: str, ours: Job, peer: str, job: Job, bar: float) -> None:
        """Time ours and the peer's on the same work, and add the row."""
        mine, theirs = self.medians(ours, job)
        self.row(name, ms(mine), f"{peer} {ms(theirs)}", theirs / mine, bar)


class Table:
    """A plugin of pytest that provides the fixture and collects the rows."""

    def __init__(self, *, repeat: int, quick: bool) -> None:
        self.rows: list[Row] = []
        self._repeat = repeat
        self._quick = quick

    @pytest.fixture
    def bench(self, benchmark: BenchmarkFixture, tmp_path: Path) -> Bench:
        """See ``Bench``."""
        return Bench(benchmark, tmp_path, self.rows, repeat=self._repeat, quick=self._quick)

    def __str__(self) -> str:
        head = ("work", "ours", "peer or limit", "ratio", "bar", "verdict")
        cells = [head] + [
            (r.name, r.ours, r.peer, "-" if r.ratio is None else f"{r.ratio:.2f}", f"{r.bar:g}", r.verdict)
            for r in self.rows
        ]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def is_installed(package: str) -> bool:
    """Whether a peer can be imported."""
    return importlib.util.find_spec(package) is not None


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{seconds * 1e3:.4g} ms"


_LOOP = """
import sys
{code}
def peak():
    try:
        # Not ru_maxrss, which a child inherits from its parent.
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))
    except OSError:
        return 0.0
for _ in sys.stdin:
    work(*sys.argv[1:])
    print(peak(), flush=True)
"""


class Worker:
    """Does ``work`` in a process of its own, once a call.

    Attributes:
        megabytes: peak memory of the process so far, imports included; 0 where the system does not tell.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.megabytes = 0.0

    def __call__(self) -> None:
        """Work once.

        Raises:
            RuntimeError: the process has ended; why is on its standard error.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise TypeError("a worker needs both pipes")
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except OSError as error:
            raise RuntimeError("the worker has ended") from error
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the worker has ended")
        self.megabytes = float(answer)


@contextmanager
def worker(code: str, *arguments: str) -> Iterator[Worker]:
    """A process that does ``work(*arguments)``, which the code defines, at every call."""
    command = [sys.executable, "-c", _LOOP.format(code=code), *arguments]
    with subprocess.Popen(  # noqa: S603 - this interpreter, with code that stands in benches/
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Worker(process)
