"""Names that become file names: of profiles, scenarios, runs and canaries."""

from __future__ import annotations

import re

from pytest_soak.config.limits import LONGEST_NAME
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import show

ACCEPTED = (
    f"1 to {LONGEST_NAME} of A-Z a-z 0-9 . _ -, beginning with a letter or digit, no '..', no dot at the end"
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Windows gives these to devices, with any extension, also in capitals of other sizes.
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in range(10)}
)


def problem_with_name(name: str, max_length: int = LONGEST_NAME) -> str | None:
    """Say why a name cannot be a file name on every system, or None where it can."""
    if not _NAME.fullmatch(name) or len(name) > max_length or ".." in name or name.endswith("."):
        return f"accepted are {ACCEPTED}".replace(str(LONGEST_NAME), str(max_length), 1)
    if name.split(".", 1)[0].lower() in _RESERVED:
        return "Windows reserves that name for a device"
    return None


def check_name(name: str, what: str, max_length: int = LONGEST_NAME) -> str:
    """Return a name that is safe as a file name.

    Raises:
        SoakConfigError: path separators, ``..``, reserved names and whatever else a file system refuses.
    """
    problem = problem_with_name(name, max_length)
    if problem is not None:
        raise SoakConfigError(f"{what} {show(name)}: not a usable name; {problem}")
    return name
