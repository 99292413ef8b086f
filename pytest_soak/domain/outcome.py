"""What the numbers of a canary come to: the worst of its iterations and of its pooled gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pytest_soak.domain.records import GateResult, IterationRecord

MISSED = ("FAIL", "NO_DATA")
"""Verdicts of an iteration that missed a gate."""
UNJUDGED = "-"
"""What stands for the verdict of a canary that was not judged as a whole."""

_CUT_OFF = (*MISSED, "INCONCLUSIVE")


def is_by_chance(gates: Iterable[GateResult]) -> bool:
    """Whether a gate was missed, and every miss is within its sampling error."""
    missed = [gate for gate in gates if gate.verdict.value in MISSED]
    return bool(missed) and not any(gate.is_beyond_chance for gate in missed)


@dataclass(frozen=True)
class Outcome:
    """What a canary's numbers come to.

    ``verdicts`` are those of its iterations after the warm-up, but for misses that chance explains, which
    ``by_chance`` counts; ``pooled`` is None where the canary was not judged as a whole.
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
        explained = [record for record in judged if is_by_chance(record.gates)]
        return cls(
            planned=planned,
            done=len(records),
            gate_mode=records[0].gate_mode.value if records else "off",
            verdicts=tuple(record.verdict.value for record in judged if not is_by_chance(record.gates)),
            by_chance=len(explained),
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
    def missing(self) -> int:
        """How many iterations were not computed."""
        return max(self.planned - self.done, 0)


def verdict_over(verdicts: Sequence[str]) -> str:
    """The worst verdict of canaries; unjudged where one of them is and no other missed anything."""
    worst = next((verdict for verdict in (*_CUT_OFF, UNJUDGED, "WARN", "OK") if verdict in verdicts), None)
    return worst or UNJUDGED
