"""Files whose place a user names: what is there is looked at before the work begins."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_soak.config.arguments import path
from pytest_soak.config.paths import shown


def output_file(text: str) -> Path:
    """Parse the path of a file to write: a plain file may be there already, and is replaced.

    A rename over a link, a FIFO or a device would put a file in its place, ``/dev/stdout`` included.
    """
    from pytest_soak.store.disk.places import other_kind

    found = path(text)
    kind = other_kind(found)
    if kind is not None:
        raise argparse.ArgumentTypeError(
            f"{shown(found)}: there is {kind}, which a file would replace; name a new file or a plain one"
        )
    return found


def write_output(file: Path, content: bytes) -> None:
    """Write the file, and make its folder where that is missing.

    Raises:
        SoakStoreError: names path and cause.
    """
    from pytest_soak.store.disk import files

    files.make_folder(file.parent)
    files.write_atomic(file, content)
