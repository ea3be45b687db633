"""A report's commands as they work where it is read: they name the run folder that the reader gave."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.report.proposed import proposed_variants, with_variants


def run_name(run: Path, here: Path | None = None) -> str:
    """The run as it is named in a command: as the reader did, or from the working folder where that is shorter."""
    given = str(run)
    if run.is_absolute():
        with suppress(FileNotFoundError):  # the working folder is gone
            given = min(given, os.path.relpath(run, here or Path.cwd()), key=len)
    return f"./{given}" if given.startswith("-") else given


def addressed(report: Mapping[str, Any], run: str) -> dict[str, Any]:
    """The report as it is read by somebody to whom its run is `run`."""
    return {**report, "run": run, "tasks": _Addressed(report["tasks"], run)}


class _Addressed:
    """A report's tasks with their commands; none is kept."""

    def __init__(self, tasks: Any, run: str) -> None:
        self.tasks, self.run = tasks, run

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for task in self.tasks:
            yield {
                **with_variants(task, map(self._addressed, proposed_variants(task))),
                "mutants": [self._addressed(mutant) for mutant in task["mutants"]],
                "findings": [
                    {**finding, "command": show_command(self.run, task, finding)} for finding in task["findings"]
                ],
            }

    def _addressed(self, mutant: Mapping[str, Any]) -> dict[str, Any]:
        return {**mutant, "repro": repro_command(self.run, mutant["ref"], mutant["id"])}


def repro_command(run: str, ref: str, ident: str) -> str:
    return shlex.join(["foolsgold", "repro", run, ref, "-o", f"repro-{ident}"])


def show_command(run: str, task: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """What shows a finding: the mutant that is its evidence, else the task with all that was found."""
    tried = [*task["mutants"], *proposed_variants(task)]
    witness = next((mutant["ref"] for line in finding["evidence"] for mutant in tried if mutant["id"] in line), None)
    return shlex.join(["foolsgold", "show", run, task["name"] if witness is None else witness])
