"""Parameters as they are handed to a strategy: which of them it reads is noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values


class Watched(dict[str, float]):
    """A dict that notes which of its values were read; to ask for names alone reads none."""

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__(values)
        self._read: set[str] = set()

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of values that were never read, sorted."""
        return tuple(sorted(super().keys() - self._read))

    def __getitem__(self, name: str) -> float:
        value = super().__getitem__(name)
        self._read.add(name)
        return value

    def get(self, name: str, default: float | None = None) -> float | None:  # type: ignore[override] # only a number
        """The value of a name, or the default."""
        self._read.add(name)
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        # With an iterator of its own a dict is copied name by name, by __getitem__.
        return super().__iter__()

    def items(self) -> dict_items[str, float]:
        """Names and values; all of them are read."""
        self._read.update(self)
        return super().items()

    def values(self) -> dict_values[str, float]:
        """Values; all of them are read."""
        self._read.update(self)
        return super().values()

    def copy(self) -> dict[str, float]:
        """A plain dict; all values are read."""
        return dict(self.items())
