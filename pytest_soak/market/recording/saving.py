"""Writing a recording's rows as ``.npz`` or Parquet, chunk by chunk: memory is bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.market.recording import parquet_file
from pytest_soak.market.recording.numpy_file import ABOUT, ARRAY, ORIGIN
from pytest_soak.market.recording.rows import chunks, layout

if TYPE_CHECKING:
    from pytest_soak.market.recording.checks import Facts
    from pytest_soak.market.recording.rows import Recording, Rows


def save(recording: Recording, facts: Facts, output: Path) -> None:
    """Write a recording that was checked; local times are shifted where it was received before it was sent.

    Raises:
        SoakConfigError: the end of the name is of no form that is written, or pyarrow is not installed.
        OSError: it could not be written.
    """
    write = WRITERS.get(output.suffix)
    if write is None:
        raise SoakConfigError(f"{output}: expected a name that ends in {' or '.join(WRITERS)}")
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f"{output.name}.partial")
    try:
        write(recording, facts, partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def texts_of(recording: Recording, facts: Facts) -> dict[str, str]:
    """What stands beside the rows: what was found while they were made, and what no exchange is behind."""
    # Once local times are shifted, they measure no delay.
    receipt = recording.about.has_receipt and not facts.local_shift_ns
    texts = {ABOUT: recording.about.model_copy(update={"has_receipt": receipt}).model_dump_json()}
    return texts if recording.origin is None else {**texts, ORIGIN: recording.origin}


def shifted(recording: Recording, facts: Facts) -> Iterator[Rows]:
    """The rows in chunks, with local times as they are replayed."""
    for _, chunk in chunks(recording.rows):
        if facts.local_shift_ns:
            chunk = chunk.copy()
            chunk["local_ts"] += facts.local_shift_ns
        yield chunk


def _npz(recording: Recording, facts: Facts, output: Path) -> None:
    import numpy as np
    from numpy.lib import format as npy

    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(_member(f"{ARRAY}.npy"), "w", force_zip64=True) as stream:
            head = npy.header_data_from_array_1_0(np.empty(0, layout()))
            npy.write_array_header_1_0(stream, {**head, "shape": (len(recording.rows),)})
            for chunk in shifted(recording, facts):
                stream.write(np.ascontiguousarray(chunk).view(np.uint8).data)
        for name, text in texts_of(recording, facts).items():
            with archive.open(_member(f"{name}.npy"), "w") as stream:
                npy.write_array(stream, np.array(text))


def _member(name: str) -> zipfile.ZipInfo:
    # Without the time of writing, so that the same rows give the same bytes.
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _parquet(recording: Recording, facts: Facts, output: Path) -> None:
    parquet_file.write(shifted(recording, facts), texts_of(recording, facts), output)


WRITERS: dict[str, Callable[[Recording, Facts, Path], None]] = {".npz": _npz, ".parquet": _parquet}
"""Writers by the end of a file's name."""
