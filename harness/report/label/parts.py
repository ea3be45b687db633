"""A task's content in four parts, each with its digest: a label says of which it is."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.task.files import GIT
from harness.task.model import Task

PARTS = ("instruction", "tests", "solution", "environment")
"""Every file is in one of them; what is in none of the first three, such as the config file, is of the environment."""
WHOLE = "task"


def digests(task: Task) -> dict[str, str]:
    """SHA-256 of the whole, as audits know it, and of each part: names, executable bits, link targets and contents."""
    made = {part: hashlib.sha256() for part in PARTS}
    for path, info in _entries(task.path):
        kind = "link" if stat.S_ISLNK(info.st_mode) else "program" if info.st_mode & 0o111 else "file"
        name = os.fsencode(path.relative_to(task.path).as_posix())
        content = os.fsencode(path.readlink()) if kind == "link" else _digest_of(path)
        part = made[_part_of(path, task)]
        for piece in (kind.encode(), name, content):
            part.update(len(piece).to_bytes(8, "big") + piece)
    return {WHOLE: task.digest, **{part: digest.hexdigest() for part, digest in made.items()}}


def changed(label: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts of which a label is not any more."""
    parts = [part for part in PARTS if label.get(part) != now[part]]
    return parts or ([WHOLE] if label.get(WHOLE) != now[WHOLE] else [])


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _entries(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files and links in a steady order; links are not followed."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if Path(folder, name) != root / GIT)
        links = [name for name in names if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            info = Path(folder, name).lstat()
            if stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
                yield Path(folder, name), info


def _part_of(path: Path, task: Task) -> str:
    for step in task.steps:
        if path == step.instruction_file:
            return "instruction"
        solution, verifier = step.solution, step.verifier
        if solution is not None and path.is_relative_to(solution.folder):
            below = path.relative_to(solution.folder).parts[0]
            if not solution.only or below in solution.only:
                return "solution"
        tests = [*verifier.folders, *(source for source, _ in verifier.extra_files)]
        if verifier.separate is not None and verifier.separate.recipe.context != task.path:
            tests.append(verifier.separate.recipe.context)
        if any(path.is_relative_to(place) for place in tests):
            return "tests"
    return "environment"
