"""Serving until somebody ends it."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Protocol

_LOOK_SECONDS = 0.2


class Served(Protocol):
    """What is served in a thread of its own."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    @property
    def is_serving(self) -> bool:
        """Whether its thread runs."""
        ...

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def serve(name: str, served: Served) -> None:
    """Say where it is, and serve until Ctrl-C.

    This thread serves nothing itself: an interrupt in the middle of an answer may be taken for an error of
    that answer, and be lost.
    """
    served.start()
    with suppress(KeyboardInterrupt):
        sys.stdout.write(f"{name}: {served.url} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        while served.is_serving:
            time.sleep(_LOOK_SECONDS)
    served.stop()
