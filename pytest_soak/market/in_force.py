"""Parameters in force as a strategy sees them: attributes, each asked for when it is first read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class _Once:
    """An attribute that is taken from the mapping once; from then on it is a plain one, as fast as any."""

    def __init__(self, name: str, values: Mapping[str, float]) -> None:
        self._name = name
        self._values = values

    def __get__(self, holder: object, of: type) -> float:
        value = self._values[self._name]
        setattr(holder, self._name, value)
        delattr(of, self._name)
        return value


def in_force(values: Mapping[str, float]) -> Any:
    """An object with an attribute per parameter; what it never reads the mapping is never asked for."""
    return type("Parameters", (), {name: _Once(name, values) for name in values})()
