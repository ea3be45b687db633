"""What of a Harbor task no box gets: the files that a .harborignore in its tests or its solution names.

The syntax is .gitignore's. The rules of a folder hold for all below it, a later one wins over an earlier one, and what
lies in a folder that is left out is left out with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from harness.task.files import Folder
from harness.task.texts import is_left_out

IGNORE = ".harborignore"
MOST_STARS = 4
"""In one line: with more, and with long names, matching may take for ever."""
_LIMIT = 64 << 10
_STARS = re.compile(r"\*+")

Rules = tuple[tuple[Path, GitIgnoreSpec], ...]


def unsent(folder: Folder, steps: tuple[str, ...]) -> tuple[Path, ...]:
    """The outermost files and folders that are left out, sorted."""
    tops = [folder.path("tests"), folder.path("solution")]
    tops += [folder.path("steps", step, part) for step in steps if step for part in ("tests", "solution")]
    found = [path for top in tops if folder.is_folder(top) and not top.is_symlink() for path in _below(folder, top, ())]
    # A link to what is left out is left out, too.
    links = [path for top in tops for path in _links(top) if is_left_out(_led_to(path, folder), found)]
    return tuple(sorted({*found, *links}))


def _led_to(path: Path, folder: Folder) -> Path:
    """Where a link leads to in the task, by the way on which the task is found."""
    real = Path(os.path.realpath(path))
    return folder.root / real.relative_to(folder.real) if real.is_relative_to(folder.real) else real


def _links(top: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(top):
        yield from (path for name in (*folders, *files) if (path := Path(place, name)).is_symlink())


def _below(folder: Folder, place: Path, rules: Rules) -> Iterator[Path]:
    names = folder.names(place)
    if IGNORE in names:
        yield place / IGNORE
        rules = (*rules, (place, _read(folder, place / IGNORE)))
    for name in names:
        path = place / name
        inside = path.is_dir()
        if name == IGNORE:
            continue
        if _left_out(path, inside, rules):
            yield path
        elif inside and not path.is_symlink():
            yield from _below(folder, path, rules)


def _left_out(path: Path, inside: bool, rules: Rules) -> bool:
    out = False
    for place, spec in rules:
        found = spec.check_file(path.relative_to(place).as_posix() + "/" * inside).include
        out = out if found is None else found
    return out


def _read(folder: Folder, file: Path) -> GitIgnoreSpec:
    data = folder.read(file, _LIMIT)
    lines = data.decode("utf-8", "replace").splitlines() if data is not None else []
    kept = [line for line in lines if len(_STARS.findall(line)) <= MOST_STARS]
    try:
        spec = GitIgnoreSpec.from_lines(kept)
    except ValueError as error:
        folder.problems.warning("odd-value", f"{folder.name(file)} is no list of patterns: {error}.", file)
        return GitIgnoreSpec.from_lines([])
    if len(kept) < len(lines):
        message = f"{folder.name(file)} has a line with more than {MOST_STARS} stars, which is not followed."
        folder.problems.warning("odd-value", message, file)
    return spec
