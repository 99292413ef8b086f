"""What becomes of position and orders at the end of an iteration."""

from __future__ import annotations

from enum import StrEnum


class PositionRule(StrEnum):
    """``carry``: the next iteration begins with them. ``flat``: it begins without."""

    CARRY = "carry"
    FLAT = "flat"
