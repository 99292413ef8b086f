"""What an iteration's process held: measured, kept beside the record, and told in the report."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_soak.engine.resources import Meter
from pytest_soak.observe.resources import rows, trends


def test_a_sample_is_of_this_process_now(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 1000)
    meter = Meter(tmp_path)
    before = meter.sample()
    assert (before.process, before.disk_bytes) == (os.getpid(), 1000)
    assert before.rss_bytes is not None
    assert before.rss_bytes > 1_000_000
    wait = threading.Event()
    thread = threading.Thread(target=wait.wait)
    thread.start()
    try:
        with (tmp_path / "b").open("wb") as file:
            file.write(b"x" * 234)
            file.flush()
            after = meter.sample()
    finally:
        wait.set()
        thread.join()
    assert after.threads is not None
    assert before.threads is not None
    assert after.threads > before.threads
    assert after.open_files is not None
    assert before.open_files is not None
    assert after.open_files > before.open_files
    assert after.cpu_seconds >= before.cpu_seconds
    assert after.disk_bytes == 1234


def test_what_the_system_refuses_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: psutil.Process) -> int:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_info", refused)
    sample = Meter(tmp_path / "gone").sample()
    assert (sample.rss_bytes, sample.disk_bytes) == (None, None)
    assert sample.threads is not None


def canary(*held: tuple[int, float]) -> dict[str, Any]:
    """A canary whose iterations were computed by a process, each with its resident memory."""
    known = {"cpu_seconds": 0.5, "open_files": 9, "threads": None, "disk_bytes": 1000}
    iterations = [{"resources": {"process": process, "rss_bytes": rss, **known}} for process, rss in held]
    return {"planned": 96, "iterations": [*iterations, {"resources": None}]}


def test_a_leak_is_named_with_what_it_grows_by() -> None:
    made = canary(*((7, 5e7 + 1e5 * n) for n in range(40)))
    found = {row[0]: row for row in rows(made)}
    assert found["resident memory"][1:6] == ["50 MB", "53.9 MB", "53.9 MB", "+0.1 MB (+0.1 to +0.1)", "leak"]
    assert found["open files"][5] == "stable"
    assert "threads" not in found
    assert found["CPU time"][-1] == "wall.resources.cpu_seconds"


def test_two_processes_are_two_series() -> None:
    """A resumed canary starts from another level of memory, which is no growth."""
    made = canary(*((7, 5e7) for _ in range(20)), *((8, 9e7) for _ in range(20)))
    assert trends(made)["rss_bytes"].verdict == "stable"
    leaking = canary(*((7, 5e7 + 1e5 * n) for n in range(40)), *((8, 5e7) for _ in range(40)))
    assert trends(leaking)["rss_bytes"].verdict == "leak"


def test_a_disk_that_would_be_full_before_the_end_is_a_leak() -> None:
    made = canary(*((7, 5e7) for _ in range(30)))
    for number, one in enumerate(made["iterations"][:-1]):
        one["resources"]["disk_bytes"] = 2e7 * number
    assert trends(made)["disk_bytes"].verdict == "leak"


def test_journals_without_resources_have_no_rows() -> None:
    assert list(rows({"planned": 3, "iterations": [{"resources": None}]})) == []
