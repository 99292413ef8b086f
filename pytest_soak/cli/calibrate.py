"""``pytest-soak calibrate``: a scenario that is like recordings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.cli.facts import cell_of, print_facts
from pytest_soak.cli.options import FOLDERS, add_seed
from pytest_soak.cli.outputs import output_file, write_output
from pytest_soak.config.arguments import MAX_SECONDS, market_seconds, name_or_path, path, positive_int
from pytest_soak.config.extending import SUFFIX
from pytest_soak.config.limits import LONGEST_NAME
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_soak.cli.options import Commands
    from pytest_soak.market.calibration.fitting import Fit
    from pytest_soak.market.calibration.sample import Source

MOST_SIMULATIONS = 100_000
_TOLD = 20
"""Lines of progress, about."""
_SHOWN_S = 3600.0


def add(commands: Commands) -> None:
    """Add the command to a parser's commands."""
    command = commands.add_parser(
        "calibrate",
        help="Fit a scenario to recordings",
        description="Fit a scenario to recordings of one instrument by the method of simulated moments, and "
        "print the stylised facts of both side by side. The same recordings, seed and number of simulations "
        "give the same file.",
    )
    command.add_argument(
        "recordings",
        nargs="+",
        type=path,
        metavar="FILE",
        help="A file, a glob, or files with commas between them",
    )
    command.add_argument(
        "-o",
        "--output",
        type=output_file,
        metavar="NAME.toml",
        help="The scenario to write (default: NAME of the first recording, in this folder)",
    )
    command.add_argument(
        "--simulations",
        type=positive_int,
        default=1000,
        metavar="N",
        help="Trials of the search, which bound its time (default: 1000: some minutes)",
    )
    command.add_argument(
        "--until",
        type=market_seconds,
        default=MAX_SECONDS,
        metavar="SECONDS",
        help="Use recordings up to here, so that the rest can be compared with a market that has not seen it",
    )
    command.add_argument(
        "--start",
        type=name_or_path,
        metavar="SCENARIO",
        help="Search near this scenario, as to go on with an earlier fit; of its instrument nothing is taken",
    )
    add_seed(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Fit, write the file and print both tables.

    Raises:
        SoakConfigError: a recording or an option is not usable.
        SoakStoreError: the file could not be written.
    """
    from pytest_soak.market.calibration.fitting import fit
    from pytest_soak.market.calibration.sample import pooled
    from pytest_soak.market.calibration.writing import changing, text_of, told_by, unmatched
    from pytest_soak.market.scenario.loading import load_scenario

    if options.simulations > MOST_SIMULATIONS:
        raise SoakConfigError(f"--simulations = {options.simulations}; accepted is 1 to {MOST_SIMULATIONS}")
    file = options.output or Path(_name_for(options.recordings[0]) + SUFFIX)
    if file.suffix != SUFFIX:
        raise SoakConfigError(f"{file}: a scenario is written to a file that ends in {SUFFIX}")
    name = _name_for(file)
    start = load_scenario(options.start, FOLDERS) if options.start is not None else None
    sample = pooled([_source(recording, options.until) for recording in options.recordings])
    found = fit(
        name,
        sample,
        simulations=options.simulations,
        seed=options.seed,
        progress=_progress(options.simulations),
        start=start,
    )
    write_output(file, text_of(found, _said(options)).encode("ascii"))
    for line in told_by(found):
        _print(line)
    _print("")
    _print(f"distance {found.distance:.4g}; {unmatched(found)}")
    if found.changes:
        _print(changing(found))
    _facts(found)
    _print("")
    _print(f"{file}: scenario {name}")


def _said(options: argparse.Namespace) -> str:
    """The options of which a fit does not know, as they are given."""
    until = f" --until {options.until:g}" if options.until < MAX_SECONDS else ""
    return until + (f" --start {options.start}" if options.start is not None else "")


def _name_for(path: Path) -> str:
    """A name that a scenario may have, of that of a file."""
    stem = path.name.split(".")[0]
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in stem).strip("_")
    return kept[:LONGEST_NAME] or "fitted"


def _source(recording: Path, until_s: float) -> Source:
    """A recording that can be trusted.

    Raises:
        SoakConfigError: naming the recording and why it is not usable.
    """
    from pytest_soak.cli.recorded import facts_of_whole
    from pytest_soak.market import ReplayMarket
    from pytest_soak.market.calibration.sample import source_of

    market = ReplayMarket(recording)
    source = source_of(market, until_s)
    for reason in facts_of_whole(market).withheld:
        raise SoakConfigError(f"recording {recording}: nothing is fitted to it: {reason}")
    return source


def _progress(simulations: int) -> Callable[[int, float], None]:
    told = 0

    def tell(tried: int, distance: float) -> None:
        nonlocal told
        share = tried * _TOLD // simulations
        if share > told:
            told = share
            sys.stderr.write(f"pytest-soak: {tried} of {simulations} trials, distance {distance:.4g}\n")
            sys.stderr.flush()

    return tell


def _facts(found: Fit) -> None:
    """The stylised facts of the scenario beside those of the recordings, which may be several."""
    from pytest_soak.market.facts.finding import find, find_over
    from pytest_soak.market.facts.table import FACTS
    from pytest_soak.market.tape import tape_of_scenario

    tape = tape_of_scenario(found.scenario, seed=found.seed, duration_s=_SHOWN_S)
    recorded = find_over((source.tape for source in found.sample.sources), FACTS)
    print_facts(list(find(tape, FACTS)), [cell_of(one) for one in recorded], explain=False)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
