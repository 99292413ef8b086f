"""Runs: one folder each, with a file that says what was asked for, and a link to the newest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_soak.domain.errors import SoakConfigError, SoakStateError
from pytest_soak.domain.strict import did_you_mean, parse_json, show, validate
from pytest_soak.store import files
from pytest_soak.store.artifacts import render
from pytest_soak.store.models import RunManifest

MANIFEST_NAME = "RUN.json"
RUNS_NAME = "runs"
LATEST_NAME = "latest"
LISTED = 10

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Run:
    """Where one run keeps its files."""

    artifacts: Path
    run_id: str

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.artifacts / RUNS_NAME / self.run_id

    @property
    def manifest_path(self) -> Path:
        """The file that says what the run was asked to do."""
        return self.folder / MANIFEST_NAME

    def canary_folder(self, canary: str) -> Path:
        """Folder of one canary; its name must be safe as a file name, which the caller checks."""
        return self.folder / canary

    def manifest(self) -> RunManifest:
        """Read what the run was asked to do.

        Raises:
            SoakStateError: missing, damaged, or written by a newer version.
        """
        where = str(self.manifest_path)
        try:
            data = parse_json(self.manifest_path.read_bytes(), where)
            if isinstance(data, dict) and data.get("schema_version", 1) != 1:
                version = show(data["schema_version"])
                raise SoakStateError(
                    f"{where}: the run has schema {version}, this pytest-soak reads 1; use the version that "
                    "wrote it, or a newer one"
                )
            manifest = validate(RunManifest, data, where)
        except OSError as error:
            raise SoakStateError(f"{where}: cannot be read: {error.strerror or error}") from None
        except SoakConfigError as error:
            raise SoakStateError(str(error)) from None
        if manifest.run_id != self.run_id:
            raise SoakStateError(f"{where}: run_id = {show(manifest.run_id)} is not that of its folder")
        return manifest


def new_run_id(now: datetime, salt: str) -> str:
    """A run's name: UTC time to the millisecond, so that names sort by time, and a short hash of ``salt``.

    Raises:
        ValueError: the time has no zone.
    """
    if now.utcoffset() is None:
        raise ValueError("a time without a zone does not say when")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S") + f"{now.microsecond // 1000:03d}Z"
    return f"{stamp}-{hashlib.sha256(salt.encode('utf-8')).hexdigest()[:6]}"


def prepare_artifacts(artifacts: Path) -> None:
    """Make the artifacts folder, prove that it can be written, and keep a new one out of git.

    Raises:
        SoakConfigError: names folder and cause.
    """
    is_new = not artifacts.exists()
    files.check_writable(artifacts)
    if is_new:
        files.write_atomic(artifacts / ".gitignore", b"*\n")


def create_run(artifacts: Path, manifest: RunManifest) -> Run:
    """Make the folder of a new run and write what it was asked to do.

    Raises:
        SoakConfigError: the artifacts folder cannot be written.
        SoakStateError: there is a run of that name; nothing of it is touched.
    """
    run = Run(artifacts, manifest.run_id)
    if not _RUN_ID.fullmatch(run.run_id):
        raise SoakStateError(f"run {show(run.run_id)}: not a usable name")
    prepare_artifacts(artifacts)
    if run.folder.exists():
        raise SoakStateError(f"{run.folder}: there is a run of that name")
    files.make_folder(run.folder)
    files.write_atomic(run.manifest_path, render(manifest.model_dump(mode="json")))
    return run


def list_runs(artifacts: Path) -> tuple[Run, ...]:
    """Runs in the artifacts folder, oldest first."""
    folder = artifacts / RUNS_NAME
    if not folder.is_dir():
        return ()
    names = sorted(path.name for path in folder.iterdir() if (path / MANIFEST_NAME).is_file())
    return tuple(Run(artifacts, name) for name in names)


def find_run(artifacts: Path, name: str | None = None) -> Run:
    """The run of that name, or the newest.

    Raises:
        SoakConfigError: there is none; the text lists the newest that exist.
    """
    runs = list_runs(artifacts)
    if not runs:
        raise SoakConfigError(f"{artifacts}: there is no run yet")
    if name is None:
        return runs[-1]
    names = [run.run_id for run in runs]
    if name in names:
        return runs[names.index(name)]
    newest = ", ".join(reversed(names[-LISTED:]))
    older = f" and {len(names) - LISTED} older" if len(names) > LISTED else ""
    hint = did_you_mean(name, names)
    raise SoakConfigError(f"{artifacts}: there is no run {show(name)}; known are {newest}{older}{hint}")


def link_latest(run: Run, canaries: Sequence[str]) -> None:
    """Point ``latest`` at the run, or at its canary where it has exactly one.

    Raises:
        SoakStoreError: names the link and the cause.
    """
    target = run.canary_folder(canaries[0]) if len(canaries) == 1 else run.folder
    files.link_latest(target, run.artifacts / LATEST_NAME)
