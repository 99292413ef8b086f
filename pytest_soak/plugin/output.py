"""What a strategy prints: kept in a file of its canary, of which reports hold the last lines only."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_soak.domain.errors import SoakStoreError
from pytest_soak.domain.text import printable
from pytest_soak.plugin.handles import SoakGates, SoakIteration
from pytest_soak.store.disk import files

OUTPUT_NAME = "output.log"
OLDER_NAME = "output.log.1"
MOST_BYTES = 5 * 1024 * 1024
"""Size at which the file is rotated; it replaces the older one, if any."""
LAST_LINES = 40


def keep_output(item: pytest.Item) -> str:
    """Move what an item's call has printed to its canary's folder; what went wrong, else nothing.

    pytest keeps the captured output of every item until the session ends, passed ones included.
    """
    try:
        _keep(item)
    except (SoakStoreError, OSError) as error:
        return printable(str(error))
    return ""


def fail_without_output(report: pytest.TestReport, problem: str) -> None:
    """Fail an item whose output was not kept; one that failed already says so beside its own reason."""
    if report.passed:
        report.outcome, report.longrepr = "failed", problem
    else:
        report.sections.append(("soak: output not kept", problem))


def _keep(item: pytest.Item) -> None:
    part = getattr(item, "funcargs", {}).get("soak_iteration")
    if not isinstance(part, SoakIteration | SoakGates):
        return
    folder = part.canary.spec.folder
    # There is no public way to what was captured that also frees it.
    sections = item._report_sections
    for place, (when, kind, text) in enumerate(sections):
        if when == "call" and kind in ("stdout", "stderr") and text:
            _append(folder, f"--- {item.name} {kind}", text)
            sections[place] = (when, kind, _shortened(text, folder / OUTPUT_NAME))


def _append(folder: Path, head: str, text: str) -> None:
    path = folder / OUTPUT_NAME
    # What is longer than a file may be has its end kept, as the report has.
    cut = text[-MOST_BYTES:]
    size = path.stat().st_size if path.is_file() else 0
    if size and size + len(cut) > MOST_BYTES:
        files.write_atomic(folder / OLDER_NAME, path.read_bytes())
        files.remove(path)
    lines = [head, *(line.encode("utf-8", "backslashreplace").decode("utf-8") for line in cut.splitlines())]
    files.append_lines(path, lines)


def _shortened(text: str, path: Path) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) <= LAST_LINES and len(text) <= MOST_BYTES // 100:
        return text
    last = "".join(lines[-LAST_LINES:])[-MOST_BYTES // 100 :]
    return f"(the last lines; all of it: {path})\n{last}"
