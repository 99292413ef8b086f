"""Estimators of the stylised facts of markets; each takes arrays and returns one number."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


GAUSSIAN_RATIO = math.sqrt(2.0 / math.pi)
"""Geary's ratio of a Gaussian."""


def tail_index(values: Doubles, share: float) -> float:
    """Tail exponent of absolute values by Hill's estimator (1975) over the largest ``share`` of them."""
    import numpy as np

    sizes = np.sort(np.abs(values))
    count = max(int(len(sizes) * share), 2)
    top = sizes[-count:]
    return float(1.0 / np.mean(np.log(top[1:] / top[0])))


def geary_ratio(values: Doubles) -> float:
    """Mean absolute deviation over the standard deviation (Geary 1935): less, the more peaked and heavy."""
    import numpy as np

    centred = values - values.mean()
    return float(np.abs(centred).mean() / centred.std())


def rank_correlation(first: Doubles, second: Doubles) -> float:
    """Correlation of ranks (Spearman 1904); equal values share the mean of theirs."""
    import numpy as np

    def ranks(values: Doubles) -> Doubles:
        _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
        middle: Doubles = (np.cumsum(counts) - (counts - 1) * 0.5)[which]
        return middle

    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def growth_exponent(sizes: Doubles, effects: Doubles, groups: int) -> float:
    """Exponent with which the mean effect grows in size, over groups of equal count and their typical size.

    NaN where the effect is not positive in the mean of a group.
    """
    import numpy as np

    order = np.array_split(np.argsort(sizes, kind="stable"), groups)
    size = np.array([np.log(sizes[group]).mean() for group in order])
    effect = np.array([np.nanmean(effects[group]) for group in order])
    if (effect <= 0.0).any():
        return float("nan")
    return float(np.polyfit(size, np.log(effect), 1)[0])


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
