"""What the loader says of a task's files, as findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.task.model import Problem, Task, Unusable
from harness.task.model import ProblemSeverity as Grave


def file_findings(task: Unusable, command: str) -> tuple[Finding, ...]:
    """Every reason why a task cannot be used. Its warnings are said before anything runs."""
    return tuple(
        replace(
            finding(
                problem.code,
                problem.message,
                place=place_of(task, problem) if problem.file != task.path else None,
                severity=Severity.UNMEASURED,
                advice="",
            ),
            task=task.name,
            command=command,
        )
        for problem in task.problems
        if problem.severity is Grave.ERROR
    )


def changed_finding(changes: str) -> Iterator[Finding]:
    """Of a task whose folder is not what it was when its work began; '' where nothing has changed."""
    if changes:
        yield finding("changed-meanwhile", f"While it ran {changes}; this is the result of the task from before that.")


def place_of(task: Task | Unusable, problem: Problem) -> Location:
    """Where the problem is, as a path in the task."""
    try:
        return Location(problem.file.relative_to(task.path).as_posix(), problem.line)
    except ValueError:
        return Location(str(problem.file), problem.line)
