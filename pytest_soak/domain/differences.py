"""What differs between two mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_soak.domain.text import show


def differences(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> list[str]:
    """What differs between two mappings, key by key at every depth."""
    found: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{where}{key}.")
        elif old != new:
            found.append(f"{where}{key} was {show(old)} and is {show(new)}")
    return found
