"""A soak in a process of its own, whose ``conftest.py`` notes what is measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def noted_by(conftest: str, folder: Path, *words: str, timeout: float | None = None) -> dict[str, Any]:
    """Soak in a folder with this ``conftest.py``; what it left in ``noted.json``.

    Raises:
        RuntimeError: the session failed, with what it printed.
    """
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *words],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    noted: dict[str, Any] = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    return noted
