"""Tables of a journal, how its file is opened and checked, and what its errors mean to a user."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pytest_soak.domain.errors import SoakConfigError, SoakError, SoakStateError, SoakStoreError
from pytest_soak.store.disk import files

JOURNAL_VERSION = 1
APPLICATION_ID = 0x736F616B  # "soak"
BUSY_MILLISECONDS = 10_000
CACHE_KIBIBYTES = 256

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
_LEAST_SQLITE = (3, 37, 0)  # strict tables


def _insert_only(table: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
        for verb in ("UPDATE", "DELETE")
    )


_TABLES = (
    "CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), inputs TEXT NOT NULL,"
    " inputs_hash TEXT NOT NULL) STRICT",
    "CREATE TABLE iterations (number INTEGER PRIMARY KEY CHECK (number >= 1),"
    " record TEXT NOT NULL, record_sha256 TEXT NOT NULL, edge TEXT NOT NULL, edge_sha256 TEXT NOT NULL,"
    " wall TEXT NOT NULL, decision_key TEXT UNIQUE) STRICT",
    # Refused here and not by the constraints alone, as INSERT OR REPLACE would get round those.
    "CREATE TRIGGER iterations_next BEFORE INSERT ON iterations"
    " WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM iterations)"
    " BEGIN SELECT RAISE(ABORT, 'iterations are committed in order'); END",
    "CREATE TRIGGER iterations_once BEFORE INSERT ON iterations"
    " WHEN EXISTS (SELECT 1 FROM iterations WHERE decision_key = NEW.decision_key)"
    " BEGIN SELECT RAISE(ABORT, 'this decision was applied before'); END",
    "CREATE TRIGGER identity_once BEFORE INSERT ON identity WHEN EXISTS (SELECT 1 FROM identity)"
    " BEGIN SELECT RAISE(ABORT, 'the identity of a canary is written once'); END",
    *_insert_only("identity"),
    *_insert_only("iterations"),
)
# In the journals of canaries that were extended alone.
_EXTENSION_TABLES = (
    "CREATE TABLE IF NOT EXISTS extensions (number INTEGER PRIMARY KEY CHECK (number >= 1),"
    " after INTEGER NOT NULL CHECK (after >= 0), added INTEGER NOT NULL CHECK (added >= 1)) STRICT",
    *_insert_only("extensions"),
)


def connect(path: Path) -> sqlite3.Connection:
    """Connect to a file, new or not; nothing in it is changed.

    Text comes back as bytes, so that a damaged one reaches the check of its hash.
    """
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        raise SoakConfigError(f"SQLite {sqlite3.sqlite_version} is too old; accepted is 3.37 or newer")
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
    return _set_up(connection, "PRAGMA synchronous = FULL")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Connect to a journal for reading only: no lock is kept, and no file appears or changes beside it.

    While a process has it open, its log is read too. If none has, there is no log, and the file is opened as
    immutable, as SQLite would otherwise create a log beside it.
    """
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000
    )
    return _set_up(connection)


def _set_up(connection: sqlite3.Connection, *statements: str) -> sqlite3.Connection:
    """Set a connection up; close it if SQLite cannot read its file."""
    connection.text_factory = bytes
    # An iteration touches a dozen pages; more of them kept would be memory that grows with the run.
    for statement in (*statements, f"PRAGMA cache_size = -{CACHE_KIBIBYTES}"):
        try:
            connection.execute(statement)
        except BaseException:
            connection.close()
            raise
    return connection


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the file is new, or was left before its tables were committed."""
    tables: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    return tables == 0 and _pragma(connection, "application_id") == 0


def create(connection: sqlite3.Connection, inputs: str, inputs_hash: str) -> None:
    """Create the tables and write the identity, in one transaction."""
    _switch_to_log(connection)
    with transaction(connection):
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO identity VALUES (1, ?, ?)", (inputs, inputs_hash))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {JOURNAL_VERSION}")


def extensions(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Iterations that were added later: after which one, and how many, in the order in which they were."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extensions'").fetchone()
    if known is None:
        return []
    return connection.execute("SELECT after, added FROM extensions ORDER BY number").fetchall()


def add_extension(connection: sqlite3.Connection, after: int, added: int) -> None:
    """Note that iterations were added, within the transaction that is open."""
    for statement in _EXTENSION_TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO extensions (after, added) VALUES (?, ?)", (after, added))


def _switch_to_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL, which SQLite refuses at once while another process reads, whatever the timeout."""
    for seconds in (*files.RETRY_PAUSES, None):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if seconds is None or not (getattr(error, "sqlite_errorname", None) or "").startswith(_BUSY):
                raise
            files.disk.pause(seconds)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not a sound journal of this version.

    Raises:
        SoakStateError: of another program, of a newer version, or damaged.
    """
    check_version(connection, path)
    result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if result != b"ok":
        raise SoakStateError(f"{path}: the journal is damaged: {result.decode('utf-8', 'replace')!a}")


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not a journal of this version.

    Raises:
        SoakStateError: of another program, or of a newer version.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise SoakStateError(f"{path}: a database of another program, not a journal; it is left alone")
    version = _pragma(connection, "user_version")
    if version != JOURNAL_VERSION:
        raise SoakStateError(
            f"{path}: the journal has schema {version}, this pytest-soak reads {JOURNAL_VERSION}; "
            "use the version that wrote it, or a newer one"
        )


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit the statements inside, or none of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the database's errors into errors that name the file and explain the cause."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except UnicodeDecodeError as error:
        # What SQLite says of a damaged schema quotes it, damaged as it is.
        raise SoakStateError(f"{path}: the journal is damaged: its schema is not valid UTF-8") from error


def _explain(path: Path, error: sqlite3.Error) -> SoakError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return SoakStoreError(f"{path} could not be written: the disk is full")
    if code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return SoakStoreError(f"{path} could not be read or written: {error} ({code})")
    if code.startswith(_BUSY):
        return SoakStateError(f"{path}: another process keeps the journal locked")
    if code.startswith("SQLITE_NOTADB"):
        return SoakStateError(f"{path}: not a journal: {error}")
    if code.startswith("SQLITE_CONSTRAINT"):
        return SoakStateError(f"{path}: the journal refused: {error}")
    return SoakStateError(f"{path}: the journal is damaged: {error}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
