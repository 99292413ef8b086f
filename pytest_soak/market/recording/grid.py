"""The grid of a recording's prices or quantities: the unit of which all of them are multiples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_DECIMALS = 15
MOST_UNITS = 2.0**50
"""Most ticks of a price and lots of a quantity, with which the kernel computes without loss."""
DUST = 1e-6
"""How far a number may lie off the grid while the grid is inferred, in units of its last decimal."""
OFF_GRID = 1e-5
"""How far a number may lie off the grid to be a multiple, in ticks or lots."""
ROUNDING = 1e-15
"""And by how much more, as a share of the number, as computing with doubles moves it."""
MOST_OF_THEM = 0.999
"""Share of the rows that outvotes the others, where there are many."""
LEAST_TO_OUTVOTE = 10_000


class Grid:
    """Greatest common unit for each number of decimals, kept up while values come; in bounded memory."""

    def __init__(self) -> None:
        self.values = 0
        self.fits = [0] * (MOST_DECIMALS + 1)
        self.units = [0] * (MOST_DECIMALS + 1)

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in finite values; zero is on every grid."""
        import numpy as np

        values, rows = np.unique(values[values > 0.0], return_counts=True)
        self.values += int(rows.sum())
        for decimals in range(MOST_DECIMALS + 1) if len(values) else ():
            scaled = values * 10.0**decimals
            whole = np.rint(scaled)
            fits = (np.abs(scaled - whole) <= DUST) & (whole >= 1.0) & (whole <= MOST_UNITS)
            self.fits[decimals] += int(rows[fits].sum())
            unit = int(np.gcd.reduce(whole[fits].astype(np.int64))) if fits.any() else 0
            self.units[decimals] = int(np.gcd(self.units[decimals], unit))

    def unit(self, *, by_majority: bool = False) -> float | None:
        """Unit of all values as a decimal number; None where there is none.

        By majority, a thousandth of many values may be off it: a grid ten times as fine as another holds ten
        times as many places, so that values which lie on the coarser one but for a few are no accident.
        """
        least = float(self.values)
        if by_majority and self.values >= LEAST_TO_OUTVOTE:
            least *= MOST_OF_THEM
        for decimals, (fits, unit) in enumerate(zip(self.fits, self.units, strict=True)):
            if unit and fits >= least:
                return unit / float(10**decimals)
        return None

    def holds_for(self, unit: float) -> bool:
        """Whether all values are known to be multiples of a unit."""
        own = self.unit()
        return self.values == 0 or (own is not None and is_multiple(own, unit))


def is_multiple(value: float, unit: float) -> bool:
    """Whether a value is a whole number of units, but for rounding."""
    ratio = value / unit
    return ratio >= 0.5 and abs(ratio - round(ratio)) <= DUST


def off_grid(values: NDArray[np.float64], unit: float) -> NDArray[np.bool_]:
    """Which values are no multiple of a unit."""
    import numpy as np

    ratio = values / unit
    off: NDArray[np.bool_] = ~(np.abs(ratio - np.rint(ratio)) <= OFF_GRID + ROUNDING * ratio)
    return off
