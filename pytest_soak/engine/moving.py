"""Where the files of a resumed run lie now: a project, a recording, a profile may have moved meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from pytest_soak.config.paths import Kind, is_file, is_path, kind_of, reason_of, shown
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.store.exports.models import RunManifest

Moves = tuple[tuple[str, str], ...]
"""Pairs of a path as the run's manifest holds it, and the path where the file is now."""


def moves(manifest: RunManifest, given: Sequence[Path] | None, root: Path) -> Moves:
    """Where the files lie that a run was started with and that are elsewhere now.

    A file that is gone is looked for below ``root`` under the ends of its old path. ``given`` are recordings
    that the user names: each takes the place of the one that has the same content.

    Raises:
        SoakConfigError: a recording is gone, or is given with other content.
    """
    recordings = manifest.settings.replay or ()
    if given is not None and len(given) != len(recordings):
        raise SoakConfigError(
            f"--soak-resume: the run was started with {len(recordings)} recording(s), this command names "
            f"{len(given)}; leave --soak-replay out to resume, or name each where it is now"
        )
    found: list[tuple[str, Path | None]] = [
        (text, _recording(text, manifest.recordings.get(text), given, root)) for text in recordings
    ]
    files = (*(manifest.settings.profiles or ()), *manifest.settings.scenarios)
    found += [(text, _moved_file(text, root)) for text in files if is_path(text)]
    return tuple((old, new.as_posix()) for old, new in found if new is not None and new != Path(old))


def _moved_file(text: str, root: Path) -> Path | None:
    if kind_of(Path(text)) is not Kind.MISSING:
        return None
    return next((path for path in _ends(text, root) if is_file(path)), None)


def _recording(text: str, sha256: str | None, given: Sequence[Path] | None, root: Path) -> Path:
    old = Path(text)
    if given is None:
        if kind_of(old) is not Kind.MISSING:
            return old
        for path in _ends(text, root):
            if is_file(path) and (sha256 is None or _sha256(path) == sha256):
                return path
        raise SoakConfigError(
            f"--soak-resume: recording {shown(old)} is not there any more; name the same file at its new "
            "place with --soak-replay"
        )
    hashes = {path: _sha256(path) for path in given}
    for path, found in hashes.items():
        if found == sha256 or (sha256 is None and path.name == old.name):
            return path
    said = ", ".join(f"{shown(path)} ({found[:12]})" for path, found in hashes.items())
    raise SoakConfigError(
        f"--soak-resume: the run was started with recording {shown(old)}"
        f"{f' (SHA-256 {sha256[:12]})' if sha256 else ''}, this command names other content: {said}"
    )


def _ends(text: str, root: Path) -> Iterator[Path]:
    """The ends of a path below a folder, the longest first."""
    parts = PurePosixPath(Path(text).as_posix()).parts
    for start in range(1 if Path(text).is_absolute() else 0, len(parts)):
        yield root.joinpath(*parts[start:])


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise SoakConfigError(f"recording {shown(path)} cannot be read: {reason_of(error)}") from None
