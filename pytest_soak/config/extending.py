"""Files that hold only their differences from another file, by ``extends = "NAME"``.

Tables are merged key by key; lists and single values take the place of those of the base. A file is named
by itself: where it says no ``name``, it has that of the file, never that of its base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pytest_soak.config.paths import expanded, is_file, is_path
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import show

Reader = Callable[[Traversable], dict[str, Any]]
Finder = Callable[[str, Traversable], Traversable]

SUFFIX = ".toml"
_OTHERS = (".json", ".yaml", ".yml", ".ini")
_LONGEST_CHAIN = 8


def name_of_file(source: Traversable) -> str:
    """The name of a file that does not say one: letters, digits, dots and ``_`` of its stem."""
    stem = source.name.removesuffix(SUFFIX)
    return "".join(c if (c.isalnum() and c.isascii()) or c == "." else "_" for c in stem)


def check_suffix(path: Path) -> None:
    """Refuse a file whose name says that it is of another format.

    Raises:
        SoakConfigError: names the file and what is accepted.
    """
    if path.suffix.lower() in _OTHERS:
        raise SoakConfigError(f"{path}: accepted is a TOML file, whose name ends in {SUFFIX}")


def other_formats(name: str, folders: Iterable[Path]) -> str:
    """A hint for an unknown name where a folder has a file of that name in another format, else empty."""
    stem = name.removesuffix(Path(name).suffix) if Path(name).suffix.lower() in _OTHERS else name
    paths = (folder / f"{stem}{suffix}" for folder in folders for suffix in _OTHERS)
    path = next((path for path in paths if is_file(path)), None)
    return "" if path is None else f"; {path} is not read, accepted is a TOML file, {stem}{SUFFIX}"


def extended(
    source: Traversable, read: Reader, find: Finder, what: str = "", above: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Content of a file on top of that of the files that it extends.

    ``read`` reads one file; ``find`` gives the file of a base's name, and is told which
    file names it; ``what`` stands before a file in errors.

    Raises:
        SoakConfigError: the base is not there, or the chain has no end.
    """
    if isinstance(source, Path):
        check_suffix(source)
    data = {"name": name_of_file(source), **read(source)}
    if "extends" not in data:
        return data
    base = data.pop("extends")
    where = f"{what}{source}"
    if not isinstance(base, str):
        raise SoakConfigError(f"{where}: extends = {show(base)}; expected the name of a file to build on")
    chain = (*above, str(source))
    home = _beside(source, base) if is_path(base) else find(base, source)
    if str(home) in chain or len(chain) > _LONGEST_CHAIN:
        raise SoakConfigError(
            f"{where}: extends = {show(base)} leads back to itself, or over more than {_LONGEST_CHAIN} "
            "files; expected one that stands on its own in the end"
        )
    return merged(extended(home, read, find, what, chain), data)


def _beside(source: Traversable, base: str) -> Path:
    """A path in ``extends`` is meant from the folder of the file that says it."""
    folder = source.parent if isinstance(source, Path) else Path()
    return folder / expanded(base)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A change on top of a base, table by table."""
    result = dict(base)
    for key, value in change.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result
