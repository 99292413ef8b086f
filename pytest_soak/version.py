"""Version of the package."""

from __future__ import annotations

from functools import cache

NAME = "pytest-soak"


@cache
def package_version() -> str:
    """Version of the installed package, from its metadata."""
    # Some 5 MB, which a process that only reads a file with a part of this package need not hold.
    from importlib.metadata import version

    return version(NAME)
