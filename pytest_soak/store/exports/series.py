"""The path of an iteration as a file of columns, ``SERIES_<n>.npz``: written once, read by NumPy.

Of the formats that were measured (``python -m benches series``) this one is the smallest and the quickest to
write, and needs no module that is slow to import.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_soak.domain.errors import SoakStateError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COUNTS = frozenset({"labels", "attempts", "min_interval", "throttle", "concurrency", "risk"})
"""Columns of whole numbers; the others are doubles."""
FILL = "fill_"
"""Prefix of the columns that have a row per fill; the others have a row per step."""
MOST_BYTES = 256 * 1024 * 1024
"""Bytes of a series that is read, at most."""

_NAME = re.compile(r"SERIES_([1-9][0-9]*)\.npz")
# Matrices of columns: of doubles and of whole numbers with a row per step, and of doubles with one per fill.
_KINDS = {"steps": "<f8", "counts": "<u8", "fills": "<f8"}
_NAMES = "_names"
_LEVEL = 1
_ALIGN = 64


def series_name(iteration: int) -> str:
    """File name of an iteration's series."""
    return f"SERIES_{iteration}.npz"


def series_number(name: str) -> int | None:
    """The iteration whose series has that file name, None for any other file."""
    match = _NAME.fullmatch(name)
    return int(match.group(1)) if match else None


def packed(columns: Mapping[str, bytes], labels: Sequence[tuple[str, int]]) -> bytes:
    """Columns of 8-byte numbers as an npz file, with labels and their bits; the same bytes every time.

    A matrix holds all columns of one kind, one after the other: many small members take longer to write.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, head, data in _members(columns, labels):
            # A name alone would be given the time of day.
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data=head + data, compresslevel=_LEVEL)
    return buffer.getvalue()


def _members(
    columns: Mapping[str, bytes], labels: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, head and data of each array."""
    for kind, descr in _KINDS.items():
        names = [name for name in columns if _kind_of(name) == kind]
        rows = {len(columns[name]) // 8 for name in names}
        if len(rows) > 1:
            raise ValueError(f"columns of {kind} differ in length: {sorted(rows)}")
        shape = f"({len(names)}, {max(rows, default=0)})"
        yield kind, _header(descr, shape), b"".join(columns[name] for name in names)
        yield f"{kind}{_NAMES}", *_texts(names)
    yield f"label{_NAMES}", *_texts([name for name, _ in labels])
    bits = b"".join(struct.pack("<Q", bits) for _, bits in labels)
    yield "label_bits", _header("<u8", f"({len(labels)},)"), bits


def _kind_of(name: str) -> str:
    if name.startswith(FILL):
        return "fills"
    return "counts" if name in COUNTS else "steps"


def _texts(texts: Sequence[str]) -> tuple[bytes, bytes]:
    """Head and data of an array of texts."""
    longest = max((len(text) for text in texts), default=1)
    data = b"".join(text.ljust(longest, "\0").encode("utf-32-le", "surrogatepass") for text in texts)
    return _header(f"<U{longest}", f"({len(texts)},)"), data


def _header(descr: str, shape: str) -> bytes:
    """The head of an npy file, version 1.0."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    rest = -(10 + len(text) + 1) % _ALIGN
    head = text.encode("ascii") + b" " * rest + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


def read_series(path: Path) -> dict[str, NDArray[np.generic]]:
    """Columns of a series by name.

    Raises:
        SoakStateError: it is missing, too large, or no series.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                raise SoakStateError(f"{path}: a series of more than {MOST_BYTES} bytes is not read")
        with np.load(path, allow_pickle=False) as loaded:
            found: dict[str, Any] = {name: loaded[name] for name in loaded.files}
    except FileNotFoundError:
        raise SoakStateError(f"{path}: there is no series; --soak-series=full has one written") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise SoakStateError(f"{path}: not a series: {error}") from None
    return dict(_columns(path, found))


def _columns(path: Path, found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Columns by name, once they are those of a series."""
    kinds = (*_KINDS, "label")
    if any(f"{kind}{_NAMES}" not in found for kind in kinds) or not {*_KINDS, "label_bits"} <= found.keys():
        raise SoakStateError(f"{path}: not a series: columns are missing")
    for kind in _KINDS:
        names, values = found[f"{kind}{_NAMES}"].tolist(), found[kind]
        if values.ndim != 2 or len(names) != len(values):
            raise SoakStateError(f"{path}: not a series: {kind} is not a matrix with a row per name")
        yield from zip(names, values, strict=True)
    if found["steps"].shape[1] != found["counts"].shape[1] or "time_ms" not in found[f"steps{_NAMES}"]:
        raise SoakStateError(f"{path}: not a series: its steps and counts do not belong together")
    yield f"label{_NAMES}", found[f"label{_NAMES}"]
    yield "label_bits", found["label_bits"]
