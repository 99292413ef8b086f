"""Retention: how many summaries are kept, what is packed by age, and a warning when the artifacts grow large.

The journal of a canary is never touched: everything that is removed or packed here is an export of it.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import filelock

from pytest_soak.domain.errors import SoakError, SoakStoreError
from pytest_soak.store.disk import files, places
from pytest_soak.store.exports.artifacts import (
    AUDIT_NAME,
    KEPT_SUMMARIES,
    PACK_NAME,
    REPORT_NAME,
    exported_number,
    rotate_summaries,
)
from pytest_soak.store.exports.profiles import profile_number, rotate_profiles
from pytest_soak.store.runs.layout import JOURNAL_NAME, began_at
from pytest_soak.store.runs.progress import canary_folders, unfinished
from pytest_soak.store.runs.runs import list_runs

MOST_BYTES = 512 * 1024 * 1024
"""Bytes of the exports of a canary that are packed, or unpacked, at most."""

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Limits: summaries per canary, age in days from which exports are packed, megabytes to warn above."""

    keep: int = KEPT_SUMMARIES
    days: float = 7.0
    megabytes: float = 500.0


def rotate(artifacts: Path, now: datetime, limits: Retention) -> Iterator[str]:
    """Apply the limits to every finished canary and say, line by line, what was done.

    A canary that has iterations to come, or that another process works on, is left alone; so is one whose
    journal or archive cannot be read, and what a link leads to. A call that was interrupted can be repeated.
    Nothing outside of the runs is looked at.

    Raises:
        SoakConfigError: the runs cannot be listed.
    """
    runs = list_runs(artifacts)
    for run in runs:
        if places.is_link(run):
            yield f"left alone: {run}: a link"
            continue
        old = _age_seconds(run.name, now) > limits.days * _DAY_SECONDS
        try:
            folders = canary_folders(run)
        except SoakError as error:
            yield f"left alone: {run}: {error}"
            continue
        for folder in folders:
            try:
                yield from _rotate_canary(folder, limits, old=old)
            except (SoakError, OSError) as error:
                yield f"left alone: {folder}: {error}"
    size = sum(size_of(run) for run in runs if not places.is_link(run)) / 1e6
    verdict = "WARN" if size > limits.megabytes else "OK"
    yield f"{verdict}: {len(runs)} runs in {artifacts} hold {size:.1f} MB; limit {limits.megabytes:g} MB"


def _age_seconds(run_id: str, now: datetime) -> float:
    try:
        return (now - began_at(run_id)).total_seconds()
    except ValueError:
        return 0.0


def _rotate_canary(folder: Path, limits: Retention, *, old: bool) -> Iterator[str]:
    journal = folder / JOURNAL_NAME
    # Asked without the lock too: a folder that is not ours gets no lock file.
    reason = unfinished(journal)
    if reason:
        yield f"left alone: {folder}: {reason}"
        return
    lock_file = folder / f"{JOURNAL_NAME}.lock"
    places.refuse_unless_files(lock_file)
    try:
        with filelock.FileLock(lock_file).acquire(timeout=0):
            for number in rotate_summaries(folder, limits.keep):
                yield f"removed: {folder}: summary of iteration {number}"
            for number in rotate_profiles(folder, limits.keep):
                yield f"removed: {folder}: code profile of iteration {number}"
            if old and (count := pack_exports(folder)):
                yield f"packed: {folder}: {count} files into {PACK_NAME}"
    except filelock.Timeout:
        yield f"left alone: {folder}: a process works on it"


def pack_exports(folder: Path) -> int:
    """Move what was exported of iterations, report and audit log into one compressed archive; how many files.

    What an archive holds already stays in it, but for files of the same name.

    Raises:
        SoakStoreError: the disk refused; nothing is removed before the archive is whole.
    """
    found = {path.name: path for path in files.listed(folder) if _is_packed(path)}
    if not found:
        return 0
    archive = folder / PACK_NAME
    if sum(path.stat().st_size for path in found.values()) > MOST_BYTES:
        raise SoakStoreError(f"{folder}: its exports exceed the {MOST_BYTES} bytes that can be packed")
    content = _unpacked(archive) | {name: path.read_bytes() for name, path in found.items()}
    files.write_atomic(archive, _packed(content))
    for path in found.values():
        files.remove(path)
    return len(found)


def _is_packed(path: Path) -> bool:
    name = path.name
    numbered = exported_number(name) or profile_number(name)
    named = name in (AUDIT_NAME, REPORT_NAME) or numbered is not None
    return named and path.is_file() and not path.is_symlink()


def _unpacked(archive: Path) -> dict[str, bytes]:
    places.refuse_unless_files(archive)
    if not archive.exists():
        return {}
    content: dict[str, bytes] = {}
    rest = MOST_BYTES
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                rest -= member.size
                file = tar.extractfile(member) if member.isreg() and rest >= 0 else None
                if file is None:
                    what = "too large" if rest < 0 else "no plain file"
                    raise SoakStoreError(f"{archive}: not an archive of exports: {member.name!a} is {what}")
                content[member.name] = file.read()
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise SoakStoreError(f"{archive}: not an archive of exports ({error!a})") from None
    return content


def _packed(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in sorted(content):
            info = tarfile.TarInfo(name)
            info.size = len(content[name])
            tar.addfile(info, io.BytesIO(content[name]))
    return buffer.getvalue()


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder, as far as the disk tells.

    Links are not followed, and a file of several names counts once.
    """
    sizes: dict[object, int] = {}
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    sizes[(status.st_dev, status.st_ino) if status.st_nlink > 1 else path] = status.st_size
    return sum(sizes.values())
