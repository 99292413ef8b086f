"""What a strategy prints in a window that is traded once more: each line begins with the model's name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any


class _Labelled:
    """A stream that begins each line with a label; all else is the stream's own."""

    def __init__(self, stream: Any, label: str) -> None:
        self._stream = stream
        self._label = label
        self._is_new = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write with labels; how much of the text was written, as any stream says."""
        for line in text.splitlines(keepends=True):
            self._stream.write(f"{self._label}{line}" if self._is_new else line)
            self._is_new = line.endswith("\n")
        return len(text)


@contextmanager
def labelled(label: str) -> Iterator[None]:
    """Begin each line that the body prints with ``[label]``."""
    with ExitStack() as streams:
        for redirect, stream in ((redirect_stdout, sys.stdout), (redirect_stderr, sys.stderr)):
            streams.enter_context(redirect(_Labelled(stream, f"[{label}] ")))
        yield
