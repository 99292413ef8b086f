"""From settings and markers to items: parametrization, selection, order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from pytest_soak.engine.case import GATES, Case
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.errors import usage_error
from pytest_soak.plugin.matrix import cases_of, with_marker

CASE_FIXTURE = "_soak_case"
SHIPPED_NODE = "soak"
SHIPPED_MODULE = "pytest_soak.plugin.shipped.test_soak"

_ID = re.compile(r"(?P<canary>[A-Za-z0-9._-]+-s\d+)-(?:iter\d+|gates)")


class ShippedCanary(pytest.Module):
    """The soak test that ships with the package, collected where a project has none.

    It stands at the folder that pytest was started in, so that the hooks and fixtures of a
    ``conftest.py`` there count for it as for a test of the project's own.
    """

    def _getobj(self) -> ModuleType:
        # pytest would import the file at this node's path, which is a folder.
        return import_module(SHIPPED_MODULE)

    def funcnamefilter(self, name: str) -> bool:
        """Collect the shipped test whatever the project calls its own tests."""
        return name == "test_soak"


def case_of(item: pytest.Item) -> Case | None:
    """The soak case of an item, None for every other test."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(CASE_FIXTURE)


def parametrize(metafunc: pytest.Metafunc, settings: Settings) -> None:
    """Turn a test that asks for a soak fixture into one item per iteration, canary by canary.

    Raises:
        pytest.UsageError: where the test's marker is wrong, or it asks for no soak fixture.
    """
    marker = metafunc.definition.get_closest_marker("soak")
    if CASE_FIXTURE not in metafunc.fixturenames:
        if marker in metafunc.definition.own_markers:
            raise usage_error(
                f"{metafunc.definition.nodeid} is marked soak but asks for no soak fixture; "
                "add soak_iteration or soak_canary to its arguments"
            )
        return
    own = with_marker(settings, marker, metafunc.definition.nodeid)
    iterated = "soak_iteration" in metafunc.fixturenames
    cases = list(cases_of(own, metafunc.config.rootpath, iterated=iterated))
    metafunc.parametrize(CASE_FIXTURE, cases, ids=[case.id for case in cases], indirect=True)


def take_shipped_ids(config: pytest.Config) -> tuple[str, ...]:
    """Take ids such as ``soak::test_soak[...]`` out of the arguments, where pytest would look for a file."""
    here = config.invocation_params.dir
    if (here / SHIPPED_NODE).exists():
        return ()
    asked = [arg for arg in config.args if arg.partition("::")[0] == SHIPPED_NODE]
    if asked:
        config.args[:] = [arg for arg in config.args if arg not in asked] or [str(here)]
    return tuple(asked)


def select(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item], asked: tuple[str, ...] = ()
) -> int:
    """Keep the soak items only, or collect the shipped canary where there are none, or where it is asked for.

    Returns the number of items that were deselected.

    Raises:
        pytest.UsageError: where an id that was asked for is not one of the shipped canary's, or the paths
            that were given hold no soak test.
    """
    if asked:
        shipped = list(shipped_items(session))
        deselected = [*items, *(item for item in shipped if not item.nodeid.startswith(asked))]
        items[:] = [item for item in shipped if item.nodeid.startswith(asked)]
        if not items:
            problem = f"no item {asked[0]}; there are {shipped[0].nodeid} and {len(shipped) - 1} more"
            _refuse(config, items, problem)
            return 0
        config.hook.pytest_deselected(items=deselected)
        return len(deselected)
    soak = [item for item in items if case_of(item) is not None]
    others = [item for item in items if case_of(item) is None]
    if not soak and not session.testsfailed:
        pathless = _paths_without_soak(config)
        if pathless is not None:
            _refuse(config, items, pathless)
            return 0
        soak = list(shipped_items(session))
    if others:
        config.hook.pytest_deselected(items=others)
    items[:] = soak
    return len(others)


def _paths_without_soak(config: pytest.Config) -> str | None:
    """A path names the tests there: running another test in their place would be a false green."""
    if config.args_source is not config.ArgsSource.ARGS:
        return None
    return (
        f"no soak test in {', '.join(map(ascii, config.args))}, and soak options leave out all other tests; "
        "name a test that asks for soak_iteration or soak_canary, or give no path to run the shipped one"
    )


def _refuse(config: pytest.Config, items: list[pytest.Item], problem: str) -> None:
    """End the session with one sentence; a worker hands it to the controller as an error of collection."""
    if not hasattr(config, "workerinput"):
        raise usage_error(problem)
    items.clear()
    config.hook.pytest_collectreport(report=pytest.CollectReport(SHIPPED_NODE, "failed", problem, []))


def shipped_items(session: pytest.Session) -> Iterator[pytest.Item]:
    """The items of the shipped canary."""
    here = session.config.invocation_params.dir
    module = ShippedCanary.from_parent(session, path=here, name=SHIPPED_NODE, nodeid=SHIPPED_NODE)
    yield from session.genitems(module)


def chain_key(item: pytest.Item) -> str | None:
    """What the items of one canary of one test have in common; None for other tests."""
    case = case_of(item)
    if case is None:
        return None
    return item.nodeid.replace(case.id, case.canary)


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Items with every canary's chain together and ascending, at the place of its first item."""
    chains: dict[str, list[pytest.Item]] = {}
    for item in items:
        key = chain_key(item)
        if key is not None:
            chains.setdefault(key, []).append(item)
    ordered: list[pytest.Item] = []
    for item in items:
        key = chain_key(item)
        if key is None:
            ordered.append(item)
        else:
            ordered.extend(sorted(chains.pop(key, ()), key=_rank))
    return ordered


def _rank(item: pytest.Item) -> tuple[int, int]:
    case: Any = case_of(item)
    return (1, 0) if case.part == GATES else (0, case.part or 0)


def unit_of(nodeid: str) -> str:
    """The canary that a node id belongs to, or the node id itself: what one xdist worker keeps."""
    match = _ID.search(nodeid)
    return nodeid if match is None else nodeid.replace(match.group(), match.group("canary"))


def is_of_iteration(nodeid: str) -> bool:
    """Whether a node id is that of one iteration's item."""
    match = _ID.search(nodeid)
    return match is not None and not match.group().endswith(f"-{GATES}")


def is_of_canary(nodeid: str) -> bool:
    """Whether a node id is that of a canary's item."""
    return _ID.search(nodeid) is not None
