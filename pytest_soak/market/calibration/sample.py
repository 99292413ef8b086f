"""What recordings say of a market: the statistics that a scenario is fitted to, and how sharply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.calibration.moments import MOMENTS, measured
from pytest_soak.market.tape import part_of_tape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.recording.rows import Recording
    from pytest_soak.market.replay import ReplayMarket
    from pytest_soak.market.tape import Tape

    Doubles = NDArray[np.float64]

LEAST_S = 60.0
"""Shortest recording that is fitted."""
MOST_S = 24 * 3600.0
"""What is used of a recording at the most, so that memory does not follow its length."""
LEAST_ORDERS = 100
LEAST_KNOWN = 0.5
"""Share of time in which both sides stand, at least."""
_STRETCH_S = 180.0
"""What a run of a trial is as long as, at the most: recordings are cut into equal stretches."""
PARTS = 8
_ALIKE = 1e-6
_REGULAR = 0.5
"""Quartiles of the times between messages with depth differ by less than this share of their median where a
clock sends them; where each change is told when it comes, by more than their median."""


class Delays(NamedTuple):
    """Delays of the feed: its messages' interval and their delays' median and log deviation, ms."""

    interval_ms: float
    median_ms: float
    log_sd: float
    most_ms: float


@dataclass(frozen=True, slots=True)
class Source:
    """A recording as far as it is used; ``batch_ms`` is the time between messages of its book by a clock."""

    name: str
    sha256: str
    tape: Tape
    tick_size: float
    lot_size: float
    delays: Delays | None
    batch_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Recordings of one instrument, pooled.

    ``values`` are the statistics of a stretch of ``stretch_s`` in the mean, ``errors`` what they may be off:
    the standard error of that mean and the tolerance of each together, ``unrest`` their deviations between
    parts of ``part_s``, of which there are ``PARTS`` or more.
    """

    sources: tuple[Source, ...]
    stretch_s: float
    values: Doubles
    errors: Doubles
    part_s: float
    unrest: Doubles

    @property
    def tick_size(self) -> float:
        """Price step of the instrument."""
        return self.sources[0].tick_size

    @property
    def lot_size(self) -> float:
        """Quantity step of the instrument: the smallest that a recording shows."""
        return min(source.lot_size for source in self.sources)

    @property
    def batch_ms(self) -> float:
        """Time between changes of what recordings show of the book; 0 where each is told when it comes."""
        return min(source.batch_ms for source in self.sources)


def source_of(market: ReplayMarket, until_s: float) -> Source:
    """A recording up to a time, checked for what a fit needs.

    Raises:
        SoakConfigError: naming the recording and what it lacks.
    """
    whole, facts = market.tape(), market.facts
    tape = part_of_tape(whole, 0.0, min(until_s, whole.seconds, MOST_S))
    problem = _lack(tape)
    if problem is not None:
        raise SoakConfigError(f"recording {market.recording.path}: {problem}")
    recording = market.recording
    return Source(
        market.name,
        recording.sha256,
        tape,
        facts.tick_size,
        facts.lot_size,
        _delays(recording, facts.local_shift_ns),
        _batch_ms(recording),
    )


def _lack(tape: Tape) -> str | None:
    import numpy as np

    if tape.seconds < LEAST_S:
        return f"{tape.seconds:.3g} s are too short to fit a scenario to; accepted are {LEAST_S:g} s or more"
    for side, price in (("bid", tape.bid), ("ask", tape.ask)):
        known = float(np.isfinite(price).mean())
        if known < LEAST_KNOWN:
            return (
                f"there is no {side} for {1.0 - known:.0%} of the time, and a scenario has two sides; "
                f"accepted is {1.0 - LEAST_KNOWN:.0%} at the most"
            )
    if len(tape.trade_s) < LEAST_ORDERS:
        return (
            f"{len(tape.trade_s)} market orders are too few to fit a scenario to; "
            f"accepted are {LEAST_ORDERS} or more"
        )
    return None


def pooled(sources: Sequence[Source]) -> Sample:
    """Pool recordings.

    Raises:
        SoakConfigError: they are of instruments with different ticks.
    """
    import numpy as np

    first = sources[0]
    for source in sources[1:]:
        if abs(source.tick_size / first.tick_size - 1.0) > _ALIKE:
            raise SoakConfigError(
                f"recordings {first.name} and {source.name} have ticks of {first.tick_size:g} and "
                f"{source.tick_size:g}; accepted are recordings of one instrument"
            )
    lengths = [source.tape.seconds for source in sources]
    stretch_s = min(length / math.ceil(length / _STRETCH_S) for length in lengths)
    stretches = [part for source in sources for part in cut(source.tape, stretch_s)]
    values = mean_of([measured(part, MOMENTS) for part in stretches])
    pieces = math.ceil(PARTS / len(stretches))
    part_s = stretch_s / pieces
    parts = [piece for part in stretches for piece in cut(part, part_s)]
    unrest = deviation_of([measured(part, MOMENTS) for part in parts])
    tolerances = np.array([moment.tolerance for moment in MOMENTS])
    errors = np.hypot(unrest / len(parts) ** 0.5, tolerances)
    return Sample(tuple(sources), stretch_s, values, errors, part_s, unrest)


def cut(tape: Tape, length_s: float) -> list[Tape]:
    """Parts of a length; what is left over at the end is in none."""
    count = max(1, int(tape.seconds / length_s + _ALIKE))
    return [part_of_tape(tape, index * length_s, (index + 1) * length_s) for index in range(count)]


def mean_of(rows: Sequence[Doubles]) -> Doubles:
    """Means of what is known; NaN where nothing is."""
    import numpy as np

    table = np.array(rows)
    known = np.isfinite(table)
    sums = np.where(known, table, 0.0).sum(axis=0)
    means: Doubles = np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)
    return means


def deviation_of(rows: Sequence[Doubles]) -> Doubles:
    """Standard deviations of what is known; 0 where less than two are."""
    import numpy as np

    table = np.array(rows)
    known = np.isfinite(table)
    away = np.where(known, table - mean_of(rows), 0.0)
    deviations: Doubles = np.sqrt((away**2).sum(axis=0) / np.maximum(known.sum(axis=0) - 1, 1))
    return deviations


def _batch_ms(recording: Recording) -> float:
    """Whole milliseconds between messages with depth, where a clock sends them; 0 where each change is."""
    import numpy as np

    from pytest_soak.market.recording.rows import DEPTH

    rows = recording.rows[: 1 << 20]
    sent = np.unique(rows["exch_ts"][(rows["ev"] & 0xFF) == DEPTH])
    if len(sent) < LEAST_ORDERS:
        return 0.0
    low, middle, high = np.quantile(np.diff(sent) / 1e6, (0.25, 0.5, 0.75))
    is_regular = high - low < _REGULAR * middle
    return float(min(round(middle), 1000)) if is_regular else 0.0


def _delays(recording: Recording, shift_ns: int) -> Delays | None:
    """Delays of the feed; None where times of receipt are not known."""
    import numpy as np

    from pytest_soak.market.recording.checks import delays_ms

    if not recording.about.has_receipt:
        return None
    delays = delays_ms(recording.rows) + shift_ns / 1e6
    received = recording.rows["local_ts"][: 1 << 20]
    gaps = np.diff(np.unique(received)) / 1e6
    if not len(delays) or not len(gaps):
        return None
    low, middle, high = (float(q) for q in np.quantile(delays, (0.16, 0.5, 0.84)))
    log_sd = math.log(high / low) / 2.0 if low > 0.0 else 0.0
    return Delays(float(np.median(gaps)), middle, log_sd, float(delays.max()))
