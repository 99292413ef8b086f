"""What is going to run, in words, from the items that were collected: markers and selection included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.text import printable
from pytest_soak.engine.case import GATES, Case
from pytest_soak.engine.run import SoakRun, minutes_of
from pytest_soak.plugin.collection import case_of, chain_key


class Group(NamedTuple):
    """Canaries that differ in their seeds only; ``test`` is empty where no other test has them."""

    profile: str
    market: str
    iterations: int
    minutes: float
    strategy: str
    test: str

    def line(self, seeds: Sequence[int], *, recording: bool) -> str:
        """The group in one line."""
        shown = "" if recording else f", {_seeds(seeds)}"
        return (
            f"soak: profile {self.profile}, {self.market}{shown}, "
            f"{self.iterations} x {self.minutes:.3g} min, {self.strategy}"
            f"{self.test and ', in '}{self.test}"
        )


def lines_of(run: SoakRun, items: Sequence[pytest.Item], tests: Mapping[str, str]) -> list[str]:
    """One line a group of canaries, and one for each profile whose warm-up leaves nothing to judge.

    ``tests`` are the names of :func:`pytest_soak.plugin.testnames.names_of_tests`.

    Raises:
        pytest.UsageError: the market of a marker cannot be made.
    """
    try:
        return [printable(line) for line in _lines(run, items, tests)]
    except SoakError as error:
        raise pytest.UsageError(printable(str(error), newlines=True)) from None


def _lines(run: SoakRun, items: Sequence[pytest.Item], tests: Mapping[str, str]) -> Iterator[str]:
    canaries = _canaries(items)
    groups: dict[Group, dict[int, Case]] = {}
    for item, case in canaries:
        groups.setdefault(_group(run, item, case, tests.get(chain_key(item) or "", "")), {})[case.seed] = case
    for group, cases in groups.items():
        yield group.line(list(cases), recording=next(iter(cases.values())).replay is not None)
    yield from dict.fromkeys(filter(None, (_short(run, case) for _, case in canaries)))


def _canaries(items: Sequence[pytest.Item]) -> list[tuple[pytest.Item, Case]]:
    """The last item of each canary of each test, which is the one that judges its gates, where it runs."""
    cases = ((item, case_of(item)) for item in items)
    return list({chain_key(item): (item, case) for item, case in cases if case is not None}.values())


def _short(run: SoakRun, case: Case) -> str | None:
    """What to say where all iterations belong to the warm-up, so that no verdict is possible."""
    warmup = run.profile(case.profile).profile.gates.warmup_iterations
    iterations = case.settings.iterations
    if case.part != GATES or iterations > warmup:
        return None
    return (
        f"soak: {iterations} iteration(s) and a warm-up of {warmup} leave nothing to judge in profile "
        f"{case.profile_name}; run {warmup + 1} or more, or lower gates.warmup_iterations"
    )


def _group(run: SoakRun, item: pytest.Item, case: Case, test: str) -> Group:
    market = f"scenario {case.scenario}" if case.replay is None else f"recording {case.replay.name}"
    minutes = case.settings.minutes
    if minutes is None:
        minutes = minutes_of(run.market(case, item.ihook), case.settings.iterations)
    return Group(case.profile_name, market, case.settings.planned, minutes, _strategy(item), test)


def _strategy(item: pytest.Item) -> str:
    """The shipped strategy, or who makes another one: it is made once its canary starts, not before."""
    makers: Any = item.ihook.pytest_soak_make_strategy.get_hookimpls()
    if len(makers) == 1:
        return "reference maker"
    plugin = makers[-1].plugin
    name = getattr(plugin, "__name__", type(plugin).__name__)
    return f"strategy of {name.rpartition('.')[2]}"


def _seeds(seeds: Sequence[int]) -> str:
    low, high = min(seeds), max(seeds)
    if len(seeds) > 3 and len(seeds) == high - low + 1:
        return f"seed {low}..{high}"
    shown = ", ".join(map(str, seeds[:8]))
    return f"seed {shown}" if len(seeds) <= 8 else f"seed {shown} and {len(seeds) - 8} more"
