"""Synthetic recordings ready to be replayed, and the replay with its fills and path."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np

from pytest_soak import kernel
from pytest_soak.domain.records import EdgeReport
from pytest_soak.market import MakerJob
from tests.kernel_kit import edge_of
from tests.oracle.book import Happening, MidPath, happenings
from tests.oracle.recordings import random_rows

TICK, LOT = 0.1, 0.001
START_MS, QUIET_MS, END_MS = 1_000.0, 2_000.0, 22_000.0


@cache
def rows_for(seed: int) -> np.ndarray:
    """A recording of 23 s whose book stands still for the first 2 s."""
    rows = random_rows(seed, seconds=END_MS / 1000.0 + 1.0, quiet_ms=QUIET_MS, rate=150.0)
    rows.setflags(write=False)  # all tests of a process share them
    return rows


@cache
def events_of(seed: int) -> list[Happening]:
    return happenings(rows_for(seed), TICK, LOT)


@cache
def mids_of(seed: int) -> MidPath:
    return MidPath(events_of(seed))


def run(
    rows: np.ndarray,
    task: MakerJob,
    start_ms: float,
    end_ms: float,
    tick_size: float = TICK,
    fills: str = "queue",
) -> tuple[EdgeReport, dict[str, Any]]:
    """Replay a slice; the report, and the kernel's whole answer with fills and path."""
    spec = {
        "start_ns": round(start_ms * 1e6),
        "end_ns": round(end_ms * 1e6),
        "tick_size": tick_size,
        "lot_size": LOT,
        "parameters": dict(task.parameters),
        "maker": task.maker.model_dump(),
        "fees": task.fees.model_dump(),
        "fills": fills,
        "record_fills": True,
    }
    answer = kernel.replay(spec, rows.view(np.uint8).data)
    return edge_of(answer), json.loads(answer)
