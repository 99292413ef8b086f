"""Text in reports and records that no file could hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

# Types that hold no text, of which a record has the longest lists.
_NUMBERS = frozenset({bool, float, int})


def is_broken(text: str) -> bool:
    """Whether a text holds half of a character, so that it cannot be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def texts_in(holder: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a record, names of its fields included, each with the field that it is in."""
    if isinstance(holder, str):
        yield where, holder
    elif isinstance(holder, list | tuple):
        if not _NUMBERS.issuperset(map(type, holder)):
            for value in holder:
                yield from texts_in(value, where)
    elif isinstance(holder, BaseModel | dict):
        for name, value in holder.items() if isinstance(holder, dict) else vars(holder).items():
            yield where, name
            yield from texts_in(value, f"{where}.{name}" if where else name)
