"""The table of everything that a recording is checked for, and what is done where a check finds something."""

from __future__ import annotations

from typing import Literal, NamedTuple, NoReturn

from pytest_soak.domain.errors import SoakConfigError

Does = Literal["refused", "repaired", "counted", "NO_DATA"]


class Check(NamedTuple):
    """What a check looks for, and what is done with what it finds."""

    finds: str
    does: Does


CHECKS: dict[str, Check] = {
    "file": Check(
        "not a whole numpy archive or array of 64-byte rows; inflates out of proportion", "refused"
    ),
    "kind": Check("best-bid-offer and level-3 rows, which the replay does not use", "refused"),
    "number": Check("price or quantity that is no number in range", "refused"),
    "side": Check(
        "depth without a side; no bids, no asks, no trades, no rows of one of the two clocks", "refused"
    ),
    "order": Check("exchange or local time that steps back or is negative", "refused"),
    "jump": Check("more than 1 h without a row, more than 168 h in all", "refused"),
    "unit": Check("times that are not nanoseconds", "refused"),
    "delay": Check("received more than 10 min after, or further than that before it was sent", "refused"),
    "grid": Check("depth off the grid of tick or lot, a tick or lot that cannot be inferred", "refused"),
    "skew": Check(
        "received up to 1 s (where the format says the unit of time: 10 min) before it was sent: all local "
        "times are shifted",
        "repaired",
    ),
    "receipt": Check("every row received at the time at which it was sent: no delay is measured", "counted"),
    "odd trade": Check("trade off the grid, or more than 5 % from the mid: it fills nobody", "repaired"),
    "cross": Check("bid at or above an ask: the newer side wins", "repaired"),
    "other kind": Check("rows of any other kind, or of neither clock", "counted"),
    "gap": Check("messages are missing, until a snapshot shows the whole book again", "NO_DATA"),
    "crossed": Check("bid at or above an ask for more than 0.1 % of an iteration", "NO_DATA"),
    "one-sided": Check("no bid or no ask for more than 0.1 % of an iteration", "NO_DATA"),
    "silence": Check("5 s or more without a row in an iteration, of either clock", "NO_DATA"),
    "frozen": Check(
        "a side of the book without a row for 5 s or more while 100 others came; silences of 1 s and more "
        "for over 25 % of an iteration",
        "NO_DATA",
    ),
    "price jump": Check("the mid, or a row over it, more than 1 % off from one row to the next", "NO_DATA"),
    "off the book": Check(
        "more than 25 % of the trades of more than the book showed at their price, or "
        "more than 10 % past a better one that others went past a second before",
        "NO_DATA",
    ),
    "repeats": Check("half of the trades or more the trade before once more", "NO_DATA"),
    "one kind of trade": Check("50 trades or more, all of buyers or all of sellers", "NO_DATA"),
    "aggressor": Check(
        "half of the trades or more without an aggressor, or at prices of its own side", "NO_DATA"
    ),
    "short": Check("the recording ended before the iteration began", "NO_DATA"),
}
"""Every check by its name, in the order in which they are made."""


class Finding(NamedTuple):
    """What a check found in a whole recording: in which row first, and in how many rows."""

    check: str
    row: int
    rows: int
    text: str

    def __str__(self) -> str:
        """One line for a header."""
        return f"{self.text} (first in row {self.row}, {self.rows} in all)"


def refuse(path: object, text: str) -> NoReturn:
    """Refuse a recording with one sentence.

    Raises:
        SoakConfigError: always.
    """
    raise SoakConfigError(f"recording {path}{text}")
