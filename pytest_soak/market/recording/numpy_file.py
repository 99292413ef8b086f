"""Recordings in the array format of hftbacktest 2.x: ``.npz`` archives and ``.npy`` files."""

from __future__ import annotations

import io
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording.rows import LAYOUT, ROW_BYTES, About, Recording, layout, refuse_unless_room

if TYPE_CHECKING:
    import numpy as np

    from pytest_soak.market.recording.rows import Rows

ARRAY = "data"
"""Array of the rows."""
ORIGIN = "origin"
"""Array that says what a file was made from that no real market wrote."""
ABOUT = "about"
"""Array that says what a converted file was made of."""
NAME = "hftbacktest"
_MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"
_MOST_TEXT = 1 << 20
_CHUNK_BYTES = 1 << 20
_MOST_HEADER = 1 << 16
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


def is_numpy(file: Path, head: bytes) -> bool:
    """Whether a file is of this format, by its name and first bytes."""
    return head.startswith(_MAGIC) or file.suffix in (".npz", ".npy")


def read_numpy(file: Path) -> Recording:
    """Read the rows of an ``.npz`` (array ``data``) or ``.npy`` file.

    An ``.npy`` file is memory mapped; so are rows of an archive beyond 256 MiB, by way of a temporary file.
    What ``pytest-soak record`` and ``pytest-soak data convert`` note in an archive is read too.

    Raises:
        SoakConfigError: naming the file and what was expected of it.
    """
    rows, texts = (_read_npy(file), {}) if _is_npy(file) else _read_npz(file)
    about = About.parsed(texts[ABOUT], file) if ABOUT in texts else About(format=NAME)
    return Recording(file, "", rows, texts.get(ORIGIN), about)


def _is_npy(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _read_npy(path: Path) -> Rows:
    import numpy as np

    with path.open("rb") as stream:
        head = stream.read(_MOST_HEADER)
        count, offset = _rows_announced(head, path.stat().st_size, path, "the array")
    return np.memmap(path, dtype=layout(), mode="r", offset=offset, shape=(count,))


def _read_npz(path: Path) -> tuple[Rows, dict[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, path)
            _refuse_bomb(member, path)
            with archive.open(member) as stream:
                head = stream.read(_MOST_HEADER)
                count, offset = _rows_announced(head, member.file_size, path, "array 'data'")
                rows = _inflated(count, head[offset:], cast(BinaryIO, stream), path)
            texts = dict(_texts(archive, path))
    except SoakConfigError:
        raise
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, *_UNPARSABLE) as error:
        raise SoakConfigError(
            f"recording {path} is truncated, damaged or not an .npz file ({error}); "
            "expected a zip archive written by numpy.savez or numpy.savez_compressed"
        ) from error
    except _inflate_errors() as error:
        raise SoakConfigError(f"recording {path} is damaged: {error}") from error
    return rows, texts


def _texts(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, str]]:
    """The texts beside the rows, by their names."""
    for name in (ORIGIN, ABOUT):
        if name + _SUFFIX in archive.namelist():
            with archive.open(name + _SUFFIX) as stream:
                yield name, _text(name, stream.read(_MOST_TEXT + 1), path)


def _text(name: str, held: bytes, path: Path) -> str:
    from numpy.lib import format as npy

    text = None
    try:
        if len(held) <= _MOST_TEXT:
            array = npy.read_array(io.BytesIO(held), allow_pickle=False)
            text = None if array.shape or array.dtype.kind != "U" else str(array)
            (text or "").encode("utf-8")
    except _UNPARSABLE:
        text = None
    if text is None:
        raise SoakConfigError(
            f"recording {path}: array {name!r} is not one text of at most {_MOST_TEXT} bytes, "
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
    # Not of the file: what else is in it may be there to make it large.
    try:
        kernel.check_inflation(member.compress_size, member.file_size)
    except SoakConfigError as error:
        raise SoakConfigError(f"recording {path}: array 'data' {error}") from None


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    names = [name.removesuffix(_SUFFIX) for name in archive.namelist()]
    if ARRAY not in names:
        held = ", ".join(repr(name) for name in names[:10]) or "nothing"
        raise SoakConfigError(
            f"recording {path} has no array 'data'; it holds {held}; expected an hftbacktest 2.x file"
        )
    return archive.infolist()[names.index(ARRAY)]


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
    if len(shape) != 1 or dtype != layout():
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


def _shown(dtype: np.dtype[Any]) -> str:
    text = str(dtype)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _inflated(count: int, head: bytes, stream: BinaryIO, path: Path) -> Rows:
    """Inflate rows into memory, or many of them into a temporary file that is mapped: memory is bounded."""
    import numpy as np

    size = count * ROW_BYTES
    if size <= _MOST_IN_MEMORY:
        rows = np.empty(count, dtype=layout())
        view, done = rows.view(np.uint8).data, 0
        for block in _blocks(size, head, stream, path):
            view[done : done + len(block)] = block
            done += len(block)
        return rows
    refuse_unless_room(path, size, Path(tempfile.gettempdir()))
    with tempfile.TemporaryFile() as file:
        for block in _blocks(size, head, stream, path):
            file.write(block)
        file.flush()
        return np.memmap(file, dtype=layout(), mode="r", shape=(count,))


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
