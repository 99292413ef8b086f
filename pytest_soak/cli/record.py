"""``pytest-soak record``: a scenario as a recording, for ``--soak-replay`` and for other simulators."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_soak.cli.options import FOLDERS, add_scenario
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import positive_int
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands
    from pytest_soak.market.recording.rows import Rows

MOST_MINUTES = 240


class Made(NamedTuple):
    """Rows of a scenario, what they were made from, and a name for the instrument."""

    rows: Rows
    origin: str
    symbol: str


def _npz(made: Made, file: Path) -> Iterator[tuple[Path, bytes, int]]:
    import numpy as np

    content = io.BytesIO()
    np.savez_compressed(content, data=made.rows, origin=np.array(made.origin))
    yield file, content.getvalue(), len(made.rows)


def _tardis(made: Made, file: Path) -> Iterator[tuple[Path, bytes, int]]:
    from pytest_soak.market.recording.tardis_file import tardis_files

    return tardis_files(made.rows, made.symbol, file)


def _lobster(made: Made, file: Path) -> Iterator[tuple[Path, bytes, int]]:
    from pytest_soak.market.recording.lobster_file import lobster_files

    return lobster_files(made.rows, made.symbol, file)


FORMS: dict[str, tuple[tuple[str, ...], Callable[[Made, Path], Iterator[tuple[Path, bytes, int]]]]] = {
    "lobster": ((".csv",), _lobster),
    "npz": ((".npz",), _npz),
    "tardis": ((".csv", ".csv.gz"), _tardis),
}
"""Ends of a file's name, and the writer, by form: files with their content and number of rows."""


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "record",
        help="Write a scenario down as a recording",
        description="Run a mock market without a maker and write it down: in hftbacktest's format (the "
        "array 'data'; beside it 'origin' says what it was made from), or as the files of another one.",
    )
    add_scenario(command)
    command.add_argument(
        "file", type=output_file, help="The file to write; its suffix is that of the form: .npz, or .csv"
    )
    command.add_argument(
        "--form",
        choices=sorted(FORMS),
        default="npz",
        help="npz (default); tardis: NAME_incremental_book_L2.csv and NAME_trades.csv (.csv.gz: packed); "
        "lobster: SYMBOL_DAY_NAME_mock_message_10.csv and SYMBOL_DAY_NAME_mock_orderbook_10.csv",
    )
    command.add_argument("--minutes", type=positive_int, default=60, help="Market time (default: 60)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write the file.

    Raises:
        SoakConfigError: the scenario or an option is not usable.
        SoakStoreError: the file could not be written.
    """
    from pytest_soak.domain.hashing import canonical_json
    from pytest_soak.market.scenario.loading import load_scenario
    from pytest_soak.market.tape import rows_of_scenario

    if options.minutes > MOST_MINUTES:
        raise SoakConfigError(f"--minutes = {options.minutes}; accepted is 1 to {MOST_MINUTES}")
    ends, write = FORMS[options.form]
    if not options.file.name.endswith(ends):
        raise SoakConfigError(
            f"{options.file}: a recording is written to a file that ends in {' or '.join(ends)}"
        )
    scenario = load_scenario(options.scenario, FOLDERS)
    rows = rows_of_scenario(scenario, seed=options.seed, duration_s=options.minutes * 60.0)
    # So that it is not mistaken for data of a real market.
    origin = canonical_json({"scenario": scenario.model_dump(mode="json"), "seed": options.seed})
    made = Made(rows, origin, f"{scenario.name}-s{options.seed}")
    for path, content, count in write(made, options.file):
        write_output(path, content)
        sys.stdout.write(f"{path}: {count} rows, {options.minutes} min of {scenario.name}\n")
