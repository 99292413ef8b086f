"""What it costs a soak to be watched: dashboard with an open page, exporter that is scraped, full series."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benches.kit import Bench
from pytest_soak.observe.server import REST

COST = 0.10
SCRAPE_SECONDS = 5.0
JOB = ("--soak-iterations=96", "--soak-scenario=mixed", "--soak-gate=soft", "--soak-report=off")
MINUTES = 15.0
PLAIN = ("--soak-series=off",)
WATCHED = ("--soak-series=full", "--soak-dashboard=0", "--soak-prometheus=0")

CONFTEST = """
import time
from pathlib import Path

def pytest_unconfigure():
    Path("cpu.txt").write_text(str(time.process_time()), encoding="utf-8")
"""


def bench_watched(bench: Bench) -> None:
    """User and system time of the whole process, in pairs that take turns in who goes first."""
    ratios = bench.once(partial(_ratios, bench))
    median = statistics.median(ratios)
    spread = f"{min(ratios) - 1.0:+.1%} to {max(ratios) - 1.0:+.1%}"
    bench.row(
        f"dashboard, exporter and full series, {len(ratios)} pairs: CPU time",
        f"{median - 1.0:+.1%} ({spread})",
        f"limit +{COST:.0%}",
        (1.0 + COST) / median,
        1,
    )


def _ratios(bench: Bench) -> list[float]:
    minutes = MINUTES / 100 if bench.quick else MINUTES
    found = []
    for number in range(1 if bench.quick else bench.repeat):
        kinds = (("plain", PLAIN), ("watched", WATCHED))
        spent = {}
        for name, words in kinds if number % 2 else kinds[::-1]:
            folder = bench.folder / f"{name}{number}"
            folder.mkdir()
            spent[name] = _cpu_seconds(folder, *JOB, f"--soak-minutes={minutes}", *words)
        found.append(spent["watched"] / spent["plain"])
    return found


def _cpu_seconds(folder: Path, *words: str) -> float:
    """CPU time of a soak whose dashboard and metrics, where it has them, are looked at.

    Raises:
        RuntimeError: the session failed, with what it printed.
    """
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    said = []
    with (
        subprocess.Popen(  # noqa: S603 - this interpreter; no word comes from outside benches/
            [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *words],
            cwd=folder,
            env={**os.environ, "PYTEST_ADDOPTS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process,
        _visitors() as visit,
    ):
        for line in process.stdout or ():
            said.append(line)
            visit(line)
    if process.returncode:
        raise RuntimeError("".join(said)[-2000:])
    return float((folder / "cpu.txt").read_text(encoding="utf-8"))


@contextmanager
def _visitors() -> Iterator[Callable[[str], None]]:
    """Takes lines of the session: what they name is visited until the end, as a browser and Prometheus do."""
    over = threading.Event()

    def visit(line: str) -> None:
        for what, visitor in (("dashboard", _page), ("metrics", _scrape)):
            found = re.match(rf"soak: {what} at (http://127\.0\.0\.1:\S+)", line)
            if found:
                threading.Thread(target=visitor, args=(found[1], over), daemon=True).start()

    try:
        yield visit
    finally:
        over.set()


def _page(url: str, over: threading.Event) -> None:
    """Load the page and its parts, and listen to the news; ask for the canary as often as the page does."""
    not_before = 0.0
    with suppress(OSError), _asked(url) as page:
        for file in re.findall(r"/static/[\w.]+", page.read().decode("utf-8")):
            with _asked(f"{url.rstrip('/')}{file}") as part:
                part.read()
    with suppress(OSError), _asked(f"{url}events") as news:
        for line in news:
            if over.is_set():
                return
            rows = json.loads(line.removeprefix(b"data: "))["rows"] if line.startswith(b"data: ") else []
            if rows and time.monotonic() >= not_before:
                began = time.monotonic()
                with _asked(f"{url}canary/{rows[0]['name']}") as answer:
                    answer.read()
                not_before = time.monotonic() + REST * (time.monotonic() - began)


def _scrape(url: str, over: threading.Event) -> None:
    while not over.wait(SCRAPE_SECONDS):
        with suppress(OSError), _asked(url) as answer:
            answer.read()


def _asked(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=30.0)  # noqa: S310 - an address of this machine
