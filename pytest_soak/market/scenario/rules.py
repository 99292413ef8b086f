"""Rules between fields of a scenario: the model checks them here, and the kernel the same ones from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

from pydantic import model_validator

from pytest_soak.domain.settings import Strict


class Rule(Protocol):
    """Something that values must be to each other."""

    def problem(self, model: Any) -> str | None:
        """What is accepted instead, where the rule does not hold."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A pair has its least value first."""

    field: str

    def problem(self, model: Any) -> str | None:
        """What is accepted instead, where the rule does not hold."""
        least, largest = getattr(model, self.field)
        return f"{self.field} with the least before the largest" if least > largest else None


@dataclass(frozen=True, slots=True)
class Within:
    """A number lies within bounds that are multiples of another one, or of its reciprocal.

    ``said`` is the field that the other one follows from, where it is none itself.
    """

    field: str
    low: float
    high: float
    of: str
    power: Literal[1, -1] = 1
    said: str = ""

    def problem(self, model: Any) -> str | None:
        """What is accepted instead, where the rule does not hold."""
        value, base = getattr(model, self.field), getattr(model, self.of)
        low, high = (bound * base if self.power > 0 else bound / base for bound in (self.low, self.high))
        if low <= value <= high:
            return None
        said = self.said or self.of
        return f"{self.field} from {low:g} to {high:g} at {said} {getattr(model, said):g}"


@dataclass(frozen=True, slots=True)
class AsMany:
    """A list has as many items as another one."""

    field: str
    of: str

    def problem(self, model: Any) -> str | None:
        """What is accepted instead, where the rule does not hold."""
        wanted = len(getattr(model, self.of))
        if len(getattr(model, self.field)) == wanted:
            return None
        return f"as many {self.field} as {self.of}, which are {wanted}"


@dataclass(frozen=True, slots=True)
class Followed:
    """Each item of a list of two or more has another one whose weight is above 0."""

    field: str
    weight: str

    def problem(self, model: Any) -> str | None:
        """What is accepted instead, where the rule does not hold."""
        items = getattr(model, self.field)
        for item in items:
            others = [getattr(other, self.weight) for other in items if other is not item]
            if others and not any(others):
                return f"another of {self.field} with a {self.weight} above 0 that can follow {item.label!r}"
        return None


class Ruled(Strict):
    """Base of a model whose fields are bound to each other."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _follows_its_rules(self) -> Self:
        for rule in self.rules:
            problem = rule.problem(self)
            if problem is not None:
                raise ValueError(problem)
        return self
