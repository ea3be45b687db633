"""The texts of the verifier's and the environment's files, for findings and probes. They are read, never run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from harness.task.model import Step, Task

TOO_LARGE = 2 << 20


def verifier_texts(task: Task, step: Step) -> dict[str, str]:
    """Path relative to the task folder -> text; a step's own file replaces the task's of the same name."""
    found: dict[str, tuple[Path, str]] = {}
    for folder in _folders(step):
        for path, text in _texts(folder):
            if is_left_out(path, step.verifier.left_out):
                continue
            found[path.relative_to(folder).as_posix()] = (path, text)
    for source, target in step.verifier.extra_files:
        for path, text in _texts(source):
            found[target] = (path, text)
    return {relative(task, path): text for path, text in found.values()}


def _folders(step: Step) -> tuple[Path, ...]:
    """The folders with tests, also those that are in the verifier's own image."""
    verifier = step.verifier
    own = verifier.separate.recipe.context if verifier.owns_tests and verifier.separate is not None else None
    return verifier.folders if own is None else (own,)


def environment_texts(task: Task) -> Iterator[str]:
    """The texts of the environment's build context, without the task's other parts if they are in it too."""
    return (text for _, text in environment_files(task))


def environment_files(task: Task) -> Iterator[tuple[str, str]]:
    """(path below the build context, text) of the same files."""
    context, apart = task.environment.recipe.context, _apart(task)
    if apart.isdisjoint({context, *context.parents}):
        for path, text in _texts(context, frozenset(str(one) for one in apart)):
            yield path.relative_to(context).as_posix(), text


def _apart(task: Task) -> set[Path]:
    """The task's other parts, which may be in the build context, too."""
    apart: set[Path] = set()
    for step in task.steps:
        apart |= {step.instruction_file, *step.verifier.folders, *(source for source, _ in step.verifier.extra_files)}
        if step.solution is not None:
            only = step.solution.only or ((step.solution.script.name,) if step.solution.keys else ())
            apart |= {step.solution.folder / name for name in only} or {step.solution.folder}
    return apart


def verifier_contents(task: Task, step: Step) -> Iterator[tuple[str, bytes]]:
    """(path relative to the task folder, content) of the tests' files, data among them."""
    for folder in _folders(step):
        for path, data in _contents(folder):
            if not is_left_out(path, step.verifier.left_out):
                yield relative(task, path), data


def environment_contents(task: Task) -> Iterator[tuple[str, bytes]]:
    """(path below the build context, content) of the same files as `environment_files`, data among them."""
    context, apart = task.environment.recipe.context, _apart(task)
    if apart.isdisjoint({context, *context.parents}):
        for path, data in _contents(context, frozenset(str(one) for one in apart)):
            yield path.relative_to(context).as_posix(), data


def _texts(top: Path, apart: frozenset[str] = frozenset()) -> Iterator[tuple[Path, str]]:
    for path, data in _contents(top, apart):
        if b"\0" not in data[:4096]:
            yield path, data.decode("utf-8", "replace")


def _contents(top: Path, apart: frozenset[str] = frozenset()) -> Iterator[tuple[Path, bytes]]:
    for path in _files(str(top), apart) if top.is_dir() else _plain(str(top), apart):
        found = Path(path)
        yield found, found.read_bytes()


def _files(folder: str, apart: frozenset[str]) -> Iterator[str]:
    """The plain files below a folder, in order. A context may have very many, so entries are not kept as objects."""
    for name in sorted(os.listdir(folder)):
        yield from _plain(f"{folder}/{name}", apart)


def _plain(path: str, apart: frozenset[str]) -> Iterator[str]:
    if path in apart:
        return
    with suppress(OSError):
        info = os.lstat(path)
        if stat.S_ISDIR(info.st_mode):
            yield from _files(path, apart)
        elif stat.S_ISREG(info.st_mode) and info.st_size <= TOO_LARGE:
            yield path


def is_left_out(path: Path, left_out: Sequence[Path]) -> bool:
    """Whether it is one of these files and folders, or lies in one."""
    return bool(left_out) and not {path, *path.parents}.isdisjoint(left_out)


def relative(task: Task, path: Path) -> str:
    return path.relative_to(task.path).as_posix() if path.is_relative_to(task.path) else path.as_posix()
