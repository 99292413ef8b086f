"""The search of the least distance: an evolution strategy with a covariance of its own steps.

Hansen and Ostermeier 2001, with rank-one and rank-mu updates. A distance between a recorded market and a
simulated one is rugged even with common random numbers, as one order more or less changes all that comes
later; ranks of a few trials are not misled by that where a derivative is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Best:
    """The place with the least distance of all that were tried."""

    at: Doubles
    distance: float
    tried: int


def least(
    distance: Callable[[Doubles], float],
    start: Doubles,
    most: int,
    progress: Callable[[int, float], None],
    seed: int,
    width: float,
) -> Best:
    """Search a box of sides from 0 to 1 from ``start`` on; the same arguments give the same answer.

    Args:
        distance: of a place in the box.
        start: is tried first.
        most: trials.
        progress: is told of trials so far and the least distance, once a generation.
        seed: of the trials' random numbers.
        width: deviation of the first trials, as a share of a side.
    """
    import numpy as np

    strategy = _Strategy(start, width, np.random.default_rng(seed))
    best = Best(start, distance(start), 1)
    while best.tried < most:
        places = strategy.ask(min(strategy.size, most - best.tried))
        found = np.array([distance(place) for place in places])
        first = int(np.argmin(found))
        tried = best.tried + len(places)
        if found[first] < best.distance:
            best = Best(places[first], float(found[first]), tried)
        else:
            best = Best(best.at, best.distance, tried)
        if len(places) == strategy.size and tried < most:
            strategy.tell(places, found)
            # Trials lie all round their mean, which is nearer to the bottom than they are.
            mean = strategy.mean
            at_mean = distance(mean)
            nearer = at_mean < best.distance
            best = Best(mean if nearer else best.at, min(at_mean, best.distance), tried + 1)
        progress(best.tried, best.distance)
    return best


class _Strategy:
    """Mean, step and covariance of the next trials."""

    def __init__(self, start: Doubles, width: float, rng: np.random.Generator) -> None:
        import numpy as np

        count = len(start)
        self.size = 4 + int(3 * np.log(count))
        self._rng, self._mean, self._step = rng, start.copy(), width
        self._covariance = np.eye(count)
        self._path, self._path_of_step = np.zeros(count), np.zeros(count)
        kept = self.size // 2
        weights = np.log(kept + 0.5) - np.log(np.arange(1, kept + 1))
        self._weights = weights / weights.sum()
        strength = 1.0 / (self._weights**2).sum()
        self._strength = strength
        self._rate_of_step = (strength + 2.0) / (count + strength + 5.0)
        self._damping = (
            1.0 + self._rate_of_step + 2.0 * max(0.0, ((strength - 1.0) / (count + 1.0)) ** 0.5 - 1.0)
        )
        self._rate_of_path = (4.0 + strength / count) / (count + 4.0 + 2.0 * strength / count)
        self._rank_one = 2.0 / ((count + 1.3) ** 2 + strength)
        rank_mu = 2.0 * (strength - 2.0 + 1.0 / strength) / ((count + 2.0) ** 2 + strength)
        self._rank_mu = min(1.0 - self._rank_one, rank_mu)
        self._usual = count**0.5 * (1.0 - 1.0 / (4.0 * count) + 1.0 / (21.0 * count**2))
        self._decompose()

    def _decompose(self) -> None:
        import numpy as np

        values, self._axes = np.linalg.eigh((self._covariance + self._covariance.T) * 0.5)
        self._lengths = np.sqrt(np.maximum(values, 1e-12))

    @property
    def mean(self) -> Doubles:
        """What the next trials lie round."""
        return _reflected(self._mean)

    def ask(self, count: int) -> Doubles:
        """Places of the next trials."""
        normal = self._rng.standard_normal((count, len(self._mean)))
        # By the symmetric root: axes of equal length are others on another machine, their product is not.
        places = self._mean + self._step * ((normal @ self._axes) * self._lengths) @ self._axes.T
        return _reflected(places)

    def tell(self, places: Doubles, found: Doubles) -> None:
        """Learn from the distances that were found there."""
        import numpy as np

        order = np.argsort(found, kind="stable")[: len(self._weights)]
        steps = (places[order] - self._mean) / self._step
        step = self._weights @ steps
        self._mean = self._mean + self._step * step
        white = self._axes @ ((self._axes.T @ step) / self._lengths)
        rate, strength = self._rate_of_step, self._strength
        self._path_of_step = (1.0 - rate) * self._path_of_step + (
            rate * (2.0 - rate) * strength
        ) ** 0.5 * white
        length = float(np.linalg.norm(self._path_of_step))
        moving = length < (1.4 + 2.0 / (len(self._mean) + 1.0)) * self._usual
        rate = self._rate_of_path
        self._path = (1.0 - rate) * self._path + moving * (rate * (2.0 - rate) * strength) ** 0.5 * step
        self._covariance = (
            (1.0 - self._rank_one - self._rank_mu) * self._covariance
            + self._rank_one * np.outer(self._path, self._path)
            + self._rank_mu * (steps.T * self._weights) @ steps
        )
        self._step = min(
            0.5, self._step * np.exp(self._rate_of_step / self._damping * (length / self._usual - 1.0))
        )
        self._decompose()


def _reflected(places: Doubles) -> Doubles:
    """Places beyond a side of the box, reflected at it."""
    import numpy as np

    folded = np.abs(places) % 2.0
    inside: Doubles = np.where(folded > 1.0, 2.0 - folded, folded)
    return inside
