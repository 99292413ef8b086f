"""The one table of reasons for which an attempt to quote is blocked."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Reason: TypeAlias = Literal["min_interval", "throttle", "concurrency", "risk"]
"""Why an attempt was blocked."""

REASONS: tuple[str, ...] = get_args(Reason)
"""Reasons for which an attempt is blocked; the place of a reason is its code."""
