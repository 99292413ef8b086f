"""Foreign text and values as messages show them."""

from __future__ import annotations

_MOST = 60


def show(value: object) -> str:
    """A value as error messages show it: ASCII, at most 60 characters."""
    text = ascii(value)
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."
