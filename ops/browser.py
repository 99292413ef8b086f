"""The Chromium that pictures and tests of pages use: the system's, or the one that playwright brought."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


class NoBrowserError(RuntimeError):
    """There is no Chromium, or no playwright to drive it; the message says what to install."""


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium without a window.

    Raises:
        NoBrowserError: there is none.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowserError("playwright is not installed: pip install playwright") from None
    with sync_playwright() as browsers:
        program = next(filter(None, map(shutil.which, PROGRAMS)), browsers.chromium.executable_path)
        if not Path(program).exists():
            raise NoBrowserError(
                f"no Chromium: none of {', '.join(PROGRAMS)} is on the path; install Debian's chromium, "
                "or run python -m playwright install chromium"
            )
        # Tests run as root in containers, where Chromium's sandbox does not start and /dev/shm is small.
        found = browsers.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield found
        finally:
            found.close()
