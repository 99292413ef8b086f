"""Code profiles: what Python spent an iteration's time on, as a file for pstats.

Nothing of it enters a record. An iteration never fails for its profile: where another profiler is at work,
or the disk refuses, there is a warning in its place.
"""

from __future__ import annotations

import cProfile
import marshal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pytest_soak.domain.errors import SoakProfileWarning, SoakStoreError
from pytest_soak.domain.text import printable
from pytest_soak.domain.warned import warn_only
from pytest_soak.store.disk import files
from pytest_soak.store.exports.profiles import profile_name, profiled, rotate_profiles

PYINSTRUMENT = "pyinstrument"
_INTERVAL = 0.001


@dataclass(frozen=True, slots=True)
class Profiling:
    """Which profiler is wanted, and of which iterations; without any, the slowest one's profile is kept."""

    kind: str
    iterations: tuple[int, ...] = ()


class _Profiler(Protocol):
    """A profiler of this thread."""

    def start(self) -> None:
        """Begin.

        Raises:
            RuntimeError: another one is at work.
            ValueError: another one is at work.
        """

    def stop(self) -> bytes:
        """End; what was found, as pstats reads it."""


class _CProfile:
    """Every call, by the standard library."""

    def __init__(self) -> None:
        self._profile = cProfile.Profile()

    def start(self) -> None:
        self._profile.enable()

    def stop(self) -> bytes:
        self._profile.disable()
        self._profile.create_stats()
        stats: Any = self._profile
        return marshal.dumps(stats.stats)


class _Pyinstrument:
    """Samples, a thousand a second; quick code in many calls is not slowed down."""

    def __init__(self) -> None:
        from pyinstrument import Profiler

        self._profiler = Profiler(interval=_INTERVAL, async_mode="disabled")

    def start(self) -> None:
        self._profiler.start()

    def stop(self) -> bytes:
        from pyinstrument.renderers import PstatsRenderer

        # It gives the bytes of the file as a text.
        text: str = PstatsRenderer().render(self._profiler.stop())
        return text.encode("utf-8", "surrogateescape")


class CodeProfiles:
    """The code profiles of one canary."""

    def __init__(self, folder: Path, wanted: Profiling | None) -> None:
        self._folder = folder
        self._wanted = wanted
        self._taken: bytes | None = None
        self._is_told = False

    @contextmanager
    def of(self, iteration: int) -> Iterator[None]:
        """Profile the body, where that is wanted of the iteration; also one that raises has its file."""
        self._taken = None
        profiler = self._started(iteration)
        try:
            yield
        except BaseException:
            if profiler is not None:
                self._write(iteration, profiler.stop())
            raise
        if profiler is not None:
            self._taken = profiler.stop()

    def keep(self, iteration: int, seconds: Callable[[int], float | None]) -> None:
        """Write what was taken of an iteration; where the slowest is wanted, only if it is that so far.

        ``seconds`` tells what an iteration took, None for one that is not recorded.
        """
        if self._taken is None or self._wanted is None:
            return
        if self._wanted.iterations:
            self._write(iteration, self._taken)
            return
        others = [number for number in profiled(self._folder) if number != iteration]
        if any((seconds(number) or 0.0) >= (seconds(iteration) or 0.0) for number in others):
            # An attempt at it that failed may have left one.
            self._remove([iteration])
        else:
            self._write(iteration, self._taken)
            self._remove(others)

    def _started(self, iteration: int) -> _Profiler | None:
        wanted = self._wanted
        if wanted is None or (wanted.iterations and iteration not in wanted.iterations):
            return None
        profiler: _Profiler = _Pyinstrument() if wanted.kind == PYINSTRUMENT else _CProfile()
        other = _other()
        if not other:
            try:
                profiler.start()
            except (RuntimeError, ValueError) as error:
                other = str(error)
        if other:
            self._warn(f"iteration {iteration} has no code profile: another profiler is at work ({other})")
            return None
        return profiler

    def _write(self, iteration: int, data: bytes) -> None:
        try:
            files.write_atomic(self._folder / profile_name(iteration), data)
            rotate_profiles(self._folder)
        except SoakStoreError as error:
            self._warn(str(error))

    def _remove(self, iterations: list[int]) -> None:
        try:
            for number in iterations:
                files.remove(self._folder / profile_name(number))
        except SoakStoreError as error:
            self._warn(str(error))

    def _warn(self, text: str) -> None:
        if not self._is_told:
            self._is_told = True
            warn_only(SoakProfileWarning(printable(f"{self._folder.name}: {text}")), stacklevel=3)


def _other() -> str:
    """The profiler of this thread that is at work already; empty where there is none."""
    found = sys.getprofile()
    if found is not None:
        return getattr(found, "__qualname__", None) or type(found).__name__
    # Since Python 3.12 the standard one is a tool of its own there, of which there can be one.
    monitoring: Any = getattr(sys, "monitoring", None)
    return "" if monitoring is None else monitoring.get_tool(monitoring.PROFILER_ID) or ""
