"""Runs: one folder each, with a file that says what was asked for, and a link to the newest."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import filelock

from pytest_soak.config.limits import LATEST
from pytest_soak.config.parsing import did_you_mean, parse_json, validate
from pytest_soak.config.paths import entries_in, is_file
from pytest_soak.domain.errors import SoakConfigError, SoakStateError, SoakStoreError
from pytest_soak.domain.text import show
from pytest_soak.store.disk import files, places
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.journal.lock import LOCK_SECONDS, release
from pytest_soak.store.runs.layout import MANIFEST_NAME, RUNS_NAME
from pytest_soak.store.runs.progress import is_done

LISTED = 10

# What the processes of a session, or several sessions, know parts of.
_MERGED = ("canaries", "profiles", "recordings", "scenarios")

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def prepare_artifacts(artifacts: Path) -> None:
    """Make the artifacts folder, prove that it can be written, and keep a new one out of git.

    Raises:
        SoakConfigError: names folder and cause.
    """
    is_new = not artifacts.exists()
    files.check_writable(artifacts)
    for folder in (artifacts, artifacts / RUNS_NAME):
        files.sweep_old(folder)
    if is_new:
        files.write_atomic(artifacts / ".gitignore", b"*\n")


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Make the folder of a run and write what it was asked to do; canaries and profiles are added to its own.

    Several processes of one session may do so at the same time.

    Raises:
        SoakStateError: there is another run of that name; nothing of it is touched.
        SoakStoreError: the disk refused.
    """
    if not _RUN_ID.fullmatch(manifest.run_id) or folder.name != manifest.run_id:
        raise SoakStateError(f"{folder}: not a folder for run {show(manifest.run_id)}")
    path = folder / MANIFEST_NAME
    files.make_folder(folder)
    with _held(folder / f"{MANIFEST_NAME}.lock"):
        stored = read_manifest(folder) if path.exists() else None
        known = () if stored is None else stored.canaries
        merging = {name: getattr(manifest, name) for name in _MERGED}
        if stored is not None and stored.extensions[: len(manifest.extensions)] == manifest.extensions:
            # Another session may have extended the run meanwhile.
            manifest = manifest.model_copy(update={"extensions": stored.extensions})
        if stored is not None and stored.model_copy(update=merging) != manifest:
            raise SoakStateError(f"{folder}: there is another run of that name; it is left alone")
        canaries = tuple(dict.fromkeys((*known, *manifest.canaries)))
        if stored is None or canaries != known:
            content = {
                name: getattr(manifest, name) | ({} if stored is None else getattr(stored, name))
                for name in _MERGED[1:]
            }
            merged = manifest.model_copy(update={"canaries": canaries, **content})
            files.write_atomic(path, render(merged.model_dump(mode="json")))


def extend_manifest(folder: Path, iterations: int) -> None:
    """Add iterations to a run, beyond those that it was asked for and those that were added before.

    Raises:
        SoakConfigError: of those that were added before, some are still to come.
        SoakStateError: the manifest is missing or damaged.
        SoakStoreError: the disk refused.
    """
    with _held(folder / f"{MANIFEST_NAME}.lock"):
        stored = read_manifest(folder)
        if stored.extensions and not is_done(folder, sum(stored.extensions)):
            raise SoakConfigError(
                f"--soak-extend: iterations were added to run {folder.name} before, and some of them are "
                "still to come; leave --soak-extend out to go on with those"
            )
        extended = stored.model_copy(update={"extensions": (*stored.extensions, iterations)})
        files.write_atomic(folder / MANIFEST_NAME, render(extended.model_dump(mode="json")))


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    places.refuse_unless_files(path)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except OSError as error:
        raise SoakStoreError(f"{path} could not be locked: {error.strerror or error}") from None
    try:
        yield
    finally:
        release(lock)


def read_manifest(folder: Path) -> RunManifest:
    """Read a run's manifest.

    Raises:
        SoakStateError: missing, damaged, or written by a newer version.
    """
    path = folder / MANIFEST_NAME
    try:
        places.refuse_unless_files(path)
        data = parse_json(path.read_bytes(), str(path))
        if isinstance(data, dict) and data.get("schema_version", 1) != 1:
            raise SoakStateError(
                f"{path}: the run has schema {show(data['schema_version'])}, this pytest-soak reads 1; "
                "use the version that wrote it, or a newer one"
            )
        manifest = validate(RunManifest, data, str(path))
    except OSError as error:
        raise SoakStateError(f"{path}: cannot be read: {error.strerror or error}") from None
    except SoakConfigError as error:
        raise SoakStateError(str(error)) from None
    if manifest.run_id != folder.name:
        raise SoakStateError(f"{path}: run_id = {show(manifest.run_id)} is not the name of its folder")
    return manifest


def list_runs(artifacts: Path) -> tuple[Path, ...]:
    """Folders of the runs, oldest first.

    Raises:
        SoakConfigError: the folder cannot be listed.
    """
    runs = entries_in(artifacts / RUNS_NAME)
    return tuple(path for path in runs.values() if _may_be_run(path))


def _may_be_run(path: Path) -> bool:
    try:
        return is_file(path / MANIFEST_NAME)
    except SoakConfigError:
        # Why it cannot be read is said where it is asked for; the others are not affected.
        return True


def find_run(artifacts: Path, name: str | None = None, *, extends: bool = False) -> Path:
    """Folder of the run of that name, or of the newest that has iterations to come, else of the newest.

    Extending without a name means the newest run.

    Which runs are done is what their journals say: a clock that ran ahead names a run into the future.

    Raises:
        SoakConfigError: there is none; the text lists the newest that exist.
    """
    runs = {path.name: path for path in list_runs(artifacts)}
    if not runs:
        raise SoakConfigError(f"{artifacts}: there is no run yet")
    names = list(runs)
    if name is None and extends:
        return runs[names[-1]]
    if name is None:
        newest_first = (runs[known] for known in reversed(names))
        return next((run for run in newest_first if not is_done(run, _added(run))), runs[names[-1]])
    if name in runs:
        return runs[name]
    newest = ", ".join(reversed(names[-LISTED:]))
    older = f" and {len(names) - LISTED} older" if len(names) > LISTED else ""
    hint = did_you_mean(name, names)
    raise SoakConfigError(f"{artifacts}: there is no run {show(name)}; known are {newest}{older}{hint}")


def _added(run: Path) -> int:
    """Iterations that were added to a run; 0 where its manifest does not say."""
    try:
        return sum(read_manifest(run).extensions)
    except SoakStateError:
        return 0


def link_latest(artifacts: Path, run: Path) -> None:
    """Point ``latest`` at the folder of a run.

    Raises:
        SoakStoreError: names the link and the cause.
    """
    files.link_latest(run, artifacts / LATEST)
