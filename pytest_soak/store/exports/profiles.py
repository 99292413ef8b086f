"""Code profiles of iterations, ``profile_iter_<n>.prof``: files that pstats reads, a bounded number."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_soak.store.disk import files

KEPT_PROFILES = 100

_NAME = re.compile(r"profile_iter_([1-9][0-9]*)\.prof")


def profile_name(iteration: int) -> str:
    """File name of an iteration's code profile."""
    return f"profile_iter_{iteration}.prof"


def profile_number(name: str) -> int | None:
    """The iteration whose code profile has that file name, None for any other file."""
    match = _NAME.fullmatch(name)
    return int(match.group(1)) if match else None


def profiled(folder: Path) -> tuple[int, ...]:
    """Iterations of which a canary's folder has a code profile, in order.

    Raises:
        SoakStoreError: the disk refused.
    """
    numbers = (profile_number(path.name) for path in files.listed(folder))
    return tuple(sorted(number for number in numbers if number is not None))


def rotate_profiles(folder: Path, keep: int = KEPT_PROFILES) -> tuple[int, ...]:
    """Remove all but the ``keep`` code profiles with the highest numbers; the numbers of those removed.

    Raises:
        SoakStoreError: the disk refused.
    """
    numbers = profiled(folder)
    surplus = numbers[: max(0, len(numbers) - keep)]
    for number in surplus:
        files.remove(folder / profile_name(number))
    return surplus
