"""report.json back from a run folder, and the mutants in it by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.report.document import SCHEMA
from harness.report.untrusted import visible

REPORT = "report.json"


def read_report(run: Path) -> dict[str, Any]:
    """The report of a run folder; a report.json by itself will do."""
    path = run / REPORT if run.is_dir() else run
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        going = (run / "run.db").is_file()
        raise UsageError(
            f"There is no report in {visible(str(run))}.",
            hint="The audit of this folder has not ended: run it again with --resume."
            if going
            else "Give the run folder of a finished `foolsgold audit`.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{visible(str(path))} cannot be read: {error}.",
            hint="Run `foolsgold audit` with --resume on the folder to write it anew.",
        ) from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema == SCHEMA:
        assert isinstance(found, dict)
        return found
    if isinstance(schema, str) and schema.startswith("foolsgold.report/"):
        raise UsageError(
            f"{visible(str(path))} is written in {visible(schema)}, and this foolsgold reads {SCHEMA}.",
            hint=f"Use the foolsgold that wrote it, version {visible(str(found.get('foolsgold')))}, or audit again.",
        )
    raise UsageError(
        f"{visible(str(path))} is no report of an audit.", hint="Give the run folder of a finished `foolsgold audit`."
    )


def find_mutant(report: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(task, mutant) by the mutant's id, the beginning of it, or task/id where several tasks share it."""
    every = [(task, mutant) for task in report["tasks"] for mutant in task["mutants"]]
    exact = [(task, mutant) for task, mutant in every if name == mutant["ref"]]
    found = exact or [
        (task, mutant)
        for task, mutant in every
        if mutant["id"].startswith(name) or f"{task['name']}/{mutant['id']}".startswith(name)
    ]
    if not name or not found:
        raise UsageError(
            f"No mutant {visible(name)} in this run.", hint="`foolsgold report RUN --format csv` lists them all."
        )
    if len(found) > 1:
        names = ", ".join(visible(mutant["ref"]) for _, mutant in found[:6])
        raise UsageError(
            f"{visible(name)} is the beginning of several mutants: {names}{', ...' if len(found) > 6 else ''}.",
            hint="Write more of it.",
        )
    return found[0]
