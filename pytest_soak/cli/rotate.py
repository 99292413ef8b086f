"""``pytest-soak rotate``: keep the newest summaries, pack old exports, warn of size."""

from __future__ import annotations

import argparse
import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.config.arguments import positive_int
from pytest_soak.config.paths import Kind, kind_of, shown
from pytest_soak.domain.errors import SoakStoreError
from pytest_soak.store.disk.files import check_writable
from pytest_soak.store.runs.layout import RUNS_NAME
from pytest_soak.store.runs.retention import Retention, rotate

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands, now: datetime | None) -> None:
    """Add the command to a parser's commands; it works as of ``now``."""
    limits = Retention()
    command = commands.add_parser("rotate", help="Keep the newest summaries, pack old exports, warn of size")
    add_artifacts(command)
    command.add_argument("--keep", type=positive_int, default=limits.keep, help="Summaries per canary")
    command.add_argument("--days", type=_limit, default=limits.days, help="Age from which exports are packed")
    command.add_argument("--megabytes", type=_limit, default=limits.megabytes, help="Size to warn above")
    command.set_defaults(run=lambda options: run(options, now))


def run(options: argparse.Namespace, now: datetime | None) -> None:
    """Rotate the runs of a folder and print what was done.

    Raises:
        SoakConfigError: the system does not say what stands there, or nothing can be written there.
        SoakStoreError: it is not a folder, cannot be listed, or holds no runs.
    """
    if kind_of(options.artifacts) is not Kind.FOLDER:
        raise SoakStoreError(f"{shown(options.artifacts)} is not a folder; name one with --soak-artifacts")
    # Before anything is written there.
    if kind_of(options.artifacts / RUNS_NAME) is not Kind.FOLDER:
        raise SoakStoreError(
            f"{shown(options.artifacts)} holds no folder {RUNS_NAME!r}, so there are no runs to rotate; "
            "name the folder of --soak-artifacts"
        )
    check_writable(options.artifacts)
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
