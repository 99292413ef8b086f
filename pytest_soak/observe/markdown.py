"""Markdown in which foreign text stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_soak.domain.text import printable

# What Markdown, GitHub or HTML give a meaning to within a line; underscores within a word have none.
_SPECIAL = re.compile(r"[\\`*~\[\]|#!@$&<>]|(?<![^\W_])_|_(?![^\W_])|:(?! )")


def escaped(text: str, *, most: int | None = None) -> str:
    """Text that Markdown shows as it is, also in a cell of a table; ``most`` characters of it."""
    text = printable(text)
    if most is not None and len(text) > most:
        text = f"{text[: most - 3]}..."
    # Entities, as they mean the same in Markdown, in a table's cell and in HTML; a backslash does not.
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, most: int | None = None) -> list[str]:
    """A table; cells are escaped, of each the first ``most`` characters."""
    lines = [_row([escaped(cell) for cell in head]), _row(["---"] * len(head))]
    return [*lines, *(_row([escaped(cell, most=most) for cell in row]) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
