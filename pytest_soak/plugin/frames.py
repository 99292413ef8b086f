"""The frames of a traceback that are shown: a user's own, not those of the harness between them."""

from __future__ import annotations

import sysconfig
from itertools import dropwhile
from pathlib import Path
from typing import Protocol

import pytest

_PACKAGE = Path(__file__).parents[1]
_LIBRARIES = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib"))


class _Entry(Protocol):
    """An entry of pytest's tracebacks."""

    @property
    def path(self) -> Path | str: ...


def show_own_frames(excinfo: pytest.ExceptionInfo[BaseException], config: pytest.Config) -> None:
    """Leave this package's frames out of what a report shows of an exception, where it called a user's code.

    With ``--full-trace`` and ``--tb=native`` all of them stay.
    """
    if config.getoption("fulltrace", False) or config.getoption("tbstyle", "auto") == "native":
        return
    called = dropwhile(lambda entry: not _is_harness(entry), excinfo.traceback)
    if any(map(_is_of_user, called)):
        excinfo.traceback = excinfo.traceback.filter(lambda entry: not _is_harness(entry))


def _is_harness(entry: _Entry) -> bool:
    return Path(entry.path).is_relative_to(_PACKAGE)


def _is_of_user(entry: _Entry) -> bool:
    """Neither of this package nor of a library: libraries raise for both."""
    path = Path(entry.path)
    return not _is_harness(entry) and not any(path.is_relative_to(place) for place in _LIBRARIES)
