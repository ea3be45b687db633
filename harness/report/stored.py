"""What a run folder says of an audit that has not ended: read from its store, which a running audit may hold."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import __version__
from harness.audit import FIRST
from harness.errors import UsageError
from harness.judging.outcome import OutcomeKind, Shown, showing
from harness.judging.strength import Verdict
from harness.lab.store import FILE, SCHEMA_VERSION
from harness.report.dataset import dataset
from harness.report.document import SCHEMA
from harness.stages.result import AuditSettings
from harness.trial.record import Kind, record_from_json
from harness.untrusted import visible

Progress = dict[str, dict[str, int]]


def with_progress(report: dict[str, Any], folder: Path) -> dict[str, Any]:
    """An interrupted run's report, with how far its unfinished tasks are where the folder still tells."""
    if not report["unfinished"] or not (folder / FILE).is_file():
        return report
    _, progress = _read(folder)
    unfinished = [{**task, "progress": progress.get(task["name"])} for task in report["unfinished"]]
    return {**report, "unfinished": unfinished}


def stored_report(folder: Path) -> dict[str, Any]:
    """The report that a run's store gives. It keeps no results of tasks: every task in it is unfinished."""
    options, progress = _read(folder)
    settings = AuditSettings()
    return {
        "schema": SCHEMA,
        "foolsgold": __version__,
        "python": None,
        "run": str(folder),
        "engine": str(options.get("engine", "unknown")),
        "engine_version": None,
        "seed": int(options.get("seed", settings.wish.seed)),
        "options": options,
        "thresholds": asdict(settings.thresholds),
        "rules": {
            "time_floor": settings.floor,
            "time_factor": settings.factor,
            "sampled_kills": settings.sampled_kills,
        },
        "interrupted": True,
        "seconds": None,
        "summary": {
            "tasks": len(progress),
            "verdicts": {verdict.value: 0 for verdict in Verdict},
            "mutants": 0,
            "outcomes": {kind.value: 0 for kind in OutcomeKind},
            "dataset": dataset([]),
        },
        "tasks": [],
        "unfinished": [{"name": name, "path": None, "progress": found} for name, found in progress.items()],
    }


def _read(folder: Path) -> tuple[dict[str, Any], Progress]:
    """(the options, task -> how far it is)."""
    path = folder / FILE
    try:
        # Not `mode=ro`: what a killed run left in the write-ahead log could then not be read.
        with closing(sqlite3.connect(path, timeout=10)) as db:
            db.execute("PRAGMA query_only = ON")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise UsageError(
                    f"{visible(str(path))} was written by a newer foolsgold (schema {version}, this one knows "
                    f"{SCHEMA_VERSION}).",
                    hint="Use that version.",
                )
            meta = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM meta")}
            tasks = [name for (name,) in db.execute("SELECT name FROM task ORDER BY name")]
            planned = dict(db.execute("SELECT task, count(*) FROM mutant GROUP BY task"))
            progress = {name: {"trials": 0, "mutants": planned.get(name, 0), "tried": 0, "paid": 0} for name in tasks}
            for name, kind, run, record in db.execute("SELECT task, kind, run, record FROM trial"):
                if name not in progress:
                    continue
                progress[name]["trials"] += 1
                if kind == Kind.MUTANT and run.partition("+")[0] == FIRST:
                    progress[name]["tried"] += 1
                    progress[name]["paid"] += showing(record_from_json(json.loads(record))).shown is Shown.PAID
    except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{visible(str(path))} cannot be read: {error}.", hint="It is damaged: audit anew, into another folder."
        ) from error
    options = meta.get("options")
    return options if isinstance(options, dict) else {}, progress
