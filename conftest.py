"""Settings of the project's own tests."""

from __future__ import annotations

import os
import tempfile

import pytest

pytest_plugins = ["pytester"]

CACHE = "PYTEST_SOAK_CACHE"


def pytest_configure(config: pytest.Config) -> None:
    """Keep converted recordings of tests out of the user's cache; workers inherit the folder."""
    if CACHE not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="soak-tests-")
        os.environ[CACHE] = folder.name
        config.add_cleanup(folder.cleanup)
