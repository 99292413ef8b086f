"""Many canaries at once: worst first, a matrix over their seeds, and a line for each that did not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from pytest_soak.domain.outcome import UNJUDGED, Outcome
from pytest_soak.domain.text import cut, number
from pytest_soak.plugin.lines import lines_of_test
from pytest_soak.plugin.wire import CanaryGates, Row

ITEM_FAILED = "item failed"
_ORDER = ("FAIL", "NO_DATA", "INCONCLUSIVE", ITEM_FAILED, UNJUDGED, "WARN", "OK")


@dataclass(frozen=True)
class Measured:
    """A canary with its iterations in order, and its pooled gates where they were judged.

    ``failed`` counts the items of it that failed, for whatever reason.
    """

    key: str
    rows: Sequence[Row]
    gates: CanaryGates | None
    folder: str = ""
    failed: int = 0

    @property
    def title(self) -> str:
        """Its name, after that of its test where that is needed to tell it from others."""
        first = self.rows[0]
        return f"{first.test} {first.canary}" if first.test else self.key

    def short_title(self, width: int) -> str:
        """The title within a width; of a test's name more is cut than of the canary's."""
        first = self.rows[0]
        canary = cut(first.canary, width - 16)
        if not first.test:
            return cut(self.key, width)
        return f"{cut(first.test, width - 1 - len(canary))} {canary}"

    @property
    def outcome(self) -> Outcome:
        """Its outcome, from its rows and pooled gates."""
        judged = [row for row in self.rows if not row.warmup]
        return Outcome(
            planned=self.rows[0].iterations,
            done=len(self.rows),
            gate_mode=self.rows[0].gate_mode,
            verdicts=tuple(row.counted for row in judged),
            by_chance=sum(row.by_chance for row in judged),
            pooled=None if self.gates is None else self.gates.verdict,
        )

    @property
    def verdict(self) -> str:
        """The worst of iterations and pooled gates; a dash where the canary was not judged as a whole."""
        outcome = self.outcome
        return outcome.worst or (ITEM_FAILED if self.failed else outcome.pooled or UNJUDGED)

    @property
    def rank(self) -> int:
        """Place of its verdict, the worst being 0."""
        return _ORDER.index(self.verdict)

    @property
    def missed(self) -> list[Row]:
        """Iterations that determine the verdict."""
        worst = self.outcome.worst
        return [row for row in self.rows if row.is_missed and row.counted == worst]

    @property
    def first_missed(self) -> str:
        """The first gate with the canary's verdict, over the run or else in an iteration."""
        gates = [] if self.gates is None else list(self.gates.gates)
        gates += [gate for row in self.missed for gate in row.gates]
        worst = self.outcome.worst
        return next((gate.kpi for gate in gates if gate.verdict == worst and not gate.is_by_chance), "")

    def pooled(self, kpi: str) -> float | None:
        """A KPI over the iterations after the warm-up; None where it was not judged."""
        gates = () if self.gates is None else self.gates.gates
        return next((gate.measured for gate in gates if gate.kpi == kpi and gate.note is None), None)


def worst_first(canaries: Sequence[Measured]) -> list[Measured]:
    """By verdict, then by net profit over the run, then by name."""

    def place(canary: Measured) -> tuple[int, float, str]:
        net = canary.pooled("net_bps")
        return canary.rank, float("-inf") if net is None else net, canary.key

    return sorted(canaries, key=place)


_MATRIX = "{:<12} {:<11} {:>5} {:>7} {:>5} {:>6} {:<12} {}"
MATRIX_HEAD = _MATRIX.format(
    "profile", "scenario", "seeds", "net bps", "+-", "risk", "verdict", "missed first"
)


def matrix_lines(canaries: Sequence[Measured]) -> list[tuple[str, str | None]]:
    """A line per profile and scenario, worst first, each with the verdict that colours it."""
    groups: dict[tuple[str, str, str, str], list[Measured]] = {}
    for canary in worst_first(canaries):
        row = canary.rows[0]
        groups.setdefault((row.profile, row.scenario, row.strategy, row.test), []).append(canary)
    lines: list[tuple[str, str | None]] = [(MATRIX_HEAD, None)]
    for (profile, scenario, *_), members in groups.items():
        nets = _known(members, "net_bps")
        risks = _known(members, "risk_ratio")
        line = _MATRIX.format(
            cut(profile, 12),
            cut(scenario, 11),
            len(members),
            number(fmean(nets) if nets else None, "+.2f"),
            number(stdev(nets) if len(nets) > 1 else None, ".2f"),
            number(fmean(risks) if risks else None, ".1%"),
            members[0].verdict,
            members[0].first_missed,
        )
        lines.append((line.rstrip()[:80], members[0].verdict))
        lines += [(named, None) for named in lines_of_test(members[0].rows[0])]
    return lines


_CANARY = "{:<40} {:>5} {:>6} {:<12} {}"
CANARY_HEAD = _CANARY.format("canary", "iter", "missed", "verdict", "missed first")


def canary_lines(canaries: Sequence[Measured], *, most: int) -> list[tuple[str, str | None]]:
    """A line per canary, worst first: all that did not hold, and others up to ``most`` lines."""
    ordered = worst_first(canaries)
    bad = [canary for canary in ordered if canary.verdict not in ("OK", "WARN")]
    shown = ordered[: max(most, len(bad))]
    lines: list[tuple[str, str | None]] = [(CANARY_HEAD, None)]
    for canary in shown:
        missed = sum(row.is_missed for row in canary.rows)
        line = _CANARY.format(
            canary.short_title(40), len(canary.rows), missed, canary.verdict, canary.first_missed
        )
        lines.append((line.rstrip()[:80], canary.verdict))
    if len(shown) < len(ordered):
        lines.append((f"({len(ordered) - len(shown)} more canaries, all of which held)", None))
    return lines


def _known(canaries: Sequence[Measured], kpi: str) -> list[float]:
    values = (canary.pooled(kpi) for canary in canaries)
    return [value for value in values if value is not None]
