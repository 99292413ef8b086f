"""Profiles: immutable, versioned TOML files with parameters, gates, guard settings and fees.

A file with ``extends = "steady_safe"`` says only in what it differs from that profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pytest_soak.config.extending import SUFFIX, extended, name_of_file, other_formats
from pytest_soak.config.limits import PROFILES
from pytest_soak.config.loader import (
    MAX_TOML_BYTES,
    did_you_mean,
    parse_toml,
    read_bytes,
    validate,
)
from pytest_soak.config.names import check_name
from pytest_soak.config.parsing import show_text
from pytest_soak.config.paths import expanded, files_in, is_file, is_path
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.gates import check_gate_settings
from pytest_soak.domain.hashing import sha256_of
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable, problem_with
from pytest_soak.domain.settings import Profile
from pytest_soak.domain.state import check_guard_settings
from pytest_soak.domain.text import show


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile, where it was read from, and the hash of its content with all defaults filled in."""

    profile: Profile
    origin: str
    sha256: str


def profile_hash(profile: Profile) -> str:
    """Hex SHA-256 of the canonical content of a profile, defaults included."""
    return sha256_of(profile.model_dump(mode="json"))


def load_profile(
    name_or_path: str, extra_dirs: Sequence[Path] = (), table: ParameterTable | None = PARAMETERS
) -> LoadedProfile:
    """Load a shipped profile, one of ``extra_dirs`` by name, or a file by path.

    A text with a separator or the ending ``.toml`` is a path. A name that is shipped and
    also in an extra folder must mean the same there. Where the ``table`` of parameters is None, as the
    strategy is not known yet, :func:`check_parameters` has to follow.

    Raises:
        SoakConfigError: no such profile (the text lists those that exist), or one that is not acceptable.
    """
    if is_path(name_or_path):
        path = expanded(name_or_path)
        return _checked(_loaded(path, str(path), None, extra_dirs), table)
    check_name(name_or_path, "profile")
    found = [
        _loaded(source, origin, name_or_path, extra_dirs)
        for origin, source in _homes(name_or_path, extra_dirs)
    ]
    if not found:
        raise _unknown(name_or_path, extra_dirs)
    first = found[0]
    for other in found[1:]:
        if other.sha256 != first.sha256:
            raise SoakConfigError(
                f"profile {name_or_path!r} is both {first.origin} and {other.origin}, "
                "with different content; rename the file or give its path"
            )
    return _checked(first, table)


def _unknown(name: str, extra_dirs: Sequence[Path]) -> SoakConfigError:
    known = available_profiles(extra_dirs)
    names = ", ".join(map(show_text, known))
    return SoakConfigError(
        f"profile {show(name)} does not exist; known are {names}{did_you_mean(name, list(known))}"
        f"{other_formats(name, extra_dirs)}"
    )


def available_profiles(extra_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Names of the profiles that ship with the package and of those in ``extra_dirs``, sorted."""
    return tuple(profile_files(extra_dirs))


def profile_files(extra_dirs: Sequence[Path] = ()) -> dict[str, Traversable]:
    """The profiles of the package and of ``extra_dirs``, by name, sorted; of one name the shipped counts.

    Raises:
        SoakConfigError: a folder cannot be read.
    """
    found: dict[str, Traversable] = {
        entry.name.removesuffix(SUFFIX): entry
        for entry in files(PROFILES).iterdir()
        if entry.name.endswith(SUFFIX)
    }
    for folder in extra_dirs:
        for name, path in files_in(folder, SUFFIX).items():
            found.setdefault(name, path)
    return dict(sorted(found.items()))


def _homes(name: str, extra_dirs: Sequence[Path]) -> list[tuple[str, Traversable]]:
    """Where a profile of that name is, the shipped one first, each with what errors call it."""
    shipped = files(PROFILES) / f"{name}{SUFFIX}"
    homes = [(f"shipped profile {name}", shipped)] if shipped.is_file() else []
    paths = [folder / f"{name}{SUFFIX}" for folder in extra_dirs]
    return [*homes, *((str(path), path) for path in paths if is_file(path))]


def _loaded(source: Traversable, origin: str, name: str | None, extra_dirs: Sequence[Path]) -> LoadedProfile:
    def find(base: str, by: Traversable) -> Traversable:
        check_name(base, f"{origin}: extends: profile")
        # A file may refine the shipped profile of its own name.
        own = base == by.name.removesuffix(SUFFIX)
        homes = _homes(base, () if own else extra_dirs)
        if not homes:
            raise SoakConfigError(f"{origin}: extends: {_unknown(base, extra_dirs)}")
        return homes[0][1]

    data = extended(source, partial(_read, origin=origin), find)
    profile = validate(Profile, data, origin)
    check_name(profile.name, f"{origin}: profile")
    if name is not None and profile.name not in (name, name_of_file(source)):
        raise SoakConfigError(
            f"{origin}: name = {profile.name!r} is refused; accepted is {name!r}, as the file"
        )
    return LoadedProfile(profile, origin, profile_hash(profile))


def _read(source: Traversable, origin: str) -> dict[str, Any]:
    if isinstance(source, Path):
        return parse_toml(read_bytes(source, MAX_TOML_BYTES), str(source))
    return parse_toml(source.read_bytes(), origin)


def _checked(loaded: LoadedProfile, table: ParameterTable | None) -> LoadedProfile:
    try:
        check_gate_settings(loaded.profile.gates)
    except SoakConfigError as error:
        raise SoakConfigError(f"{loaded.origin}: {error}") from None
    if table is not None:
        check_parameters(loaded.profile, table, loaded.origin)
    return loaded


def check_parameters(profile: Profile, table: ParameterTable, where: str) -> ParameterTable:
    """Check all that a profile says of parameters; return the table with what it says of bounds and movers.

    Raises:
        SoakConfigError: names the profile by ``where``, the parameter and what is accepted.
    """
    try:
        tuned = table.tuned(profile.tuner.parameters)
        for parameter, value in profile.parameters.items():
            problem = problem_with(parameter, value, tuned)
            if problem is not None:
                hint = did_you_mean(parameter, list(tuned)) if parameter not in tuned else ""
                raise SoakConfigError(f"parameters: {problem}{hint}")
        check_guard_settings(profile.guards, tuned)
    except SoakConfigError as error:
        raise SoakConfigError(f"{where}: {error}") from None
    return tuned
