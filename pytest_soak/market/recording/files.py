"""The files of one recording: one file, several with commas between them, or a glob."""

from __future__ import annotations

import glob
import hashlib
from pathlib import Path

from pytest_soak.config.paths import Kind, kind_of
from pytest_soak.domain.errors import SoakConfigError

MOST_FILES = 512
SEPARATOR = ","


def files_of(recording: Path) -> tuple[Path, ...]:
    """The files that a recording's path names; in the order of their names where it is a glob.

    A path of its own with commas or stars in it is that file.

    Raises:
        SoakConfigError: where a file is not there, or no file fits the glob.
    """
    if kind_of(recording) is Kind.FILE:
        return (recording,)
    found: list[Path] = []
    for text in str(recording).split(SEPARATOR):
        found += _found(text)
    if len(found) > MOST_FILES:
        raise SoakConfigError(f"recording {recording} is of {len(found)} files; accepted are {MOST_FILES}")
    if len(set(found)) < len(found):
        raise SoakConfigError(f"recording {recording} names a file twice; expected each once")
    return tuple(found)


def is_several(recording: Path) -> bool:
    """Whether a path names files by a glob or with commas between them, and is no file itself."""
    text = str(recording)
    return kind_of(recording) is Kind.MISSING and (SEPARATOR in text or glob.has_magic(text))


def _found(text: str) -> list[Path]:
    path = Path(text)
    kind = kind_of(path)
    if kind is Kind.MISSING and glob.has_magic(text):
        found = sorted(Path(name) for name in glob.glob(text, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute one
        found = [path for path in found if kind_of(path) is Kind.FILE]
        if not found:
            raise SoakConfigError(f"recording {text}: no file fits; expected the path of a file or a glob")
        return found
    if kind is not Kind.FILE:
        problem = "does not exist" if kind is Kind.MISSING else "is not a file"
        raise SoakConfigError(
            f"recording {path} {problem}; expected a file of recorded market data: an .npz or .npy file of "
            "hftbacktest, or another format (see docs/DATA.md)"
        )
    return [path]


def sha256_of(files: tuple[Path, ...]) -> str:
    """The hash of a file; of several, that of their hashes.

    Raises:
        OSError: a file cannot be read.
    """
    sums = [_sha256(file) for file in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode("ascii")).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
