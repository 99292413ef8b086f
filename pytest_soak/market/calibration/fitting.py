"""The fit: the method of simulated moments (McFadden 1989; Duffie and Singleton 1993).

Every trial lives through the same seeds, so that trials differ by what was changed and not by luck. The
distance of a trial is a mean over statistics of ``2 (sqrt(1 + z**2) - 1)``, z the difference over what the
statistic may be off: a square for what is near, a line for what is far, so that no single one decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.calibration.fields import base_of, fields_of, scales_of, scenario_at
from pytest_soak.market.calibration.moments import MOMENTS, measured
from pytest_soak.market.calibration.sample import PARTS, Sample, cut, deviation_of, mean_of
from pytest_soak.market.calibration.search import least
from pytest_soak.market.scenario.model import Scenario
from pytest_soak.market.tape import tape_of_scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

SEEDS = 2
"""Runs of a trial."""
UNMATCHED = 3.0
"""Errors from which on a statistic is called unmatched."""
STATES = ("mean spread", "depth of ten levels", "market orders per second", "volatility over 1 s")
"""Scales that tell whether a recording is of one market all the time."""
_CHANGED = 2.0
"""How many times the deviation of the fit between parts a recording has that changes."""
_LEAST_CHANGE = 0.2
"""Deviation of a logarithm below which nothing is called a change."""
_WIDTH, _NEAR = 0.08, 0.05
"""Deviation of the first trials, as a share of a range: usually, and where the search begins near its end."""
_BEGIN_S = 20.0
_NOTHING = 20.0
"""Errors of a statistic that a trial has not."""
_SHOWN_SEED = 1_000_000
"""Added to the seed of what is shown of a fit, so that it is not what was fitted."""


class Match(NamedTuple):
    """A statistic as it was recorded and as the fit has it, and their difference in errors."""

    name: str
    recorded: float
    fitted: float
    away: float

    @property
    def holds(self) -> bool:
        """Whether the fit has it."""
        return abs(self.away) < UNMATCHED


class Change(NamedTuple):
    """A scale that changes more within the recordings than in the fit: by which factor, from part to part."""

    name: str
    recorded: float
    fitted: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted scenario, what it was fitted to, and what remained, on seeds that the fit has not seen.

    Where there are ``changes``, the recordings are of a market with several states, and the fit is of one.
    """

    scenario: Scenario
    sample: Sample
    seed: int
    simulations: int
    distance: float
    matches: tuple[Match, ...]
    changes: tuple[Change, ...]
    start: str


def fit(
    name: str,
    sample: Sample,
    *,
    simulations: int,
    seed: int,
    progress: Callable[[int, float], None],
    start: Scenario | None = None,
) -> Fit:
    """Fit a scenario.

    Args:
        name: of the scenario.
        sample: what it is fitted to.
        simulations: trials, each of which lives through ``SEEDS`` stretches.
        seed: of the trials and of the markets in them.
        progress: is told of trials so far and the least distance.
        start: a scenario near which the search begins; the recordings' own sizes where it is left out.
    """
    scales = scales_of(sample)
    base, fields = base_of(name, sample, scales), fields_of(scales)

    def distance(places: Doubles) -> float:
        return _distance(_away(sample, _found(scenario_at(base, fields, places), sample, seed)))

    import numpy as np

    places = np.array([field.place(start) for field in fields])
    width = _WIDTH if start is None and not scales.is_one_tick else _NEAR
    best = least(distance, places, simulations, progress, seed, width)
    scenario = scenario_at(base, fields, best.at)
    found = _found(scenario, sample, seed + _SHOWN_SEED)
    if found is None:
        raise SoakConfigError(
            f"{name}: no scenario was found that keeps trading; the recordings are too unlike a market"
        )
    away = _away(sample, found)
    rows = zip(MOMENTS, sample.values, found, away, strict=True)
    matches = tuple(Match(m.name, m.shown(r), m.shown(f), float(z)) for m, r, f, z in rows if np.isfinite(r))
    changes = _changes(scenario, sample, seed + _SHOWN_SEED)
    begun = start.name if start else ""
    return Fit(scenario, sample, seed, best.tried, _distance(away), matches, changes, begun)


def _changes(scenario: Scenario, sample: Sample, seed: int) -> tuple[Change, ...]:
    """The scales whose logarithms deviate more between parts of the recordings than the fit's do."""
    import numpy as np

    tape = tape_of_scenario(
        scenario, seed=seed % kernel.SEEDS, start_s=_BEGIN_S, duration_s=PARTS * sample.part_s
    )
    own = deviation_of([measured(part, MOMENTS) for part in cut(tape, sample.part_s)])
    rows = zip(MOMENTS, sample.unrest, own, strict=True)
    return tuple(
        Change(moment.name, float(np.exp(recorded)), float(np.exp(fitted)))
        for moment, recorded, fitted in rows
        if moment.name in STATES and recorded > max(_LEAST_CHANGE, _CHANGED * fitted)
    )


def _found(scenario: Scenario, sample: Sample, seed: int) -> Doubles | None:
    """Mean statistics of a scenario; None where the kernel refuses it or it does not live."""
    import numpy as np

    rows = []
    for number in range(SEEDS):
        tape = tape_of_scenario(
            scenario, seed=(seed + number) % kernel.SEEDS, start_s=_BEGIN_S, duration_s=sample.stretch_s
        )
        if not np.isfinite(tape.mid).any():
            return None
        rows.append(measured(tape, MOMENTS))
    return mean_of(rows)


def _away(sample: Sample, found: Doubles | None) -> Doubles:
    """Differences in errors; 0 where the recordings do not tell a statistic."""
    import numpy as np

    told = np.isfinite(sample.values)
    if found is None:
        return np.where(told, _NOTHING, 0.0)
    away = np.nan_to_num((found - sample.values) / sample.errors, nan=_NOTHING)
    differences: Doubles = np.where(told, np.clip(away, -_NOTHING, _NOTHING), 0.0)
    return differences


def _distance(away: Doubles) -> float:
    import numpy as np

    return float((2.0 * (np.sqrt(1.0 + away**2) - 1.0)).mean())
