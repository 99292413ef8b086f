"""Going on with the last soak's settings where ``--lf`` or ``--ff`` asks for tests of it that failed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any

import pytest

from pytest_soak.config.arguments import MAX_ITERATIONS
from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.collection import SHIPPED_NODE, ShippedCanary, case_of
from pytest_soak.plugin.session import RUN, SETTINGS

KEY = "soak/last"
LAST = "last"
_FAILED = "cache/lastfailed"
# A canary's name in a node id, also where one item runs the whole of it.
_CANARY = re.compile(r"[\[-][A-Za-z0-9._-]+-s\d+[\]-]")


def with_last_settings(config: pytest.Config, settings: Settings) -> Settings:
    """The settings of the last soak where failed tests of it are asked for again, else those given.

    A soak option on the command line, or a run to resume, is the newer word.
    """
    if settings.selects or settings.resume is not None or not _asks_for_failed(config):
        return settings
    failed = {_test_of(nodeid) for nodeid in _failed(config)}
    kept = config.cache.get(KEY, None)
    if not failed or not isinstance(kept, dict) or not _is_any_in(failed, kept.get("tests")):
        return settings
    stored = _checked(kept.get("settings"), settings.environment)
    extensions = _counts(kept.get("extensions", []))
    if stored is None or extensions is None:
        return settings
    return replace(settings.with_stored(stored), extensions=extensions, given=(LAST,))


def _counts(values: object) -> tuple[int, ...] | None:
    """Iterations that were added to the last soak; None where that cannot be."""
    if not isinstance(values, list) or not all(type(value) is int and value > 0 for value in values):
        return None
    return tuple(values) if sum(values) <= MAX_ITERATIONS else None


def is_shipped_wanted(config: pytest.Config) -> bool:
    """Whether items of the shipped canary failed and are asked for again, without a path to look in."""
    if LAST not in config.stash[SETTINGS].given or config.args_source is config.ArgsSource.ARGS:
        return False
    shipped = any(nodeid.startswith(f"{SHIPPED_NODE}::") for nodeid in _failed(config))
    return shipped and not (config.invocation_params.dir / SHIPPED_NODE).exists()


def _asks_for_failed(config: pytest.Config) -> bool:
    asked = config.getoption("lf", False) or config.getoption("failedfirst", False)
    return bool(asked) and getattr(config, "cache", None) is not None


def _failed(config: pytest.Config) -> Iterable[str]:
    failed = config.cache.get(_FAILED, {})
    return failed if isinstance(failed, dict) else ()


def _is_any_in(failed: Set[str], tests: object) -> bool:
    return isinstance(tests, list) and any(test in tests for test in failed)


def _checked(settings: object, environment: str | None) -> dict[str, Any] | None:
    """The settings that the last soak left; None where another version wrote them with other fields."""
    # Here, as most sessions have no soak to go on with.
    from pydantic import ValidationError

    from pytest_soak.store.exports.models import RunSettings

    if not isinstance(settings, dict):
        return None
    try:
        return RunSettings.model_validate({**settings, "environment": environment}).model_dump()
    except ValidationError:
        return None


def _of_run(settings: Settings) -> dict[str, Any]:
    """The settings to keep; the environment is that of the session that goes on."""
    return {name: value for name, value in settings.of_run().items() if name != "environment"}


def _test_of(nodeid: str) -> str:
    return nodeid.partition("[")[0]


class SoakLast:
    """Keeps the settings of a session with soak items in pytest's cache; lives in the controller only."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._tests: dict[str, None] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the soak tests that this process collected."""
        self._note(item.nodeid for item in session.items if case_of(item) is not None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the soak tests that a worker collected."""
        self._note(nodeid for nodeid in ids if _CANARY.search(nodeid))

    def _note(self, nodeids: Iterable[str]) -> None:
        self._tests.update(dict.fromkeys(map(_test_of, nodeids)))

    def pytest_sessionfinish(self) -> None:
        """Keep them for the next session; a session that only lists items has no failures."""
        config = self._config
        cache = getattr(config, "cache", None)
        if not self._tests or cache is None or config.getoption("collectonly"):
            return
        settings = config.stash[RUN].settings if RUN in config.stash else config.stash[SETTINGS]
        kept = {
            "settings": _of_run(settings),
            "extensions": list(settings.extensions),
            "tests": list(self._tests),
        }
        cache.set(KEY, kept)


def collect_shipped(collector: pytest.Collector) -> pytest.CollectReport | None:
    """Collect the shipped canary, where ``--lf`` passes over files it knows no failed test of."""
    if not isinstance(collector, ShippedCanary):
        return None
    runner: Any = collector.config.pluginmanager.get_plugin("runner")
    report: pytest.CollectReport = runner.pytest_make_collect_report(collector)
    return report
