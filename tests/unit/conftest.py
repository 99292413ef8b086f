"""Fixtures that several files here share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_soak.store.journal.journal import Journal
from tests.store_kit import INPUTS


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Where a canary's journal would be."""
    return tmp_path / "canary" / "soak.db"


@pytest.fixture
def journal(db: Path) -> Iterator[Journal]:
    """An open journal without iterations."""
    with Journal.open(db, inputs=INPUTS) as opened:
        yield opened
