"""``pytest-soak series``: the path of an iteration in a few lines, or as Parquet."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pytest_soak.cli.options import add_artifacts
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import path, positive_int
from pytest_soak.config.paths import shown
from pytest_soak.domain.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_soak.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "series", help="Say what the path of an iteration holds, or write it as Parquet"
    )
    command.add_argument(
        "of", type=path, metavar="RUN", help="Folder or name of a run, or an artifacts folder for its newest"
    )
    command.add_argument("canary", metavar="CANARY")
    command.add_argument("iteration", type=positive_int, metavar="ITERATION")
    command.add_argument("-o", "--output", type=_parquet_file, metavar="FILE", help="Parquet file to write")
    add_artifacts(command)
    command.set_defaults(run=run)


def _parquet_file(text: str) -> Path:
    file = output_file(text)
    if file.suffix != ".parquet":
        raise argparse.ArgumentTypeError(f"{shown(file)}: expected a name that ends in .parquet")
    return file


def run(options: argparse.Namespace) -> None:
    """Print the file, its rows and the range of each column; write Parquet where that is asked for.

    Raises:
        SoakConfigError: there is no such run or canary, or Parquet cannot be written here.
        SoakStateError: there is no series of the iteration, or it is damaged.
        SoakStoreError: the disk refused.
    """
    from pytest_soak.observe.parquet import parquet_of
    from pytest_soak.observe.reading import open_run
    from pytest_soak.observe.series import ranges_of
    from pytest_soak.store.exports.series import read_series, series_name

    canary = open_run(options.of, options.artifacts).canary(options.canary)
    file = canary.folder / series_name(options.iteration)
    series = read_series(file)
    if options.output is not None:
        write_output(options.output, parquet_of(series))
    sys.stdout.write(f"{printable(str(file))}\n")
    for line in ranges_of(series):
        sys.stdout.write(f"{printable(line)}\n")
    if options.output is not None:
        sys.stdout.write(f"{printable(str(options.output))}\n")
