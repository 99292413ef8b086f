"""``pytest-soak status``: the runs of an artifacts folder, with verdict, size and age."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_soak.cli.options import ARTIFACTS
from pytest_soak.config import limits
from pytest_soak.config.arguments import path
from pytest_soak.config.paths import Kind, kind_of, shown
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands, now: datetime | None) -> None:
    """Add the command to a parser's commands; ages are as of ``now``."""
    command = commands.add_parser("status", help="List the runs with verdict, size and age")
    command.add_argument(
        "artifacts",
        nargs="?",
        type=path,
        default=ARTIFACTS,
        metavar="DIR",
        help=f"default: {limits.ARTIFACTS}",
    )
    command.set_defaults(run=lambda options: run(options, now))


def run(options: argparse.Namespace, now: datetime | None) -> None:
    """Print a line per run, newest first.

    Raises:
        SoakConfigError: it is not a folder, or holds no run.
    """
    from pytest_soak.observe import status

    if kind_of(options.artifacts) is not Kind.FOLDER:
        raise SoakConfigError(
            f"{shown(options.artifacts)} is not a folder; name the one that --soak-artifacts names"
        )
    found = list(status.statuses(options.artifacts))
    if not found:
        raise SoakConfigError(f"{shown(options.artifacts)}: there is no run yet")
    sys.stdout.write(f"{status.HEAD}\n")
    for one in found:
        sys.stdout.write(f"{printable(status.line(one, now or datetime.now(UTC)))}\n")
        if one.problem is not None:
            sys.stdout.write(f"    {printable(one.problem)}\n")
