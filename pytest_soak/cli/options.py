"""Arguments that several commands take, so that they read and mean the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.config import limits
from pytest_soak.config.arguments import name_or_path, path, seed_range
from pytest_soak.config.paths import Kind, kind_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from pytest_soak.observe.watching import Watch

    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

ARTIFACTS = Path(limits.ARTIFACTS)
FOLDERS = (Path(limits.SCENARIOS),)
"""Where scenarios are looked for, apart from the shipped ones."""


def add_artifacts(command: argparse.ArgumentParser) -> None:
    """Add the option for the artifacts folder, spelt as pytest's."""
    command.add_argument(
        "--soak-artifacts",
        dest="artifacts",
        type=path,
        default=ARTIFACTS,
        metavar="DIR",
        help=f"Folder of the runs (default: {limits.ARTIFACTS})",
    )


def add_watched(command: argparse.ArgumentParser) -> None:
    """Add the run that is looked at while it goes on; ``watch_of`` reads it."""
    command.add_argument(
        "of",
        nargs="?",
        type=path,
        default=ARTIFACTS,
        metavar="RUN",
        help="Folder or name of a run, or an artifacts folder: its newest run, also one that begins later",
    )


def add_scenario(command: argparse.ArgumentParser) -> None:
    """Add the scenario and the seed of a market that a command makes."""
    command.add_argument("scenario", type=name_or_path, help="Name of a scenario, or a TOML file")
    add_seed(command)


def add_seed(command: argparse.ArgumentParser) -> None:
    """Add the seed of a market that a command makes."""
    command.add_argument("--seed", type=_one_seed, default=1, help="Seed of the market (default: 1)")


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


def _one_seed(text: str) -> int:
    """Parse a seed."""
    seeds = seed_range(text)
    if len(seeds) > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not one seed")
    return seeds[0]
