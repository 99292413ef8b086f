"""Parameters in force as a strategy sees them: attributes, each asked for when it is first read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn


class _Once:
    """An attribute that is taken from the mapping once; from then on it is a plain one, as fast as any."""

    def __init__(self, name: str, values: Mapping[str, float]) -> None:
        self._name = name
        self._values = values

    def __get__(self, holder: object, of: type) -> float:
        value = self._values[self._name]
        vars(holder)[self._name] = value
        delattr(of, self._name)
        return value


class _Fixed:
    """What a strategy cannot change: tuner and guards say what is in force, and records what was."""

    def __init__(self, names: Sequence[str]) -> None:
        vars(self)["_names"] = names

    def __getattr__(self, name: str) -> NoReturn:
        known: Sequence[str] = vars(self).get("_names", ())
        raise AttributeError(f"there is no parameter {name!r}; known are {', '.join(known)}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{name} = {value!r}: parameters cannot be set by the strategy; the tuner and --soak-override do"
        )


def in_force(values: Mapping[str, float]) -> Any:
    """An object with an attribute per parameter; what it never reads the mapping is never asked for."""
    return type("Parameters", (_Fixed,), {name: _Once(name, values) for name in values})(tuple(values))
