"""What belongs to one pytest session: its settings, its run, and where both are stashed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_soak.engine.settings import Settings
from pytest_soak.plugin.errors import usage_error
from pytest_soak.store.runs.layout import new_run_id, run_folder

if TYPE_CHECKING:
    from pytest_soak.engine.run import SoakRun

SETTINGS = pytest.StashKey[Settings]()
RUN_ID = pytest.StashKey[str]()
RUN = pytest.StashKey["SoakRun"]()
ASKED = pytest.StashKey[tuple[str, ...]]()
HEADER = pytest.StashKey[list[str]]()
GROUPS = pytest.StashKey[bool]()
DESELECTED = pytest.StashKey[int]()
TESTS = pytest.StashKey[Mapping[str, str]]()
REPORT = pytest.StashKey[dict[str, Any]]()


def fresh_run_id() -> str:
    """A new run's name."""
    return new_run_id(datetime.now(UTC), secrets.token_hex(8))


def folder_of(config: pytest.Config) -> Path:
    """Folder of this session's run, which may not be there yet."""
    if RUN in config.stash:
        return config.stash[RUN].folder
    return run_folder(config.stash[SETTINGS].artifacts, config.stash[RUN_ID])


def run_of(config: pytest.Config) -> SoakRun:
    """The run of this session, made on first use together with the guards and the shipped defaults.

    Raises:
        pytest.UsageError: where the run to resume is not there, or an option contradicts it.
    """
    if RUN not in config.stash:
        from pytest_soak.domain.errors import SoakError
        from pytest_soak.engine.run import start
        from pytest_soak.guards import BUILT_IN

        manager = config.pluginmanager
        manager.register(import_module("pytest_soak.plugin.defaults"), "soak_defaults")
        for name, module in BUILT_IN.items():
            manager.register(import_module(module), name)
        try:
            config.stash[RUN] = start(config.stash[SETTINGS], config.rootpath, config.stash[RUN_ID])
        except SoakError as error:
            raise usage_error(error) from None
    return config.stash[RUN]
