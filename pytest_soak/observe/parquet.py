"""The path of an iteration as one Parquet file: a row per step and a row per fill, told apart by ``kind``."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.store.exports.series import COUNTS, FILL

EXTRA = "pytest-soak[parquet]"

Columns = Any


def parquet_of(series: Mapping[str, Columns]) -> bytes:
    """Columns that ``read_series`` gave; those of fills are null in rows of steps, and the other way round.

    ``labels`` is a list of the labels that were on. Prices that were not there are null.

    Raises:
        SoakConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise SoakConfigError(f'Parquet needs pyarrow; pip install "{EXTRA}"') from None
    steps, fills = len(series["time_ms"]), len(series[f"{FILL}time_ms"])

    def column(name: str) -> Any:
        kind = pa.uint64() if name in COUNTS else pa.float64()
        # NaN stands for what was not there.
        values, nothing = pa.array(series[name], type=kind, from_pandas=True), pa.nulls
        if name.startswith(FILL):
            return pa.concat_arrays([nothing(steps, kind), values])
        return pa.concat_arrays([values, nothing(fills, kind)])

    names = [name for name in series if name not in ("labels", "label_names", "label_bits")]
    kinds = pa.array(["step"] * steps + ["fill"] * fills)
    table = {"kind": kinds.dictionary_encode(), **{name: column(name) for name in names}}
    table["labels"] = pa.array([*_labels(series), *[None] * fills], type=pa.list_(pa.string()))
    buffer = io.BytesIO()
    parquet.write_table(pa.table(table), buffer, compression="zstd")
    return buffer.getvalue()


def _labels(series: Mapping[str, Columns]) -> list[list[str]]:
    bits = list(zip(series["label_names"].tolist(), series["label_bits"].tolist(), strict=True))
    return [[name for name, bit in bits if on & bit] for on in series["labels"].tolist()]
