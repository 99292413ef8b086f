"""Runs: one folder each, with a file that says what was asked for, and a link to the newest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pytest_soak.config.parsing import did_you_mean, parse_json, validate
from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.text import show
from pytest_soak.store.disk import files
from pytest_soak.store.exports.artifacts import render
from pytest_soak.store.exports.models import RunManifest
from pytest_soak.store.runs.layout import LATEST_NAME, MANIFEST_NAME, RUNS_NAME

LISTED = 10

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def prepare_artifacts(artifacts: Path) -> None:
    """Make the artifacts folder, prove that it can be written, and keep a new one out of git.

    Raises:
        SoakConfigError: names folder and cause.
    """
    is_new = not artifacts.exists()
    files.check_writable(artifacts)
    if is_new:
        files.write_atomic(artifacts / ".gitignore", b"*\n")


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Make the folder of a run and write what it was asked to do; the same content is left as it is.

    Raises:
        SoakStateError: there is another run of that name; nothing of it is touched.
        SoakStoreError: the disk refused.
    """
    if not _RUN_ID.fullmatch(manifest.run_id) or folder.name != manifest.run_id:
        raise SoakStateError(f"{folder}: not a folder for run {show(manifest.run_id)}")
    path, content = folder / MANIFEST_NAME, render(manifest.model_dump(mode="json"))
    if path.is_file():
        if read_manifest(folder) != manifest:
            raise SoakStateError(f"{folder}: there is another run of that name; it is left alone")
        return
    files.make_folder(folder)
    files.write_atomic(path, content)


def read_manifest(folder: Path) -> RunManifest:
    """Read what a run was asked to do.

    Raises:
        SoakStateError: missing, damaged, or written by a newer version.
    """
    path = folder / MANIFEST_NAME
    try:
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
    """Folders of the runs, oldest first."""
    folder = artifacts / RUNS_NAME
    if not folder.is_dir():
        return ()
    found = [path for path in folder.iterdir() if (path / MANIFEST_NAME).is_file()]
    return tuple(sorted(found, key=lambda path: path.name))


def find_run(artifacts: Path, name: str | None = None) -> Path:
    """Folder of the run of that name, or of the newest.

    Raises:
        SoakConfigError: there is none; the text lists the newest that exist.
    """
    runs = {path.name: path for path in list_runs(artifacts)}
    if not runs:
        raise SoakConfigError(f"{artifacts}: there is no run yet")
    names = list(runs)
    if name is None:
        return runs[names[-1]]
    if name in runs:
        return runs[name]
    newest = ", ".join(reversed(names[-LISTED:]))
    older = f" and {len(names) - LISTED} older" if len(names) > LISTED else ""
    hint = did_you_mean(name, names)
    raise SoakConfigError(f"{artifacts}: there is no run {show(name)}; known are {newest}{older}{hint}")


def link_latest(artifacts: Path, run: Path, canaries: Sequence[str]) -> None:
    """Point ``latest`` at the folder of a run, or at its canary where it has exactly one.

    Raises:
        SoakStoreError: names the link and the cause.
    """
    target = run / canaries[0] if len(canaries) == 1 else run
    files.link_latest(target, artifacts / LATEST_NAME)
