"""One tunable parameter: its unit, bounds and steps, which way is safe, and what may move it."""

from __future__ import annotations

import keyword
import math
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.text import show

DECIMALS = 6
"""Decimals of a parameter and of a move of it; finer differences are rounding, not a move."""

Mover = Literal["AGGRESSIVE", "MODERATE", "NORMALIZE", "adverse", "slippage"]
MOVERS: tuple[Mover, ...] = get_args(Mover)
"""The zones and drivers of the built-in tuner."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Beyond it a double is no longer exact to the decimals of a move.
_MOST = 1e9
_NUMBERS = ("low", "high", "default", "step", "moderate_step", "relax_step")


Bound = Literal["low", "high"]


def bound_of(value: float, low: float, high: float) -> Bound | None:
    """The one of two bounds that a value lies at, or beyond."""
    if value <= low:
        return "low"
    return "high" if value >= high else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter that a profile sets and the tuner may move, built in or a strategy's own.

    ``step`` is the size of a move towards safety, by a driver or in the AGGRESSIVE zone; ``moderate_step``
    the one in the MODERATE zone, ``relax_step`` the one back in the NORMALIZE zone, ``step`` where they are
    None. ``moved_by`` names the zones and drivers in which the built-in tuner moves it. ``safer`` is 1 where
    larger is safer, -1 where smaller is.

    Raises:
        SoakConfigError: names the parameter, the field, the value and what is accepted.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    step: float
    safer: Literal[1, -1]
    moderate_step: float | None = None
    relax_step: float | None = None
    moved_by: tuple[Mover, ...] = ()
    meaning: str = ""

    def __post_init__(self) -> None:
        self._check_texts()
        for field in _NUMBERS:
            self._set_number(field)
        if not self.low < self.high:
            raise self._refused("high", f"a number above low = {self.low:g}")
        if not self.contains(self.default):
            raise self._refused("default", self.accepted())
        for field in _NUMBERS[3:]:
            size = getattr(self, field)
            if size is not None and not 10**-DECIMALS <= size <= self.span + 10**-DECIMALS:
                raise self._refused(field, f"a number from {10**-DECIMALS:g} to {self.span:g}, its range")
        if self.safer not in (1, -1) or isinstance(self.safer, bool):
            raise self._refused("safer", "1 (larger is safer) or -1")
        if not isinstance(self.moved_by, list | tuple) or set(map(str, self.moved_by)) - set(MOVERS):
            raise self._refused("moved_by", f"a list of {', '.join(MOVERS)}")
        object.__setattr__(self, "moved_by", tuple(mover for mover in MOVERS if mover in self.moved_by))

    def _check_texts(self) -> None:
        name = self.name
        if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
            raise SoakConfigError(
                f"parameter {show(name)}: the name is refused; accepted are 1 to 40 small letters, digits "
                "and _, a letter first, and not a Python keyword"
            )
        for field in ("unit", "meaning"):
            text = getattr(self, field)
            if not isinstance(text, str) or not text.isprintable() or not text.isascii():
                raise self._refused(field, "a text in printable ASCII")

    def _set_number(self, field: str) -> None:
        value = getattr(self, field)
        if value is None and field in ("moderate_step", "relax_step"):
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= _MOST:
            raise self._refused(field, f"a number from {-_MOST:g} to {_MOST:g}")
        object.__setattr__(self, field, float(value) + 0.0)

    def _refused(self, field: str, accepted: str) -> SoakConfigError:
        value = show(getattr(self, field))
        return SoakConfigError(f"parameter {self.name}: {field} = {value} is refused; accepted is {accepted}")

    @property
    def span(self) -> float:
        """Width of the bounds, in the parameter's unit."""
        return self.high - self.low

    @property
    def smallest_step(self) -> float:
        """The smallest of its steps."""
        steps = (self.step, self.moderate_step, self.relax_step)
        return min(step for step in steps if step is not None)

    def contains(self, value: float) -> bool:
        """Whether the value is finite and within the bounds."""
        return math.isfinite(value) and self.low <= value <= self.high

    def bound_at(self, value: float) -> Bound | None:
        """The bound that a value lies at; None between the two."""
        return bound_of(value, *self.bounds)

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high, in the parameter's unit."""
        return self.low, self.high

    def moved(self, value: float, delta: float) -> float:
        """The value after a move; a bound is a wall, so the result never lies outside."""
        return min(self.high, max(self.low, round(value + delta, DECIMALS)))

    def move_by(self, mover: str) -> float | None:
        """The move that a zone or driver of the built-in tuner asks for; None where it moves nothing here."""
        if mover not in self.moved_by:
            return None
        if mover == "NORMALIZE":
            return -self.safer * (self.relax_step or self.step)
        moderate = self.moderate_step if mover == "MODERATE" else None
        return self.safer * (moderate or self.step)

    def is_safer(self, delta: float) -> bool:
        """Whether a move by ``delta`` goes in the safe direction."""
        return delta * self.safer > 0

    def accepted(self) -> str:
        """The accepted range, as error messages state it."""
        return f"a number from {self.low:g} to {self.high:g} {self.unit}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**asdict(self), "moved_by": list(self.moved_by)}
