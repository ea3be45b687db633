"""What a task's own texts say, before anything runs and whatever the trials show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.findings.given_away import given_away_finding, measure
from harness.findings.model import Finding
from harness.mutants import solution_files
from harness.task.model import Task
from harness.task.texts import environment_texts, relative
from mutator.sources import read_sources


def text_findings(task: Task, command: str) -> tuple[Finding, ...]:
    return tuple(replace(found, task=task.name, command=command) for found in _given_away(task))


def _given_away(task: Task) -> Iterator[Finding]:
    environment = list(environment_texts(task))
    for step in task.steps:
        if step.solution is None:
            continue
        script = step.solution.script.relative_to(step.solution.folder).as_posix()
        sources = read_sources(solution_files(step.solution), script, skipped=[])
        found = measure(step.instruction, sources, environment)
        yield from given_away_finding(found, relative(task, step.instruction_file))
