"""Parquet files: rows as ``pytest-soak data convert`` writes them, or columns of other names.

Columns and what is accepted for each of them stand in `COLUMNS`; times are integers in ns or timestamps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording.numpy_file import ABOUT, ORIGIN
from pytest_soak.market.recording.rows import (
    BUY,
    CLEAR,
    DEPTH,
    EXCHANGE,
    FIELDS,
    GAP,
    LOCAL,
    ROW_BYTES,
    SELL,
    SNAPSHOT,
    TRADE,
    About,
    layout,
    refuse_row,
    refuse_unless_room,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_soak.market.recording.rows import Rows

NAME = "parquet"
COLUMNS: dict[str, tuple[str, ...]] = {
    "exch_ts": ("exch_ts", "exchange_timestamp", "timestamp", "ts_event"),
    "local_ts": ("local_ts", "local_timestamp", "receive_timestamp", "ts_recv"),
    "kind": ("kind", "type", "event"),
    "side": ("side",),
    "px": ("px", "price"),
    "qty": ("qty", "quantity", "size", "amount"),
}
"""Names that a column is known by; the first that is there counts."""
KINDS = {"depth": DEPTH, "trade": TRADE, "clear": CLEAR, "snapshot": SNAPSHOT, "gap": GAP}
SIDES = {"buy": BUY, "bid": BUY, "sell": SELL, "ask": SELL, "": 0}
_BOTH = EXCHANGE | LOCAL
_MAGIC = b"PAR1"
_OPTIONAL = "local_ts"
_BATCH = 1 << 17
_KEY = b"pytest-soak-"


def is_parquet(_file: Path, head: bytes) -> bool:
    """Whether a file is of this format, by its first bytes."""
    return head.startswith(_MAGIC)


def describe(file: Path) -> tuple[About, str | None]:
    """What is known of a file before its rows are read: what its writer noted, and what it was made from.

    Raises:
        SoakConfigError: the file is damaged, or columns are missing.
    """
    opened = _opened(file)
    noted = dict(opened.schema_arrow.metadata or {})
    about, origin = noted.get(_KEY + ABOUT.encode()), noted.get(_KEY + ORIGIN.encode())
    columns = _columns(opened, file)
    known = About(format=NAME, has_receipt=columns is None or _OPTIONAL in columns)
    if about is not None:
        known = About.parsed(about.decode("utf-8", "replace"), file).model_copy(update={"format": NAME})
    return known, None if origin is None else origin.decode("utf-8", "replace")


def batches(file: Path) -> Iterator[Rows]:
    """The rows of a file, batch by batch.

    Raises:
        SoakConfigError: the file is damaged, or a value is not accepted.
    """
    opened = _opened(file)
    columns = _columns(opened, file)
    wanted = [name for name, _ in FIELDS] if columns is None else list(columns.values())
    done = 0
    try:
        for batch in opened.iter_batches(_BATCH, columns=wanted):
            rows = _Batch(batch, file, done)
            yield rows.as_written() if columns is None else rows.mapped(columns)
            done += batch.num_rows
    except (OSError, ValueError) as error:
        raise SoakConfigError(f"recording {file} is damaged: {_brief(error)}") from error


def write(parts: Iterator[Rows], texts: dict[str, str], output: Path) -> None:
    """Write rows, a column a field, with texts as metadata.

    Raises:
        SoakConfigError: pyarrow is not installed.
    """
    arrow, parquet = _library(output)
    noted = {_KEY + name.encode(): text.encode("utf-8") for name, text in texts.items()}
    kinds = {"u8": arrow.uint64(), "i8": arrow.int64(), "f8": arrow.float64()}
    fields = [(name, kinds[kind[1:]]) for name, kind in FIELDS]
    schema = arrow.schema(fields, metadata=noted)
    with parquet.ParquetWriter(output, schema, compression="zstd") as writer:
        for part in parts:
            columns = [arrow.array(part[name].copy()) for name, _ in FIELDS]
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema))


class _Batch:
    """Some rows of a file, from row ``done`` on."""

    def __init__(self, batch: Any, file: Path, done: int) -> None:
        self._batch, self._file, self._done = batch, file, done

    def as_written(self) -> Rows:
        """Columns that are the fields of a row."""
        import numpy as np

        rows = np.empty(self._batch.num_rows, layout())
        for name, kind in FIELDS:
            rows[name] = self._numbers(name, np.dtype(kind))
        return rows

    def mapped(self, columns: dict[str, str]) -> Rows:
        """Columns of other names."""
        import numpy as np

        rows = np.zeros(self._batch.num_rows, layout())
        rows["exch_ts"] = self._times(columns["exch_ts"])
        rows["local_ts"] = self._times(columns.get(_OPTIONAL, columns["exch_ts"]))
        for name in ("px", "qty"):
            rows[name] = self._numbers(columns[name], np.dtype("<f8"))
        kinds = self._words(columns["kind"], KINDS)
        rows["ev"] = kinds | self._words(columns["side"], SIDES) | np.uint64(_BOTH)
        return rows

    def _times(self, name: str) -> NDArray[np.int64]:
        import numpy as np

        arrow, _ = _library(self._file)
        column = self._batch.column(name)
        if arrow.types.is_timestamp(column.type):
            unit = arrow.timestamp("ns", column.type.tz)
            column = column.cast(unit).cast(arrow.int64())
        return self._checked(column, name, np.dtype("<i8"))

    def _numbers(self, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        return self._checked(self._batch.column(name), name, kind)

    def _checked(self, column: Any, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        """A column without gaps as numbers of a kind, none of which changes on the way."""
        arrow, _ = _library(self._file)
        if column.null_count:
            row = column.is_null().to_pylist().index(True)
            refuse_row(self._file, self._done + row, f"has no {name}; expected a number in each row")
        try:
            numbers: NDArray[Any] = column.cast(arrow.from_numpy_dtype(kind)).to_numpy(zero_copy_only=False)
        except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
            raise SoakConfigError(
                f"recording {self._file}: column {name} is of {column.type}, expected {kind}: {_brief(error)}"
            ) from error
        return numbers

    def _words(self, name: str, known: dict[str, int]) -> NDArray[np.uint64]:
        import numpy as np

        texts = self._batch.column(name).to_pylist()
        codes = np.zeros(len(texts), np.uint64)
        for row, text in enumerate(texts):
            code = known.get("" if text is None else str(text).lower())
            if code is None:
                accepted = ", ".join(word for word in known if word)
                refuse_row(self._file, self._done + row, f"has {name} = {text!r:.60}; expected {accepted}")
            codes[row] = code
        return codes


def _columns(opened: Any, file: Path) -> dict[str, str] | None:
    """Names of the columns by what they hold; None where they are the fields of a row.

    Raises:
        SoakConfigError: a column is missing.
    """
    held = set(opened.schema_arrow.names)
    if {name for name, _ in FIELDS} <= held:
        return None
    found = {}
    for what, names in COLUMNS.items():
        name = next((name for name in names if name in held), None)
        if name is not None:
            found[what] = name
        elif what != _OPTIONAL:
            raise SoakConfigError(
                f"recording {file} has no column for {what}; expected one of {', '.join(names)}, "
                f"or the columns {', '.join(name for name, _ in FIELDS)}"
            )
    return found


def _opened(file: Path) -> Any:
    arrow, parquet = _library(file)
    try:
        return parquet.ParquetFile(file, memory_map=False, buffer_size=1 << 20)
    except (OSError, arrow.ArrowException) as error:
        raise SoakConfigError(f"recording {file} is damaged: {_brief(error)}") from error


def _library(file: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SoakConfigError(
            f"{file}: Parquet needs pyarrow; install it with: pip install 'pytest-soak[parquet]'"
        ) from error
    return pyarrow, parquet


def _brief(error: Exception) -> str:
    return ascii(str(error).partition("\n")[0][:200])[1:-1]


def read_into(file: Path, output: Path) -> int:
    """Write the rows of a file as ``.npy``; how many there are.

    Raises:
        SoakConfigError: the file is damaged, or a value is not accepted.
    """
    import numpy as np
    from numpy.lib import format as npy

    count = int(_opened(file).metadata.num_rows)
    refuse_unless_room(file, count * ROW_BYTES, output.parent)
    done = 0
    with output.open("wb") as stream:
        head = npy.header_data_from_array_1_0(np.empty(0, layout()))
        npy.write_array_header_1_0(stream, {**head, "shape": (count,)})
        for rows in batches(file):
            stream.write(rows.view(np.uint8).data)
            done += len(rows)
    if done != count or not done:
        raise SoakConfigError(f"recording {file} announces {count} rows and holds {done}; expected some")
    return count
