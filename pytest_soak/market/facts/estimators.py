"""Estimators of the stylised facts of markets; each takes arrays and returns one number."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


def tail_index(values: Doubles, share: float) -> float:
    """Tail exponent of absolute values by Hill's estimator (1975) over the largest ``share`` of them."""
    import numpy as np

    sizes = np.sort(np.abs(values))
    count = max(int(len(sizes) * share), 2)
    top = sizes[-count:]
    return float(1.0 / np.mean(np.log(top[1:] / top[0])))


def excess_kurtosis(values: Doubles) -> float:
    """Fourth central moment over the squared variance, minus 3; 0 for a Gaussian."""
    import numpy as np

    centred = values - values.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0)


def autocorrelation(values: Doubles, most: int) -> Doubles:
    """Autocorrelation at lags 0 to ``most``."""
    import numpy as np

    centred = values - values.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    sums = np.fft.irfft(power, size)[: most + 1]
    scaled: Doubles = sums / sums[0]
    return scaled


def decay_exponent(correlation: Doubles, first: int, last: int) -> float:
    """Exponent b of a correlation that falls as lag to the power of -b, fitted on logarithmic lags.

    NaN where the correlation is not positive in the mean of a bin, as a power law then says nothing.
    """
    import numpy as np

    edges = np.unique(np.geomspace(first, last + 1, 12).round().astype(int))
    pairs = list(pairwise(edges))
    means = np.array([correlation[low:high].mean() for low, high in pairs])
    lags = np.array([np.sqrt(low * (high - 1)) for low, high in pairs])
    if (means <= 0.0).any():
        return float("nan")
    return float(-np.polyfit(np.log(lags), np.log(means), 1)[0])


def branching_ratio(times: Doubles, window: float, block: float) -> float:
    """Branching ratio n of arrivals from counts: n = 1 - 1 / sqrt(F), F their variance over mean per window.

    F is taken within blocks of a few windows, so that slow changes of the rate do not count as bursts
    (Hawkes and Oakes 1974; the estimator by moments of Hardiman and Bouchaud 2014).
    """
    import numpy as np

    per_block = round(block / window)
    whole = int((times[-1] - times[0]) / block) * per_block
    counts = np.bincount(((times - times[0]) / window).astype(int), minlength=whole)[:whole]
    blocks = counts.reshape(-1, per_block).astype(float)
    fano = blocks.var(axis=1, ddof=1).mean() / blocks.mean()
    return float(1.0 - 1.0 / np.sqrt(fano)) if fano > 0.0 else float("nan")


def variation(values: Doubles) -> float:
    """Standard deviation over mean."""
    return float(values.std() / values.mean())
