"""Profiles: immutable, versioned TOML files with parameters, gates, guard settings and fees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pytest_soak.config.loader import did_you_mean, parse_toml, read_bytes, validate
from pytest_soak.config.names import check_name
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.gates import check_gate_settings
from pytest_soak.domain.hashing import sha256_of
from pytest_soak.domain.parameters import PARAMETERS, problem_with
from pytest_soak.domain.settings import Profile
from pytest_soak.domain.state import check_guard_settings

PACKAGE = "soak_profiles"
SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile, where it was read from, and the hash of its content with all defaults filled in."""

    profile: Profile
    origin: str
    sha256: str


def profile_hash(profile: Profile) -> str:
    """Hex SHA-256 of the canonical content of a profile, defaults included."""
    return sha256_of(profile.model_dump(mode="json"))


def load_profile(name_or_path: str, extra_dirs: Sequence[Path] = ()) -> LoadedProfile:
    """Load a shipped profile, one of ``extra_dirs`` by name, or a file by path.

    A text with a separator or the ending ``.toml`` is a path. A name that is shipped and also in an
    extra folder must mean the same there.

    Raises:
        SoakConfigError: no such profile (the text lists those that exist), or one that is not acceptable.
    """
    if "/" in name_or_path or "\\" in name_or_path or name_or_path.lower().endswith(SUFFIX):
        path = Path(name_or_path)
        return _parse(read_bytes(path), str(path), None)
    check_name(name_or_path, "profile")
    found = _sources(name_or_path, extra_dirs)
    if not found:
        known = available_profiles(extra_dirs)
        hint = did_you_mean(name_or_path, known)
        raise SoakConfigError(f"profile {name_or_path!r} does not exist; known are {', '.join(known)}{hint}")
    first = found[0]
    for other in found[1:]:
        if other.sha256 != first.sha256:
            raise SoakConfigError(
                f"profile {name_or_path!r} is both {first.origin} and {other.origin}, "
                "with different content; rename the file or give its path"
            )
    return first


def available_profiles(extra_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Names of the profiles that ship with the package and of those in ``extra_dirs``, sorted."""
    entries: list[Traversable] = list(files(PACKAGE).iterdir())
    for folder in extra_dirs:
        if folder.is_dir():
            entries += folder.iterdir()
    return tuple(sorted({e.name.removesuffix(SUFFIX) for e in entries if e.name.endswith(SUFFIX)}))


def _sources(name: str, extra_dirs: Sequence[Path]) -> list[LoadedProfile]:
    loaded = []
    shipped = files(PACKAGE) / f"{name}{SUFFIX}"
    if shipped.is_file():
        loaded.append(_parse(shipped.read_bytes(), f"shipped profile {name}", name))
    for folder in extra_dirs:
        path = folder / f"{name}{SUFFIX}"
        if path.is_file():
            loaded.append(_parse(read_bytes(path), str(path), name))
    return loaded


def _parse(data: bytes, origin: str, name: str | None) -> LoadedProfile:
    profile = validate(Profile, parse_toml(data, origin), origin)
    check_name(profile.name, f"{origin}: profile")
    if name is not None and profile.name != name:
        raise SoakConfigError(
            f"{origin}: name = {profile.name!r} is refused; accepted is {name!r}, as the file"
        )
    for parameter, value in profile.parameters.items():
        problem = problem_with(parameter, value)
        if problem is not None:
            hint = did_you_mean(parameter, list(PARAMETERS)) if parameter not in PARAMETERS else ""
            raise SoakConfigError(f"{origin}: parameters: {problem}{hint}")
    try:
        check_gate_settings(profile.gates)
        check_guard_settings(profile.guards)
    except SoakConfigError as error:
        raise SoakConfigError(f"{origin}: {error}") from None
    return LoadedProfile(profile, origin, profile_hash(profile))
