"""One item of a soak: a canary, and which of its iterations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_soak.engine.settings import Settings

GATES = "gates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One item: a canary and which of its iterations, ``"gates"`` for its last item, None for the whole.

    ``scenario`` is part of the canary's name; ``source`` is what the market is asked for: the name of the
    scenario or the path of its file. ``replay`` is the recording that takes its place.
    """

    settings: Settings
    profile: str | None
    profile_name: str
    scenario: str
    source: str
    replay: Path | None
    seed: int
    part: int | str | None

    @property
    def canary(self) -> str:
        """Name of the canary."""
        return f"{self.profile_name}-{self.scenario}-s{self.seed}"

    @property
    def id(self) -> str:
        """Id of the item within its test."""
        if self.part is None:
            return self.canary
        if isinstance(self.part, str):
            return f"{self.canary}-{self.part}"
        return f"{self.canary}-iter{self.part:03d}"
