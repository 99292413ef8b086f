"""Where converted recordings are kept: a folder of the user's, beside other caches."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

VARIABLE = "PYTEST_SOAK_CACHE"
KEPT_DAYS = 14
LEFT_DAYS = 1
"""For how long the rows stay that a process was writing when it was killed."""
_PARTIAL = ".partial"
_DAYS = {**dict.fromkeys((".npy", ".json", ".lock"), KEPT_DAYS), _PARTIAL: LEFT_DAYS}
_TEMPORARY: list[tempfile.TemporaryDirectory[str]] = []


def kept(key: str, make: Callable[[Path], str]) -> tuple[Path, str]:
    """A converted file and what its maker said of it; made where it is not there yet, by one process.

    ``make`` writes the file that it is given. What was not used for 14 days is forgotten. Where the user's
    folder cannot be written to, a temporary one takes its place, which the process removes at its end.
    """
    name = hashlib.sha256(key.encode("utf-8")).hexdigest()[:32]
    folder = _folder()
    rows, about = folder / f"{name}.npy", folder / f"{name}.json"
    with FileLock(folder / f"{name}.lock"):
        if not (rows.exists() and about.exists()):
            _forget(folder)
            text = _made(rows, make)
            about.write_text(text, encoding="utf-8")
        else:
            with contextlib.suppress(OSError):
                os.utime(rows)
        return rows, about.read_text(encoding="utf-8")


def _made(rows: Path, make: Callable[[Path], str]) -> str:
    partial = rows.with_suffix(_PARTIAL)
    try:
        text = make(partial)
        partial.replace(rows)
    finally:
        partial.unlink(missing_ok=True)
    return text


def _folder() -> Path:
    folder = _of_user()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        if not _TEMPORARY:
            _TEMPORARY.append(tempfile.TemporaryDirectory(prefix="pytest-soak-"))
        return Path(_TEMPORARY[0].name)


def _of_user() -> Path:
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pytest-soak"


def _forget(folder: Path) -> None:
    """Remove what was not used for long, and what a process that was killed left behind."""
    for path in folder.iterdir():
        # Another process may be at it, or have removed it.
        with contextlib.suppress(OSError):
            days = _DAYS.get(path.suffix)
            if days is not None and path.stat().st_mtime < time.time() - days * 86_400:
                path.unlink()
