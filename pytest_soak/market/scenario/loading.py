"""Finding and reading scenarios: those of the package, and a user's own TOML files.

A file with ``extends = "calm"`` says only in what it differs from that scenario: tables are merged key by
key, lists (``windows``, ``shocks``, ``regimes``) and single values take the place of those of the base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pytest_soak.config.parsing import MAX_TOML_BYTES, did_you_mean, parse_toml, validate
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.scenario.model import Scenario

__all__ = ["Scenario", "available_scenarios", "load_scenario"]

_SUFFIX = ".toml"
_LONGEST_CHAIN = 8


def available_scenarios(extra_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Names of the scenarios of the package and of the given folders, sorted.

    A folder that does not exist holds none.
    """
    return tuple(sorted(_homes(extra_dirs)))


def load_scenario(name_or_path: str | Path, extra_dirs: Sequence[Path] = ()) -> Scenario:
    """Load a scenario by name, or from a file where the argument has a folder in it or ends in ``.toml``.

    A name is looked up in ``extra_dirs``, in their order, and then in the package; each folder holds
    ``NAME.toml`` files.

    Raises:
        SoakConfigError: where there is no such scenario (it names those that exist), or the file is
            unreadable or wrong: it names the file, the key, the value and what is accepted.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(_SUFFIX) or "/" in text or "\\" in text:
        return _scenario(Path(name_or_path), extra_dirs)
    home = _home(text, _homes(extra_dirs), "")
    scenario = _scenario(home, extra_dirs)
    if scenario.name != text:
        raise SoakConfigError(
            f"scenario {home}: name = {scenario.name!r} is not the name of its file; expected {text!r}"
        )
    return scenario


def _home(name: str, homes: Mapping[str, Traversable], where: str) -> Traversable:
    if name not in homes:
        known = list(homes)
        raise SoakConfigError(
            f"{where}unknown scenario {name!r}; known are {', '.join(known)}{did_you_mean(name, known)}"
        )
    return homes[name]


def _homes(extra_dirs: Sequence[Path]) -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    shipped = resources.files("pytest_soak.market.scenario").joinpath("shipped")
    folders: Iterable[Traversable] = (*extra_dirs, shipped)
    for folder in folders:
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.name.endswith(_SUFFIX) and entry.is_file():
                    found.setdefault(entry.name.removesuffix(_SUFFIX), entry)
    return dict(sorted(found.items()))


def _scenario(source: Traversable, extra_dirs: Sequence[Path]) -> Scenario:
    return validate(Scenario, _resolved(source, extra_dirs, ()), f"scenario {source}")


def _resolved(source: Traversable, extra_dirs: Sequence[Path], above: tuple[str, ...]) -> dict[str, Any]:
    """Content of a file on top of that of the scenarios that it extends."""
    where = f"scenario {source}"
    data = _read(source, where)
    if "extends" not in data:
        return data
    base = data.pop("extends")
    if not isinstance(base, str):
        raise SoakConfigError(f"{where}: extends = {base!r}; expected the name of a scenario")
    chain = (*above, str(source))
    # A file may refine the shipped scenario of its own name.
    own = base == source.name.removesuffix(_SUFFIX)
    home = _home(base, _homes(() if own else extra_dirs), f"{where}: extends = {base!r}: ")
    if str(home) in chain or len(chain) > _LONGEST_CHAIN:
        raise SoakConfigError(
            f"{where}: extends = {base!r} leads back to itself, or over more than {_LONGEST_CHAIN} files; "
            "expected a scenario that stands on its own in the end"
        )
    return _merged(_resolved(home, extra_dirs, chain), data)


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _read(source: Traversable, where: str) -> dict[str, Any]:
    try:
        with source.open("rb") as stream:
            data = stream.read(MAX_TOML_BYTES + 1)
    except OSError as error:
        raise SoakConfigError(f"{where} cannot be read: {error.strerror or error}") from error
    return parse_toml(data, where)
