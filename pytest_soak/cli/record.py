"""``pytest-soak record``: a scenario as a recording, for ``--soak-replay`` and for other simulators."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING

from pytest_soak.cli.options import FOLDERS, add_scenario
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import positive_int
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands

MOST_MINUTES = 240


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "record",
        help="Write a scenario down as a recording",
        description="Let a mock market live without a maker and write it down in hftbacktest's format: "
        "the array 'data'; beside it 'origin' says what it was made from.",
    )
    add_scenario(command)
    command.add_argument("file", type=output_file, help="The .npz file to write")
    command.add_argument("--minutes", type=positive_int, default=60, help="Market time (default: 60)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Write the file.

    Raises:
        SoakConfigError: the scenario or an option is not usable.
        SoakStoreError: the file could not be written.
    """
    import numpy as np

    from pytest_soak.domain.hashing import canonical_json
    from pytest_soak.market.scenario.loading import load_scenario
    from pytest_soak.market.tape import rows_of_scenario

    if options.minutes > MOST_MINUTES:
        raise SoakConfigError(f"--minutes = {options.minutes}; accepted is 1 to {MOST_MINUTES}")
    if options.file.suffix != ".npz":
        raise SoakConfigError(f"{options.file}: a recording is written to a file that ends in .npz")
    scenario = load_scenario(options.scenario, FOLDERS)
    rows = rows_of_scenario(scenario, seed=options.seed, duration_s=options.minutes * 60.0)
    # So that it is not mistaken for data of a real market.
    origin = canonical_json({"scenario": scenario.model_dump(mode="json"), "seed": options.seed})
    content = io.BytesIO()
    np.savez_compressed(content, data=rows, origin=np.array(origin))
    write_output(options.file, content.getvalue())
    sys.stdout.write(f"{options.file}: {len(rows)} rows, {options.minutes} min of {scenario.name}\n")
