"""The loop can be driven from a script that never imports pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "without_pytest.py"
WATCHED = """
import runpy, sys
sys.argv = [{script!r}, {folder!r}]
runpy.run_path({script!r}, run_name="__main__")
sys.exit("pytest" in sys.modules or "_pytest" in sys.modules)
"""


def test_the_example_soaks_without_pytest(tmp_path: Path) -> None:
    code = WATCHED.format(script=str(EXAMPLE), folder=str(tmp_path / "canary"))
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.returncode == 0, run.stderr
        lines = run.stdout.splitlines()
        assert [line.split("  ")[0] for line in lines] == [f"steady_safe-calm-s1 {n}/3" for n in (1, 2, 3)]
    assert runs[0].stdout == runs[1].stdout
    assert (tmp_path / "canary" / "ITER_SUMMARY_3.json").is_file()
