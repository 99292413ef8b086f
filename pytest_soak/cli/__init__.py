"""The command ``pytest-soak``: what is done outside of a pytest run."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytest_soak.cli import market as cli_market
from pytest_soak.cli import record as cli_record
from pytest_soak.config.arguments import positive_int
from pytest_soak.domain.errors import SoakError, SoakStoreError
from pytest_soak.domain.text import printable
from pytest_soak.store.runs.retention import Retention, rotate


def main(arguments: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run the command, as of ``now``; 0 where it did its work, 2 where it could not."""
    parser = argparse.ArgumentParser(prog="pytest-soak", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_rotate(commands, now)
    cli_market.add(commands)
    cli_record.add(commands)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except SoakError as error:
        sys.stderr.write(f"pytest-soak: {printable(str(error), newlines=True)}\n")
        return 2
    return 0


def _add_rotate(commands: cli_market.Commands, now: datetime | None) -> None:
    limits = Retention()
    command = commands.add_parser("rotate", help="Keep the newest summaries, pack old exports, warn of size")
    command.add_argument(
        "--soak-artifacts", dest="artifacts", type=Path, default=Path("artifacts/soak"), metavar="DIR"
    )
    command.add_argument("--keep", type=positive_int, default=limits.keep, help="Summaries per canary")
    command.add_argument("--days", type=_limit, default=limits.days, help="Age from which exports are packed")
    command.add_argument("--megabytes", type=_limit, default=limits.megabytes, help="Size to warn above")
    command.set_defaults(run=lambda options: _rotate(options, now))


def _rotate(options: argparse.Namespace, now: datetime | None) -> None:
    if not options.artifacts.is_dir():
        raise SoakStoreError(f"{options.artifacts} is not a folder; name one with --soak-artifacts")
    limits = Retention(keep=options.keep, days=options.days, megabytes=options.megabytes)
    for line in rotate(options.artifacts, now or datetime.now(UTC), limits):
        sys.stdout.write(f"{line}\n")


def _limit(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return number
