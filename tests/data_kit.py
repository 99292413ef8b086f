"""Raw captures of Binance, line by line: a book of one price a side, told by differences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

MS = 1_700_000_000_000
Levels = Sequence[Sequence[str]]


def line(at_ms: float, message: dict[str, Any], *, stream: bool = True) -> str:
    said = {"stream": "btcusdt", "data": message} if stream and "e" in message else message
    return f"{(MS + int(at_ms) + 2) * 1_000_000} {json.dumps(said)}\n"


def depth(
    at_ms: float, first: int, last: int, before: int | None, bids: Levels = (), asks: Levels = ()
) -> str:
    known = {} if before is None else {"pu": before, "T": MS + int(at_ms)}
    return line(
        at_ms,
        {"e": "depthUpdate", "E": MS + int(at_ms), "s": "BTCUSDT", "U": first, "u": last, **known}
        | {"b": list(bids), "a": list(asks)},
    )


def trade(at_ms: float, px: str = "101.0", *, sold: bool = False, **more: object) -> str:
    said = {"e": "trade", "E": MS + int(at_ms), "T": MS + int(at_ms), "s": "BTCUSDT", "t": 1}
    return line(at_ms, {**said, "p": px, "q": "0.5", "m": sold, **more})


def snapshot(at_ms: float, last: int, *, spot: bool = False) -> str:
    known = {} if spot else {"E": MS + int(at_ms), "T": MS + int(at_ms)}
    book = {"bids": [["99.0", "1.0"], ["98.0", "2.0"]], "asks": [["101.0", "1.5"], ["102.0", "2.5"]]}
    return line(at_ms, {"lastUpdateId": last, **known, **book})


def capture(*, healed: bool) -> list[str]:
    """Four minutes of a book that is told every 100 ms; one message is lost, which is healed or not."""
    lines, last = [snapshot(0, 10)], 10
    for i in range(1, 2_400):
        before, last = last, last + 5
        if i == 650:
            continue
        if healed and i == 700:
            lines.append(snapshot(i * 100 - 1, before))
        sizes = [["99.0", str(1 + i % 7)]], [["101.0", str(1 + i % 5)]]
        lines.append(trade(i * 100, "101.0" if i % 2 else "99.0", sold=not i % 2))
        lines.append(depth(i * 100, before + 1, last, before, *sizes))
    return lines
