"""report.json back from a run folder, and the mutants in it by name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.lab.store import is_run
from harness.report.addresses import addressed, run_name
from harness.report.document import SCHEMA
from harness.report.proposed import proposed_variants
from harness.report.stored import stored_report
from harness.report.stream import NoObjectError, streamed
from harness.untrusted import visible

REPORT = "report.json"
_SERIES, _, _NUMBER = SCHEMA.partition("/")


def schema() -> str:
    """The JSON Schema that every report.json of this version keeps."""
    return resources.files("harness.report").joinpath(f"schema/report-{_NUMBER}.json").read_text(encoding="utf-8")


def read_report(run: Path) -> dict[str, Any]:
    """The report of a run folder, as far as the run came; a report.json by itself will do. Its tasks are read again
    each time they are gone through, none is kept, and its commands work where the reader is."""
    if run.is_dir() and is_run(run):
        found = stored_report(run)
    else:
        found = _written(run / REPORT if run.is_dir() else run, run)
    return addressed(found, run_name(run))


def _written(path: Path, run: Path) -> dict[str, Any]:
    """The report that a file holds."""
    found: dict[str, Any] = {}
    try:
        with suppress(NoObjectError):
            found = streamed(path)
    except FileNotFoundError as error:
        what = f"There is no report in {visible(str(run))}" if run.exists() else f"There is no {visible(str(run))}"
        raise UsageError(f"{what}.", hint="Give the run folder of a `foolsgold audit`, which -o named.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{visible(str(path))} cannot be read: {error}.",
            hint="Give the run folder of a `foolsgold audit`; with --resume it writes its report anew.",
        ) from error
    named = found.get("schema")
    if named == SCHEMA:
        return found
    if isinstance(named, str) and named.startswith(f"{_SERIES}/"):
        raise UsageError(
            f"{visible(str(path))} is written in {visible(named)}, and this foolsgold reads {SCHEMA}.",
            hint=f"Use the foolsgold that wrote it, version {visible(str(found.get('foolsgold')))}, or audit again.",
        )
    raise UsageError(
        f"{visible(str(path))} is no report of an audit.", hint="Give the run folder of a `foolsgold audit`."
    )


def find_mutant(report: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(task, mutant) by the mutant's id, the beginning of it, or task/id where several tasks share it; also of a
    variant that somebody else proposed."""
    exact, begun = Matches(), Matches()
    for task in report["tasks"]:
        for mutant in [*task["mutants"], *proposed_variants(task)]:
            if name == mutant["ref"]:
                exact.add(task, mutant, mutant["ref"])
            elif mutant["id"].startswith(name) or f"{task['name']}/{mutant['id']}".startswith(name):
                begun.add(task, mutant, mutant["ref"])
    found = exact if exact.count else begun
    if not name or not found.count:
        raise UsageError(f"No task and no mutant {visible(name)} in this run.{_so_far(report)}", hint=_LISTED)
    if found.count > 1:
        raise UsageError(
            f"{visible(name)} is the beginning of several mutants: {found.names()}.", hint="Write more of it."
        )
    assert found.first is not None
    return found.first


_LISTED = "`foolsgold show RUN` lists tasks and paid mutants; `foolsgold report RUN --format csv` every mutant."


def _so_far(report: Mapping[str, Any]) -> str:
    """Why what was tried may not be found."""
    left = len(report["unfinished"])
    return f" {left} of its tasks {'are' if left > 1 else 'is'} unfinished." if left else ""


class Matches:
    """What a name fits: the first with its task, and what the first few are called."""

    SHOWN = 6

    def __init__(self) -> None:
        self.first: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.called: list[str] = []
        self.count = 0

    def add(self, task: dict[str, Any], one: dict[str, Any], called: str) -> None:
        self.first = self.first or (task, one)
        self.count += 1
        if self.count <= self.SHOWN:
            self.called.append(visible(called))

    def names(self) -> str:
        return f"{', '.join(self.called)}{', ...' if self.count > self.SHOWN else ''}"


def task_folder(entry: Mapping[str, Any], here: Path | None = None) -> Path:
    """Where a task of a report is: where it was, else in the working folder by the end of its path, as in another
    checkout. Whether it is the same task is for its digest to say."""
    path = Path(entry["path"])
    if path.is_dir():
        return path
    parts = path.parts[path.is_absolute() :]
    places = ((here or Path.cwd()).joinpath(*parts[first:]) for first in range(len(parts)))
    return next((place for place in places if place.is_dir()), path)
