"""What a session was asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak.config.limits import ARTIFACTS, POSITION

if TYPE_CHECKING:
    from pytest_soak.domain.contract import Contract
    from pytest_soak.domain.funding import Funding

MOCK_MINUTES = 5.0
SUMMARY_STEPS = 10.0
"""Steps between two rows of a series that is a summary."""

# What does not make a run another one, or is kept beside its settings.
_OF_SESSION = (
    "artifacts",
    "resume",
    "extend",
    "extensions",
    "moves",
    "sleep_seconds",
    "iteration_timeout",
    "series",
    "series_step",
    "profile_code",
    "profile_iterations",
    "given",
    "selects",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a session was asked to do; None means not given.

    ``extensions`` are iterations that were added to a run later, ``extend`` those that this session adds.
    ``moves`` says where files of a resumed run lie now: the path it was started with, and the new one.
    ``given`` names the soak options of the command line and of ``addopts``: where there are some, a soak
    is checked before collection. ``selects``: one stood on the command line itself, so only soak items run.
    """

    iterations: int = 6
    profiles: tuple[str, ...] | None = None
    scenarios: tuple[str, ...] = ("calm",)
    seeds: tuple[int, ...] = (1,)
    overrides: tuple[str, ...] = ()
    minutes: float | None = None
    gate: str | None = None
    fills: str | None = None
    position: str = POSITION
    artifacts: Path = Path(ARTIFACTS)
    resume: str | None = None
    extend: int | None = None
    extensions: tuple[int, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()
    replay: tuple[Path, ...] | None = None
    tick_size: float | None = None
    lot_size: float | None = None
    contract: str | None = None
    contract_size: float | None = None
    funding: str | None = None
    tune: bool = True
    sleep_seconds: float = 0.0
    iteration_timeout: float | None = None
    series: str = "summary"
    series_step: float = 1.0
    profile_code: str | None = None
    profile_iterations: tuple[int, ...] = ()
    environment: str | None = None
    given: tuple[str, ...] = ()
    selects: bool = False

    @property
    def series_step_ms(self) -> float | None:
        """Market time between two rows of a series; None where none is written."""
        rows_apart = {"full": 1.0, "summary": SUMMARY_STEPS}.get(self.series)
        return None if rows_apart is None else self.series_step * rows_apart * 1e3

    @property
    def planned(self) -> int:
        """Iterations of a canary, with those that were added later."""
        return self.iterations + sum(self.extensions)

    @property
    def contract_asked(self) -> Contract | None:
        """The contract that takes the place of the market's; None where none was given.

        Raises:
            SoakConfigError: it is an inverse one, and nobody said how much one is worth.
        """
        if self.contract is None and self.contract_size is None:
            return None
        from pytest_soak.domain.contract import Contract
        from pytest_soak.domain.errors import SoakConfigError

        if self.contract == "inverse" and self.contract_size is None:
            raise SoakConfigError(
                "--soak-contract=inverse: what a contract is worth is not known; say it with "
                "--soak-contract-size, as 100 for contracts of 100 USD"
            )
        kind: Any = self.contract or "linear"
        return Contract(kind=kind, size=1.0 if self.contract_size is None else self.contract_size)

    @property
    def funding_asked(self) -> Funding | None:
        """The funding that takes the place of the market's; None where none was given."""
        from pytest_soak.domain.funding import funding_of

        return None if self.funding is None else funding_of(self.funding)

    def place(self, text: str) -> str:
        """Where a file is that the run was started with; a name, or a path that leads there, is kept."""
        return dict(self.moves).get(text, text)

    def started_with(self, path: Path) -> Path:
        """The path that the run was started with of a file that is now at ``path``."""
        return next((Path(old) for old, new in self.moves if new == path.as_posix()), path)

    def started_with_text(self, text: str) -> str:
        """The name or path that the run was started with, of what :meth:`place` gave."""
        return next((old for old, new in self.moves if new == text), text)

    def of_run(self) -> dict[str, Any]:
        """The settings that a run is a function of, as JSON values."""
        data = asdict(self)
        for name in _OF_SESSION:
            del data[name]
        if self.replay is not None:
            data["replay"] = tuple(path.as_posix() for path in self.replay)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in data.items()}

    @classmethod
    def resumed(
        cls, now: Settings, stored: Mapping[str, Any], moves: tuple[tuple[str, str], ...] = ()
    ) -> Settings:
        """The settings of a stored run, with this session's folder and pause, and where its files are now.

        Raises:
            SoakConfigError: where an option was given that differs from the stored one.
        """
        # Not at the top: a session without a soak imports this module, and should load nothing of the domain.
        from pytest_soak.domain.errors import SoakConfigError

        fresh, places = now.of_run(), dict(moves)
        for option in now.given:
            kept = list(stored[option]) if isinstance(stored.get(option), tuple) else stored.get(option)
            if option == "replay" or option not in stored:
                # Recordings count by their content.
                continue
            moved = [places.get(text, text) for text in kept] if isinstance(kept, list) else kept
            if fresh[option] not in (kept, moved):
                more = "; --soak-extend N adds iterations" if option == "iterations" else ""
                raise SoakConfigError(
                    f"--soak-resume: the run was started with {option} = {kept!r}, "
                    f"this command says {fresh[option]!r}; leave the option out to resume{more}"
                )
        return replace(now.with_stored(stored), moves=moves)

    def with_stored(self, stored: Mapping[str, Any]) -> Settings:
        """These settings with values as :meth:`of_run` gave them in their place."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
        values["replay"] = None if stored["replay"] is None else tuple(map(Path, stored["replay"]))
        return replace(self, **values)
