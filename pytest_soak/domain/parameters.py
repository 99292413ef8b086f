"""The tables of tunable parameters: the one that is built in, and those with a strategy's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.parameter import Parameter

if TYPE_CHECKING:
    from pytest_soak.domain.settings import ParameterTuning

ParameterValues = Mapping[str, float]

MOST_OWN = 50
"""Parameters that a strategy may declare, at most."""


class ParameterTable(Mapping[str, Parameter]):
    """Parameters by name, in the order in which they are shown and recorded."""

    __slots__ = ("_of",)

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._of = {p.name: p for p in parameters}

    def __getitem__(self, name: str) -> Parameter:
        return self._of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __hash__(self) -> int:
        return hash(tuple(self._of.values()))

    @property
    def defaults(self) -> dict[str, float]:
        """The default of each."""
        return {p.name: p.default for p in self.values()}

    def with_own(self, own: Iterable[Parameter]) -> ParameterTable:
        """This table with a strategy's own parameters at its end.

        Raises:
            SoakConfigError: a name is there twice, or there are too many.
        """
        added = list(own)
        names = list(self)
        for parameter in added:
            if parameter.name in names:
                raise SoakConfigError(
                    f"parameter {parameter.name} is there twice; accepted is each name once"
                )
            names.append(parameter.name)
        if len(added) > MOST_OWN:
            raise SoakConfigError(f"{len(added)} own parameters are too many; accepted are {MOST_OWN}")
        return ParameterTable((*self.values(), *added))

    def tuned(self, settings: Mapping[str, ParameterTuning]) -> ParameterTable:
        """This table with what a profile says of bounds, steps and movers.

        Raises:
            SoakConfigError: names the parameter, the value and what is accepted.
        """
        if not settings:
            return self
        changed = dict(self._of)
        for name, wanted in settings.items():
            if name not in self:
                raise SoakConfigError(f"tuner.parameters: {self.unknown(name)}")
            changed[name] = _tuned(self[name], wanted)
        return ParameterTable(changed.values())

    def unknown(self, name: str) -> str:
        """What an error says of a name that is not in the table."""
        return f"unknown parameter {name!r}; known are {', '.join(self)}"

    def changes(self) -> dict[str, Any]:
        """The parameters that are not built in as they stand here, as JSON values by name."""
        return {name: p.as_json() for name, p in self.items() if PARAMETERS.get(name) != p}

    @classmethod
    def restored(cls, changes: Mapping[str, Any]) -> ParameterTable:
        """The table that gave these ``changes``; the order of own parameters is that of their names.

        Raises:
            SoakConfigError: a value is not accepted.
        """
        given = {name: Parameter(**fields) for name, fields in sorted(changes.items())}
        return cls({**PARAMETERS, **given}.values()) if given else PARAMETERS


def _tuned(parameter: Parameter, wanted: ParameterTuning) -> Parameter:
    given = wanted.model_dump(exclude_none=True)
    try:
        for bound in ("low", "high"):
            if not parameter.contains(given.get(bound, parameter.low)):
                raise SoakConfigError(
                    f"parameter {parameter.name}: {bound} = {given[bound]:g} is refused; accepted is "
                    f"{parameter.accepted()}, as declared"
                )
        low, high = given.get("low", parameter.low), given.get("high", parameter.high)
        default = min(high, max(low, parameter.default))
        return replace(parameter, **given, default=default)
    except SoakConfigError as error:
        raise SoakConfigError(f"tuner.parameters: {error}") from None


PARAMETERS = ParameterTable(
    (
        Parameter(
            name="min_interval_ms",
            unit="ms",
            low=40.0,
            high=80.0,
            default=65.0,
            step=5.0,
            moderate_step=5.0,
            relax_step=3.0,
            safer=1,
            moved_by=("AGGRESSIVE", "MODERATE", "NORMALIZE"),
            meaning="least time between order updates; an earlier attempt is blocked: min_interval",
        ),
        Parameter(
            name="replace_rate_per_min",
            unit="1/min",
            low=200.0,
            high=320.0,
            default=280.0,
            step=30.0,
            safer=-1,
            meaning="token bucket on replacements; an attempt without a token is blocked: throttle",
        ),
        Parameter(
            name="base_spread_bps_delta",
            unit="bps",
            low=0.08,
            high=0.25,
            default=0.14,
            step=0.02,
            relax_step=0.005,
            safer=1,
            moved_by=("NORMALIZE", "slippage"),
            meaning="widens the base half-spread",
        ),
        Parameter(
            name="impact_cap_ratio",
            unit="ratio",
            low=0.08,
            high=0.12,
            default=0.09,
            step=0.01,
            moderate_step=0.005,
            relax_step=0.005,
            safer=-1,
            moved_by=("AGGRESSIVE", "MODERATE", "NORMALIZE", "adverse"),
            meaning="order size as a share of visible liquidity; a larger order is blocked: risk",
        ),
        Parameter(
            name="max_delta_ratio",
            unit="ratio",
            low=0.10,
            high=0.16,
            default=0.14,
            step=0.01,
            relax_step=0.0025,
            safer=-1,
            moved_by=("NORMALIZE", "adverse"),
            meaning="largest change of position per decision, as a share of the position limit; "
            "more is blocked: risk",
        ),
        Parameter(
            name="tail_age_ms",
            unit="ms",
            low=500.0,
            high=800.0,
            default=620.0,
            step=30.0,
            relax_step=5.0,
            safer=1,
            moved_by=("AGGRESSIVE", "NORMALIZE", "slippage"),
            meaning="age at which a far order is cancelled",
        ),
    )
)
"""The parameters that are built in."""

DEFAULTS: ParameterValues = PARAMETERS.defaults


def problem_with(name: str, value: object, table: ParameterTable = PARAMETERS) -> str | None:
    """Say what is wrong with a value for a parameter, or None where it is acceptable."""
    parameter = table.get(name)
    if parameter is None:
        return table.unknown(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} = {value!r} is not {parameter.accepted()}"
    if not parameter.contains(float(value)):
        return f"{name} = {value!r} is out of bounds; accepted is {parameter.accepted()}"
    return None


def distance(deltas: ParameterValues, table: ParameterTable = PARAMETERS) -> float:
    """Size of a change: the sum over parameters of |delta| as a fraction of the parameter's range."""
    return math.fsum(abs(delta) / table[name].span for name, delta in deltas.items())
