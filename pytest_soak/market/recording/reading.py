"""Reading and checking recorded market data in the array format of hftbacktest 2.x."""

from __future__ import annotations

import hashlib
import io
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pytest_soak.config.paths import Kind, kind_of
from pytest_soak.domain.errors import SoakConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.void]

FIELDS = (
    ("ev", "<u8"),
    ("exch_ts", "<i8"),
    ("local_ts", "<i8"),
    ("px", "<f8"),
    ("qty", "<f8"),
    ("order_id", "<u8"),
    ("ival", "<i8"),
    ("fval", "<f8"),
)
ROW_BYTES = 64
LAYOUT = ", ".join(f"{name} {kind}" for name, kind in FIELDS)
_ARRAY_NAME = "data"
_ORIGIN_NAME = "origin"
_SUFFIX = ".npy"
_MOST_ORIGIN = 1 << 20
_CHUNK_BYTES = 1 << 20
_MOST_HEADER = 1 << 16
_MOST_INFLATION = 100
"""Bytes of rows to a byte of the file, above which no recording compresses: it is made to fill the memory."""
_INFLATION_JUDGED_FROM = 1 << 26
_MOST_IN_MEMORY = 1 << 28
"""Bytes of rows of an archive above which they are kept in a temporary file."""
# What foreign bytes make numpy's parser of headers, and zipfile, raise; and warnings that were made errors.
_UNPARSABLE = (
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    tokenize.TokenError,
    SystemError,
    Warning,
)


@dataclass(frozen=True, slots=True)
class Recording:
    """The rows of a recording with the hash of the file that they came from.

    ``origin`` says what a file was made from that no real market wrote (``pytest-soak record``), else None.
    """

    path: Path
    sha256: str
    rows: Rows
    origin: str | None = None

    @property
    def buffer(self) -> memoryview:
        """The rows as bytes, without a copy."""
        import numpy as np

        return self.rows.view(np.uint8).data


def read_recording(path: Path) -> Recording:
    """Read the rows of an ``.npz`` (array ``data``) or ``.npy`` file.

    An ``.npy`` file is memory mapped; so are rows of an archive beyond 256 MiB, by way of a temporary file.
    Mapped rows that were looked at count as resident, and are pages of the file that the system takes back
    where memory is short; what this process holds of its own does not follow their number.

    Raises:
        SoakConfigError: naming the file and what was expected of it.
    """
    _require_file(path)
    try:
        rows, origin = (_read_npy(path), None) if _is_npy(path) else _read_npz(path)
        digest = _sha256(path)
    except OSError as error:
        raise SoakConfigError(f"recording {path} cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise SoakConfigError(f"recording {path} does not fit into memory") from error
    return Recording(path, digest, rows, origin)


def _require_file(path: Path) -> None:
    kind = kind_of(path)
    if kind is not Kind.FILE:
        problem = "does not exist" if kind is Kind.MISSING else "is not a file"
        raise SoakConfigError(f"recording {path} {problem}; expected an .npz or .npy file of hftbacktest")


def _is_npy(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(6) == b"\x93NUMPY"


def _read_npy(path: Path) -> Rows:
    import numpy as np

    with path.open("rb") as stream:
        head = stream.read(_MOST_HEADER)
        count, offset = _rows_announced(head, path.stat().st_size, path, "the array")
    return np.memmap(path, dtype=_layout(), mode="r", offset=offset, shape=(count,))


def _read_npz(path: Path) -> tuple[Rows, str | None]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, path)
            _refuse_bomb(member, path)
            with archive.open(member) as stream:
                head = stream.read(_MOST_HEADER)
                count, offset = _rows_announced(head, member.file_size, path, "array 'data'")
                rows = _inflated(count, head[offset:], cast(BinaryIO, stream), path)
            origin = _origin(archive, path)
    except SoakConfigError:
        raise
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, *_UNPARSABLE) as error:
        raise SoakConfigError(
            f"recording {path} is truncated, damaged or no .npz file ({error}); "
            "expected a zip archive written by numpy.savez or numpy.savez_compressed"
        ) from error
    except _inflate_errors() as error:
        raise SoakConfigError(f"recording {path} is damaged: {error}") from error
    return rows, origin


def _origin(archive: zipfile.ZipFile, path: Path) -> str | None:
    from numpy.lib import format as npy

    if _ORIGIN_NAME + _SUFFIX not in archive.namelist():
        return None
    with archive.open(_ORIGIN_NAME + _SUFFIX) as stream:
        head = io.BytesIO(stream.read(_MOST_ORIGIN + 1))
    text = None
    try:
        if len(head.getvalue()) <= _MOST_ORIGIN:
            array = npy.read_array(head, allow_pickle=False)
            text = None if array.shape or array.dtype.kind != "U" else str(array)
            (text or "").encode("utf-8")
    except _UNPARSABLE:
        text = None
    if text is None:
        raise SoakConfigError(
            f"recording {path}: array {_ORIGIN_NAME!r} is not one text of at most {_MOST_ORIGIN} bytes, "
            "as pytest-soak record writes it"
        )
    return text


def _inflate_errors() -> tuple[type[Exception], ...]:
    import struct
    import zlib

    try:
        from lzma import LZMAError
    except ImportError:  # a Python without it cannot read such a member, which zipfile says
        return zlib.error, struct.error
    return zlib.error, struct.error, LZMAError


def _refuse_bomb(member: zipfile.ZipInfo, path: Path) -> None:
    held = path.stat().st_size
    if member.file_size > max(_INFLATION_JUDGED_FROM, _MOST_INFLATION * held):
        raise SoakConfigError(
            f"recording {path}: array 'data' inflates from {held} to {member.file_size} bytes; "
            f"expected at most {_MOST_INFLATION} times the size of the file"
        )


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    names = [name.removesuffix(_SUFFIX) for name in archive.namelist()]
    if _ARRAY_NAME not in names:
        held = ", ".join(repr(name) for name in names[:10]) or "nothing"
        raise SoakConfigError(
            f"recording {path} has no array 'data'; it holds {held}; expected an hftbacktest 2.x file"
        )
    return archive.infolist()[names.index(_ARRAY_NAME)]


def _rows_announced(head: bytes, size: int, path: Path, what: str) -> tuple[int, int]:
    """Number of rows and length of an .npy header, once type, shape and size are as they must be."""
    from numpy.lib import format as npy

    stream = io.BytesIO(head)
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
    except _UNPARSABLE as error:
        problem = ascii(str(error).partition("\n")[0][:200])[1:-1]
        raise SoakConfigError(f"recording {path}: {what} is not a readable numpy array: {problem}") from error
    if len(shape) != 1 or dtype != _layout():
        raise SoakConfigError(
            f"recording {path}: {what} has shape {shape} and type {_shown(dtype)}; "
            f"expected one dimension of {ROW_BYTES}-byte rows ({LAYOUT})"
        )
    if shape[0] < 1:
        raise SoakConfigError(f"recording {path}: {what} has no rows (it announces {shape[0]})")
    held = size - stream.tell()
    if held < shape[0] * ROW_BYTES:
        raise SoakConfigError(
            f"recording {path} is truncated: {what} announces {shape[0]} rows of {ROW_BYTES} bytes, "
            f"the file holds {held} bytes of them"
        )
    return shape[0], stream.tell()


def _layout() -> np.dtype[np.void]:
    import numpy as np

    return np.dtype(list(FIELDS))


def _shown(dtype: np.dtype[Any]) -> str:
    text = str(dtype)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _inflated(count: int, head: bytes, stream: BinaryIO, path: Path) -> Rows:
    """Inflate rows into memory, or many of them into a temporary file that is mapped: memory is bounded."""
    import numpy as np

    size = count * ROW_BYTES
    if size <= _MOST_IN_MEMORY:
        rows = np.empty(count, dtype=_layout())
        view, done = rows.view(np.uint8).data, 0
        for block in _blocks(size, head, stream, path):
            view[done : done + len(block)] = block
            done += len(block)
        return rows
    with tempfile.TemporaryFile() as file:
        for block in _blocks(size, head, stream, path):
            file.write(block)
        file.flush()
        return np.memmap(file, dtype=_layout(), mode="r", shape=(count,))


def _blocks(size: int, head: bytes, stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """The bytes of all rows, of which ``head`` was read before."""
    block, done = head[:size], 0
    while True:
        yield block
        done += len(block)
        if done == size:
            return
        block = stream.read(min(_CHUNK_BYTES, size - done))
        if not block:
            raise SoakConfigError(f"recording {path} is truncated: {done} of {size} bytes are there")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
