"""``pytest-soak dashboard``: a run in the browser, while it runs or later."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts, add_watched, watch_of
from pytest_soak.cli.serving import serve
from pytest_soak.config.arguments import port_number
from pytest_soak.config.limits import DASHBOARD_PORT

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("dashboard", help="Show a run in the browser, while it runs or later")
    add_watched(command)
    command.add_argument(
        "--port",
        type=port_number,
        metavar="PORT",
        help=f"default: {DASHBOARD_PORT} or the next free one",
    )
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C.

    Raises:
        SoakConfigError: there is no such run, the port is taken, or what is needed is not installed.
    """
    from pytest_soak.observe.server import Dashboard

    serve("dashboard", Dashboard(watch_of(options.of, options.artifacts), options.port))
