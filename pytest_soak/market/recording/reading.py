"""Reading a recording of any format: each is turned into the rows that the replay maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_soak import kernel
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording import numpy_file, parquet_file
from pytest_soak.market.recording.cache import kept
from pytest_soak.market.recording.files import files_of, sha256_of
from pytest_soak.market.recording.rows import About, Recording, layout, refuse_unless_room, room_in

if TYPE_CHECKING:
    from pytest_soak.market.recording.rows import Rows

_HEAD = 4096


class Format(NamedTuple):
    """A format that Python reads: whether a file is of it, by name and first bytes; and its reader."""

    name: str
    knows: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording]


def _parquet(file: Path) -> Recording:
    about, origin = parquet_file.describe(file)
    place, _ = _converted((file,), lambda output: str(parquet_file.read_into(file, output)))
    return Recording(file, "", _mapped(place), origin, about)


FORMATS = (
    Format(numpy_file.NAME, numpy_file.is_numpy, numpy_file.read_numpy),
    Format(parquet_file.NAME, parquet_file.is_parquet, _parquet),
)
"""Formats that are read here; all others are the kernel's."""


def format_names() -> tuple[str, ...]:
    """Names of all formats."""
    return (*(known.name for known in FORMATS), *kernel.data_formats())


def read_recording(path: Path) -> Recording:
    """Read a recording: one file, several with commas between them, or a glob.

    The rows are mapped: those of ``.npy`` files as they are, those of other formats once they are converted
    and kept in the user's cache. Mapped rows are given back after each piece of a pass and each chunk, so
    that memory does not follow their number.

    Raises:
        SoakConfigError: naming the file, the row that is wrong and what was expected.
    """
    try:
        files = files_of(path)
        read = _read(files)
        return replace(read, path=path, sha256=sha256_of(files))
    except OSError as error:
        raise SoakConfigError(f"recording {path} cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise SoakConfigError(f"recording {path} does not fit into memory") from error


def _read(files: tuple[Path, ...]) -> Recording:
    known = {file: _format_of(file) for file in files}
    formats = {found.name if found else None for found in known.values()}
    if len(formats) > 1:
        odd = next(file for file, found in known.items() if found != known[files[0]])
        raise SoakConfigError(
            f"recording {odd} is in another format than {files[0]}; expected one format per recording"
        )
    found = known[files[0]]
    if found is None:
        return _by_kernel(files)
    recordings = [found.read(file) for file in files]
    return recordings[0] if len(recordings) == 1 else _joined(recordings)


def _format_of(file: Path) -> Format | None:
    """The format of a file that is read here; None if the kernel has to tell."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    return next((known for known in FORMATS if known.knows(file, head)), None)


def _by_kernel(files: tuple[Path, ...]) -> Recording:
    for file in files:
        if not file.stat().st_size:
            raise SoakConfigError(f"recording {file} is empty; expected recorded market data (docs/DATA.md)")
        if kernel.data_format(file) is None:
            raise SoakConfigError(
                f"recording {file} is in no known format; expected one of "
                f"{', '.join(format_names())} (docs/DATA.md says how each is known)"
            )
    place, text = _converted(files, lambda output: kernel.convert_data(files, output, room_in(output.parent)))
    about = About.parsed(text, files[0])
    if not about.rows:
        raise SoakConfigError(
            f"recording {files[0]} has no snapshot of the book, so that its book is never known; "
            "expected at least one"
        )
    return Recording(files[0], "", _mapped(place), about.origin, about)


def _converted(files: tuple[Path, ...], make: Callable[[Path], str]) -> tuple[Path, str]:
    """Where the rows are that are made of files, and what their maker said of them."""
    # Names, as some formats say the day there.
    names = [file.name for file in files]
    return kept(repr((kernel.kernel_build(), names, sha256_of(files))), make)


def _mapped(place: Path) -> Rows:
    import numpy as np

    rows: Rows = np.load(place, mmap_mode="r")
    return rows


def _joined(recordings: list[Recording]) -> Recording:
    """Recordings one after the other, in one mapped file."""
    import tempfile

    size = sum(len(recording.buffer) for recording in recordings)
    refuse_unless_room(recordings[0].path, size, Path(tempfile.gettempdir()))
    with tempfile.TemporaryFile() as file:
        for recording in recordings:
            file.write(recording.buffer)
        file.flush()
        import numpy as np

        count = sum(len(recording.rows) for recording in recordings)
        rows = np.memmap(file, dtype=layout(), mode="r", shape=(count,))
    first = recordings[0]
    origins = {recording.origin for recording in recordings}
    made = None if origins == {None} else "; ".join(filter(None, (r.origin for r in recordings)))
    receipt = all(recording.about.has_receipt for recording in recordings)
    return Recording(first.path, "", rows, made, first.about.model_copy(update={"has_receipt": receipt}))
