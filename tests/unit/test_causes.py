"""What keeps a canary from going on: the first item tells of it, and the others name that item."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_soak.plugin.causes import Cause


def causes(*items: str) -> list[Cause]:
    """The same phase of one canary, as its items see it."""
    config = SimpleNamespace(stash=pytest.Stash())
    given = (cast("Any", SimpleNamespace(config=config, nodeid=item)) for item in items)
    return [Cause(item, "canary", "call") for item in given]


def test_only_the_first_tells() -> None:
    first, second, third = causes("a", "b", "c")
    assert (first.told, second.told) == ("", "")
    assert first.met() == ""
    assert second.met() == third.told == "the canary cannot go on, see a"


def test_an_item_that_is_repeated_tells_again_and_frees_the_others() -> None:
    first, again, other = causes("a", "a", "b")
    first.met()
    assert (again.told, again.met()) == ("", "")
    assert other.told
    again.over()
    assert other.told == ""
