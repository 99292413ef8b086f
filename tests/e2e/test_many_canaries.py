"""Many canaries in one process need no more descriptors than a few."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors to lower")
def test_a_hundred_canaries_within_64_descriptors(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--soak-gate=off"),
            *("--soak-seed=1..100", "--soak-iterations=1", "--soak-minutes=0.01"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
