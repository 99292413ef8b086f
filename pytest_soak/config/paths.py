"""What a path is, asked in one place: every answer that a file system can give ends in one sentence."""

from __future__ import annotations

import errno
import os
import stat
from enum import Enum
from pathlib import Path

from pytest_soak.config.parsing import show_text
from pytest_soak.domain.errors import SoakConfigError


class Kind(Enum):
    """Kind of object at a path."""

    MISSING = "does not exist"
    FILE = "is a file"
    FOLDER = "is a folder"
    OTHER = "is neither a file nor a folder"


def kind_of(path: Path) -> Kind:
    """Kind of object at a path, following links; a broken link is ``MISSING``.

    Raises:
        SoakConfigError: the system does not say: no permission, a name too long, links in a circle.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR):
            return Kind.MISSING
        raise SoakConfigError(f"{shown(path)}: cannot be read: {reason_of(error)}") from None
    if stat.S_ISREG(mode):
        return Kind.FILE
    return Kind.FOLDER if stat.S_ISDIR(mode) else Kind.OTHER


def is_file(path: Path) -> bool:
    """Whether it is a regular file.

    Raises:
        SoakConfigError: the system does not say.
    """
    return kind_of(path) is Kind.FILE


def files_in(folder: Path, suffix: str) -> dict[str, Path]:
    """The files of a folder that end in ``suffix``, by name without it, sorted; none where it is missing.

    Raises:
        SoakConfigError: the folder cannot be read.
    """
    return {name: path for name, path in entries_in(folder, suffix).items() if _may_be_file(path)}


def _may_be_file(path: Path) -> bool:
    """Whether it is a regular file, or cannot be looked at; its reader then says why."""
    try:
        return is_file(path)
    except SoakConfigError:
        return True


def entries_in(folder: Path, suffix: str = "") -> dict[str, Path]:
    """What stands in a folder and ends in ``suffix``, by name without it, sorted; none where it is missing.

    Raises:
        SoakConfigError: the folder cannot be read.
    """
    if kind_of(folder) is not Kind.FOLDER:
        return {}
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(suffix))
    except OSError as error:
        raise SoakConfigError(f"{shown(folder)}: cannot be listed: {reason_of(error)}") from None
    return {name.removesuffix(suffix): folder / name for name in names}


def expanded(text: str) -> Path:
    """A path with a leading ``~`` or ``~name`` replaced by that home folder.

    Raises:
        SoakConfigError: nothing is known of such a home folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SoakConfigError(f"{shown(text)}: there is no such home folder; write the path out") from None


def is_path(text: str) -> bool:
    """Whether a text that may be a name or a path is a path: it has a separator or ends in ``.toml``."""
    return "/" in text or "\\" in text or text.lower().endswith(".toml")


def check_encodable(path: Path, what: str) -> None:
    """Refuse a path that cannot be written down: the records, ids and the journal hold text in UTF-8.

    Raises:
        SoakConfigError: says whether the name or the locale is to blame.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise SoakConfigError(f"{what} {shown(path)}: {_encoding_problem(path)}") from None


def _encoding_problem(path: Path) -> str:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeError:
        return "the name is not valid UTF-8; rename it, or use another place"
    return "the locale has no such letters; set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8"


def shown(path: Path | str) -> str:
    """A path for a message: ASCII, and its beginning and end where it is absurdly long."""
    text = show_text(str(path))
    return text if len(text) <= 300 else f"{text[:140]}...{text[-140:]}"


def reason_of(error: BaseException) -> str:
    """Why the system refused, in its own words."""
    return getattr(error, "strerror", None) or str(error)
