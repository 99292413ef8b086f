"""Finding and reading scenarios: those of the package, and a user's own TOML files.

A file with ``extends = "calm"`` says only in what it differs from that scenario: tables are merged key by
key, lists (``windows``, ``shocks``, ``regimes``) and single values take the place of those of the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pytest_soak.config.extending import SUFFIX, extended, name_of_file, other_formats
from pytest_soak.config.loader import read_bytes
from pytest_soak.config.parsing import MAX_TOML_BYTES, did_you_mean, parse_toml, show_text, validate
from pytest_soak.config.paths import expanded, files_in, is_path
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.scenario.model import Scenario

__all__ = ["Scenario", "available_scenarios", "load_scenario", "scenario_files"]


def available_scenarios(extra_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Names of the scenarios of the package and of the given folders, sorted.

    A folder that does not exist holds none.
    """
    return tuple(scenario_files(extra_dirs))


def load_scenario(name_or_path: str | Path, extra_dirs: Sequence[Path] = ()) -> Scenario:
    """Load a scenario by name, or from a file where the argument has a folder in it or ends in ``.toml``.

    A name is looked up in ``extra_dirs``, in their order, and then in the package; each folder holds
    ``NAME.toml`` files.

    Raises:
        SoakConfigError: where there is no such scenario (it names those that exist), or the file is
            unreadable or wrong: it names the file, the key, the value and what is accepted.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or is_path(text):
        return _scenario(expanded(text), extra_dirs)
    home = _home(text, extra_dirs, "")
    scenario = _scenario(home, extra_dirs)
    if scenario.name not in (text, name_of_file(home)):
        raise SoakConfigError(
            f"scenario {home}: name = {scenario.name!r} is not the name of its file; expected {text!r}"
        )
    return scenario


def scenario_files(extra_dirs: Sequence[Path] = ()) -> dict[str, Traversable]:
    """The scenarios of the given folders and of the package, by name, sorted; the first of a name counts.

    Raises:
        SoakConfigError: a folder cannot be read.
    """
    found: dict[str, Traversable] = {}
    for folder in extra_dirs:
        for name, path in files_in(folder, SUFFIX).items():
            found.setdefault(name, path)
    for entry in resources.files("pytest_soak.market.scenario").joinpath("shipped").iterdir():
        if entry.name.endswith(SUFFIX):
            found.setdefault(entry.name.removesuffix(SUFFIX), entry)
    return dict(sorted(found.items()))


def _home(name: str, extra_dirs: Sequence[Path], where: str) -> Traversable:
    homes = scenario_files(extra_dirs)
    if name not in homes:
        known = list(homes)
        names = ", ".join(map(show_text, known))
        raise SoakConfigError(
            f"{where}unknown scenario {name!a}; known are {names}{did_you_mean(name, known)}"
            f"{other_formats(name, extra_dirs)}"
        )
    return homes[name]


def _scenario(source: Traversable, extra_dirs: Sequence[Path]) -> Scenario:
    where = f"scenario {source}"

    def find(base: str, by: Traversable) -> Traversable:
        # A file may refine the shipped scenario of its own name.
        own = base == by.name.removesuffix(SUFFIX)
        return _home(base, () if own else extra_dirs, f"{where}: extends = {base!a}: ")

    return validate(Scenario, extended(source, partial(_read, where=where), find, "scenario "), where)


def _read(source: Traversable, where: str) -> dict[str, Any]:
    if isinstance(source, Path):
        return parse_toml(read_bytes(source, MAX_TOML_BYTES), f"scenario {source}")
    return parse_toml(source.read_bytes(), where)
