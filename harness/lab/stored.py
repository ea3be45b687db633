"""A store that somebody else may be writing to, for reading."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from harness.errors import UsageError
from harness.lab.store import FILE, SCHEMA_VERSION
from harness.untrusted import visible


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The store, for reading; a running audit may write to it meanwhile."""
    path = folder / FILE
    try:
        with _connected(path) as db:
            db.execute("PRAGMA query_only = ON")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                raise UsageError(
                    f"{visible(str(path))} was written by {'a newer' if version > SCHEMA_VERSION else 'an older'} "
                    f"foolsgold (schema {version}, this one knows {SCHEMA_VERSION}).",
                    hint="Use that version, or audit again.",
                )
            yield db
    except (sqlite3.Error, zlib.error, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{visible(str(path))} cannot be read: {error}.", hint="It is damaged: audit anew, with --fresh."
        ) from error


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    # Not `mode=ro`: what a killed run left in the write-ahead log could then not be read.
    with closing(sqlite3.connect(path, timeout=10)) as db:
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
        else:
            yield db
            return
    # Somebody else's folder, or a medium that cannot be written to: the log is read with a copy of both.
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        copy = Path(folder, FILE)
        try:
            shutil.copyfile(path, copy)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        except OSError as error:
            raise sqlite3.OperationalError(error.strerror or str(error)) from error
        with closing(sqlite3.connect(copy)) as db:
            yield db
