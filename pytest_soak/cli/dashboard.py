"""``pytest-soak dashboard``: a run in the browser, while it goes on or later."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.status import ARTIFACTS
from pytest_soak.config.arguments import path, port_number

if TYPE_CHECKING:
    from pytest_soak.cli.market import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("dashboard", help="Show a run in the browser, while it goes on or later")
    command.add_argument(
        "of",
        nargs="?",
        default=str(ARTIFACTS),
        metavar="RUN",
        help="Folder or name of a run, or an artifacts folder: its newest run, also one that begins later",
    )
    command.add_argument(
        "--port", type=port_number, metavar="PORT", help="default: 5000, or the next that is free"
    )
    command.add_argument("--soak-artifacts", dest="artifacts", type=path, default=ARTIFACTS, metavar="DIR")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C.

    Raises:
        SoakConfigError: there is no such run, the port is taken, or what is needed is not installed.
    """
    from pytest_soak.observe.reading import open_run
    from pytest_soak.observe.server import Dashboard
    from pytest_soak.observe.watching import Watch
    from pytest_soak.store.runs.runs import list_runs

    place = Path(options.of)
    if (place / "RUN.json").is_file() or not place.is_dir():
        folder = open_run(options.of, options.artifacts).folder
        found = Watch(lambda: folder)
    else:
        found = Watch(lambda: next(iter(reversed(list_runs(place))), None))
    dashboard = Dashboard(found, options.port)
    sys.stdout.write(f"dashboard: {dashboard.url} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    dashboard.serve()
