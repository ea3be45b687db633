"""A run's report, made from its store: of a finished run, an interrupted one, or one that is still going on."""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.judging.outcome import Shown, showing
from harness.lab.store import FILE, SCHEMA_VERSION
from harness.report.document import SCHEMA, run_facts, summary
from harness.stages.result import AuditSettings
from harness.trial.record import Kind, TrialRecord, Which, record_from_json
from harness.untrusted import visible


def stored_report(folder: Path, named: str = "") -> dict[str, Any]:
    """Its `tasks` are read one at a time, each time they are gone through; none is kept. The commands in it call the
    folder `named`, or what it is called here."""
    with _reading(folder) as db:
        meta = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM meta")}
        briefs = [json.loads(text) for (text,) in db.execute(f"SELECT brief {_FINISHED}")]
        left = list(_unfinished(db))
    facts = meta.get("facts") or run_facts(str(meta.get("options", {}).get("engine", "unknown")), "", AuditSettings())
    return {
        "schema": SCHEMA,
        **facts,
        "run": named or str(folder),
        "options": meta.get("options", {}),
        "interrupted": bool(left) or meta.get("seconds") is None,
        "seconds": meta.get("seconds"),
        "summary": summary(briefs, len(left)),
        "tasks": StoredTasks(folder, named or str(folder), len(briefs)),
        "unfinished": left,
    }


_FINISHED = "FROM task WHERE position IS NOT NULL AND result IS NOT NULL ORDER BY position"


@dataclass(frozen=True, slots=True)
class StoredTasks:
    """The finished tasks' entries, in the order of the run."""

    folder: Path
    named: str
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with _reading(self.folder) as db:
            shared = {ident for (ident,) in db.execute(_SHARED)}
            for (packed,) in db.execute(f"SELECT result {_FINISHED} LIMIT ?", (self.count,)):
                yield _named(json.loads(zlib.decompress(packed)), self.named, shared)


_SHARED = """
SELECT mutant.id FROM mutant JOIN task ON task.name = mutant.task
WHERE task.position IS NOT NULL AND task.result IS NOT NULL GROUP BY mutant.id HAVING count(*) > 1
"""
"""Tasks with the same solution have mutants with the same ids."""


def _named(entry: dict[str, Any], folder: str, shared: set[str]) -> dict[str, Any]:
    """With what `show` and `repro` take for each mutant: its id, with the task's name where others have it too."""
    refs: dict[str, str] = {}
    for mutant in entry["mutants"]:
        label = "/".join(part for part in (mutant["step"], mutant["id"]) if part)
        ref = f"{entry['name']}/{label}" if mutant["id"] in shared else mutant["id"]
        refs[label] = mutant["ref"] = ref
        mutant["repro"] = shlex.join(["foolsgold", "repro", folder, ref, "-o", f"repro-{mutant['id']}"])
    entry["survivors"] = [refs[label] for label in entry["survivors"]]
    return entry


def _unfinished(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Tasks without a result, with how far they are; null where they have not begun."""
    rows = db.execute(
        "SELECT name, path, setting IS NOT NULL FROM task "
        "WHERE position IS NOT NULL AND result IS NULL ORDER BY position"
    )
    for name, path, begun in list(rows):
        yield {"name": name, "path": path, "progress": _progress(db, name) if begun else None}


def _progress(db: sqlite3.Connection, task: str) -> Mapping[str, int]:
    (planned,) = db.execute("SELECT count(*) FROM mutant WHERE task = ?", (task,)).fetchone()
    (trials,) = db.execute("SELECT count(*) FROM trial WHERE task = ?", (task,)).fetchone()
    first = db.execute(
        "SELECT record FROM trial WHERE task = ? AND kind = ? AND run = ? AND purpose LIKE 'judge%'",
        (task, Kind.MUTANT, Which.FIRST),
    )
    paid = [showing(record_from_json(json.loads(record))).shown is Shown.PAID for (record,) in first]
    return {"trials": trials, "mutants": planned, "tried": len(paid), "paid": sum(paid)}


def stored_trials(folder: Path, task: str, label: str) -> list[TrialRecord]:
    """What a run remembers of the reference's trials with this label; [] where it was written without a store."""
    if not (folder / FILE).is_file():
        return []
    with _reading(folder) as db:
        found = db.execute(
            "SELECT record FROM trial WHERE task = ? AND kind = ? AND label = ?", (task, Kind.REFERENCE, label)
        )
        return [record_from_json(json.loads(text)) for (text,) in found]


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
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
