"""Foreign text cannot steer what shows it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soak.domain.text import printable, printable_lines

ANY = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANY)
def test_nothing_unseen_is_left_and_it_can_be_written(text: str) -> None:
    """No control, format or surrogate character; once is enough."""
    shown = printable(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode("utf-8")
    assert printable(shown) == shown


@given(ANY)
def test_newlines_of_our_own_stay(text: str) -> None:
    """As many as there were, and nothing else that was unseen."""
    shown = printable(text, newlines=True)
    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "") == printable(text.replace("\n", ""))


@given(ANY | st.lists(st.sampled_from(["::error::", " ", "\t", "\n", "\r\n", "\x1b", "a"])).map("".join))
def test_lines_of_others_steer_nothing_and_are_no_commands(text: str) -> None:
    shown = printable_lines(text)
    assert shown.count("\n") == text.count("\n")
    plain = shown.replace("\n", "").replace("\t", "")
    assert printable(plain) == plain
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert printable_lines(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x07\x00\x9b", r"\x07\x00\x9b"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\ud800", r"\ud800"),
        ("a\r\nb", r"a\r\nb"),
        ("stra\xdfe", "stra\xdfe"),
    ],
)
def test_what_it_looks_like(text: str, shown: str) -> None:
    """Escapes as Python writes them; letters stay letters."""
    assert printable(text) == shown
