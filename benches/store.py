"""Writing the files of an iteration together, against writing them one by one as safely."""

from __future__ import annotations

from benches.kit import Bench
from pytest_soak.store.disk.files import write_atomic, write_each

# What an iteration of a day's soak writes, in bytes.
SIZES = {
    "ITER_SUMMARY_50.json": 9_000,
    "TUNING_REPORT.json": 40_000,
    "TUNING_STATE.json": 4_000,
    "EDGE_REPORT.json": 2_000,
    "runtime_overrides.json": 300,
}
WRITES = 4


def bench_files(bench: Bench) -> None:
    """Both synchronise each file and the folder: once for all files, and once a file."""
    contents = {name: b"x" * size for name, size in SIZES.items()}
    together, apart = bench.folder / "together", bench.folder / "apart"
    for folder in (together, apart):
        folder.mkdir()

    def ours() -> None:
        for _ in range(WRITES):
            write_each(together, contents)

    def one_by_one() -> None:
        for _ in range(WRITES):
            for name, data in contents.items():
                write_atomic(apart / name, data)

    name = f"write_each, {len(SIZES)} files, {WRITES} times"
    bench.compare(name, ours, "write_atomic, one by one,", one_by_one, 2)
