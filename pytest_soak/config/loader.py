"""The one reader of JSON and TOML files that this process did not just write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_soak.config.parsing import (
    MAX_BYTES,
    MAX_TOML_BYTES,
    did_you_mean,
    parse_json,
    parse_toml,
    validate,
)
from pytest_soak.config.paths import Kind, kind_of, reason_of, shown
from pytest_soak.domain.errors import SoakConfigError

__all__ = [
    "MAX_BYTES",
    "MAX_TOML_BYTES",
    "did_you_mean",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_json",
    "read_toml",
    "validate",
]


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a regular file of limited size.

    Raises:
        SoakConfigError: missing, not a regular file, not readable, or larger than ``max_bytes``.
    """
    # Before opening: to open a named pipe would wait for a writer.
    kind = kind_of(path)
    if kind is Kind.MISSING:
        raise SoakConfigError(f"{shown(path)}: there is no such file")
    if kind is not Kind.FILE:
        raise SoakConfigError(f"{shown(path)}: not a regular file")
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise SoakConfigError(f"{shown(path)}: cannot be read: {reason_of(error)}") from None
    if len(data) > max_bytes:
        raise SoakConfigError(f"{shown(path)}: too large; accepted are at most {max_bytes} bytes")
    return data


def read_json(source: Path | str | bytes, where: str | None = None, max_bytes: int = MAX_BYTES) -> Any:
    """Read JSON from a file (a ``Path``) or from a text; ``where`` names a text's origin in errors.

    Raises:
        SoakConfigError: one sentence with origin, place in the document, value and what is accepted.
    """
    if isinstance(source, Path):
        return parse_json(read_bytes(source, max_bytes), where or str(source), max_bytes)
    return parse_json(source, where or "JSON text", max_bytes)


def read_toml(path: Path, max_bytes: int = MAX_TOML_BYTES) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SoakConfigError: one sentence with file, place in the document, value and what is accepted.
    """
    return parse_toml(read_bytes(path, max_bytes), str(path), max_bytes)
