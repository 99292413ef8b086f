"""Where the files of a resumed run lie now: a project, a recording, a profile may have moved meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_soak.config.paths import Kind, is_file, is_path, kind_of, reason_of, shown
from pytest_soak.domain.errors import SoakConfigError
from pytest_soak.engine.settings import Settings
from pytest_soak.market.recording.files import files_of, is_several, sha256_of
from pytest_soak.store.exports.models import RunManifest

Moves = tuple[tuple[str, str], ...]
"""Pairs of a path as the run's manifest holds it, and the path where the file is now."""


@dataclass(frozen=True, slots=True)
class _Folders:
    """Folders below which a file is looked for under the ends of its old path."""

    folders: tuple[Path, ...]

    def ends(self, text: str) -> Iterator[Path]:
        """The ends of a path below each folder, the longest first."""
        parts = PurePosixPath(Path(text).as_posix()).parts
        for folder in self.folders:
            for start in range(1 if Path(text).is_absolute() else 0, len(parts)):
                yield folder.joinpath(*parts[start:])


def moves(manifest: RunManifest, now: Settings, root: Path) -> Moves:
    """Where the files of a run are now, if they are no longer where they were when it was started.

    A file that is missing is searched for below the project's ``root`` and the artifacts folder, by the last
    parts of its old path. What the user names takes its place: a recording that of the one with the same
    content, a profile or scenario that of the one at its place in the list, whose content is compared when it
    is read.

    Raises:
        SoakConfigError: a file is missing, or a recording has other content.
    """
    folders = _Folders((root, now.artifacts))
    found = list(_recordings(manifest, now, folders))
    for option, flag in (("profiles", "--soak-profile"), ("scenarios", "--soak-scenario")):
        texts: Sequence[str] = getattr(manifest.settings, option) or ()
        given: Sequence[str] = getattr(now, option) if option in now.given else texts
        # Where their numbers differ, the settings are refused for that.
        for old, new in zip(texts, given, strict=False):
            if is_path(old) and is_path(new):
                found.append((old, Path(new) if new != old else _found_file(old, folders, flag)))
    return tuple((old, new.as_posix()) for old, new in found if new != Path(old))


def _found_file(text: str, folders: _Folders, flag: str) -> Path:
    old = Path(text)
    if kind_of(old) is not Kind.MISSING:
        return old
    found = next((path for path in folders.ends(text) if is_file(path)), None)
    if found is None:
        raise _missing(f"file {shown(old)}", flag)
    return found


def _recordings(manifest: RunManifest, now: Settings, folders: _Folders) -> Iterator[tuple[str, Path]]:
    recordings = manifest.settings.replay or ()
    if "replay" not in now.given or now.replay is None:
        for text in recordings:
            yield text, _found_recording(text, manifest.recordings.get(text), folders)
        return
    if len(now.replay) != len(recordings):
        raise SoakConfigError(
            f"--soak-resume: the run was started with {len(recordings)} recording(s), this command names "
            f"{len(now.replay)}; leave --soak-replay out to resume, or name each where it is now"
        )
    # What a hook makes a market of need not be a file, so no hash of it was noted.
    kept = {text for text in recordings if text not in manifest.recordings and Path(text) in now.replay}
    left = {path: _sha256(path) for path in now.replay if path.as_posix() not in kept}
    for text in recordings:
        if text in kept:
            yield text, Path(text)
            continue
        path = _same(text, manifest.recordings.get(text), left)
        del left[path]
        yield text, path


def _found_recording(text: str, sha256: str | None, folders: _Folders) -> Path:
    old = Path(text)
    known = _is_there(old)
    if known and (sha256 is None or _sha256(old) == sha256):
        return old
    for path in folders.ends(text):
        if is_file(path) and (sha256 is None or _sha256(path) == sha256):
            return path
    if sha256 is None:
        return old
    if known:
        raise SoakConfigError(
            f"--soak-resume: recording {shown(old)} has changed since the run began: its SHA-256 was "
            f"{_brief(sha256)} and is {_brief(_sha256(old))}; put the file back, name it at another place "
            "with --soak-replay, or start a new run"
        )
    raise _missing(f"recording {shown(old)}", "--soak-replay")


def _is_there(recording: Path) -> bool:
    """Whether all files of a recording are where its path says."""
    if kind_of(recording) is not Kind.MISSING:
        return True
    try:
        return bool(files_of(recording))
    except SoakConfigError:
        return False


def _same(text: str, sha256: str | None, given: Mapping[Path, str]) -> Path:
    """The file of those given that has the content; a run that noted no hash goes by the name."""
    old = Path(text)
    for path, found in given.items():
        if found == sha256 or (sha256 is None and path.name == old.name):
            return path
    noted = f" (SHA-256 {_brief(sha256)})" if sha256 else ""
    said = ", ".join(f"{shown(path)} ({_brief(found)})" for path, found in given.items())
    raise SoakConfigError(
        f"--soak-resume: the run was started with recording {shown(old)}{noted}, "
        f"this command names other content: {said}"
    )


def _brief(sha256: str) -> str:
    return sha256[:12]


def _missing(what: str, flag: str) -> SoakConfigError:
    return SoakConfigError(
        f"--soak-resume: {what} is not there any more; name the same file at its new place with {flag}"
    )


def _sha256(path: Path) -> str:
    try:
        return sha256_of(files_of(path) if is_several(path) else (path,))
    except SoakConfigError:
        raise
    except (OSError, ValueError) as error:
        raise SoakConfigError(f"recording {shown(path)} cannot be read: {reason_of(error)}") from None
