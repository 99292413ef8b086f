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
    # What traces the lines of this process would be measured with the soak.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(  # noqa: S603 - this interpreter; no word comes from outside benches/
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *words],
        cwd=folder,
        env={**clean, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    noted: dict[str, Any] = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    return noted
