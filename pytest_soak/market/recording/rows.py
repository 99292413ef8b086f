"""The rows that every recording is turned into, and what is known of them."""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pydantic import Field

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.settings import Strict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.void]

FIELDS = (
    ("ev", "<u8"),
    ("exch_ts", "<i8"),
    ("local_ts", "<i8"),
    ("px", "<f8"),
    ("qty", "<f8"),
    ("order_id", "<u8"),
    ("ival", "<i8"),
    ("fval", "<f8"),
)
ROW_BYTES = 64
EXCHANGE, LOCAL = 1 << 31, 1 << 30
"""Bits of a row's ``ev``: whether the exchange's clock counts for it, and whether the receiver's does."""
BUY, SELL = 1 << 29, 1 << 28
"""Bits of its side."""
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
"""What it says, in the lowest byte."""
GAP = 110
"""Messages are missing before the rows that follow, until the book is cleared and shown anew."""
LAYOUT = ", ".join(f"{name} {kind}" for name, kind in FIELDS)


CHUNK_ROWS = 1 << 18


def chunks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Rows in chunks, each with the number of its first row; of mapped rows one chunk is resident."""
    for offset in range(0, len(rows), CHUNK_ROWS):
        yield offset, rows[offset : offset + CHUNK_ROWS]
        release(rows)


def sample(rows: Rows, most: int) -> Rows:
    """Some ``most`` rows, evenly taken, as a copy; of mapped rows one chunk is resident."""
    import numpy as np

    step = max(1, len(rows) // most)
    return np.concatenate([np.array(chunk[-offset % step :: step]) for offset, chunk in chunks(rows)])


def release(rows: Rows) -> None:
    """Give back the memory of mapped rows that were looked at; the file is asked again where they are needed.

    Else resident memory grows to the size of the file, which a limit on a process may count.
    """
    mapped, advice = rows.base, getattr(mmap, "MADV_DONTNEED", None)
    if advice is not None and isinstance(mapped, mmap.mmap):
        mapped.madvise(advice)


def layout() -> np.dtype[np.void]:
    """The type of a row."""
    import numpy as np

    return np.dtype(list(FIELDS))


def room_in(place: Path) -> int:
    """Bytes of rows that may be written to a folder: half of what is free there."""
    return shutil.disk_usage(place).free // 2


def refuse_unless_room(path: Path, size: int, place: Path) -> None:
    """Refuse rows that would take more than they may where they are to be written.

    Raises:
        SoakConfigError: names the recording and the place.
    """
    room = room_in(place)
    if size > room:
        raise SoakConfigError(
            f"recording {path}: its rows take {size} bytes, of which {place} may hold {room}, half of "
            "what is free; make room there, or name another place (TMPDIR, PYTEST_SOAK_CACHE)"
        )


def refuse_row(file: Path, row: int, text: str) -> NoReturn:
    """Refuse a row of a file with one sentence.

    Raises:
        SoakConfigError: always.
    """
    raise SoakConfigError(f"recording {file}: row {row} {text}")


class About(Strict):
    """What was found while files were turned into rows.

    ``has_receipt`` says whether times of receipt are known; where not, they are those of the exchange.
    ``gaps`` are places at which messages are missing, ``snapshots`` those that the book was made from (None
    where the format does not tell), ``before_snapshot`` events that came before the first one and were left
    out. ``steps_back`` counts steps back of the receiver's clock, ``reordered`` events that overtook others.
    """

    format: str
    symbol: str | None = None
    origin: str | None = None
    messages: int = 0
    rows: int = 0
    reordered: int = 0
    snapshots: int | None = None
    gaps: int = 0
    before_snapshot: int = 0
    steps_back: int = 0
    largest_step_back_ns: int = 0
    ignored: dict[str, int] = Field(default_factory=dict)
    has_receipt: bool = True

    @classmethod
    def parsed(cls, text: str, where: object) -> About:
        """What a converter noted.

        Raises:
            SoakConfigError: where the text is not what a converter writes.
        """
        try:
            return cls.model_validate_json(text)
        except ValueError as error:
            raise SoakConfigError(
                f"recording {where}: array 'about' is not what pytest-soak data convert writes"
            ) from error

    def notes(self) -> Iterator[str]:
        """What a header says of it."""
        if self.before_snapshot:
            yield f"{self.before_snapshot} events from before the first snapshot are left out"
        if self.gaps:
            yield f"messages are missing at {self.gaps} places"
        if self.steps_back:
            most = self.largest_step_back_ns / 1e6
            yield f"the receiver's clock steps back {self.steps_back} times, by up to {most:.6g} ms"
        if not self.has_receipt:
            yield "times of receipt are not known: rows are seen when they are sent, and no delay is measured"
        if self.ignored:
            counts = ", ".join(f"{count} x {what}" for what, count in sorted(self.ignored.items()))
            yield f"messages not used: {counts}"


@dataclass(frozen=True, slots=True)
class Recording:
    """The rows of a recording with the hash of the files that they came from.

    ``origin`` says what a file was made from that no real market wrote (``pytest-soak record``), else None.
    """

    path: Path
    sha256: str
    rows: Rows
    origin: str | None
    about: About

    def without_receipt(self) -> Recording:
        """The same recording, whose times of receipt are not known: local times are those of the exchange."""
        return replace(self, about=self.about.model_copy(update={"has_receipt": False}))

    @property
    def buffer(self) -> memoryview:
        """The rows as bytes, without a copy."""
        import numpy as np

        return self.rows.view(np.uint8).data

    def release(self) -> None:
        """Give back the memory of rows that were looked at."""
        release(self.rows)
