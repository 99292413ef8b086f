"""Many canaries in one process: what each of them leaves behind is small."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benches.canaries import DESCRIPTORS, measure

# Half of what a canary kept when reports, rows and properties stayed as they were.
BYTES_A_CANARY = 12_000


@pytest.mark.skipif(sys.platform != "linux", reason="memory and descriptors are read in /proc")
def test_a_canary_leaves_little_behind(tmp_path: Path) -> None:
    noted = measure(tmp_path, 300, timeout=300)
    steps = {count: memory for count, memory, _ in noted["steps"]}
    # The first hundred fill pools and caches.
    assert (steps[300] - steps[100]) / 200 < BYTES_A_CANARY
    assert noted["fds"] <= DESCRIPTORS
