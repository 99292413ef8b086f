"""What a canary is a function of."""

from __future__ import annotations

import hashlib
import inspect
import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_soak.domain.fills import FillModel
from pytest_soak.domain.hashing import sha256_of
from pytest_soak.domain.parameters import PARAMETERS, ParameterTable
from pytest_soak.domain.position import PositionRule
from pytest_soak.domain.settings import GateMode, Profile
from pytest_soak.engine.profiling import Profiling
from pytest_soak.kernel import kernel_version
from pytest_soak.market import Market, Strategy, market_under
from pytest_soak.store.journal.journal import TABLE
from pytest_soak.version import package_version

_COMPARED = (
    "name",
    "scenario",
    "seed",
    "parameters",
    "safe_parameters",
    "iterations",
    "minutes",
    "gate_mode",
    "tune",
    "position",
    "guards_off",
    "table",
)


def source_hash(kind: type) -> str | None:
    """Hash of the source of the module that a class is from, with line ends of one kind.

    None where there is no source, and for classes of this package, whose version counts.
    """
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return None
    try:
        # What was read of a file that has changed since is not believed.
        linecache.checkcache(inspect.getsourcefile(kind))
        module = inspect.getmodule(kind)
        source = inspect.getsource(kind if module is None else module)
    except (OSError, TypeError):
        return None
    return hashlib.sha256("\n".join(source.splitlines()).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySpec:
    """Everything that a canary is a function of, and where its records go.

    ``parameters`` are those of iteration 1 of a new run; ``safe_parameters`` those of a panic revert.
    ``table`` has all parameters, the strategy's own included.
    ``extensions`` are iterations that were added later; its journal says from which iteration on each counts.
    ``series_step_ms`` is the step of the series that is written of each iteration, None where none is.
    ``profiling`` says which iterations have their code profiled, None for none.
    """

    name: str
    run_id: str
    folder: Path
    profile: Profile
    market: Market
    scenario: str
    seed: int
    strategy: Strategy
    parameters: Mapping[str, float]
    safe_parameters: Mapping[str, float]
    iterations: int
    minutes: float
    gate_mode: GateMode
    tune: bool
    position: PositionRule = PositionRule.FLAT
    extensions: tuple[int, ...] = ()
    sleep_seconds: float = 0.0
    iteration_timeout: float | None = None
    series_step_ms: float | None = None
    profiling: Profiling | None = None
    guards_off: tuple[str, ...] = ()
    table: ParameterTable = PARAMETERS

    def inputs(self) -> dict[str, Any]:
        """The identity of the canary, as JSON values; equal inputs give equal records."""
        changes = self.table.changes()
        return {
            **({TABLE: changes} if changes else {}),
            "canary": self.name,
            "profile": self.profile.name,
            "profile_hash": sha256_of(self.profile.model_dump(mode="json")),
            "scenario": self.scenario,
            "source": self.market.source,
            "market_hash": sha256_of(self.market.describe()),
            "seed": self.seed,
            "strategy": self.strategy.name,
            "strategy_hash": sha256_of(
                {"describe": self.strategy.describe(), "source": source_hash(type(self.strategy))}
            ),
            "parameters": {name: float(value) for name, value in sorted(self.parameters.items())},
            "safe_parameters": {name: float(value) for name, value in sorted(self.safe_parameters.items())},
            "iterations": self.iterations,
            "minutes": self.minutes,
            "gate_mode": self.gate_mode.value,
            "tune": self.tune,
            "guards_off": list(self.guards_off),
            **({} if self.position is PositionRule.FLAT else {"position": self.position.value}),
            "version": package_version(),
            "kernel_version": kernel_version(),
        }

    def market_under(self, fills: FillModel) -> Market:
        """The market, where orders fill by this model.

        Raises:
            SoakConfigError: it does not fill them so.
        """
        return market_under(self.market, fills)

    def has_inputs_of(self, other: CanarySpec) -> bool:
        """Whether another canary has the same inputs; profile and market are described where they are two."""
        alike = (
            self.profile is other.profile
            and self.market is other.market
            and self.strategy.name == other.strategy.name
            and all(getattr(self, name) == getattr(other, name) for name in _COMPARED)
            and (self.strategy == other.strategy or self.strategy.describe() == other.strategy.describe())
        )
        return alike or self.inputs() == other.inputs()
