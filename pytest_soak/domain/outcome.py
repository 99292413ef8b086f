"""What the numbers of a canary come to: the worst of its iterations and of its pooled gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from pytest_soak.domain.records import IterationRecord

MISSED = ("FAIL", "NO_DATA")
"""Verdicts of an iteration that missed a gate."""
UNJUDGED = "-"
"""What stands for the verdict of a canary that was not judged as a whole."""

_CUT_OFF = (*MISSED, "INCONCLUSIVE")


class Judged(Protocol):
    """What a gate came to."""

    @property
    def verdict(self) -> str:
        """Its verdict."""

    @property
    def is_by_chance(self) -> bool:
        """Whether it was missed by no more than its sampling error."""


def is_by_chance(gates: Iterable[Judged]) -> bool:
    """Whether a gate was missed, and every miss is within its sampling error."""
    missed = [gate for gate in gates if gate.verdict in MISSED]
    return bool(missed) and all(gate.is_by_chance for gate in missed)


def counted_verdict(verdict: str, gates: Iterable[Judged]) -> str:
    """What an iteration counts for: its verdict, or the worst of its gates that chance does not explain."""
    counted, explained = set(), False
    for gate in gates:
        explained |= gate.is_by_chance
        counted |= set() if gate.is_by_chance else {str(gate.verdict)}
    if not explained:
        return verdict
    return next((worst for worst in (*MISSED, "WARN") if worst in counted), "OK")


@dataclass(frozen=True)
class Outcome:
    """What a canary's numbers come to.

    ``verdicts`` are what its iterations after the warm-up count for; ``by_chance`` counts those that missed
    gates by no more than chance explains. ``pooled`` is None where the canary was not judged as a whole.
    """

    planned: int
    done: int
    gate_mode: str
    verdicts: tuple[str, ...]
    by_chance: int = 0
    pooled: str | None = None

    @classmethod
    def of(cls, planned: int, records: Sequence[IterationRecord], pooled: str | None) -> Self:
        """The outcome of the iterations that are there; ``planned`` is how many there are to be."""
        judged = [record for record in records if not record.warmup]
        return cls(
            planned=planned,
            done=len(records),
            gate_mode=records[0].gate_mode.value if records else "off",
            verdicts=tuple(counted_verdict(record.verdict, record.gates) for record in judged),
            by_chance=sum(is_by_chance(record.gates) for record in judged),
            pooled=pooled,
        )

    @property
    def worst(self) -> str | None:
        """The worst of iterations and pooled gates; None where nothing was missed."""
        said = {*self.verdicts, self.pooled}
        return next((verdict for verdict in _CUT_OFF if verdict in said), None)

    @property
    def verdict(self) -> str:
        """The worst of iterations and pooled gates, or what the pooled gates say where nothing was missed."""
        return self.worst or self.pooled or UNJUDGED

    @property
    def worst_iterations(self) -> int:
        """How many iterations alone make the verdict what it is; 0 where the pooled gates say the same."""
        return 0 if self.worst in (None, self.pooled) else self.verdicts.count(str(self.worst))

    @property
    def missing(self) -> int:
        """How many iterations were not computed."""
        return max(self.planned - self.done, 0)


def verdict_over(verdicts: Sequence[str]) -> str:
    """The worst verdict of canaries; unjudged where one of them is and no other missed anything."""
    worst = next((verdict for verdict in (*_CUT_OFF, UNJUDGED, "WARN", "OK") if verdict in verdicts), None)
    return worst or UNJUDGED
