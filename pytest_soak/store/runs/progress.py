"""How far a run is, as the journals of its canaries say."""

from __future__ import annotations

from pathlib import Path

from pytest_soak.domain.errors import SoakError
from pytest_soak.store.disk import files, places
from pytest_soak.store.journal.journal import Journal
from pytest_soak.store.runs.layout import JOURNAL_NAME


def unfinished(path: Path, added: int = 0) -> str | None:
    """Why the canary of a journal may still be in progress, None where it is done.

    ``added`` are iterations that were added to its run, of which the journal may not know yet.
    """
    try:
        with Journal.open(path, create=False) as journal:
            last, planned = journal.last, max(journal.planned, journal.inputs["iterations"] + added)
    except SoakError as error:
        return str(error)
    done = 0 if last is None else last.iteration
    return None if done == planned else f"{done} of {planned} iterations are done"


def canary_folders(run: Path) -> list[Path]:
    """Folders of a run's canaries, by name; a link is none of them.

    Raises:
        SoakStoreError: the run cannot be listed.
    """
    folders = filter(places.is_folder, files.listed(run))
    return [path for path in folders if places.is_there(path / JOURNAL_NAME)]


def is_canary(run: Path, name: str) -> bool:
    """Whether a run has a canary whose folder has that name; the run, which may be large, is not listed."""
    if not name or name == ".." or "\0" in name or Path(name).name != name:
        return False
    return places.is_folder(run / name) and places.is_there(run / name / JOURNAL_NAME)


def is_done(run: Path, added: int = 0) -> bool:
    """Whether a run has canaries, and every one has all its iterations, with those that were added.

    A run that cannot be looked at is not done.
    """
    try:
        folders = canary_folders(run)
    except SoakError:
        return False
    return bool(folders) and all(unfinished(folder / JOURNAL_NAME, added) is None for folder in folders)
