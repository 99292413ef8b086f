"""``pytest-soak exporter``: metrics of a run for Prometheus."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts, add_watched, watch_of
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.cli.serving import serve
from pytest_soak.config.arguments import port_number
from pytest_soak.config.limits import EXPORTER_PORT

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("exporter", help="Serve the metrics of a run to Prometheus")
    add_watched(command)
    command.add_argument(
        "--port", type=port_number, default=EXPORTER_PORT, metavar="PORT", help=f"default: {EXPORTER_PORT}"
    )
    files = command.add_mutually_exclusive_group()
    files.add_argument(
        "--textfile", type=output_file, metavar="FILE", help="Write the metrics into a file instead, once"
    )
    files.add_argument(
        "--openmetrics",
        type=output_file,
        metavar="FILE",
        help="Write all iterations with their times into a file instead, once, for promtool to load",
    )
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C, or write the file.

    Raises:
        SoakConfigError: there is no such run, the port is taken, or what is needed is not installed.
        SoakStoreError: the file could not be written.
    """
    from pytest_soak.observe.exporter import Exporter
    from pytest_soak.observe.history import openmetrics
    from pytest_soak.observe.metrics import exposition

    watch = watch_of(options.of, options.artifacts)
    if options.textfile is not None:
        write_output(options.textfile, exposition(watch))
        return
    if options.openmetrics is not None:
        write_output(options.openmetrics, openmetrics(watch))
        return
    serve("exporter", Exporter(watch, options.port))
