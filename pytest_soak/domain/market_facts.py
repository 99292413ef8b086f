"""What a market did in an iteration, as the record of the iteration holds it."""

from __future__ import annotations

from pydantic import Field

from pytest_soak.domain.contract import Contract
from pytest_soak.domain.settings import Strict
from pytest_soak.domain.values import Count


class MarketFacts(Strict):
    """What the market did in the iteration; times are milliseconds of market time since the run began.

    ``mid_low`` and ``mid_high`` are of the mid as sampled every 100 ms, in quote currency; ``ended`` says
    that a recording ended in or before the iteration, whose ``end_ms`` is then where it ended. ``labels`` are
    those of the regimes, windows and shocks that were on, ``label_ms`` says for how long each of them was.

    ``withheld`` says why the iteration has no KPIs though it may have amounts: its market data cannot be
    trusted. ``notes`` say why there was nothing to measure, and what was repaired. The other fields are of
    recordings, None where the market is not one: for how long the rows left a bid at or above an ask
    (``crossed_ms``) or a side empty (``one_sided_ms``), the longest time without a row and how many
    such times there were (``silences``, of a second and more), rows that were read and not used by what
    they are, trades without an aggressor or whose aggressor took what stands on its own side,
    what was added to local times, and the sizes of tick and lot. Also all silences together (``silent_ms``),
    the longest time in which a side of the book said nothing while 100 other rows and more came
    (``side_silence_ms``), the longest time of which the receiver saw no row, early or late
    (``local_silence_ms``), the largest step of the mid between two times, or of a crossing row over the mid
    (``largest_jump_bps``), and trades of more than stood at their price (``trades_off_book``), past a better
    price that others went past a second before (``trades_through``), equal to the one before
    (``trades_repeated``), and of buyers (``trades_bought``). ``locked_ms`` is the part of ``crossed_ms`` with
    a bid at an ask and none above; ``gaps`` are places at which messages are missing, ``gap_ms`` is for how
    long the book was not known after them. ``tick_from`` and ``lot_from`` say where the sizes of tick and lot
    are from: ``file``, ``data`` (what all prices or quantities are multiples of) or ``option``. ``contract``
    is what a unit of quantity is, None where it is one of the base currency.
    """

    start_ms: float
    end_ms: float
    events: Count
    trades: Count
    mid_low: float | None
    mid_high: float | None
    spread_bps_mean: float | None
    labels: tuple[str, ...] = Field(default=(), strict=False)
    label_ms: dict[str, float] = Field(default_factory=dict)
    ended: bool = False
    withheld: tuple[str, ...] = Field(default=(), strict=False)
    notes: tuple[str, ...] = Field(default=(), strict=False)
    crossed_ms: float | None = None
    one_sided_ms: float | None = None
    longest_silence_ms: float | None = None
    silences: Count | None = None
    rows_ignored: dict[str, Count] | None = None
    trades_without_side: Count | None = None
    trades_on_wrong_side: Count | None = None
    silent_ms: float | None = None
    side_silence_ms: float | None = None
    local_silence_ms: float | None = None
    largest_jump_bps: float | None = None
    trades_off_book: Count | None = None
    trades_through: Count | None = None
    trades_repeated: Count | None = None
    trades_bought: Count | None = None
    local_shift_ms: float | None = None
    tick_size: float | None = None
    lot_size: float | None = None
    locked_ms: float | None = None
    gaps: int | None = None
    gap_ms: float | None = None
    tick_from: str | None = None
    lot_from: str | None = None
    contract: Contract | None = None

    @property
    def no_data_reason(self) -> str | None:
        """Why KPIs are missing, as one text; None where no reason is known."""
        return "; ".join((*self.withheld, *self.notes)) or None
