"""Finds the tasks in and below the paths that a user names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.task.files import absolute
from harness.task.formats import FORMATS
from harness.task.model import FormatSpec, Problem, ProblemSeverity, Task, Unusable
from harness.untrusted import shown, visible

RUN_MARK = "run.db"
"""A folder with this file is a run folder of ours, with copies of tasks in it."""

_SKIPPED = frozenset({"node_modules", "__pycache__"})
_ONCE = frozenset({"unknown-key"})
"""Warnings shown once a discovery: if a dataset has a key of its own, each of its thousand tasks has it."""
HINT = f"A task is a folder with {' or '.join(f'{spec.config} ({spec.title})' for spec in FORMATS)}."


def discover(paths: Sequence[Path]) -> list[Task | Unusable]:
    """Every task in or below `paths`, in their order and then by name; each with a unique name.

    Raises UsageError for a path that does not exist or has no task.
    """
    return load_all(folders(paths))


def folders(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """(name, folder) of every task in or below `paths`, without reading any of them."""
    found: list[tuple[Path, str, Path]] = []
    seen: set[str] = set()
    for path in paths:
        before = len(found)
        again = False
        for task, name in below(root_of(path)):
            real = os.path.realpath(task)
            again = again or real in seen
            if real not in seen:
                seen.add(real)
                found.append((task, name, path))
        if len(found) == before and not again:
            raise UsageError(f"There is no task in {visible(str(path))}.", hint=HINT)
    names = unique_names([(name, path) for _, name, path in found])
    return [(name, task) for (task, _, _), name in zip(found, names, strict=True)]


def load_all(named: Iterable[tuple[str, Path]]) -> list[Task | Unusable]:
    """Read the tasks in some folders."""
    return _once([_load(task, name) for name, task in named])


def load(path: Path, name: str) -> Task | Unusable:
    """Read one task folder of any format."""
    formats = _formats(path)
    if not formats:
        raise UsageError(f"{visible(str(path))} is not a task.", hint=HINT)
    first, *others = formats
    task = first.load(path, name)
    both = tuple(
        Problem(
            "two-formats",
            ProblemSeverity.WARNING,
            f"There are both {first.config} and {other.config}; it is read as a {first.title} task.",
            path / other.config,
        )
        for other in others
    )
    return replace(task, problems=(*task.problems, *both)) if both else task


def _formats(path: Path) -> list[FormatSpec]:
    return [spec for spec in FORMATS if os.path.lexists(path / spec.config)]


def _load(path: Path, name: str) -> Task | Unusable:
    if _formats(path):
        return load(path, name)
    message = "This folder cannot be read, so there may be tasks in it that were not found."
    return Unusable(name, path, (Problem("unreadable", ProblemSeverity.ERROR, message, path),))


def root_of(path: Path) -> Path:
    path = absolute(path)
    try:
        if path.name in {spec.config for spec in FORMATS} and not path.is_dir():
            path = path.parent
        path.lstat()
        path.is_dir()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise UsageError(f"{visible(str(path))} cannot be read: {error.strerror}.") from error
    if not os.path.lexists(path):
        raise UsageError(f"{visible(str(path))} does not exist.", hint="Name a task's folder, or a folder of tasks.")
    if not path.is_dir():
        raise UsageError(f"{visible(str(path))} is not a folder.", hint="Name a task's folder, or a folder of tasks.")
    return path


def below(root: Path) -> list[tuple[Path, str]]:
    """(task folder, name), by name. A task's own folders are not searched."""
    found: list[Path] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        if _formats(folder):
            found.append(folder)
            if _has_parts(folder):
                continue
        try:
            with os.scandir(folder) as entries:
                children = list(entries)
        except OSError as error:
            if folder == root:
                raise UsageError(f"{visible(str(root))} cannot be read: {error.strerror}.") from error
            found.append(folder)
            continue
        if any(entry.name == RUN_MARK for entry in children):
            continue
        for entry in children:
            if passed_over(entry.name) or not _leads_to_folder(entry):
                continue
            path = folder / entry.name
            # A link to a task is followed, and no other: the user did not name the folders behind it.
            if not entry.is_symlink() or is_task_folder(path):
                folders.append(path)
    found.sort(key=lambda path: [os.fsencode(part) for part in path.parts])
    return [
        (path, shown(path.relative_to(root).as_posix() if path != root else root.name or "task", keep="\n"))
        for path in found
    ]


def passed_over(name: str) -> bool:
    """Whether a folder of this name is one in which nobody keeps tasks."""
    return name.startswith(".") or name in _SKIPPED


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_task_folder(path: Path) -> bool:
    """Whether the folder is itself a task, and not only one with tasks below it."""
    return bool(_formats(path)) and _has_parts(path)


def _has_parts(path: Path) -> bool:
    """Whether a folder with a config file also has another part of a task. Some datasets have a config file at their
    root, which must not hide the tasks below it."""
    return any(os.path.lexists(path / part) for spec in FORMATS for part in spec.parts)


def unique_names(named: list[tuple[str, Path]]) -> list[str]:
    """Unique names: equal names from several roots get their root's name before them, and a number if that is not
    enough."""
    counts = Counter(name for name, _ in named)
    result = []
    used: set[str] = set()
    for name, root in named:
        if counts[name] > 1:
            above = absolute(root)
            prefix = above.parent.name if above.name == name else above.name
            name = shown(f"{prefix}/{name}", keep="\n") if prefix else name
        candidate, number = name, 2
        while candidate in used:
            candidate, number = f"{name}#{number}", number + 1
        used.add(candidate)
        result.append(candidate)
    return result


def _once(tasks: list[Task | Unusable]) -> list[Task | Unusable]:
    shown: set[str] = set()
    result = []
    for task in tasks:
        kept = []
        for problem in task.problems:
            if problem.code in _ONCE:
                if problem.message in shown:
                    continue
                shown.add(problem.message)
            kept.append(problem)
        result.append(task if len(kept) == len(task.problems) else replace(task, problems=tuple(kept)))
    return result
