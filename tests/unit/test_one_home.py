"""Facts that two languages need stand in one table; what is generated from it is not stale."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from pytest_soak.domain.reasons import REASONS, Reason
from pytest_soak.domain.records import Blocks
from pytest_soak.readers import data
from rust_ext import tables


@pytest.mark.parametrize("path", tables.generate(), ids=str)
def test_the_kernels_copy_is_what_the_tables_say(path: Path) -> None:
    shipped = (tables.SOURCES / path).read_text(encoding="utf-8")
    assert shipped == tables.generate()[path], "run: python -m rust_ext.tables"


def test_the_tables_are_written_where_the_kernel_reads_them(tmp_path: Path) -> None:
    for path in tables.generate():
        (tmp_path / path).parent.mkdir()
    tables.write(tmp_path)
    for path, text in tables.generate().items():
        assert (tmp_path / path).read_bytes() == text.encode("utf-8")


def test_blocks_are_counted_for_every_reason_and_no_other() -> None:
    assert tuple(Blocks.model_fields) == REASONS
    assert data.REASONS is REASONS
    assert get_args(Reason) == REASONS
