"""Solutions from folders: one a folder, diffs, .jsonl files and recorded trials, in any depth.

Strangers wrote what is in them. Links are not followed, and nothing is read that is no plain file of a sound size.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.attempts.lines import Malformed, box_path, name_of, read_lines
from harness.attempts.model import (
    LARGEST_ABOUT,
    LARGEST_SOLUTION,
    MOST_FILES,
    Handed,
    OnReference,
    Submission,
    Truth,
    WholeSolution,
)
from harness.attempts.recordings import is_recording, read_recording
from harness.errors import UsageError
from harness.trial.actions import Actions, Carry, PatchFiles, WriteFile
from harness.untrusted import visible

SCRIPTS = ("solve.sh", "solution.sh", "solution.yaml")
FILES, BOX_DIFF, ABOUT, STEPS = "files", "box.diff", "attempt.json", "steps"
_DIFFS = (".patch", ".diff")
DEEPEST = 12


def read_submissions(places: Sequence[Path]) -> list[Submission]:
    """Everything below these folders, or in these .jsonl files, in a stable order. Raises UsageError."""
    found: list[Submission] = []
    for place in places:
        if place.is_file() and place.suffix == ".jsonl":
            found += read_lines(place, read_recording)
        elif place.is_dir():
            found += _below(place, place, 0)
        elif not place.exists():
            raise UsageError(f"There is no {visible(str(place))}.", hint="Name a folder or a .jsonl file.")
        else:
            raise UsageError(
                f"There are no solutions in {visible(str(place))}.",
                hint="Name a folder, or a file of JSON Lines whose name ends in .jsonl.",
            )
    if not found:
        raise UsageError(
            f"There are no solutions in {visible(', '.join(map(str, places)))}.",
            hint="docs/attempts.md says what a folder with solutions looks like.",
        )
    return found


def _below(folder: Path, top: Path, depth: int) -> Iterator[Submission]:
    if is_recording(folder):
        yield _at(read_recording("", folder), folder, top)
        return
    names = sorted(os.listdir(folder))
    if folder != top and _is_solution(folder, names):
        yield _solution(folder, top, names)
        return
    if depth >= DEEPEST:
        raise UsageError(f"{visible(str(folder))} lies too deep: a solution is at most {DEEPEST} folders down.")
    for name in names:
        path = folder / name
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from _below(path, top, depth + 1)
        elif name.endswith(".jsonl"):
            yield from (_labelled(each, path, top) for each in read_lines(path, read_recording))
        elif name.endswith(_DIFFS) and path.is_file():
            diff = _data(path).decode("utf-8", "surrogateescape")
            yield _made(path.with_suffix(""), path, top, OnReference(diff), {})


def _is_solution(folder: Path, names: Sequence[str]) -> bool:
    if any(name in names for name in (*SCRIPTS, BOX_DIFF, ABOUT)) or _has_steps(folder, names):
        return True
    return FILES in names and (folder / FILES).is_dir() and not (folder / FILES).is_symlink()


def _has_steps(folder: Path, names: Sequence[str]) -> bool:
    """Whether it holds a solution for each step, as a task of several has them."""
    if STEPS not in names or (folder / STEPS).is_symlink() or not (folder / STEPS).is_dir():
        return False
    return any((step / "solution" / name).is_file() for step in (folder / STEPS).iterdir() for name in SCRIPTS)


def _solution(folder: Path, top: Path, names: Sequence[str]) -> Submission:
    about = _about(folder / ABOUT) if ABOUT in names else {}
    diffs = [name for name in names if name.endswith(_DIFFS) and name != BOX_DIFF]
    handed: Handed
    try:
        if any(name in names for name in SCRIPTS) or _has_steps(folder, names):
            handed = WholeSolution({path: data for path, data, _ in _files(folder) if path != ABOUT})
        elif FILES in names:
            kept = _files(folder / FILES)
            handed = Actions(tuple(WriteFile(box_path(f"/{path}"), data, mode) for path, data, mode in kept))
        elif BOX_DIFF in names:
            handed = Actions((PatchFiles(_data(folder / BOX_DIFF).decode("utf-8", "surrogateescape")),), Carry.NOTHING)
        elif len(diffs) == 1:
            handed = OnReference(_data(folder / diffs[0]).decode("utf-8", "surrogateescape"))
        else:
            raise Malformed("it has neither a solve.sh, one diff, box.diff nor a folder files/")
        return _made(folder, folder, top, handed, about)
    except Malformed as error:
        raise UsageError(
            f"The solution in {visible(str(folder))} cannot be read: {visible(str(error))}.",
            hint="docs/attempts.md says what a folder with solutions looks like.",
        ) from error


def _made(named: Path, place: Path, top: Path, handed: Handed, about: dict[str, Any]) -> Submission:
    """Its name, its task and its label are those of the folders that it is in."""
    parts = named.relative_to(top).parts
    label = next((Truth(part) for part in reversed(parts[:-1]) if part in set(Truth)), None)
    named_label = _truth(about, "label", place)
    try:
        name = name_of("/".join(parts))
    except Malformed as error:
        raise UsageError(f"{visible(str(place))}: {error}.") from error
    return Submission(
        "/".join(parts[:-1]),
        name,
        handed,
        str(about.get("source", "")),
        named_label or label,
        _truth(about, "meant", place),
        about=about.get("about", {}),
        place=str(place),
    )


def _labelled(one: Submission, place: Path, top: Path) -> Submission:
    """A line without a label has that of the folders that its file is in."""
    parts = place.relative_to(top).parts[:-1]
    label = next((Truth(part) for part in reversed(parts) if part in set(Truth)), None)
    return replace(one, label=one.label or label)


def _at(one: Submission, folder: Path, top: Path) -> Submission:
    parts = folder.relative_to(top).parts
    label = next((Truth(part) for part in reversed(parts[:-1]) if part in set(Truth)), None)
    return replace(one, label=label)


def _about(path: Path) -> dict[str, Any]:
    try:
        data = _data(path, LARGEST_ABOUT)
        found = json.loads(data)
    except (Malformed, ValueError, RecursionError) as error:
        raise UsageError(f"{visible(str(path))} cannot be read: {visible(str(error))}.") from error
    if not isinstance(found, dict) or not found.keys() <= {"label", "meant", "source", "about"}:
        raise UsageError(f"{visible(str(path))} is to be an object with label, meant, source and about.")
    if not isinstance(found.get("about", {}), dict) or not isinstance(found.get("source", ""), str):
        raise UsageError(f"{visible(str(path))}: source is to be a text, and about an object.")
    return found


def _truth(about: dict[str, Any], key: str, place: Path) -> Truth | None:
    said = about.get(key)
    if said is None:
        return None
    if said not in set(Truth):
        raise UsageError(f"{visible(str(place))}: {key} is to be right or wrong.")
    return Truth(said)


def _files(folder: Path) -> list[tuple[str, bytes, int]]:
    """(path below the folder, content, mode) of every plain file. A link is refused: it could lead anywhere."""
    found: list[tuple[str, bytes, int]] = []
    total = 0
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in [*sorted(names), *folders]:
            path = Path(at, name)
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                continue
            if not stat.S_ISREG(info.st_mode):
                raise Malformed(f"{path.relative_to(folder)} is no plain file")
            total += info.st_size
            if len(found) >= MOST_FILES or total > LARGEST_SOLUTION:
                raise Malformed(f"it has more than {MOST_FILES:,} files or {LARGEST_SOLUTION >> 20} MB")
            found.append((path.relative_to(folder).as_posix(), path.read_bytes(), stat.S_IMODE(info.st_mode) & 0o777))
    return found


def _data(path: Path, most: int = LARGEST_SOLUTION) -> bytes:
    info = path.lstat()
    if not stat.S_ISREG(info.st_mode):
        raise Malformed(f"{path.name} is no plain file")
    if info.st_size > most:
        raise Malformed(f"{path.name} is larger than {most >> 10} KB")
    return path.read_bytes()
