"""Facts that two languages need stand in one table; what is generated from it is not stale."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import get_args

import pytest

from pytest_soak.config import limits
from pytest_soak.domain.market_facts import MarketFacts
from pytest_soak.domain.reasons import REASONS, Reason
from pytest_soak.domain.records import Blocks, EdgeReport
from pytest_soak.readers import data
from rust_ext import tables
from tests.kernel_kit import raw, spec
from tests.oracle.jobs import job
from tests.oracle.replays import rows_for, run


@pytest.mark.parametrize("path", tables.generate(), ids=str)
def test_the_kernels_copy_is_what_the_tables_say(path: Path) -> None:
    shipped = (tables.SOURCES / path).read_text(encoding="utf-8")
    assert shipped == tables.generate()[path], "run: python -m rust_ext.tables"


def test_the_tables_are_written_where_the_kernel_reads_them(tmp_path: Path) -> None:
    tables.write(tmp_path)
    for path, text in tables.generate().items():
        assert (tmp_path / path).read_bytes() == text.encode("utf-8")


def test_no_file_of_the_scenario_outlives_its_section() -> None:
    folder = tables.SOURCES / "market" / "src" / "scenario" / "tables"
    written = {tables.SOURCES / path for path in tables.generate()}
    assert not set(folder.iterdir()) - written


ADDED = {"withheld", "notes", "local_shift_ms", "tick_size", "lot_size", "lot_from", "tick_from"}
"""Fields that the reader of a recording fills in, not the kernel."""


def test_the_kernel_reports_every_field_of_the_record_and_no_other() -> None:
    """A field that the kernel dropped or misspelt would be None in a record, as if it were not measured."""
    mock = json.loads(raw(spec(minutes=1.0)))
    replay = run(rows_for(1), job(), 0.0, 5_000.0)[1]
    assert mock.keys() == EdgeReport.model_fields.keys() - {"carry", "own", "under"}
    for name in ("totals", "blocks", "orders", "adverse_bps", "batches"):
        kind = EdgeReport.model_fields[name].annotation
        model = next(part for part in (kind, *get_args(kind)) if hasattr(part, "model_fields"))
        assert mock[name].keys() == model.model_fields.keys(), name
    assert replay["market"].keys() == MarketFacts.model_fields.keys() - ADDED
    assert mock["market"].keys() < replay["market"].keys()


def test_blocks_are_counted_for_every_reason_and_no_other() -> None:
    assert tuple(Blocks.model_fields) == REASONS
    assert data.REASONS is REASONS
    assert get_args(Reason) == REASONS


@pytest.mark.parametrize(
    "name", ["ARTIFACTS", "PROFILES", "SCENARIOS", "LATEST", "OVERRIDES", "EXPORTER_PORT"]
)
def test_a_name_that_people_use_is_written_down_once(name: str) -> None:
    home = Path(limits.__file__)
    value = getattr(limits, name)
    for path in home.parents[1].rglob("*.py"):
        constants = [
            node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Constant)
        ]
        assert path == home or value not in [node.value for node in constants], path
