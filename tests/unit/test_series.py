"""The series of an iteration: a file beside the records, which are the same with and without it."""

from __future__ import annotations

import struct
import zipfile
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pytest_soak import Strategy, View
from pytest_soak.config.arguments import series_kind, series_step
from pytest_soak.domain.errors import SoakStateError
from pytest_soak.engine.canary import Canary
from pytest_soak.engine.settings import Settings
from pytest_soak.store.exports.artifacts import exported_number, exports_in, rotate_summaries
from pytest_soak.store.exports.series import packed, read_series, series_name, series_number
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.layout import JOURNAL_NAME
from pytest_soak.store.runs.retention import pack_exports
from tests.canary_kit import PlainHooks, run, spec

COLUMNS = {
    "time_ms": struct.pack("<2d", 0.0, 1000.0),
    "attempts": struct.pack("<2Q", 1, 2**63),
    "fill_qty": struct.pack("<1d", 0.25),
}
LABELS = [("fall", 1), ("gap \u00e9", 6)]


class OneOrder(Strategy):
    """Quotes once."""

    name = "one_order"

    def on_step(self, view: View) -> None:
        if view.mid is not None and not view.orders:
            view.place(1, view.mid * 0.999, 0.5)


def records(folder: Path) -> list[tuple[str, bytes]]:
    with Journal.read(folder / JOURNAL_NAME) as journal:
        return [
            (entry.text, journal.edge_json(number)) for number, entry in enumerate(journal.entries(), start=1)
        ]


def written(path: Path) -> Path:
    path.write_bytes(packed(COLUMNS, LABELS))
    return path


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of steps differ in length"):
        packed({**COLUMNS, "mid": struct.pack("<d", 1.0)}, [])


def test_what_was_packed_is_read_by_numpy_and_the_same_every_time(tmp_path: Path) -> None:
    path = written(tmp_path / series_name(3))
    assert path.read_bytes() == packed(COLUMNS, LABELS)
    found = read_series(path)
    assert found["time_ms"].tolist() == [0.0, 1000.0]
    assert found["attempts"].tolist() == [1, 2**63]
    assert found["label_names"].tolist() == ["fall", "gap \u00e9"]
    assert found["label_bits"].tolist() == [1, 6]
    path.write_bytes(packed(COLUMNS, []))
    assert read_series(path)["label_names"].size == 0


def test_what_is_no_series_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / series_name(1)
    with pytest.raises(SoakStateError, match="there is no series; --soak-series=full"):
        read_series(path)
    for content in (b"", b"PK\x03\x04 torn", packed(COLUMNS, LABELS)[:200]):
        path.write_bytes(content)
        with pytest.raises(SoakStateError, match="not a series"):
            read_series(path)
    np.savez(path, time_ms=np.zeros(2), fill_qty=np.zeros(1))
    with pytest.raises(SoakStateError, match="columns are missing"):
        read_series(path)
    whole = dict(np.load(written(tmp_path / "whole.npz")))
    for wrong, said in (
        ({"steps": np.zeros(2)}, "steps is not a matrix"),
        ({"fills_names": np.array(["a", "b"])}, "fills is not a matrix"),
        ({"counts": np.zeros((1, 3))}, "do not belong together"),
        ({"steps_names": np.array(["mid"])}, "do not belong together"),
    ):
        np.savez(path, **{**whole, **wrong})
        with pytest.raises(SoakStateError, match=said):
            read_series(path)
    np.savez(path, time_ms=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SoakStateError, match="not a series"):
        read_series(path)
    monkeypatch.setattr("pytest_soak.store.exports.series.MOST_BYTES", 100)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("time_ms.npy", b"\0" * 1000)
    with pytest.raises(SoakStateError, match="more than 100 bytes"):
        read_series(path)


@pytest.mark.parametrize("strategy", [None, OneOrder()])
def test_records_are_the_same_with_and_without(tmp_path: Path, strategy: OneOrder | None) -> None:
    found = {}
    for kind in ("off", "summary", "full"):
        step = Settings(series=kind).series_step_ms
        made = replace(
            spec(tmp_path / kind, minutes=0.5, iterations=3, strategy=strategy), series_step_ms=step
        )
        run(made, upto=2)
        run(made)
        found[kind] = records(tmp_path / kind)
    assert found["off"] == found["summary"] == found["full"]
    assert not list((tmp_path / "off").glob("SERIES_*"))
    rows = {kind: read_series(tmp_path / kind / series_name(3)) for kind in ("summary", "full")}
    assert [len(series["time_ms"]) for series in rows.values()] == [4, 31]
    assert rows["full"]["time_ms"][0] == 60_000.0
    assert np.array_equal(rows["full"]["fill_price"], rows["summary"]["fill_price"])


def test_a_market_that_records_nothing_leaves_no_file(tmp_path: Path) -> None:
    class Silent(OneOrder):
        def run(self, market, parameters, window):  # type: ignore[no-untyped-def]
            return super().run(market, parameters, replace(window, recorder=None))

    run(replace(spec(tmp_path, minutes=0.1, iterations=1, strategy=Silent()), series_step_ms=1000.0))
    assert not list(tmp_path.glob("SERIES_*"))
    assert (tmp_path / "ITER_SUMMARY_1.json").exists()


def test_series_go_with_their_summaries(tmp_path: Path) -> None:
    run(replace(spec(tmp_path, minutes=0.02, iterations=4), series_step_ms=100.0))
    assert rotate_summaries(tmp_path, keep=2) == (1, 2)
    assert sorted(path.name for path in tmp_path.glob("SERIES_*")) == ["SERIES_3.npz", "SERIES_4.npz"]
    assert {"SERIES_3.npz", "ITER_SUMMARY_3.json"} <= set(exports_in(tmp_path))
    assert pack_exports(tmp_path) == 6
    assert not list(tmp_path.glob("SERIES_*"))


def test_a_long_run_keeps_the_series_of_its_last_iterations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_soak.store.exports.artifacts.KEPT_SUMMARIES", 2)
    canary = Canary(replace(spec(tmp_path, minutes=0.02, iterations=4), series_step_ms=100.0), PlainHooks())
    for _ in canary.advance_to(4):
        pass
    canary.close()
    assert sorted(path.name for path in tmp_path.glob("SERIES_*")) == ["SERIES_3.npz", "SERIES_4.npz"]


def test_names_have_numbers() -> None:
    assert series_number(series_name(12)) == exported_number(series_name(12)) == 12
    for name in ("SERIES_0.npz", "SERIES_01.npz", "SERIES_1.npz.tmp", "ITER_SUMMARY_1.json"):
        assert series_number(name) is None
    assert exported_number("ITER_SUMMARY_7.json") == 7


@pytest.mark.parametrize("text", ["0", "0.05", "0.25", "361", "nan", "inf", "x", "-1"])
def test_a_step_that_the_kernel_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"is not a multiple of 0\.1 from 0\.1 to 360"):
        series_step(text)
    with pytest.raises(ArgumentTypeError, match="is not one of off, summary, full"):
        series_kind(text)


def test_steps_are_exact_tenths() -> None:
    assert [series_step(text) for text in ("0.1", "0.3", "1", "360")] == [0.1, 0.3, 1.0, 360.0]
    assert Settings(series="full", series_step=0.3).series_step_ms == 300.0
    assert Settings(series="summary").series_step_ms == 10_000.0
    assert Settings(series="off").series_step_ms is None
