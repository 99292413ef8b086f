"""Code profiles of iterations: which are kept, what pstats reads in them, and that nothing fails for them."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_soak.config.arguments import chosen_iterations, profiler
from pytest_soak.domain.errors import SoakProfileWarning, SoakStoreError
from pytest_soak.engine.profiling import CodeProfiles, Profiling
from pytest_soak.store.disk import files
from pytest_soak.store.exports.profiles import profile_name, profiled, rotate_profiles
from tests.canary_kit import run, spec


def spun(count: int) -> int:
    return sum(number * number for number in range(count))


def functions(path: Path) -> set[str]:
    stats: Any = pstats.Stats(str(path))
    return {name for _, _, name in stats.stats}


@contextmanager
def another_profiler() -> Iterator[cProfile.Profile]:
    """A profiler of somebody else, whatever measures these tests."""
    before = sys.getprofile()
    sys.setprofile(None)
    other = cProfile.Profile()
    other.enable()
    try:
        yield other
    finally:
        other.disable()
        sys.setprofile(before)


@pytest.mark.parametrize("kind", ["cprofile", "pyinstrument"])
def test_pstats_reads_what_was_taken_of_a_chosen_iteration(tmp_path: Path, kind: str) -> None:
    profiles = CodeProfiles(tmp_path, Profiling(kind, (2, 4)))
    for iteration in (1, 2, 3, 4):
        with profiles.of(iteration):
            spun(400_000)
        profiles.keep(iteration, lambda _: 1.0)
    assert profiled(tmp_path) == (2, 4)
    assert "spun" in functions(tmp_path / "profile_iter_4.prof")


def test_only_the_slowest_stays(tmp_path: Path) -> None:
    took = {1: 1.0, 2: 3.0, 3: 2.0, 4: 3.5}
    profiles = CodeProfiles(tmp_path, Profiling("cprofile"))
    for iteration, left in ((1, (1,)), (2, (2,)), (3, (2,)), (4, (4,))):
        with profiles.of(iteration):
            spun(10)
        profiles.keep(iteration, took.get)
        assert profiled(tmp_path) == left


def test_one_that_raises_has_its_profile_and_a_better_attempt_takes_its_place(tmp_path: Path) -> None:
    profiles = CodeProfiles(tmp_path, Profiling("cprofile"))
    with pytest.raises(TypeError), profiles.of(1):
        spun("ten")  # type: ignore[arg-type]
    assert "spun" in functions(tmp_path / "profile_iter_1.prof")
    with profiles.of(2):
        spun(10)
    # Iteration 1 is not recorded, so it is not known to be slower.
    profiles.keep(2, {2: 1.0}.get)
    assert profiled(tmp_path) == (2,)


def test_another_profiler_goes_on_and_the_iteration_too(tmp_path: Path) -> None:
    """What it says is a warning, once, also where warnings are errors."""
    profiles = CodeProfiles(tmp_path, Profiling("cprofile"))
    with another_profiler() as other, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("error")
        for iteration in (1, 2):
            with profiles.of(iteration):
                spun(10)
            profiles.keep(iteration, lambda _: 1.0)
    assert ["another profiler" in str(one.message) for one in said] == [True]
    assert profiled(tmp_path) == ()
    other.create_stats()
    measured: Any = other
    assert "spun" in {name for _, _, name in measured.stats}


def test_a_profiler_that_will_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As since Python 3.12, where tools are counted elsewhere."""

    class Taken(cProfile.Profile):
        def enable(self, *_: Any, **__: Any) -> None:
            raise ValueError("Another profiling tool is already active")

    monkeypatch.setattr(cProfile, "Profile", Taken)
    profiles = CodeProfiles(tmp_path, Profiling("cprofile"))
    said = "Another profiling tool is already active"
    with pytest.warns(SoakProfileWarning, match=said), profiles.of(1):
        spun(10)


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _data: bytes) -> None:
        raise SoakStoreError(f"{path} could not be written: No space left on device")

    monkeypatch.setattr(files, "write_atomic", full)
    profiles = CodeProfiles(tmp_path, Profiling("cprofile"))
    with profiles.of(1):
        spun(10)
    with pytest.warns(SoakProfileWarning, match="No space left"):
        profiles.keep(1, lambda _: 1.0)


def test_as_many_are_kept_as_summaries(tmp_path: Path) -> None:
    for number in range(1, 12):
        (tmp_path / profile_name(number)).touch()
    (tmp_path / "profile_iter_01.prof").touch()
    assert rotate_profiles(tmp_path, 3) == tuple(range(1, 9))
    assert profiled(tmp_path) == (9, 10, 11)


def test_records_are_the_same_with_and_without(tmp_path: Path) -> None:
    plain = spec(tmp_path / "plain", iterations=2, minutes=0.2)
    watched = replace(spec(tmp_path / "watched", iterations=2, minutes=0.2), profiling=Profiling("cprofile"))
    assert run(plain) == run(watched)
    assert len(profiled(tmp_path / "watched")) == 1


@pytest.mark.parametrize(
    ("text", "found"), [("slowest", ()), ("3", (3,)), ("1,48,96", (1, 48, 96)), ("2..4,3,9", (2, 3, 4, 9))]
)
def test_iterations_are_numbers_and_ranges(text: str, found: tuple[int, ...]) -> None:
    assert chosen_iterations(text) == found


@pytest.mark.parametrize("text", ["", "0", "4..2", "1,,2", "..", "1..", "fastest", "1-3", "20000"])
def test_what_is_no_iteration_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        chosen_iterations(text)


def test_what_is_no_profiler_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not one of cprofile, pyinstrument"):
        profiler("perf")
