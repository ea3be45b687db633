"""What the loader says of a task's files, as findings."""

from __future__ import annotations

from harness.findings.model import Place
from harness.task.model import Problem, Task, Unusable


def place_of(task: Task | Unusable, problem: Problem) -> Place:
    """Where the problem is, as a path in the task."""
    try:
        return Place(problem.file.relative_to(task.path).as_posix(), problem.line)
    except ValueError:
        return Place(str(problem.file), problem.line)
