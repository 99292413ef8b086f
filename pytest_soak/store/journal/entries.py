"""A committed iteration as a journal's rows have it: read, checked against its hash, and parsed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pytest_soak.domain.errors import SoakStateError
from pytest_soak.domain.records import IterationRecord
from pytest_soak.domain.settings import Strict
from pytest_soak.store.journal.wall import WallClock

Row = tuple[int, bytes, bytes, bytes]
"""Number, record, hash of the record and wall-clock figures, as they lie in the table."""

ModelT = TypeVar("ModelT", bound=Strict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed iteration: its record, the record's canonical JSON and its hash, its wall-clock figures."""

    record: IterationRecord
    text: str
    sha256: str
    wall: WallClock


def entry_of(path: Path, expected: int, row: Row) -> Entry:
    """The entry in a row that must be that of the iteration ``expected``.

    Raises:
        SoakStateError: it is of another iteration, or not what was committed; names the journal ``path``.
    """
    number, record, sha256, wall = row
    if number != expected:
        raise SoakStateError(f"{path}: iteration {expected} is missing from the journal")
    text = verified(path, record, sha256, f"iteration {number}")
    model = parsed(path, IterationRecord, text, f"iteration {number}")
    if model.iteration != number:
        raise SoakStateError(f"{path}: iteration {number} holds the record of another")
    clock = parsed(path, WallClock, wall, f"wall-clock figures of iteration {number}")
    return Entry(model, text.decode("utf-8"), sha256.decode("ascii"), clock)


def verified(path: Path, data: bytes, sha256: bytes, what: str) -> bytes:
    """A text of a journal, whose hash must be that of its content.

    Raises:
        SoakStateError: names the journal and ``what`` is damaged.
    """
    if sha256_hex(data) != sha256.decode("ascii", "replace"):
        raise SoakStateError(f"{path}: {what} is damaged: its content does not match its hash")
    return data


def parsed(path: Path, model: type[ModelT], text: bytes, what: str) -> ModelT:
    """Parse a text of a journal.

    Raises:
        SoakStateError: names the journal, ``what`` the text is of, and what is wrong with it.
    """
    try:
        return model.model_validate(json.loads(text))
    except ValueError as error:
        raise SoakStateError(f"{path}: {what} cannot be read: {str(error)!a}") from None


def sha256_hex(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()
