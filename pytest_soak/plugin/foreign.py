"""What a strategy said, in the reports of its items: nothing there steers a terminal or forges a line."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_soak.domain.text import printable_lines


def make_printable(report: pytest.TestReport) -> None:
    """Make the text of an item's failure printable, and that of its sections: what it printed and logged.

    From the report it goes to the terminal, to JUnit and, from a worker, to the controller.
    """
    report.longrepr = _shown(report.longrepr)
    report.sections = [(printable_lines(name), printable_lines(text)) for name, text in report.sections]


def _shown(value: Any) -> Any:
    """Text, or pytest's representation of an exception: objects and lists that hold text."""
    if isinstance(value, str):
        return printable_lines(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_shown, value))
    if hasattr(value, "toterminal"):
        for name, part in vars(value).items():
            setattr(value, name, _shown(part))
    return value
