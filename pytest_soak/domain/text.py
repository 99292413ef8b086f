"""Foreign text and values as messages show them."""

from __future__ import annotations

import unicodedata

_MOST = 60
# Control (C0, DEL, C1), format (bidi marks, zero width), surrogates, private, unassigned, line separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def show(value: object) -> str:
    """A value as error messages show it: ASCII, at most 60 characters."""
    text = ascii(value)
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."


def printable(text: str, *, newlines: bool = False) -> str:
    """Text in which nothing can steer a terminal, break a line or reorder what stands beside it.

    Each such character becomes its escape; with ``newlines`` those are left, as in messages of our own.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if (newlines and character == "\n") or not _is_unseen(character) else _escape(character)
        for character in text
    )


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
