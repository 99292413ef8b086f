"""``python -m benches [NAME ...]``: measure every bar as a ratio to its peer and print one table.

Peers are in the optional dependencies ``bench``; one that is not installed is said so in the table.
A bench is a function in a module of this package that is named in ``MODULES`` and registers itself.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from benches.kit import BENCHES, Row, Setup, table

MODULES = ("benches.book", "benches.data", "benches.replay", "benches.soak")


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen benchmarks; 1 where a bar is missed and ``--check`` is given, else 0."""
    for module in MODULES:
        importlib.import_module(module)
    parser = argparse.ArgumentParser(prog="python -m benches", description="Ratios to peers, in one table.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES)}; all if none")
    parser.add_argument("--repeat", type=int, default=5, help="measurements a figure is the median of")
    parser.add_argument(
        "--quick", action="store_true", help="a hundredth of the data: shows only that it runs"
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown or options.repeat < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--repeat must be at least 1")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(folder=Path(folder), repeat=options.repeat, quick=options.quick)
        for name in options.names or BENCHES:
            sys.stderr.write(f"{name} ...\n")
            rows += BENCHES[name](setup)
    sys.stdout.write(table(rows) + "\n")
    missed = any(row.verdict == "MISSED" for row in rows)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
