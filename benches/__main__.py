"""``python -m benches [NAME ...]``: measure every bar as a ratio to its peer and print one table.

Peers are in the optional dependencies ``bench`` and ``oracle``; one that is not installed is said so in the
table. The benchmarks are functions ``bench_...`` in the modules beside this one, which pytest runs with
pytest-benchmark; what pytest prints goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

import pytest

from benches.kit import Table, is_installed

MODULES = ("book", "data", "replay", "series", "soak", "store", "strategy", "watched")


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen benchmarks; not 0 where one failed, or misses its bar and ``--check`` is given."""
    parser = argparse.ArgumentParser(prog="python -m benches", description="Ratios to peers, in one table.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of the name of a bench; all if none")
    parser.add_argument("--repeat", type=int, default=5, help="measurements a figure is the median of")
    parser.add_argument(
        "--quick", action="store_true", help="a hundredth of the data: shows only that it runs"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")
    if not is_installed("pytest_benchmark"):
        parser.error('pytest-benchmark is not installed; it is in the extra "bench"')
    table = Table(repeat=options.repeat, quick=options.quick)
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main(_command(options.names), plugins=[table])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        parser.error(f"no bench is called {' or '.join(options.names)}")
    sys.stdout.write(f"{table}\n")
    missed = any(row.verdict == "MISSED" for row in table.rows)
    return int(code) or int(missed and options.check)


def _command(names: list[str]) -> list[str]:
    here = Path(__file__).parent
    command = [str(here / f"{module}.py") for module in MODULES]
    command += ["-q", "-o", "python_functions=bench_*", "-p", "no:randomly", "-p", "no:cacheprovider"]
    return [*command, "-k", " or ".join(names)] if names else command


if __name__ == "__main__":
    sys.exit(main())
