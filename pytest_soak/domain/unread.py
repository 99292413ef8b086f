"""Parameters that are tuned while nobody reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable


def unread_text(strategy: str, iterations: Iterable[tuple[Collection[str], Collection[str]]]) -> str:
    """What the tuner moved of what the strategy read in no iteration; empty where there is nothing of that.

    Each iteration comes with the names that were moved after it and those that were not read in it.
    """
    moved: Counter[str] = Counter()
    unread: set[str] | None = None
    for changed, never in iterations:
        moved.update(sorted(set(changed)))
        unread = set(never) if unread is None else unread & set(never)
    named = [f"{name} {times}x" for name, times in moved.most_common() if name in (unread or ())]
    if not named:
        return ""
    return f"strategy {strategy} never read what the tuner moved: {', '.join(named)}"
