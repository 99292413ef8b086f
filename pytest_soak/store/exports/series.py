"""The path of an iteration as a file of columns, ``SERIES_<n>.npz``: written once, read by NumPy.

Of the formats that were measured (``python -m benches.series``) this one is the smallest and the quickest to
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
"""Begin of the names of the columns that have a row per fill; the others have a row per step."""
MOST_BYTES = 256 * 1024 * 1024
"""Bytes of a series that is read, at most."""

_NAME = re.compile(r"SERIES_([1-9][0-9]*)\.npz")
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
    """Columns of 8-byte numbers as an npz file, with labels and their bits; the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, descr, data in _members(columns, labels):
            # A name alone would be given the time of day.
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data=_header(descr, data) + data, compresslevel=_LEVEL)
    return buffer.getvalue()


def _members(
    columns: Mapping[str, bytes], labels: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, str, bytes]]:
    for name, data in columns.items():
        yield name, "<u8" if name in COUNTS else "<f8", data
    longest = max((len(name) for name, _ in labels), default=1)
    names = b"".join(name.ljust(longest, "\0").encode("utf-32-le", "surrogatepass") for name, _ in labels)
    yield "label_names", f"<U{longest}", names
    yield "label_bits", "<u8", b"".join(struct.pack("<Q", bits) for _, bits in labels)


def _header(descr: str, data: bytes) -> bytes:
    """The head of an npy file of one dimension, version 1.0."""
    size = 4 * int(descr[2:]) if descr.startswith("<U") else 8
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({len(data) // size},), }}"
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
    _check(path, found)
    return found


def _check(path: Path, found: Mapping[str, Any]) -> None:
    """Refuse columns that do not belong together."""
    steps = {found[name].shape for name in found if not name.startswith((FILL, "label_"))}
    fills = {found[name].shape for name in found if name.startswith(FILL)}
    if len(steps) != 1 or len(fills) != 1 or len(next(iter(steps | fills))) != 1:
        raise SoakStateError(f"{path}: not a series: its columns differ in length")
    if "time_ms" not in found or not {"label_names", "label_bits"} <= found.keys():
        raise SoakStateError(f"{path}: not a series: columns are missing")
