"""What the readers of large data count: lines of an audit, reasons of blocked attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCounts:
    """What the lines of a JSON lines file were, by the value of one field.

    Each line is counted once: ``lines`` is the sum of ``counts``, ``other``, ``missing``, ``blank``,
    ``not_object``, ``invalid`` and ``torn``. ``crlf`` tells of line ends, beside these.

    Attributes:
        field: the top-level field that was looked at.
        counts: lines by the text that the field holds.
        other: lines by the JSON text of a value that is not a text (``3``, ``null``, ``[1]``), or that is
            one with half a surrogate pair, which is no valid Unicode.
        lines: all lines.
        missing: objects without the field.
        blank: lines of nothing but white space.
        not_object: JSON that is not an object.
        invalid: lines that are not JSON in UTF-8, or that hold the field twice.
        torn: 1 where the last line has no end and is not whole, as after a crash; else 0.
        crlf: lines that end with a carriage return and a line feed.
        problems: the first five invalid or torn lines, with number, place and cause.
    """

    field: str
    counts: Mapping[str, int]
    other: Mapping[str, int]
    lines: int
    missing: int
    blank: int
    not_object: int
    invalid: int
    torn: int
    crlf: int
    problems: tuple[str, ...]

    @property
    def counted(self) -> int:
        """Lines that have the field."""
        return sum(self.counts.values()) + sum(self.other.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskMetrics:
    """How often attempts were blocked for which reason.

    Attributes:
        counts: blocked attempts by reason, all of ``REASONS``.
        unknown: codes or reasons that are none of these.
        audit: what the lines of the file were, where a file was read.
    """

    counts: Mapping[str, int]
    unknown: int
    audit: AuditCounts | None = None

    @property
    def blocked(self) -> int:
        """Blocked attempts with a known reason: the denominator of the ratios."""
        return sum(self.counts.values())

    @property
    def ratios(self) -> Mapping[str, float | None]:
        """Share of each reason in the attempts blocked for a known one; None where there are none."""
        total = self.blocked
        return {reason: count / total if total else None for reason, count in self.counts.items()}

    @property
    def risk_ratio(self) -> float | None:
        """Blocks for ``risk`` / all blocked attempts with a known reason; None where there are none."""
        return self.ratios["risk"]
