"""Writing the report of a run: Markdown always, the page where what it needs is installed."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_soak.observe.html import SHARED_NAME, is_installed, write_page
from pytest_soak.observe.reading import RunReading
from pytest_soak.observe.report import markdown, report_of
from pytest_soak.store.disk import files, places
from pytest_soak.store.runs.runs import read_manifest

MARKDOWN_NAME = "report.md"
PAGE_NAME = "report.html"


def write_report(
    run: RunReading, folder: Path, *, page: bool = True, single: bool = False
) -> tuple[Path, ...]:
    """Write ``report.md`` and the page ``report.html`` into a folder.

    Raises:
        SoakConfigError: what the page needs is not installed; the Markdown is there then.
        SoakStateError: the run's manifest is damaged, or something else is in the place of a file.
        SoakStoreError: the disk refused.
    """
    report = report_of(run)
    files.make_folder(folder)
    text, shown = folder / MARKDOWN_NAME, folder / PAGE_NAME
    places.refuse_unless_files(text, shown)
    files.write_atomic(text, markdown(report).encode("utf-8"))
    if not page:
        return (text,)
    shared = run.folder.parent.parent / SHARED_NAME if folder == run.folder else None
    write_page(report, shown, shared=shared, single=single)
    return text, shown


def write_at_end(folder: Path, *, page: bool) -> str:
    """Write the report of a run into its folder, the page only where it can be made; where to look.

    Raises:
        SoakError: the manifest is damaged, or the disk refused.
    """
    written = write_report(RunReading(folder, read_manifest(folder)), folder, page=page and is_installed())
    file = written[-1]
    return file.relative_to(Path.cwd()).as_posix() if file.is_relative_to(Path.cwd()) else os.fspath(file)
