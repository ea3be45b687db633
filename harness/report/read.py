"""report.json back from a run folder, and the mutants in it by name."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.lab.store import is_run
from harness.report.document import SCHEMA
from harness.report.stored import stored_report
from harness.report.stream import streamed
from harness.untrusted import visible

REPORT = "report.json"
_SERIES, _, _NUMBER = SCHEMA.partition("/")


def schema() -> str:
    """The JSON Schema that every report.json of this version keeps."""
    return resources.files("harness.report").joinpath(f"schema/report-{_NUMBER}.json").read_text(encoding="utf-8")


def read_report(run: Path, *, one_by_one: bool = False) -> dict[str, Any]:
    """The report of a run folder, as far as the run came; a report.json by itself will do. With `one_by_one` its tasks
    are read again each time they are gone through, and none is kept."""
    if run.is_dir() and is_run(run):
        found = stored_report(run)
        return found if one_by_one else {**found, "tasks": list(found["tasks"])}
    path = run / REPORT if run.is_dir() else run
    try:
        found = streamed(path) if one_by_one else json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        what = f"There is no report in {visible(str(run))}" if run.exists() else f"There is no {visible(str(run))}"
        raise UsageError(f"{what}.", hint="Give the run folder of a `foolsgold audit`, which -o named.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{visible(str(path))} cannot be read: {error}.",
            hint="Give the run folder of a `foolsgold audit`; with --resume it writes its report anew.",
        ) from error
    named = found.get("schema") if isinstance(found, dict) else None
    if named == SCHEMA:
        assert isinstance(found, dict)
        return found
    if isinstance(named, str) and named.startswith(f"{_SERIES}/"):
        raise UsageError(
            f"{visible(str(path))} is written in {visible(named)}, and this foolsgold reads {SCHEMA}.",
            hint=f"Use the foolsgold that wrote it, version {visible(str(found.get('foolsgold')))}, or audit again.",
        )
    raise UsageError(
        f"{visible(str(path))} is no report of an audit.", hint="Give the run folder of a `foolsgold audit`."
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
