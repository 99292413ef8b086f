"""Canaries times iterations: the parameters of a soak test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_soak.config.arguments import MAX_ITERATIONS
from pytest_soak.config.limits import LONGEST_NAME, PROFILES, SCENARIOS
from pytest_soak.engine.case import GATES, Case
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.errors import usage_error

MARKER = (
    "soak(profile=None, scenario=None, seed=None, iterations=None, gates=None): "
    "soak settings of one test; profile, scenario and seed also take a list"
)
_MARKER_KEYS = ("profile", "scenario", "seed", "iterations", "gates")


def cases_of(settings: Settings, root: Path, *, iterated: bool) -> Iterator[Case]:
    """All cases of a test, canary by canary, iterations in order and the gates last."""
    parts: tuple[int | str | None, ...] = (None,)
    if iterated:
        parts = (*range(1, settings.planned + 1), GATES)
    known: set[str] = set()
    for profile in settings.profiles or (None,):
        name = profile_name(settings.place(profile or "default"), root)
        for market in markets_of(settings, root):
            for seed in settings.seeds[: 1 if market.replay else None]:
                whole = Case(
                    settings=settings,
                    profile=profile,
                    profile_name=name,
                    scenario=market.name,
                    source=market.source,
                    replay=market.replay,
                    seed=seed,
                    part=None,
                )
                _refuse_twice(whole, known)
                yield from (replace(whole, part=part) for part in parts)


class MarketName(NamedTuple):
    """A market of the matrix: its part of the canary's name, and what it is made from."""

    name: str
    source: str
    replay: Path | None


def markets_of(settings: Settings, root: Path) -> Iterator[MarketName]:
    """The markets that a test's settings ask for: scenarios, or the recordings in their place."""
    if settings.replay is not None:
        for path in settings.replay:
            name = _slug(path.stem)
            check_scenario(name, "recording")
            yield MarketName(name, name, Path(settings.place(path.as_posix())))
        return
    for text in settings.scenarios:
        source = settings.place(text)
        name = scenario_name(source, root)
        check_scenario(name)
        yield MarketName(name, source, None)


def _refuse_twice(case: Case, known: set[str]) -> None:
    """Two files that name a canary the same would share its id, folder and journal."""
    if case.canary in known:
        raise usage_error(
            f"canary {case.canary} is asked for twice: two profiles, scenarios or recordings have one name; "
            "rename one of the files, or leave one out"
        )
    known.add(case.canary)


def check_scenario(name: str, what: str = "scenario") -> None:
    """Refuse a name of a market that cannot be part of an item's id and a folder's name.

    Raises:
        pytest.UsageError: names the market and what is wrong with it.
    """
    from pytest_soak.config.names import problem_with_name

    problem = problem_with_name(name)
    if problem is not None:
        raise usage_error(f"{what} {name!r}: {problem}")


def _slug(text: str) -> str:
    """A name for what a file or a glob is called; names begin with a letter or digit and are not long."""
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in text)
    return name.lstrip("_")[:LONGEST_NAME] or "recording"


@lru_cache(maxsize=64)
def scenario_name(scenario: str, root: Path) -> str:
    """Name of a scenario: what was asked for, or where that is the path of a file, what the file says.

    Raises:
        pytest.UsageError: where the file is not there, or not valid.
    """
    from pytest_soak.config.paths import is_path
    from pytest_soak.domain.errors import SoakConfigError

    if not is_path(scenario):
        return scenario
    from pytest_soak.market.scenario.loading import load_scenario

    try:
        return load_scenario(scenario, (root / SCENARIOS,)).name
    except SoakConfigError as error:
        raise usage_error(error) from None


@lru_cache(maxsize=64)
def profile_name(profile: str, root: Path) -> str:
    """Name that a profile gives itself.

    Raises:
        pytest.UsageError: where there is no such profile, or it is not valid.
    """
    from pytest_soak.config.profiles import load_profile
    from pytest_soak.domain.errors import SoakConfigError

    try:
        return load_profile(profile, (root / PROFILES,), table=None).profile.name
    except SoakConfigError as error:
        raise usage_error(error) from None


def with_marker(settings: Settings, marker: pytest.Mark | None, where: str) -> Settings:
    """Settings of one test: what its ``soak`` marker says wins over command line and ini file.

    Raises:
        pytest.UsageError: where the marker has an unknown argument or a value of the wrong kind.
    """
    if marker is None:
        return settings
    if marker.args:
        raise usage_error(f"{where}: soak marker takes keyword arguments only, got {marker.args!r}")
    unknown = [key for key in marker.kwargs if key not in _MARKER_KEYS]
    if unknown:
        raise usage_error(
            f"{where}: soak marker has no argument {unknown[0]!r}; accepted are {', '.join(_MARKER_KEYS)}"
        )
    own = replace(settings, **dict(_marker_values(marker.kwargs, where)))
    if own.planned > MAX_ITERATIONS:
        raise usage_error(
            f"{where}: {own.planned} iterations, with those of --soak-extend, are more than {MAX_ITERATIONS}"
        )
    return own


def _marker_values(kwargs: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for key, name in (("profile", "profiles"), ("scenario", "scenarios")):
        if kwargs.get(key) is not None:
            yield name, _texts(kwargs[key], key, where)
    if kwargs.get("seed") is not None:
        yield "seeds", _seeds(kwargs["seed"], where)
    iterations = kwargs.get("iterations")
    if iterations is not None:
        if (
            isinstance(iterations, bool)
            or not isinstance(iterations, int)
            or not 1 <= iterations <= MAX_ITERATIONS
        ):
            raise usage_error(
                f"{where}: soak marker: iterations = {iterations!r} is not a whole number of at least 1, "
                f"at most {MAX_ITERATIONS}"
            )
        yield "iterations", iterations
    gates = kwargs.get("gates")
    if gates is not None:
        from pytest_soak.domain.settings import GateMode

        if gates not in tuple(GateMode):
            raise usage_error(f"{where}: soak marker: gates = {gates!r} is not one of {', '.join(GateMode)}")
        yield "gate", gates


def _texts(value: Any, key: str, where: str) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not values or not all(isinstance(v, str) for v in values):
        raise usage_error(f"{where}: soak marker: {key} = {value!r} is not a name or a list of names")
    return tuple(values)


def _seeds(value: Any, where: str) -> tuple[int, ...]:
    from pytest_soak.domain.whole import MAX_SEED

    values = (value,) if isinstance(value, int) else value
    good = isinstance(values, list | tuple | range) and all(
        isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= MAX_SEED for v in values
    )
    if not good or not values:
        raise usage_error(f"{where}: soak marker: seed = {value!r} is not a seed or a list of seeds")
    return tuple(values)
