"""Columns of pytest-html: what each soak item measured, beside its outcome."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

# Result, test and duration come first, the links last.
_AT = 2


class _Column(NamedTuple):
    title: str
    of: str
    shown: Callable[[Any], str]


_COLUMNS = (
    _Column("Strategy", "soak.strategy", str),
    _Column("Net bps", "soak.net_bps", "{:+.2f}".format),
    _Column("Profit", "soak.profit", "{:+.2f}".format),
    _Column("Risk", "soak.risk_ratio", "{:.1%}".format),
    _Column("Zone", "soak.zone", str),
    _Column("Verdict", "soak.verdict", str),
)


class SoakHtml:
    """Fills the columns from the properties of reports; registered where pytest-html is there."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Add the heads of the columns."""
        cells[_AT:_AT] = [f"<th>{column.title}</th>" for column in _COLUMNS]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Add the cells of a row: empty if the item is no soak item or the KPI was not measured."""
        # The set-up of an item has the same properties as its call, and a row only where it failed.
        values = dict(report.user_properties)
        cells[_AT:_AT] = [f"<td>{_text(column, values)}</td>" for column in _COLUMNS]


def _text(column: _Column, values: Mapping[str, object]) -> str:
    value = values.get(column.of)
    if value is None:
        return ""
    from pytest_soak.domain.text import printable

    return escape(printable(column.shown(value)))
