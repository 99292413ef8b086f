"""``pytest-soak report``: a run as a page and as Markdown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.config.arguments import path
from pytest_soak.config.limits import LATEST
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("report", help="Write report.html and report.md of a run")
    command.add_argument(
        "of",
        nargs="?",
        type=path,
        default=Path(LATEST),
        metavar="RUN",
        help=f"Folder or name of a run (default: {LATEST})",
    )
    command.add_argument(
        "-o", "--output", type=path, metavar="DIR", help="Where to write it (default: the run's folder)"
    )
    command.add_argument("--single-file", action="store_true", help="Put the charts' script into the page")
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write both files and say where they are.

    Raises:
        SoakConfigError: there is no such run, or what a page needs is not installed.
        SoakStoreError: the disk refused.
    """
    from pytest_soak.observe.reading import open_run
    from pytest_soak.observe.writing import write_report

    found = open_run(options.of, options.artifacts)
    folder: Path = options.output or found.folder
    for file in write_report(found, folder, single=options.single_file):
        sys.stdout.write(f"{printable(str(file))}\n")
