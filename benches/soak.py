"""The whole: simulation with the maker, a day of market time as a soak, and what the harness adds to it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from benches.kit import Bench
from benches.soaks import noted_by
from pytest_soak.config.profiles import load_profile
from pytest_soak.market import MakerJob, MockMarket, Window, load_scenario
from pytest_soak.store.runs.retention import size_of

SIMULATED_PER_S = 5e6
DAY_CPU_S = 20.0
GROWTH_MB = 5.0
DISK_MB = 50.0
MEMORY_MB = 200.0
HARNESS_MS = 4.0
ITERATIONS, MINUTES = 96, 15.0

# Notes memory after each iteration, and the CPU time that it took outside of the strategy.
CONFTEST = """
import json, time, pytest
from functools import partial
from pathlib import Path
from pytest_soak.market import ReferenceMaker

NOTED, CLOCK = [], {"strategy": 0.0, "before": time.process_time()}

class Timed(ReferenceMaker):
    def run(self, market, parameters, window):
        start = time.process_time()
        try:
            return super().run(market, parameters, window)
        finally:
            CLOCK["strategy"] += time.process_time() - start

def pytest_soak_make_strategy(profile):
    return Timed(profile.maker, profile.fees)

def memory(key):
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1e3 for line in text.splitlines() if line.startswith(key))

def pytest_soak_iteration_finished(record):
    now = time.process_time()
    NOTED.append([memory("VmRSS"), now - CLOCK["before"] - CLOCK["strategy"]])
    # What it takes to note this is not the harness.
    CLOCK.update(strategy=0.0, before=time.process_time())

def pytest_sessionfinish():
    noted = {"iterations": NOTED, "cpu": time.process_time(), "peak": memory("VmHWM")}
    Path("noted.json").write_text(json.dumps(noted), encoding="utf-8")
"""


@pytest.mark.parametrize("scenario", ["calm", "volatile", "mixed"])
def bench_simulate(bench: Bench, scenario: str) -> None:
    """Generation, matching and maker, on one core."""
    profile = load_profile("steady_safe").profile
    job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)
    window = Window(
        iteration=1, iterations=1, start_ms=0.0, duration_ms=MINUTES * bench.size(6_000_000) / 100
    )
    market = MockMarket(load_scenario(scenario), seed=1)
    events = market.run_maker(job, window).market.events
    (seconds,) = bench.medians(partial(market.run_maker, job, window))
    rate = events / seconds
    bench.row(
        f"mock market {scenario} with the maker",
        f"{rate / 1e6:.2f} M events/s",
        f"limit {SIMULATED_PER_S / 1e6:g} M events/s",
        rate / SIMULATED_PER_S,
        1,
    )


def bench_day(bench: Bench) -> None:
    """A canary of 24 h of market time with guards, gates, journal and artifacts, as pytest runs it."""
    noted, megabytes = bench.once(partial(_soaked, bench))
    memory = [rss for rss, _ in noted["iterations"]]
    harness = sorted(seconds for _, seconds in noted["iterations"][1:])
    growth = max(memory[-1] - memory[min(9, len(memory) - 1)], 1e-3)
    limits = (
        ("CPU time", noted["cpu"], DAY_CPU_S, "s"),
        ("memory, peak", noted["peak"], MEMORY_MB, "MB"),
        ("memory, growth from iteration 10 on", growth, GROWTH_MB, "MB"),
        ("disk", megabytes, DISK_MB, "MB"),
        ("harness per iteration, median CPU", harness[len(harness) // 2] * 1e3, HARNESS_MS, "ms"),
    )
    for name, value, limit, unit in limits:
        title = f"{ITERATIONS} x {MINUTES:g} min: {name}"
        bench.row(title, f"{value:.3g} {unit}", f"limit {limit:g} {unit}", limit / value, 1)


def _soaked(bench: Bench) -> tuple[dict[str, Any], float]:
    folder = bench.folder / "day"
    folder.mkdir()
    minutes = MINUTES / 100 if bench.quick else MINUTES
    words = (f"--soak-iterations={ITERATIONS}", f"--soak-minutes={minutes}", "--soak-scenario=mixed")
    noted = noted_by(CONFTEST, folder, "--soak-gate=soft", *words)
    return noted, size_of(folder / "artifacts") / 1e6
