"""Retention: how many summaries stay, what is packed by age, and a word where the artifacts grow large.

The journal of a canary is never touched: everything that is removed or packed here is an export of it.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import filelock

from pytest_soak.domain.errors import SoakError, SoakStoreError
from pytest_soak.store.disk import files
from pytest_soak.store.exports.artifacts import (
    AUDIT_NAME,
    KEPT_SUMMARIES,
    PACK_NAME,
    REPORT_NAME,
    rotate_summaries,
    summary_number,
)
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.layout import JOURNAL_NAME, began_at
from pytest_soak.store.runs.runs import list_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Limits: summaries per canary, age in days from which exports are packed, megabytes to warn above."""

    keep: int = KEPT_SUMMARIES
    days: float = 7.0
    megabytes: float = 500.0


def rotate(artifacts: Path, now: datetime, limits: Retention) -> Iterator[str]:
    """Apply the limits to every finished canary and say, line by line, what was done.

    A canary that has iterations to come, or that another process works on, is left alone; so is one whose
    journal cannot be read. A call that was interrupted can be repeated.

    Raises:
        SoakStoreError: the disk refused.
    """
    for run in list_runs(artifacts):
        old = _age(run.name, now) > timedelta(days=limits.days)
        for journal in sorted(run.glob(f"*/{JOURNAL_NAME}")):
            yield from _rotate_canary(journal, limits, old=old)
    size = size_of(artifacts) / 1e6
    verdict = "WARN" if size > limits.megabytes else "OK"
    yield f"{verdict}: {artifacts} holds {size:.1f} MB; limit {limits.megabytes:g} MB"


def _age(run_id: str, now: datetime) -> timedelta:
    try:
        return now - began_at(run_id)
    except ValueError:
        return timedelta(0)


def _rotate_canary(journal: Path, limits: Retention, *, old: bool) -> Iterator[str]:
    folder = journal.parent
    lock = filelock.FileLock(f"{journal}.lock")
    try:
        with lock.acquire(timeout=0):
            reason = _unfinished(journal)
            if reason:
                yield f"left alone: {folder}: {reason}"
                return
            for number in rotate_summaries(folder, limits.keep):
                yield f"removed: {folder}: summary of iteration {number}"
            if old and (count := pack_exports(folder)):
                yield f"packed: {folder}: {count} files into {PACK_NAME}"
    except filelock.Timeout:
        yield f"left alone: {folder}: a process works on it"


def _unfinished(path: Path) -> str | None:
    """Why a canary may still be in progress, None where it is done."""
    try:
        with Journal.open(path, create=False) as journal:
            last, planned = journal.last, journal.inputs.get("iterations")
    except SoakError as error:
        return str(error)
    done = 0 if last is None else last.iteration
    return None if done == planned else f"{done} of {planned} iterations are done"


def pack_exports(folder: Path) -> int:
    """Move summaries, report and audit log into one compressed archive; how many files were moved.

    What an archive holds already stays in it, but for files of the same name.

    Raises:
        SoakStoreError: the disk refused; nothing is removed before the archive is whole.
    """
    found = {path.name: path for path in folder.iterdir() if _is_packed(path)}
    if not found:
        return 0
    archive = folder / PACK_NAME
    content = _unpacked(archive) | {name: path.read_bytes() for name, path in found.items()}
    files.write_atomic(archive, _packed(content))
    for path in found.values():
        files.remove(path)
    return len(found)


def _is_packed(path: Path) -> bool:
    named = path.name in (AUDIT_NAME, REPORT_NAME) or summary_number(path.name) is not None
    return named and path.is_file() and not path.is_symlink()


def _unpacked(archive: Path) -> dict[str, bytes]:
    if not archive.is_file():
        return {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = ((member.name, tar.extractfile(member)) for member in tar.getmembers())
            return {name: file.read() for name, file in members if file is not None}
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SoakStoreError(
            f"{archive}: not an archive of exports ({error!a}); remove it to go on"
        ) from None


def _packed(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in sorted(content):
            info = tarfile.TarInfo(name)
            info.size = len(content[name])
            tar.addfile(info, io.BytesIO(content[name]))
    return buffer.getvalue()


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder; links are not followed."""
    sizes = (path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(sizes)
