"""The run's memory: tasks, mutants and trials in one SQLite file, each written before or as it happens.

Mutants are written before anything runs and trials as they end, so that an interrupted run goes on where it stopped:
after Ctrl-C, a kill, a full disk or a reboot a finished trial is neither lost nor run again.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import sqlite3
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from harness.errors import ExitCode, FoolsgoldError, UsageError
from harness.trial.plan import TrialKey, key_of
from harness.trial.record import TrialRecord, record_from_json

SCHEMA_VERSION = 2
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
    # What an older version stored is of an older version's trials: no result of it counts any more.
    """
    DROP TABLE task;
    DROP TABLE mutant;
    DROP TABLE trial;
    CREATE TABLE task (
        name TEXT PRIMARY KEY,
        position INTEGER,
        path TEXT NOT NULL,
        digest TEXT NOT NULL,
        setting TEXT,
        brief TEXT,
        result BLOB
    );
    CREATE TABLE mutant (
        task TEXT NOT NULL,
        label TEXT NOT NULL,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (task, label)
    );
    CREATE INDEX mutant_id ON mutant (id);
    CREATE TABLE trial (
        task TEXT NOT NULL,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        purpose TEXT NOT NULL,
        run TEXT NOT NULL,
        network INTEGER NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (task, kind, label, purpose, run, network)
    );
    """,
)
"""One script for each schema version, in order."""


_DAMAGED = "--fresh sets it aside and begins anew; or name another folder with -o."
_OF_THE_MACHINE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_AUTH,
})  # fmt: skip
"""What says nothing about what is in the file."""


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF not in _OF_THE_MACHINE


def _advice(error: sqlite3.Error) -> str:
    """What to do about a database that cannot be written."""
    if _is_damage(error):
        return _DAMAGED
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "Another program holds it open: close that, then go on with --resume; what was stored is kept."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return "Give yourself the right to write there, then go on with --resume; what was stored is kept."
    return "Make room there, or see to the disk, then go on with --resume; what was stored is kept."


class Planned(NamedTuple):
    """A task of a run."""

    name: str
    path: str
    digest: str


class StoreError(FoolsgoldError):
    """The run folder cannot be read or written: this machine's trouble, and no bug."""

    exit_code = ExitCode.UNMEASURED

    def __init__(self, message: str, *, hint: str = "", unusable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.unusable = unusable
        """What is there is no store of this version, on whatever machine."""


class Store:
    """One run folder. Thread-safe; a lock keeps a second audit out of it."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        """`fresh` forgets what is there. What cannot be used is set aside."""
        self.folder = folder
        self.aside: Path | None = None
        """What was there and could not be used."""
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
        try:
            self._db = self._anew(folder / FILE) if fresh else _opened(folder / FILE)
        except BaseException:
            self._lock.close()
            raise
        self._inode = _inode(folder / FILE)

    def rescued(self) -> Path | None:
        """Where everything is now that was stored here, if the folder was removed meanwhile; None where it is not."""
        if _inode(self.folder / FILE) == self._inode:
            return None
        # What is open is still whole, and gone with this process.
        beside = self.folder.with_name(f"{self.folder.name}-kept")
        why = ""
        for place in (self.folder, beside, None):
            try:
                # Whatever somebody else made in the temporary folder is not written to.
                folder = place or Path(tempfile.mkdtemp(prefix="foolsgold-kept-"))
                folder.mkdir(parents=True, exist_ok=True)
                if os.path.lexists(folder / FILE):
                    continue  # another run's by now
                with self._mutex, closing(sqlite3.connect(folder / FILE)) as copy:
                    self._db.backup(copy)
                return folder
            except (OSError, sqlite3.Error) as error:
                why = str(error)
        raise StoreError(f"{self.folder} was removed, and what was found can be kept nowhere: {why}.")

    def _anew(self, path: Path) -> sqlite3.Connection:
        """With nothing in it. It is emptied where it is sound, so that who reads it meanwhile can go on."""
        if os.path.lexists(path):
            try:
                return _emptied(path)
            except StoreError as error:
                if not error.unusable:
                    raise
                self.aside = _set_aside(path)
        return _opened(path)

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """Several statements, all or none."""
        with self._mutex:
            try:
                self._db.execute("BEGIN")
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise StoreError(f"{what} cannot be written to {self.folder}: {error}.", hint=_advice(error)) from error

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._mutex:
            try:
                return list(self._db.execute(statement, values))
            except sqlite3.Error as error:
                raise StoreError(
                    f"Results cannot be written to {self.folder}: {error}.",
                    hint=_advice(error),
                ) from error

    def set_meta(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def meta(self) -> dict[str, Any]:
        return {key: json.loads(value) for key, value in self._run("SELECT key, value FROM meta")}

    def begin_run(
        self, tasks: Iterable[Planned], options: Mapping[str, Any], selection: Mapping[str, Any] | None = None
    ) -> None:
        """The tasks of this run, in their order. Results of these very versions under the same options are kept; what
        is stored of other tasks stays for a later run and is no part of this one. `selection` says how they were
        chosen."""
        same = self.meta().get("options") == json.loads(json.dumps(options))
        known = dict(self._run("SELECT name, digest FROM task"))
        with self._writing("The tasks"):
            self._db.execute("UPDATE task SET position = NULL")
            self._db.execute("UPDATE task SET brief = NULL WHERE result IS NULL")  # what was a copy is found anew
            for position, (name, path, digest) in enumerate(tasks):
                if known.get(name) != digest or not same:
                    self._db.execute("UPDATE task SET brief = NULL, result = NULL WHERE name = ?", (name,))
                self._db.execute(
                    "INSERT INTO task (name, position, path, digest) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT (name) DO UPDATE SET position = ?2, path = ?3, digest = ?4",
                    (name, position, path, digest),
                )
        self.set_meta({"options": options, "selection": selection, "seconds": None})

    def begin_task(self, name: str, digest: str, setting: str) -> dict[TrialKey, TrialRecord]:
        """The trials that are known of the task. What is stored of another version of it, or under another setting, is
        forgotten."""
        mark = f"{digest}\n{setting}"
        if self._run("SELECT setting FROM task WHERE name = ?", (name,)) != [(mark,)]:
            with self._writing(f"The task {name}"):
                for table in ("trial", "mutant"):
                    self._db.execute(f"DELETE FROM {table} WHERE task = ?", (name,))  # noqa: S608 - our own table names
                self._db.execute(
                    "UPDATE task SET setting = ?, brief = NULL, result = NULL WHERE name = ?", (mark, name)
                )
        return self.trials(name)

    def put_mutants(self, task: str, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """(label, body) of each, in their order."""
        with self._writing(f"The mutants of {task}"):
            self._db.execute("DELETE FROM mutant WHERE task = ?", (task,))
            self._db.executemany(
                "INSERT INTO mutant VALUES (?, ?, ?, ?, ?)",
                [(task, label, at, body["id"], json.dumps(body)) for at, (label, body) in enumerate(bodies)],
            )

    def put_trial(self, record: TrialRecord) -> None:
        key = key_of(record)
        self._run(
            "INSERT OR REPLACE INTO trial VALUES (?, ?, ?, ?, ?, ?, ?)",
            (record.task, *key[:4], int(key.network), json.dumps(record.to_json())),
        )

    def trials(self, task: str) -> dict[TrialKey, TrialRecord]:
        records = (
            record_from_json(json.loads(text))
            for (text,) in self._run("SELECT record FROM trial WHERE task = ?", (task,))
        )
        return {key_of(record): record for record in records}

    def put_result(self, task: str, result: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
        """A task's part of the report, and what the report's summary needs of it. It is of the version that ran, which
        may be another than the one with which the run began."""
        packed = zlib.compress(json.dumps(result, allow_nan=False).encode(), 1)
        self._run(
            "UPDATE task SET result = ?, brief = ?, digest = ? WHERE name = ?",
            (packed, json.dumps(brief), result.get("digest") or "", task),
        )

    def fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Whole rows of another run's table, all or none."""
        marks = {"task": 7, "mutant": 5, "trial": 7}[table]
        with self._writing("What is put together"):
            self._db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * marks)})", rows)  # noqa: S608

    def put_copy(self, task: str, of: str, how: str) -> None:
        """That a task is another one again, whose result is its own."""
        brief = json.dumps({"of": of, "how": how})
        self._run("UPDATE task SET result = NULL, brief = ? WHERE name = ?", (brief, task))

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


def _opened(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        _migrate(db, path)
    except sqlite3.DatabaseError as error:
        unusable = _is_damage(error) or not path.is_file()
        hint = _DAMAGED if unusable else "Name another folder with -o, or delete this one."
        raise StoreError(f"{path} cannot be used: {error}.", hint=hint, unusable=unusable) from error
    return db


def _emptied(path: Path) -> sqlite3.Connection:
    """Looked through first: damage in any place would come up later."""
    db = _opened(path)
    try:
        ((state, *_),) = db.execute("PRAGMA quick_check(1)")
        if state != "ok":
            raise sqlite3.DatabaseError(state)
        db.execute("BEGIN IMMEDIATE")
        for table in ("trial", "mutant", "task", "meta"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
        db.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        db.close()
        unusable = _is_damage(error)
        raise StoreError(f"{path} cannot be emptied: {error}.", hint=_DAMAGED, unusable=unusable) from error
    return db


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def _set_aside(path: Path) -> Path:
    """Rename it with what belongs to it; gives the new name."""
    names = (f"{path.name}.set-aside{f'-{number}' if number else ''}" for number in itertools.count())
    aside = next(other for name in names if not os.path.lexists(other := path.with_name(name)))
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be set aside: {error.strerror or error}.", hint="Name another folder with -o."
        ) from error
    return aside


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer foolsgold (schema {version}, this one knows {SCHEMA_VERSION}).",
            hint="Use that version, or name another folder with -o; --fresh sets it aside and begins anew.",
            unusable=True,
        )
    for number in range(version, SCHEMA_VERSION):
        db.executescript(f"BEGIN; {_MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")


def is_run(folder: Path) -> bool:
    return (folder / FILE).is_file()
