"""``pytest-soak data``: what it says of a recording, and the other forms that it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_soak import cli
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market import ReplayMarket
from pytest_soak.market.recording.reading import read_recording
from tests.data_kit import capture
from tests.oracle.recordings import BUY, good_rows, write_npz
from tests.recordings_kit import calm_rows

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def _capture(folder: Path, *, healed: bool = True) -> Path:
    path = folder / "capture.txt"
    path.write_text("".join(capture(healed=healed)), encoding="utf-8")
    return path


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    code = cli.main(["data", *words])
    out = capsys.readouterr().out
    return code, {line[:26].strip(): line[26:].strip() for line in out.splitlines()}


def test_inspect_says_what_is_in_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _said(capsys, "inspect", str(_capture(tmp_path)))
    assert code == 0
    assert said["format"] == "binance"
    assert said["instrument"] == "BTCUSDT"
    assert said["gaps in the sequence"] == "1, the book not known for 5 s"
    assert said["snapshots"] == "2"
    assert said["tick"] == "1 (from the data)"
    assert said["clock steps back"] == "0"
    assert said["feed latency"] == "p50 2 ms, p95 2 ms, p99 2 ms"
    assert said["span"].startswith("239.9 s, from 2023-11-14")
    assert said["can be soaked"] == "yes"
    assert said["one iteration: NO_DATA"].startswith("the book was not known for 5 s")


def test_locked_and_crossed_time_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = good_rows()
    more = np.repeat(rows[-1:], 4)
    # A bid at the best ask for 200 ms, then above it for 100 ms.
    for place, (px, qty, at_ms) in enumerate(
        ((60_000.2, 1.0, 600), (60_000.2, 0.0, 800), (60_000.3, 1.0, 800))
    ):
        more[place]["ev"] = (int(rows[-1]["ev"]) & ~0x3000_0000) | BUY
        more[place]["px"], more[place]["qty"] = px, qty
        for name in ("exch_ts", "local_ts"):
            more[place][name] = rows[0][name] + at_ms * 1_000_000
    more[3]["ev"], more[3]["px"], more[3]["qty"] = more[2]["ev"], 60_000.3, 0.0
    for name in ("exch_ts", "local_ts"):
        more[3][name] = rows[0][name] + 900 * 1_000_000
    _, said = _said(capsys, "inspect", str(write_npz(tmp_path / "a.npz", np.concatenate([rows, more]))))
    assert (said["locked"], said["crossed"]) == ("200 ms", "100 ms")
    assert said["snapshots"] == "unknown"


def test_what_cannot_be_soaked_has_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "junk.bin").write_bytes(bytes(range(256)) * 40)
    code, said = _said(capsys, "inspect", str(tmp_path / "junk.bin"))
    assert code == 1
    (line,) = said.items()
    assert line[0].startswith("can be soaked: no: recordi")
    assert "is in no known format; expected one of hftbacktest, parquet, tardis, binance" in line[1]


@pytest.mark.parametrize("end", ["npz", "parquet"])
def test_a_converted_recording_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    source, output = _capture(tmp_path), tmp_path / "made" / f"a.{end}"
    assert cli.main(["data", "convert", str(source), "-o", str(output)]) == 0
    assert f"{output}: " in capsys.readouterr().out
    before, after = read_recording(source), read_recording(output)
    assert (before.rows == after.rows).all()
    assert after.about.model_copy(update={"format": "binance"}) == before.about
    again = tmp_path / f"b.{end}"
    assert cli.main(["data", "convert", str(source), "-o", str(again)]) == 0
    assert output.read_bytes() == again.read_bytes()
    assert not list(output.parent.glob("*.partial"))


def test_local_times_are_shifted_and_measure_no_delay(tmp_path: Path) -> None:
    rows = calm_rows()
    rows["local_ts"] -= 100_000_000
    path = write_npz(tmp_path / "a.npz", rows)
    assert cli.main(["data", "convert", str(path), "-o", str(tmp_path / "b.npz")]) == 0
    made = read_recording(tmp_path / "b.npz")
    shift = ReplayMarket(path).facts.local_shift_ns
    assert shift > 0
    assert (made.rows["local_ts"] == rows["local_ts"] + shift).all()
    assert not made.about.has_receipt


def test_a_name_of_no_form_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_npz(tmp_path / "a.npz", good_rows())
    assert cli.main(["data", "convert", str(path), "-o", str(tmp_path / "b.csv")]) == 2
    assert "b.csv: expected a name that ends in .npz or .parquet" in capsys.readouterr().err


def _table(folder: Path, **columns: object) -> Path:
    path = folder / "a.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


GOOD: dict[str, list[object]] = {
    "timestamp": [10**18, 10**18, 10**18, 10**18 + 5],
    "kind": ["clear", "snapshot", "snapshot", "trade"],
    "side": [None, "bid", "ask", "sell"],
    "price": [0.0, 99.0, 101.0, 99.0],
    "size": [0, 1, 2, 1],
}


def test_parquet_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    read = read_recording(_table(tmp_path, **GOOD))
    assert not read.about.has_receipt
    kinds = [(int(e) & 0xFF, (int(e) >> 28) & 3) for e in read.rows["ev"]]
    assert kinds == [(3, 0), (4, 2), (4, 1), (2, 1)]
    assert read.rows["exch_ts"].tolist() == read.rows["local_ts"].tolist() == GOOD["timestamp"]
    assert read.rows["qty"].tolist() == [0.0, 1.0, 2.0, 1.0]
    stamps = pyarrow.array([1_000_000_000_000] * 4, pyarrow.timestamp("ms"))
    by_stamp = read_recording(_table(tmp_path, **{**GOOD, "timestamp": stamps, "local_ts": stamps}))
    assert by_stamp.about.has_receipt
    assert set(by_stamp.rows["local_ts"].tolist()) == {10**18}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"kind": ["clear", "best", "trade", "trade"]},
            "row 1 has kind = 'best'; expected depth, trade, clear, snap",
        ),
        ({"price": [0.0, None, 1.0, 1.0]}, "row 1 has no price; expected a number in each row"),
        ({"price": ["x"] * 4}, "column price is of string, expected float64"),
        ({"timestamp": np.full(4, 2**64 - 1, np.uint64)}, "column timestamp is of uint64, expected int64"),
    ],
)
def test_wrong_parquet_columns_are_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(SoakConfigError, match=said):
        read_recording(_table(tmp_path, **{**GOOD, **change}))


def test_a_parquet_file_without_a_column_or_its_end_is_refused(tmp_path: Path) -> None:
    path = _table(tmp_path, **{name: values for name, values in GOOD.items() if name != "price"})
    with pytest.raises(
        SoakConfigError, match="has no column for px; expected one of px, price, or the columns ev"
    ):
        read_recording(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SoakConfigError, match=r"a\.parquet is damaged"):
        read_recording(path)
