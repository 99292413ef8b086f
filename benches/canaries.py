"""``python -m benches.canaries [N]``: memory, descriptors and time of many canaries in one process.

Each canary runs one very short iteration and its gates item. The figures are of the pytest process: peak of
the memory, the most descriptors at the end of an item, and the seconds of the session. 10,000 canaries took
182 MB and 24 descriptors (Python 3.11, Linux, 64 bits), of which 4,400 bytes a canary are what it leaves
behind, and the rest is the session's items and what a process takes at its start.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benches.soaks import noted_by

MEMORY_MB = 200.0
DESCRIPTORS = 64
CANARIES = 10_000

# Linux only: it reads /proc. Notes the resident memory and the time each hundred canaries.
CONFTEST = """
import json, os, time
from pathlib import Path

NOTED, CLOCK = {"fds": 0, "steps": []}, time.monotonic()

def memory(key):
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(key))

def pytest_runtest_logfinish(nodeid):
    if nodeid.endswith("-gates]"):
        NOTED["count"] = NOTED.get("count", 0) + 1
        NOTED["fds"] = max(NOTED["fds"], len(os.listdir("/proc/self/fd")))
        if NOTED["count"] % 100 == 0:
            NOTED["steps"].append([NOTED["count"], memory("VmRSS"), time.monotonic() - CLOCK])

def pytest_unconfigure():
    NOTED.update(peak=memory("VmHWM"), seconds=time.monotonic() - CLOCK)
    Path("noted.json").write_text(json.dumps(NOTED), encoding="utf-8")
"""


def measure(folder: Path, canaries: int, *, timeout: float | None = None) -> dict[str, Any]:
    """Soak so many canaries in an empty folder; what was noted.

    Raises:
        RuntimeError: the session failed, with what it printed.
    """
    words = ("-p", "no:cacheprovider", "--soak-gate=off", f"--soak-seed=1..{canaries}")
    short = ("--soak-iterations=1", "--soak-minutes=0.01")
    return noted_by(CONFTEST, folder, *words, *short, timeout=timeout)


def main(arguments: list[str]) -> int:
    """Print the figures beside their limits; 1 where one is missed."""
    canaries = int(arguments[0]) if arguments else CANARIES
    with tempfile.TemporaryDirectory() as folder:
        noted = measure(Path(folder), canaries)
    peak, descriptors = noted["peak"] / 1e6, noted["fds"]
    sys.stdout.write(
        f"{canaries} canaries: {peak:.0f} MB at the peak (limit {MEMORY_MB:g}), "
        f"{descriptors} descriptors (limit {DESCRIPTORS}), {noted['seconds']:.0f} s\n"
    )
    for count, memory, seconds in noted["steps"][:: max(1, len(noted["steps"]) // 10)]:
        sys.stdout.write(f"  {count:>6} {memory / 1e6:7.1f} MB {seconds:8.1f} s\n")
    return int(peak > MEMORY_MB or descriptors > DESCRIPTORS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
