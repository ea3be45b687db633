"""The verifier's own files as texts: what findings read, and never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.task.model import Step, Task

TOO_LARGE = 2 << 20


def verifier_texts(task: Task, step: Step) -> dict[str, str]:
    """Path relative to the task folder -> text; a step's own file hides the task's of the same name."""
    found: dict[str, tuple[Path, str]] = {}
    for folder in _folders(step):
        for path, text in _texts(folder):
            found[path.relative_to(folder).as_posix()] = (path, text)
    for source, target in step.verifier.extra_files:
        for path, text in _texts(source):
            found[target] = (path, text)
    return {relative(task, path): text for path, text in found.values()}


def _folders(step: Step) -> tuple[Path, ...]:
    """Also that of tests which the verifier's own image brings along."""
    verifier = step.verifier
    own = verifier.separate.recipe.context if verifier.owns_tests and verifier.separate is not None else None
    return verifier.folders if own is None else (own,)


def environment_texts(task: Task) -> Iterator[str]:
    """The texts of the environment's build context, without the task's other parts where those lie in it too."""
    return (text for _, text in environment_files(task))


def environment_files(task: Task) -> Iterator[tuple[str, str]]:
    """The same with each file's path below the build context."""
    apart: set[Path] = set()
    for step in task.steps:
        apart |= {step.instruction_file, *step.verifier.folders, *(source for source, _ in step.verifier.extra_files)}
        if step.solution is not None:
            only = step.solution.only or ((step.solution.script.name,) if step.solution.keys else ())
            apart |= {step.solution.folder / name for name in only} or {step.solution.folder}
    for path, text in _texts(task.environment.recipe.context):
        if not apart & {path, *path.parents}:
            yield path.relative_to(task.environment.recipe.context).as_posix(), text


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
    for path in paths:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > TOO_LARGE:
            continue
        data = path.read_bytes()
        if b"\0" not in data[:4096]:
            yield path, data.decode("utf-8", "replace")


def relative(task: Task, path: Path) -> str:
    return path.relative_to(task.path).as_posix() if path.is_relative_to(task.path) else path.as_posix()
