"""The pytest plugin: hooks only; what they do lives in the modules that they call."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak import __version__, hookspecs
from pytest_soak.cases import MARKER
from pytest_soak.collection import case_of, in_order, parametrize, select, take_shipped_ids
from pytest_soak.fixtures import (  # noqa: F401 (pytest finds fixtures by their names in a plugin)
    _soak_case,
    folder_names,
    soak_artifacts,
    soak_canary,
    soak_iteration,
    soak_market,
    soak_overrides,
    soak_profile,
)
from pytest_soak.options import Settings, add_options, read_settings
from pytest_soak.store.layout import new_run_id, run_folder
from pytest_soak.terminal import SoakTerminal

if TYPE_CHECKING:
    from pytest_soak.run import SoakRun

_SETTINGS = pytest.StashKey[Settings]()
_RUN_ID = pytest.StashKey[str]()
_RUN = pytest.StashKey["SoakRun"]()
_ASKED = pytest.StashKey[tuple[str, ...]]()
_HEADER = pytest.StashKey[list[str]]()
_DESELECTED = pytest.StashKey[int]()
_REPORT = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini options."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that a user can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; where a soak was asked for, check all of it before anything is collected."""
    config.addinivalue_line("markers", MARKER)
    settings = read_settings(config)
    asked = config.stash[_ASKED] = take_shipped_ids(config)
    if asked:
        settings = replace(settings, given=(*settings.given, "ids"))
    config.stash[_SETTINGS] = settings
    worker = getattr(config, "workerinput", None)
    config.stash[_RUN_ID] = worker["soak_run_id"] if worker else _new_run_id()
    if worker is None:
        config.pluginmanager.register(SoakTerminal(config, lambda: _run_folder(config)), "soak_terminal")
        if config.pluginmanager.hasplugin("xdist"):
            from pytest_soak.parallel import SoakXdist

            config.pluginmanager.register(SoakXdist(config.stash[_RUN_ID], settings), "soak_xdist")
    if settings.given:
        from pytest_soak.preflight import check

        config.stash[_HEADER] = check(run_of(config), config.hook, writes=worker is None)


def _new_run_id() -> str:
    return new_run_id(datetime.now(UTC), secrets.token_hex(8))


def _run_folder(config: pytest.Config) -> Path:
    if _RUN in config.stash:
        return config.stash[_RUN].folder
    return run_folder(config.stash[_SETTINGS].artifacts, config.stash[_RUN_ID])


def run_of(config: pytest.Config) -> SoakRun:
    """The run of this session, made on first use together with the guards and the shipped defaults."""
    if _RUN not in config.stash:
        from pytest_soak.guards import BUILT_IN
        from pytest_soak.run import start

        manager = config.pluginmanager
        manager.register(import_module("pytest_soak.defaults"), "soak_defaults")
        for name, module in BUILT_IN.items():
            manager.register(import_module(module), name)
        config.stash[_RUN] = start(config.stash[_SETTINGS], config.rootpath, config.stash[_RUN_ID])
    return config.stash[_RUN]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the journals."""
    if _RUN in config.stash:
        config.stash[_RUN].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per iteration of every canary."""
    settings = metafunc.config.stash[_SETTINGS]
    if _RUN in metafunc.config.stash:
        settings = metafunc.config.stash[_RUN].settings
    parametrize(metafunc, settings)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Run soak items only where a soak option was given."""
    if config.stash[_SETTINGS].given:
        config.stash[_DESELECTED] = select(session, config, items, config.stash[_ASKED])


@pytest.hookimpl(specname="pytest_collection_modifyitems", wrapper=True, tryfirst=True)
def pytest_order_soak_items(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Keep the iterations of a canary together and in order, whatever else reorders the tests."""
    yield
    items[:] = in_order(items)
    if _RUN in config.stash:
        config.stash[_RUN].names = folder_names(items)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is going to be soaked, where a soak option was given."""
    return config.stash.get(_HEADER, [])


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """How many other tests were left out."""
    if not config.stash[_SETTINGS].given or config.get_verbosity() < 0:
        return []
    canaries = {case.canary for case in map(case_of, items) if case is not None}
    others = config.stash.get(_DESELECTED, 0)
    canary = "canary" if len(canaries) == 1 else "canaries"
    return [f"soak: {len(items)} items of {len(canaries)} {canary}; {others} other tests deselected"]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup() -> Generator[None, object, object]:
    """Show what is wrong with a soak's set-up as the one sentence that it is, without a traceback."""
    try:
        return (yield)
    except Exception as error:
        from pytest_soak.domain.errors import SoakError

        if not isinstance(error, SoakError):
            raise
        problem = str(error)
    pytest.fail(problem, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Compute the item's iteration as part of its call; an item of the run's gates judges those instead."""
    if case_of(pyfuncitem) is None:
        return None
    from pytest_soak.items import run_item

    return run_item(pyfuncitem, _REPORT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what the terminal shows to the report, so that it also arrives from a worker."""
    report = yield
    soak = item.stash.get(_REPORT, None)
    if soak is not None and report.when == "call":
        # An attribute of our own: pytest carries it from a worker to the controller.
        report.soak = soak  # type: ignore[attr-defined]
    return report


__all__ = ["__version__"]
