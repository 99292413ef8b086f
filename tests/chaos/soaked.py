"""Plugin of a run that the loop disturbs: a fixed name, a trail of what is under way, and faults of the disk.

It is loaded with ``-p`` beside pytest-soak, in the workers of pytest-xdist too. The variables of the
environment say where the trail is and which call fails.
"""

from __future__ import annotations

import errno
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pytest_soak.engine.canary as canary
import pytest_soak.plugin as plugin
from pytest_soak.store.disk import files
from pytest_soak.store.disk.files import Disk

TRAIL = "SOAK_LOOP_TRAIL"
FAULT = "SOAK_LOOP_FAULT"
RUN_ID = "20260101T000000000Z-abcdef"
LAYER = tuple(
    name
    for name, value in vars(Disk).items()
    if callable(value) and name[0] != "_" and name not in ("pause", "remove_folder", "junction")
)
"""Calls of the disk that a run takes everywhere."""


def note(text: str) -> None:
    """Add a line to the trail, whole, whatever happens next."""
    line = f"{os.getpid()} {text} {time.monotonic_ns()}\n".encode("ascii")
    descriptor = os.open(os.environ[TRAIL], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def noted(action: Callable[..., Any]) -> Callable[..., Any]:
    """Say in the trail when an action begins and when it ends."""

    @functools.wraps(action)
    def wrapper(*arguments: Any) -> Any:
        note("begin")
        try:
            return action(*arguments)
        finally:
            note("end")

    return wrapper


def failing(action: Callable[..., Any], name: str, fault: str) -> Callable[..., Any]:
    """A call of the disk that fails at its n-th use, or from then on, and says every use in the trail."""
    call, code, when = fault.split()
    first, for_ever, uses = int(when.removesuffix("+")), when.endswith("+"), 0

    def wrapper(*arguments: Any) -> Any:
        nonlocal uses
        uses += 1
        hit = name == call and (uses == first or (for_ever and uses > first))
        note(f"{'fault' if hit else 'call'}-{name}")
        if hit:
            number = getattr(errno, code)
            raise OSError(number, os.strerror(number))
        return action(*arguments)

    return wrapper


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Patch the run; a process of its own holds it, so nothing is put back."""
    plugin.fresh_run_id = lambda: RUN_ID  # type: ignore[attr-defined]
    if TRAIL in os.environ:
        canary._open_journal = noted(canary._open_journal)
        canary.Canary._run = noted(canary.Canary._run)  # type: ignore[method-assign]
    if FAULT in os.environ:
        disk = Disk()
        for name in LAYER:
            setattr(disk, name, failing(getattr(disk, name), name, os.environ[FAULT]))
        files.disk = disk


def read_trail(path: Path) -> list[tuple[int, str, int]]:
    """Process, word and time of every line so far; a last line that is not whole yet is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="ascii").split("\n")[:-1]
    return [(int(pid), word, int(at)) for pid, word, at in (line.split() for line in lines)]


def under_way(trail: list[tuple[int, str, int]]) -> list[int]:
    """Processes in which an iteration or the creation of a journal has begun and not ended."""
    depth: dict[int, int] = {}
    for pid, word, _ in trail:
        depth[pid] = depth.get(pid, 0) + {"begin": 1, "end": -1}.get(word, 0)
    return [pid for pid, begun in depth.items() if begun > 0]
