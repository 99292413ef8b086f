"""``pytest-soak dashboard``: a run in the browser, while it goes on or later."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.status import ARTIFACTS
from pytest_soak.config.arguments import path, port_number
from pytest_soak.config.paths import Kind, kind_of

if TYPE_CHECKING:
    from pytest_soak.cli.market import Commands
    from pytest_soak.observe.watching import Watch


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("dashboard", help="Show a run in the browser, while it goes on or later")
    command.add_argument(
        "of",
        nargs="?",
        type=path,
        default=ARTIFACTS,
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
    from pytest_soak.observe.server import Dashboard

    dashboard = Dashboard(watch_of(options.of, options.artifacts), options.port)
    sys.stdout.write(f"dashboard: {dashboard.url} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    dashboard.serve()


def watch_of(place: Path, artifacts: Path) -> Watch:
    """The run that was named, or of an artifacts folder the newest at each look.

    Raises:
        SoakConfigError: there is no such run.
    """
    from pytest_soak.observe.reading import open_run
    from pytest_soak.observe.watching import Watch
    from pytest_soak.store.runs.layout import MANIFEST_NAME
    from pytest_soak.store.runs.runs import list_runs

    if kind_of(place) is Kind.FOLDER and kind_of(place / MANIFEST_NAME) is not Kind.FILE:
        return Watch(lambda: next(iter(reversed(list_runs(place))), None))
    folder = open_run(place, artifacts).folder
    return Watch(lambda: folder)
