"""A trial as something that can be sent to another machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.task.model import Task
from harness.trial.plan import Built, Plan


@dataclass(frozen=True, slots=True)
class TaskRef:
    """Which task, and which version of it."""

    name: str
    path: Path
    digest: str

    @classmethod
    def of(cls, task: Task) -> TaskRef:
        return cls(task.name, task.path, task.digest)


@dataclass(frozen=True, slots=True)
class Job:
    """One trial. A worker that lacks the task's folder asks for it by its digest, and builds the images it lacks."""

    task: TaskRef
    images: tuple[str, ...]
    """Ids of the task's own, its sidecars' and its separate verifiers': a result counts for these and no others."""
    plan: Plan


def image_ids(built: Built) -> tuple[str, ...]:
    others = (*sorted(built.sidecars.items()), *sorted(built.verifiers.items()))
    return (built.main.id, *(image.id for _, image in others))
