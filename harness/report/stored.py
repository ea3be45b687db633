"""A run's report, made from its store: of a finished run, an interrupted one, or one that is still going on."""

from __future__ import annotations

import json
import shlex
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.judging.outcome import Shown, showing
from harness.lab.store import is_run
from harness.lab.stored import reading
from harness.report.document import SCHEMA, run_facts, summary
from harness.report.proposed import proposed_variants
from harness.report.words import how_chosen
from harness.stages.result import AuditSettings
from harness.trial.record import Kind, TrialRecord, Which, record_from_json


def stored_report(folder: Path, named: str = "") -> dict[str, Any]:
    """Its `tasks` are read one at a time, each time they are gone through; none is kept. The commands in it call the
    folder `named`, or what it is called here."""
    with reading(folder) as db:
        meta = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM meta")}
        briefs = [json.loads(text) for (text,) in db.execute(f"SELECT brief {_FINISHED}")]
        left = list(_unfinished(db))
        copies = list(_copies(db))
    selection = meta.get("selection")
    facts = meta.get("facts") or run_facts(str(meta.get("options", {}).get("engine", "unknown")), "", AuditSettings())
    return {
        "schema": SCHEMA,
        **facts,
        "run": named or str(folder),
        "options": meta.get("options", {}),
        "interrupted": bool(left) or meta.get("seconds") is None,
        "seconds": meta.get("seconds"),
        "selection": _told(selection),
        "summary": summary(briefs, len(left), copies, selection),
        "tasks": StoredTasks(folder, named or str(folder), len(briefs), _groups(selection)),
        "unfinished": left,
        "copies": copies,
    }


def _groups(selection: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    return selection["sample"]["groups"] if selection is not None and selection["sample"] is not None else None


def _told(selection: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How the tasks were chosen, without the stratum of each of them, and in a sentence."""
    if selection is None:
        return None
    sample = selection["sample"]
    kept = {key: value for key, value in sample.items() if key != "groups"} if sample is not None else None
    return {**selection, "sample": kept, "sentence": how_chosen(selection)}


_FINISHED = "FROM task WHERE position IS NOT NULL AND result IS NOT NULL ORDER BY position"


@dataclass(frozen=True, slots=True)
class StoredTasks:
    """The finished tasks' entries, in the order of the run."""

    folder: Path
    named: str
    count: int
    groups: Mapping[str, str] | None = None
    """Sampled task -> its stratum."""

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with reading(self.folder) as db:
            shared = {ident for (ident,) in db.execute(_SHARED)}
            for (packed,) in db.execute(f"SELECT result {_FINISHED} LIMIT ?", (self.count,)):
                entry = _named(json.loads(zlib.decompress(packed)), self.named, shared)
                entry["stratum"] = self.groups.get(entry["name"]) if self.groups is not None else None
                yield entry


_SHARED = """
SELECT mutant.id FROM mutant JOIN task ON task.name = mutant.task
WHERE task.position IS NOT NULL AND task.result IS NOT NULL GROUP BY mutant.id HAVING count(*) > 1
"""
"""Tasks with the same solution have mutants with the same ids."""


def _named(entry: dict[str, Any], folder: str, shared: set[str]) -> dict[str, Any]:
    """With what `show` and `repro` take for each mutant: its id, with the task's name where others have it too."""
    refs: dict[str, str] = {}
    for mutant in [*entry["mutants"], *proposed_variants(entry)]:
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
        "WHERE position IS NOT NULL AND result IS NULL AND brief IS NULL ORDER BY position"
    )
    for name, path, begun in list(rows):
        yield {"name": name, "path": path, "progress": _progress(db, name) if begun else None}


def _copies(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Tasks that are another one again, which has the result."""
    rows = db.execute(
        "SELECT name, path, brief FROM task "
        "WHERE position IS NOT NULL AND result IS NULL AND brief IS NOT NULL ORDER BY position"
    )
    for name, path, brief in rows:
        yield {"name": name, "path": path, **json.loads(brief)}


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
    if not is_run(folder):
        return []
    with reading(folder) as db:
        found = db.execute(
            "SELECT record FROM trial WHERE task = ? AND kind = ? AND label = ?", (task, Kind.REFERENCE, label)
        )
        return [record_from_json(json.loads(text)) for (text,) in found]
