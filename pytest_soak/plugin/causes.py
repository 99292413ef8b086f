"""What kept a canary from its iterations: the first item that met it tells all, the others name that item."""

from __future__ import annotations

import pytest

from pytest_soak.plugin.fixtures import folder_names

_FIRST: pytest.StashKey[dict[tuple[str, str], str]] = pytest.StashKey()


class Cause:
    """What keeps the items of a canary from going on in a phase, their set-up or their call.

    An item that a plugin repeats tries again, and tells all again.
    """

    def __init__(self, item: pytest.Item, canary: str, phase: str) -> None:
        self._first = item.config.stash.setdefault(_FIRST, {})
        self._key = (canary, phase)
        self._item = item.nodeid

    @property
    def told(self) -> str:
        """Names the item that has told of it; empty where that is this one, or none."""
        first = self._first.get(self._key, self._item)
        return f"the canary cannot go on, see {first}" if first != self._item else ""

    def met(self) -> str:
        """Note that the item has met it, unless another has told of it: then the same as ``told``."""
        self._first.setdefault(self._key, self._item)
        return self.told

    def over(self) -> None:
        """Note that the canary went on after all."""
        self._first.pop(self._key, None)


def cause_of_setup(request: pytest.FixtureRequest) -> Cause | None:
    """What keeps a canary's items from their soak fixtures; None for a fixture that is no item's."""
    if not request.fixturename or not request.fixturename.startswith("soak_"):
        return None
    names = folder_names([request.node]) if isinstance(request.node, pytest.Item) else ()
    return Cause(request.node, names[0], "setup") if names else None
