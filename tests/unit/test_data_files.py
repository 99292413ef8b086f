"""Several files as one recording, and the cache of what was converted."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording import cache
from pytest_soak.market.recording.reading import read_recording
from tests.data_kit import capture
from tests.oracle.recordings import good_rows, write_npz


def test_arrays_follow_each_other_in_the_order_that_is_named(tmp_path: Path) -> None:
    rows = good_rows()
    halves = [write_npz(tmp_path / f"{n}.npz", part) for n, part in enumerate((rows[:4], rows[4:]))]
    joined = read_recording(Path(",".join(map(str, halves))))
    assert (joined.rows == rows).all()
    assert joined.sha256 != read_recording(halves[0]).sha256
    (tmp_path / "0.txt").write_text("".join(capture(healed=True)[:9]), encoding="utf-8")
    with pytest.raises(
        SoakConfigError, match=r"0\.txt is in another format than .*0\.npz; expected one format"
    ):
        read_recording(Path(f"{halves[0]},{tmp_path / '0.txt'}"))


def test_what_was_converted_is_kept_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    made: list[Path] = []

    def make(output: Path) -> str:
        made.append(output)
        np.save(output.with_suffix(".npy"), np.arange(3))
        output.with_suffix(".npy").replace(output)
        return "{}"

    first, text = cache.kept("a", make)
    assert (cache.kept("a", make), len(made), text) == ((first, "{}"), 1, "{}")
    old = time.time() - (cache.KEPT_DAYS + 1) * 86_400
    os.utime(first, (old, old))
    # Of a process that was killed a day ago, and of one that is at work.
    left, begun = tmp_path / "left.partial", tmp_path / "begun.partial"
    for path, days in ((left, cache.LEFT_DAYS), (begun, cache.LEFT_DAYS / 2)):
        path.write_bytes(b"rows")
        os.utime(path, (time.time() - days * 86_400 - 1,) * 2)
    cache.kept("b", make)
    assert [path.exists() for path in (first, left, begun)] == [False, False, True]
    begun.unlink()
    assert cache.kept("a", make)[0].exists()
    assert not list(tmp_path.glob("*.partial"))

    def fail(output: Path) -> str:
        output.write_bytes(b"half")
        raise SoakConfigError("row 7")

    with pytest.raises(SoakConfigError, match="row 7"):
        cache.kept("c", fail)
    assert not list(tmp_path.glob("*.partial"))
    # A folder that cannot be written to: a temporary one takes its place.
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "below"))
    place, _ = cache.kept("d", make)
    assert not place.is_relative_to(tmp_path)
    assert np.load(place).tolist() == [0, 1, 2]
