"""What is going to run, in words, from the items that were collected: markers and selection included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from pytest_soak.domain.errors import SoakError
from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.text import printable
from pytest_soak.engine.case import GATES, Case
from pytest_soak.engine.run import SoakRun, minutes_of
from pytest_soak.plugin.collection import case_of, chain_key
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.session import DESELECTED, SETTINGS, TESTS, run_of


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


def lines_of(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """What is going to run, a line a group of canaries, and how many other tests were left out.

    A profile whose warm-up leaves nothing to judge has a line too. Without a canary there is none.

    Raises:
        pytest.UsageError: the market of a marker cannot be made.
    """
    canaries = {chain_key(item) for item in items} - {None}
    if config.get_verbosity() < 0 or not canaries:
        return []
    counts = []
    if config.stash[SETTINGS].selects:
        others = config.stash.get(DESELECTED, 0)
        canary = "canary" if len(canaries) == 1 else "canaries"
        tests = "test" if others == 1 else "tests"
        counts = [f"soak: {len(items)} items of {len(canaries)} {canary}; {others} other {tests} deselected"]
    try:
        groups = _lines(run_of(config), items, config.stash[TESTS])
        return [*counts, *(printable(line) for line in groups)]
    except SoakError as error:
        raise usage_error(error) from None


def _lines(run: SoakRun, items: Sequence[pytest.Item], tests: Mapping[str, str]) -> Iterator[str]:
    canaries = _canaries(items)
    groups: dict[Group, dict[int, Case]] = {}
    strategies: dict[object, str] = {}
    for item, case in canaries:
        market = f"scenario {case.scenario}" if case.replay is None else f"recording {case.replay.name}"
        fills = run.fills(case)
        if fills is not FillModel.QUEUE:
            market += f", fills {fills.value}"
        if case.settings.position == PositionRule.FLAT:
            market += ", iterations begin flat"
        group = Group(
            case.profile_name,
            market,
            case.settings.planned,
            _minutes(run, item, case),
            _strategy(run, item, case, strategies),
            tests.get(chain_key(item) or "", ""),
        )
        groups.setdefault(group, {})[case.seed] = case
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
    iterations = case.settings.planned
    if case.part != GATES or iterations > warmup:
        return None
    return (
        f"soak: {iterations} iteration(s) and a warm-up of {warmup} leave nothing to judge in profile "
        f"{case.profile_name}; run {warmup + 1} or more, or lower gates.warmup_iterations"
    )


def _minutes(run: SoakRun, item: pytest.Item, case: Case) -> float:
    if case.settings.minutes is not None:
        return case.settings.minutes
    return minutes_of(run.market(case, item.ihook), case.settings.iterations)


def _strategy(run: SoakRun, item: pytest.Item, case: Case, known: dict[object, str]) -> str:
    """Name of the strategy that the hooks make from the profile, or of the hook where they fail."""
    make: Any = item.ihook.pytest_soak_make_strategy
    makers = make.get_hookimpls()
    key = (*(id(maker.plugin) for maker in makers), case.profile)
    if key not in known:
        name = None
        # What is wrong with a strategy is said by the items of its canaries.
        with suppress(Exception):
            profile, market = run.profile(case.profile).profile, run.market(case, item.ihook)
            name = make(profile=profile, scenario=case.scenario, seed=case.seed, market=market).name
        plugin = makers[-1].plugin
        maker = getattr(plugin, "__name__", type(plugin).__name__).rpartition(".")[2]
        known[key] = name if isinstance(name, str) and name else f"strategy of {maker}"
    return known[key]


def _seeds(seeds: Sequence[int]) -> str:
    low, high = min(seeds), max(seeds)
    if len(seeds) > 3 and len(seeds) == high - low + 1:
        return f"seed {low}..{high}"
    shown = ", ".join(map(str, seeds[:8]))
    return f"seed {shown}" if len(seeds) <= 8 else f"seed {shown} and {len(seeds) - 8} more"
