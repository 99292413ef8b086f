"""``pytest-soak explain``: why the parameters of a canary are what they are after an iteration."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.config.arguments import path, positive_int
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser("explain", help="Say why a parameter has its value after an iteration")
    command.add_argument(
        "of", type=path, metavar="RUN", help="Folder or name of a run, or an artifacts folder for its newest"
    )
    command.add_argument("canary", metavar="CANARY")
    command.add_argument("iteration", type=positive_int, metavar="ITERATION")
    command.add_argument("parameter", nargs="?", metavar="PARAMETER", help="default: all of them")
    add_artifacts(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the way from the iteration's KPIs to the next parameters.

    Raises:
        SoakConfigError: there is no such run, canary or parameter.
        SoakStateError: the iteration is not in the journal, or that is damaged.
    """
    from pytest_soak.observe.explaining import explain
    from pytest_soak.observe.reading import entry_of, open_run

    canary = open_run(options.of, options.artifacts).canary(options.canary)
    for line in explain(entry_of(canary, options.iteration), options.parameter):
        sys.stdout.write(f"{printable(line)}\n")
