"""The memory that a compiled strategy and the market share: its rows, word by word, and what stands in them.

The kernel's copy is generated from this: ``python -m rust_ext.tables``.
"""

from __future__ import annotations

PENDING, LIVE, CANCELLING = 0, 1, 2
"""States of an order in ``view.orders``."""

COMMANDS = ("place", "place_limit", "take", "cancel", "replace", "reduce", "blocked", "record")
"""What can be asked for; the kind of a command is its place, from 1 on."""

MOST_ORDERS, MOST_FILLS, MOST_TRADES, MOST_COMMANDS = 256, 1024, 8192, 512
"""Rows that there is room for: own orders at the market, fills (and as many rejections) and trades of one
step, and what can be asked for at one decision."""

Row = dict[str, str]

NOW: Row = {
    "time_ms": "f8",
    "best_bid": "f8",
    "best_ask": "f8",
    "mid": "f8",
    "bid_size": "f8",
    "ask_size": "f8",
    "position": "f8",
    "in_flight": "i8",
    "orders": "i8",
    "fills": "i8",
    "rejected": "i8",
    "trades": "i8",
    "levels": "i8",
    "taking": "i8",
    "next_id": "i8",
    "commands": "i8",
}
"""One row: what is seen, how many rows the others have, and what the strategy writes."""

ORDER: Row = {
    "id": "i8",
    "side": "i8",
    "price": "f8",
    "qty": "f8",
    "filled": "f8",
    "sent_ms": "f8",
    "state": "i8",
    "ahead": "f8",
}
FILL: Row = {
    "order": "i8",
    "side": "i8",
    "price": "f8",
    "qty": "f8",
    "fee": "f8",
    "time_ms": "f8",
    "maker": "i8",
}
TRADE: Row = {"time_ms": "f8", "price": "f8", "qty": "f8", "aggressor": "i8"}
COMMAND: Row = {"kind": "i8", "order": "i8", "side": "i8", "price": "f8", "qty": "f8"}

ROWS = {"NOW": NOW, "ORDER": ORDER, "FILL": FILL, "TRADE": TRADE, "COMMAND": COMMAND}
