"""Foreign text and values as messages show them."""

from __future__ import annotations

import reprlib
import sys
import unicodedata

_MOST = 60
# A few nested lists can stand for 2 to the power of 30 items; no more than so many of each are shown.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 8
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = _MOST
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = sys.maxsize
# Control (C0, DEL, C1), format (bidi marks, zero width), surrogates, private, unassigned, line separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def show(value: object) -> str:
    """A value as error messages show it: ASCII, at most 60 characters."""
    try:
        text = _SHORT.repr(value).encode("ascii", "backslashreplace").decode("ascii")
    except ValueError:
        # Python writes no whole number of more than 4,300 digits.
        text = f"<{type(value).__name__} that cannot be shown>"
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."


def printable(text: str, *, newlines: bool = False) -> str:
    """Text in which nothing can steer a terminal, break a line or reorder what stands beside it.

    Each such character becomes its escape; with ``newlines`` those are left, as in this package's messages.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if (newlines and character == "\n") or not _is_unseen(character) else _escape(character)
        for character in text
    )


def printable_lines(text: str) -> str:
    """Text of another's in lines, in which nothing steers a terminal and no line is a command of a workflow.

    Lines and tabs stay. GitHub takes what begins with two colons for a command, behind blanks too.
    """
    if text.isascii() and text.isprintable() and not text.lstrip().startswith("::"):
        return text
    return "\n".join(map(_printable_line, text.split("\n")))


def _printable_line(line: str) -> str:
    shown = "\t".join(map(printable, line.removesuffix("\r").split("\t")))
    return shown.replace(":", r"\x3a", 1) if shown.lstrip().startswith("::") else shown


def number(value: float | None, form: str) -> str:
    """Format a measured value; what was not measured is a dash."""
    return "-" if value is None else format(value, form)


def money(value: float | None) -> str:
    """An amount with its sign: two decimals, or three digits where it is small."""
    if value is None:
        return "-"
    return format(value, "+.2f" if 1.0 <= abs(value) < 100_000.0 or value == 0.0 else "+.3g")


def cut(text: str, width: int) -> str:
    """Cut in the middle, as names that begin alike differ at their ends."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}~{text[len(text) - (width - 1 - head) :]}"


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
