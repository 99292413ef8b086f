"""Finding and reading scenarios: those of the package, and a user's own TOML files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.strict import MAX_TOML_BYTES, did_you_mean, parse_toml, validate
from pytest_soak.market.scenario_model import Scenario

__all__ = ["Scenario", "available_scenarios", "load_scenario"]

_SUFFIX = ".toml"


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
        return _read(Path(name_or_path))
    homes = _homes(extra_dirs)
    if text not in homes:
        known = list(homes)
        raise SoakConfigError(
            f"unknown scenario {text!r}; known are {', '.join(known)}{did_you_mean(text, known)}"
        )
    scenario = _read(homes[text])
    if scenario.name != text:
        raise SoakConfigError(
            f"scenario {homes[text]}: name = {scenario.name!r} is not the name of its file; expected {text!r}"
        )
    return scenario


def _homes(extra_dirs: Sequence[Path]) -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    shipped = resources.files("pytest_soak.market").joinpath("scenarios")
    folders: Iterable[Traversable] = (*extra_dirs, shipped)
    for folder in folders:
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.name.endswith(_SUFFIX) and entry.is_file():
                    found.setdefault(entry.name.removesuffix(_SUFFIX), entry)
    return dict(sorted(found.items()))


def _read(source: Traversable) -> Scenario:
    where = f"scenario {source}"
    try:
        with source.open("rb") as stream:
            data = stream.read(MAX_TOML_BYTES + 1)
    except OSError as error:
        raise SoakConfigError(f"{where} cannot be read: {error.strerror or error}") from error
    return validate(Scenario, parse_toml(data, where), where)
