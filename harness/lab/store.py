"""The run's memory: tasks, mutants and trials in one SQLite file, each written before or as it happens.

Mutants are written before anything runs and trials as they end, so that an interrupted run goes on where it stopped:
after Ctrl-C, a kill, a full disk or a reboot a finished trial is neither lost nor run again.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import ExitCode, FoolsgoldError, UsageError
from harness.trial.record import TrialRecord, record_from_json

SCHEMA_VERSION = 1
FILE = "run.db"

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE task (
        name TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        setting TEXT NOT NULL,
        result TEXT
    );
    CREATE TABLE mutant (
        task TEXT NOT NULL,
        id TEXT NOT NULL,
        position INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (task, id)
    );
    CREATE TABLE trial (
        task TEXT NOT NULL,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        run TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (task, kind, label, run)
    );
    """,
)
"""One script for each schema version, in order."""


class StoreError(FoolsgoldError):
    """The run folder cannot be read or written: this machine's trouble, and no bug."""

    exit_code = ExitCode.UNMEASURED


class Store:
    """One run folder. Thread-safe; a lock keeps a second audit out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mutex = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / ".lock").open("a+")
        except OSError as error:
            raise UsageError(
                f"The run folder {folder} cannot be made: {error.strerror or error}.", hint="Name another with -o."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise UsageError(
                f"Another audit is writing to {folder}.", hint="Wait for it to end, or name another folder with -o."
            ) from error
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()
        self._db = self._open(folder / FILE)

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            _migrate(db, path)
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{path} cannot be used: {error}.", hint="Name another folder with -o, or delete this one."
            ) from error
        return db

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._mutex:
            try:
                return list(self._db.execute(statement, values))
            except sqlite3.Error as error:
                raise StoreError(
                    f"Results cannot be written to {self.folder}: {error}.",
                    hint="Make room there, then go on with --resume; what was stored is kept.",
                ) from error

    def set_meta(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def meta(self) -> dict[str, Any]:
        return {key: json.loads(value) for key, value in self._run("SELECT key, value FROM meta")}

    def begin_task(self, name: str, digest: str, setting: str) -> bool:
        """Make room for a task. What is stored of an other version of it, or of another setting, is forgotten;
        True where results are kept."""
        known = self._run("SELECT digest, setting FROM task WHERE name = ?", (name,))
        if known == [(digest, setting)]:
            return True
        with self._mutex:
            for table in ("trial", "mutant"):
                self._db.execute(f"DELETE FROM {table} WHERE task = ?", (name,))  # noqa: S608 - our own table names
            self._db.execute("INSERT OR REPLACE INTO task VALUES (?, ?, ?, NULL)", (name, digest, setting))
        return False

    def put_mutants(self, task: str, bodies: list[tuple[str, dict[str, Any]]]) -> None:
        with self._mutex:
            self._db.execute("BEGIN")
            try:
                self._db.execute("DELETE FROM mutant WHERE task = ?", (task,))
                self._db.executemany(
                    "INSERT INTO mutant VALUES (?, ?, ?, ?)",
                    [(task, ident, position, json.dumps(body)) for position, (ident, body) in enumerate(bodies)],
                )
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._db.execute("ROLLBACK")
                raise StoreError(f"The mutants of {task} cannot be written to {self.folder}: {error}.") from error

    def put_trial(self, record: TrialRecord, run: str) -> None:
        self._run(
            "INSERT OR REPLACE INTO trial VALUES (?, ?, ?, ?, ?)",
            (record.task, record.kind, record.label, run, json.dumps(record.to_json())),
        )

    def trials(self, task: str) -> dict[tuple[str, str, str], TrialRecord]:
        """(kind, label, run) -> record."""
        rows = self._run("SELECT kind, label, run, record FROM trial WHERE task = ?", (task,))
        return {(kind, label, run): record_from_json(json.loads(record)) for kind, label, run, record in rows}

    def put_result(self, task: str, result: dict[str, Any]) -> None:
        self._run("UPDATE task SET result = ? WHERE name = ?", (json.dumps(result), task))

    def results(self) -> dict[str, dict[str, Any]]:
        rows = self._run("SELECT name, result FROM task WHERE result IS NOT NULL ORDER BY name")
        return {name: json.loads(result) for name, result in rows}

    def forget(self) -> None:
        """Start anew in the same folder."""
        with self._mutex:
            for table in ("trial", "mutant", "task", "meta"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names

    def close(self) -> None:
        with self._mutex:
            self._db.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer foolsgold (schema {version}, this one knows {SCHEMA_VERSION}).",
            hint="Use that version, or name another folder with -o.",
        )
    for number in range(version, SCHEMA_VERSION):
        db.executescript(f"BEGIN; {_MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")


def is_run(folder: Path) -> bool:
    return (folder / FILE).is_file()
