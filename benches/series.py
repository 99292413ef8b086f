"""The path of an iteration: what recording it costs the simulation, what writing it costs, and its size."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benches.kit import Bench, is_installed
from pytest_soak.config.profiles import load_profile
from pytest_soak.market import MakerJob, MockMarket, Window, load_scenario
from pytest_soak.market.protocols import SeriesRecorder
from pytest_soak.observe.parquet import parquet_of
from pytest_soak.store.exports.series import COUNTS, packed

MINUTES = 5.0
STEP_MS = 1_000.0
SIMULATION_SHARE = 0.03
HARNESS_MS = 2.0
ROUNDS = 41


def bench_series(bench: Bench) -> None:
    """A row a second with all fills, on the scenario that trades most."""
    profile = load_profile("aggressive").profile
    job = MakerJob(parameters=profile.parameters, maker=profile.maker, fees=profile.fees)
    market = MockMarket(load_scenario("volatile"), seed=1)
    recorder = SeriesRecorder(STEP_MS)
    window = Window(
        iteration=1,
        iterations=1,
        start_ms=0.0,
        duration_ms=bench.size(60) * MINUTES * 1_000.0 or 1_000.0,
        recorder=recorder,
    )
    market.run_maker(job, window)
    columns = recorder.columns or {}
    with_series = json.dumps(market.spec(job, window))
    without = json.dumps({**market.spec(job, window), "series_step_ms": None})
    write = partial(packed, columns, recorder.labels)
    jobs = [
        partial(market.compiled.simulate, with_series, {}),
        partial(market.compiled.simulate, without),
        write,
    ]
    arrays = {name: np.frombuffer(data, "<u8" if name in COUNTS else "<f8") for name, data in columns.items()}
    arrays |= {"label_names": np.array([name for name, _ in recorder.labels], dtype="U")}
    arrays |= {"label_bits": np.array([bits for _, bits in recorder.labels], dtype="u8")}
    if is_installed("pyarrow"):
        jobs.append(partial(parquet_of, arrays))
    recorded, plain, writing, *parquet = bench.once(partial(_medians, jobs, 3 if bench.quick else ROUNDS))
    name = f"series, {MINUTES:g} min by the second"
    bench.row(
        f"{name}: simulation",
        f"{recorded / plain - 1.0:+.2%}",
        f"limit {SIMULATION_SHARE:.0%}",
        plain * (1.0 + SIMULATION_SHARE) / recorded,
        1,
    )
    bench.row(
        f"{name}: npz", f"{writing * 1e3:.2f} ms", f"limit {HARNESS_MS:g} ms", HARNESS_MS / 1e3 / writing, 1
    )
    if not parquet:
        bench.missing(f"{name}: npz", "parquet", 1)
        return
    bench.row(
        f"{name}: npz",
        f"{writing * 1e3:.2f} ms",
        f"parquet {parquet[0] * 1e3:.2f} ms",
        parquet[0] / writing,
        1,
    )
    sizes = len(write()), len(parquet_of(arrays))
    bench.row(f"{name}: size", f"{sizes[0]} B", f"parquet {sizes[1]} B", sizes[1] / sizes[0], 1)


def _medians(jobs: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median CPU seconds of each job; they take turns, and what other processes do counts for nothing."""
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds):
        for job, seconds in zip(jobs, times, strict=True):
            start = time.process_time()
            job()
            seconds.append(time.process_time() - start)
    return [statistics.median(seconds) for seconds in times]
