"""``pytest-soak profiles``, ``scenarios``, ``kpis`` and ``guards``: what there is, and its file."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_soak.config.limits import PROFILES, SCENARIOS
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import show

if TYPE_CHECKING:
    from pytest_soak.cli.options import Commands
    from pytest_soak.domain.kpis import Meaning


class Entry(NamedTuple):
    """One entry of a list: its line in the list, and its full text."""

    about: str
    text: Callable[[], str]


def _profiles() -> dict[str, Entry]:
    from pytest_soak.config.profiles import profile_files

    return {name: _file(source) for name, source in profile_files((Path(PROFILES),)).items()}


def _scenarios() -> dict[str, Entry]:
    from pytest_soak.market.scenario.loading import scenario_files

    return {name: _file(source) for name, source in scenario_files((Path(SCENARIOS),)).items()}


def _file(source: Traversable) -> Entry:
    from pytest_soak.config.loader import read_bytes
    from pytest_soak.config.parsing import MAX_TOML_BYTES

    def text() -> str:
        raw = read_bytes(source, MAX_TOML_BYTES) if isinstance(source, Path) else source.read_bytes()
        return raw.decode("utf-8", "backslashreplace")

    own = isinstance(source, Path) and source.is_relative_to(PROFILES)
    return Entry(source.as_posix() if own and isinstance(source, Path) else "shipped", text)


def _kpis() -> dict[str, Entry]:
    from pytest_soak.domain.kpis import KPI_MEANINGS

    return {name: _meaning(meaning) for name, meaning in KPI_MEANINGS.items()}


def _meaning(meaning: Meaning) -> Entry:
    about = f"{meaning.unit:5}  better: {meaning.better or '-':4}  {meaning.meaning}"
    return Entry(about, lambda: about)


def _guards() -> dict[str, Entry]:
    from pytest_soak.guards import BUILT_IN

    return {name: _module(module) for name, module in BUILT_IN.items()}


def _module(name: str) -> Entry:
    module = import_module(name)
    return Entry((module.__doc__ or "").strip().splitlines()[0], lambda: inspect.getsource(module))


_LISTS: Mapping[str, tuple[str, Callable[[], dict[str, Entry]]]] = {
    "profiles": (f"profiles, shipped and of {PROFILES}/ here", _profiles),
    "scenarios": (f"scenarios, shipped and of {SCENARIOS}/ here", _scenarios),
    "kpis": ("KPIs that a gate can judge, with unit and sign", _kpis),
    "guards": ("guards, by the names that -p no:NAME takes", _guards),
}


def add(commands: Commands) -> None:
    """Add the four commands to a parser's commands."""
    for kind, (text, find) in _LISTS.items():
        command = commands.add_parser(kind, help=f"List the {text}")
        command.add_argument("--show", metavar="NAME", help="Print the file of one, as it is")
        command.set_defaults(run=lambda options, kind=kind, find=find: run(options, kind, find()))


def run(options: argparse.Namespace, kind: str, found: Mapping[str, Entry]) -> None:
    """Print the list, or the text of the one that was asked for.

    Raises:
        SoakConfigError: there is none of that name, or it cannot be read.
    """
    from pytest_soak.config.parsing import did_you_mean, show_text

    if options.show is None:
        width = max(map(len, found))
        for name, entry in found.items():
            sys.stdout.write(f"{show_text(name):{width}}  {show_text(entry.about)}\n")
        return
    if options.show not in found:
        names = ", ".join(map(show_text, found))
        hint = did_you_mean(options.show, list(found))
        raise SoakConfigError(f"{kind} --show {show(options.show)}: known are {names}{hint}")
    text = found[options.show].text()
    sys.stdout.write(text.rstrip("\n").encode("ascii", "backslashreplace").decode("ascii") + "\n")
