"""Readers of large data: reason codes, samples, JSON reports and JSON lines, at the speed of the kernel.

Memory stays bounded whatever the size of a file: a window of 64 KiB is moved over it. Buffers are read
where they are, without a copy, and the GIL is released meanwhile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_soak.config.parsing import MAX_BYTES, parse_json, show_text
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.domain.reasons import REASONS
from pytest_soak.kernel import kernel_version

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Buffer

    from pytest_soak.readers.counts import AuditCounts, RiskMetrics

    # Before Python 3.12 no type checker knows that an array is a buffer.
    Codes = Buffer | NDArray[np.uint8]
    Values = Buffer | NDArray[np.float64]

__all__ = [
    "MAX_THREADS",
    "REASONS",
    "AuditCounts",
    "RiskMetrics",
    "audit_counts",
    "quantiles",
    "read_totals",
    "read_value_text",
    "risk_metrics",
]

MAX_THREADS = 64


def __getattr__(name: str) -> Any:
    # Dataclasses take more memory than a reader does, which needs none of them to read one value.
    if name in ("AuditCounts", "RiskMetrics"):
        from pytest_soak.readers import counts

        return getattr(counts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def risk_metrics(source: Codes | str | os.PathLike[str], field: str = "reason") -> RiskMetrics:
    """Count the reasons of blocked attempts.

    ``source`` is a contiguous buffer of ``uint8`` codes (a NumPy array, bytes, a memoryview), which are the
    places in ``REASONS``, or the path of a JSON lines file whose ``field`` holds a reason.

    Raises:
        ValueError: a buffer of another kind, or one that is not contiguous.
        SoakConfigError: as of ``audit_counts``.
    """
    from pytest_soak.readers.counts import RiskMetrics

    if isinstance(source, str | os.PathLike):
        audit = audit_counts(source, field)
        counts = {reason: audit.counts.get(reason, 0) for reason in REASONS}
        return RiskMetrics(counts=counts, unknown=audit.counted - sum(counts.values()), audit=audit)
    *known, unknown = _kernel().count_codes(source)
    return RiskMetrics(counts=dict(zip(REASONS, known, strict=True)), unknown=unknown)


def quantiles(values: Values, qs: Sequence[float]) -> list[float]:
    """Exact quantiles with linear interpolation, as of ``numpy.quantile(values, qs)``.

    ``values`` is a contiguous buffer of ``float64`` and stays as it is; ``qs`` are shares from 0 to 1 in any
    order. The values are selected, not sorted, and up to eight separate quantiles share one pass.
    Infinite values are accepted; a quantile between a finite and an infinite neighbour is the infinite one.

    Raises:
        ValueError: no values, a NaN among them (named by its index), a share outside of 0 to 1, a quantile
            between minus and plus infinity, a buffer of another kind or one that is not contiguous.
    """
    found: list[float] = _kernel().quantiles(values, list(qs))
    return found


def read_value_text(
    path: str | os.PathLike[str], pointer: str | Sequence[str], max_bytes: int = MAX_BYTES
) -> bytes:
    """The JSON text, in UTF-8, of one value in a JSON file of any size, at any depth.

    ``pointer`` names the keys from the root: ``"totals"``, ``"totals.block_reasons"``, or a sequence of keys
    where one of them has a dot in it. All of the file is checked: tokens, nesting (at most 64 levels),
    numbers, escapes, UTF-8, and that nothing follows. A key on the way to the value must be there once;
    whether other keys are repeated is not looked at. A byte order mark is accepted.

    Raises:
        SoakConfigError: not a readable file, not JSON (with the byte), no such value, a key of the pointer
            that is there twice, or a value of more than ``max_bytes``.
    """
    keys = pointer.split(".") if isinstance(pointer, str) else list(pointer)
    file = _regular(path)
    try:
        text: bytes | None = _kernel().read_value(file, keys, max_bytes)
    except ValueError as error:
        raise SoakConfigError(f"{file}: {show_text(str(error))}") from None
    if text is None:
        raise SoakConfigError(f"{file}: {_dotted(keys)} is not there")
    return text


def read_totals(path: str | os.PathLike[str], pointer: str | Sequence[str] = "totals") -> Any:
    """One value of a JSON file of any size, ``totals`` of an ``EDGE_REPORT`` if not said otherwise.

    The value itself is held to the rules for JSON from outside: no key twice at any level, integers of at
    most 64 bits, finite numbers, valid Unicode.

    Raises:
        SoakConfigError: as of ``read_value_text``, or a value that breaks these rules.
    """
    keys = pointer.split(".") if isinstance(pointer, str) else list(pointer)
    return parse_json(read_value_text(path, keys), f"{os.fspath(path)}: {_dotted(keys)}")


def audit_counts(path: str | os.PathLike[str], field: str = "reason", threads: int = 1) -> AuditCounts:
    """Count the lines of a JSON lines file by the value of a top-level field.

    Nothing is dropped silently: every line is in one of the counts of the result. Two threads pay from
    some 10 MB on. What is appended to the file while it is read may or may not be counted.

    Raises:
        SoakConfigError: not a readable file, compressed, not UTF-8 but UTF-16,
            a line of more than 16 MiB, more than
            100,000 different values, or ``threads`` outside of 1 to 64.
    """
    from pytest_soak.readers.counts import AuditCounts

    if not 1 <= threads <= MAX_THREADS:
        raise SoakConfigError(
            f"threads = {threads} is refused; accepted is an integer from 1 to {MAX_THREADS}"
        )
    file = _regular(path)
    _refuse_compressed(str(file))
    try:
        values, totals, bad = _kernel().count_lines(file, field, threads)
    except ValueError as error:
        raise SoakConfigError(f"{file}: {show_text(str(error))}") from None
    counts: dict[str, int] = {}
    other: dict[str, int] = {}
    for raw, count in values:
        text = _text(raw)
        group, key = (other, raw.decode("utf-8")) if text is None else (counts, text)
        group[key] = group.get(key, 0) + count
    names = ("lines", "missing", "blank", "not_object", "invalid", "torn", "crlf")
    return AuditCounts(
        field=field,
        counts=counts,
        other=other,
        problems=tuple(f"{file}: line {line}: {show_text(what)}" for line, what in bad),
        **dict(zip(names, totals, strict=True)),
    )


def _refuse_compressed(path: str) -> None:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - loads no pathlib
            head = stream.read(4)
    except OSError:
        return  # the kernel says what is wrong with it
    for magic, name, tool in ((b"\x1f\x8b", "gzip", "gunzip"), (b"\x28\xb5\x2f\xfd", "zstd", "unzstd")):
        if head.startswith(magic):
            raise SoakConfigError(
                f"{show_text(path)} is compressed with {name}; expected JSON lines: unpack it with "
                f"`{tool} --keep` and pass the file that this leaves"
            )


def _kernel() -> ModuleType:
    kernel_version()  # says how to build the kernel, where it is not built
    from pytest_soak import _kernel

    return _kernel


def _dotted(keys: Sequence[str]) -> str:
    return show_text(".".join(keys))


def _text(raw: bytes) -> str | None:
    """The decoded JSON string; None if it is another value or not valid Unicode."""
    if not raw.startswith(b'"'):
        return None
    try:
        return str(parse_json(raw, "value"))
    except SoakConfigError:
        return None


def _regular(path: str | os.PathLike[str]) -> str:
    """The path, if it is one of a regular file: to open a named pipe would wait for a writer."""
    file = os.fspath(path)
    try:
        if stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116 - loads no pathlib
            return file
    except FileNotFoundError:
        raise SoakConfigError(f"{file}: there is no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SoakConfigError(f"{file}: cannot be read: {reason}") from None
    raise SoakConfigError(f"{file}: not a regular file")
