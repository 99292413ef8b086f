"""The path of an iteration as the dashboard shows it."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from pytest_soak.domain.course import HORIZONS
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.reasons import REASONS
from pytest_soak.observe import series as shown
from pytest_soak.observe.parquet import parquet_of
from pytest_soak.observe.series import path_of, ranges_of
from pytest_soak.store.exports.series import packed, read_series, series_name

NAN = float("nan")
AMOUNTS = ("position", "cash", "gross", "fees", "slippage", "inventory")
QUOTES = ("mid", "bid", "ask", "own_bid", "own_ask", "bid_size", "ask_size")


def written(folder: Path, rows: int = 6, fills: int = 3) -> None:
    def doubles(*values: float) -> bytes:
        return struct.pack(f"<{len(values)}d", *values)

    def counts(*values: int) -> bytes:
        return struct.pack(f"<{len(values)}Q", *values)

    columns = {"time_ms": doubles(*(5000.0 + 1000.0 * n for n in range(rows)))}
    columns |= {name: doubles(*[100.0] * rows) for name in QUOTES}
    columns |= {name: doubles(*[float(n) for n in range(rows)]) for name in AMOUNTS}
    columns["own_bid"] = doubles(NAN, *[99.0] * (rows - 1))
    columns |= {name: counts(*range(rows)) for name in ("attempts", *REASONS)}
    columns["labels"] = counts(*([0, 1, 3, 0, 2, 2] + [0] * (rows - 6)))
    columns |= {f"fill_{name}": doubles(*[1.0] * fills) for name in ("qty", "maker", "fee", "mid")}
    columns |= {"fill_time_ms": doubles(*[6500.0] * fills), "fill_side": doubles(*[-1.0] * fills)}
    columns |= {"fill_price": doubles(*[100.0] * fills)}
    columns |= {f"fill_mid_{after}": doubles(*[99.0] * (fills - 1), NAN) for after in HORIZONS}
    (folder / series_name(1)).write_bytes(packed(columns, [("calm", 1), ("fall", 2)]))


def test_times_begin_at_zero_and_what_was_not_there_is_none(tmp_path: Path) -> None:
    written(tmp_path)
    path = path_of(tmp_path, 1)
    assert path["time"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert path["own_bid"][:2] == [None, 99.0]
    assert path["profit"] == [4.0 * n for n in range(6)]
    assert path["parts"]["fees_eff_bps"] == path["parts"]["gross_bps"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert path["blocks"]["risk"] == [0, 1, 2, 3, 4, 5]
    fills = path["fills"]
    assert (fills["count"], fills["time"][0], fills["side"], fills["maker"]) == (3, 1.5, [-1] * 3, [True] * 3)
    assert fills["markout_bps"]["10s"] == [pytest.approx(100.0), pytest.approx(100.0), None]


def test_labels_are_stretches_and_the_last_one_ends_with_the_path(tmp_path: Path) -> None:
    written(tmp_path)
    assert path_of(tmp_path, 1)["labels"] == [
        {"label": "calm", "from": 1.0, "to": 3.0},
        {"label": "fall", "from": 2.0, "to": 3.0},
        {"label": "fall", "from": 4.0, "to": 5.0},
    ]


def test_a_long_path_is_thinned_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, rows=25, fills=9)
    monkeypatch.setattr(shown, "MOST_ROWS", 10)
    monkeypatch.setattr(shown, "MOST_FILLS", 4)
    path = path_of(tmp_path, 1)
    assert (path["rows"], path["shown_every"], path["time"]) == (25, 3, [3.0 * n for n in range(9)])
    assert (path["fills"]["count"], len(path["fills"]["time"])) == (9, 3)


def test_parquet_has_a_row_per_step_and_per_fill(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    written(tmp_path)
    series = read_series(tmp_path / series_name(1))
    (tmp_path / "path.parquet").write_bytes(parquet_of(series))
    table = parquet.read_table(tmp_path / "path.parquet").to_pydict()
    assert table["kind"] == ["step"] * 6 + ["fill"] * 3
    assert table["own_bid"] == [None, *[99.0] * 5, None, None, None]
    assert table["fill_mid_60s"] == [*[None] * 6, 99.0, 99.0, None]
    assert table["attempts"] == [0, 1, 2, 3, 4, 5, None, None, None]
    assert table["labels"][1:3] == [["calm"], ["calm", "fall"]]
    assert table["labels"][8] is None


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SoakConfigError, match=r'pip install "pytest-soak\[parquet\]"'):
        parquet_of(read_series(tmp_path / series_name(1)))


def test_ranges_leave_out_what_was_not_there(tmp_path: Path) -> None:
    written(tmp_path)
    lines = list(ranges_of(read_series(tmp_path / series_name(1))))
    assert f"{'own_bid':<16} {6:>7} rows  99 to 99" in lines
    assert f"{'position':<16} {6:>7} rows  0 to 5" in lines
    assert lines[-1] == "labels: calm, fall"
