"""Solutions from a .jsonl file, one a line; docs/attempts.md has every field. Strangers wrote it: whatever does not fit
is refused, with its line."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from harness.attempts.model import (
    LARGEST_ABOUT,
    LARGEST_SOLUTION,
    MOST_FILES,
    CannotBeRun,
    Handed,
    InSteps,
    OnReference,
    RecordedEnd,
    Submission,
    TheReference,
    Truth,
    WholeSolution,
)
from harness.errors import UsageError
from harness.trial.actions import Action, Actions, Carry, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile
from harness.untrusted import clip, visible

LARGEST_FILE, LONGEST_LINE = 64 << 20, 16 << 20
MOST_ACTIONS = 20_000


class Malformed(Exception):
    """What is wrong with something that was handed in, as the end of a sentence."""


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    text: str | None = None
    base64: str | None = None
    mode: str | None = None


_AnyContent = str | _Content


class _ActionLine(msgspec.Struct, forbid_unknown_fields=True):
    run: str | None = None
    cwd: str = ""
    type: str | None = None
    seconds: float = 0.0
    write: str | None = None
    content: _AnyContent | None = None
    edit: str | None = None
    old: str = ""
    new: str = ""
    all: bool = False
    patch: str | None = None


class _StepLine(msgspec.Struct, forbid_unknown_fields=True):
    actions: list[_ActionLine]
    carry: Carry = Carry.ALL


class _Ended(msgspec.Struct, forbid_unknown_fields=True):
    rewards: dict[str, float] | None = None
    files: dict[str, _AnyContent] = {}
    tests: dict[str, str] = {}


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    task: str
    id: str | int | None = None
    source: str = ""
    label: Truth | None = None
    meant: Truth | None = None
    solution: dict[str, _AnyContent] | None = None
    patch: str | None = None
    files: dict[str, _AnyContent | None] | None = None
    box_diff: str | None = None
    actions: list[_ActionLine] | None = None
    steps: dict[str, _StepLine] | None = None
    trial: str | None = None
    reference: Literal[True] | None = None
    cannot_be_run: str | None = None
    carry: Carry = Carry.ALL
    recorded: _Ended = msgspec.field(default_factory=_Ended)
    about: dict[str, Any] = {}
    left_out: list[str] = []


_ONE_OF = ("solution", "patch", "files", "box_diff", "actions", "steps", "trial", "reference", "cannot_be_run")
Recorded = Callable[[str, Path], Submission]
"""Reads a folder of a recording, for a task."""


def read_lines(path: Path, recorded: Recorded) -> Iterator[Submission]:
    """Raises UsageError for the first line that is none. `recorded` reads a line's `trial`, which lies below the file's
    folder."""
    if path.stat().st_size > LARGEST_FILE:
        raise UsageError(
            f"{visible(str(path))} is larger than {LARGEST_FILE >> 20} MB.", hint="Cut it into several files."
        )
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
            if not raw.strip():
                continue
            try:
                if len(raw) > LONGEST_LINE:
                    raise Malformed(f"it is longer than {LONGEST_LINE >> 20} MB")
                yield _submission(raw, str(number), f"{path}:{number}", path.parent, recorded)
            except Malformed as error:
                raise UsageError(
                    f"{visible(str(path))}, line {number}: {visible(str(error))}.",
                    hint="docs/attempts.md has every field of a line.",
                ) from error


def _submission(raw: bytes, number: str, place: str, folder: Path, recorded: Recorded) -> Submission:
    try:
        found = msgspec.json.decode(raw, type=_Line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(clip(str(error), 300)) from error
    given = [name for name in _ONE_OF if getattr(found, name) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "none of them"
        raise Malformed(f"exactly one of {', '.join(_ONE_OF[:7])} is wanted, and there is {said}")
    if len(json.dumps(found.about)) > LARGEST_ABOUT:
        raise Malformed(f"`about` is larger than {LARGEST_ABOUT >> 10} KB")
    name = name_of(str(found.id)) if found.id is not None else number
    tests = dict(bounded(found.recorded.tests))
    ended = RecordedEnd(found.recorded.rewards, _contents(found.recorded.files, box_path), tests)
    if found.trial is not None:
        trial = folder / inner_path(found.trial)
        if trial.is_symlink() or not trial.resolve().is_relative_to(folder.resolve()):
            raise Malformed("`trial` leaves the folder of the file")
        read = recorded(found.task, trial)
        handed, ended, left = read.handed, ended or read.recorded, read.left_out
        source = found.source or read.source
    else:
        handed, left, source = _handed(found), tuple(found.left_out), found.source
    return Submission(found.task, name, handed, source, found.label, found.meant, ended, found.about, left, place)


def _handed(found: _Line) -> Handed:
    if found.solution is not None:
        return WholeSolution(_contents(found.solution, inner_path))
    if found.patch is not None:
        return OnReference(found.patch)
    if found.files is not None:
        return Actions(tuple(_write(path, content) for path, content in bounded(found.files)))
    if found.box_diff is not None:
        return Actions((PatchFiles(found.box_diff),))
    if found.reference:
        return TheReference()
    if found.cannot_be_run is not None:
        return CannotBeRun(found.cannot_be_run)
    if found.steps is not None:
        return InSteps({name: _actions(step.actions, step.carry) for name, step in found.steps.items()})
    assert found.actions is not None
    return _actions(found.actions, found.carry)


def _actions(found: list[_ActionLine], carry: Carry) -> Actions:
    if len(found) > MOST_ACTIONS:
        raise Malformed(f"it has more than {MOST_ACTIONS:,} actions")
    return Actions(tuple(_action(each, at) for at, each in enumerate(found)), carry)


def _action(found: _ActionLine, at: int) -> Action:
    given = [name for name in ("run", "type", "write", "edit", "patch") if getattr(found, name) is not None]
    if len(given) != 1:
        raise Malformed(f"action {at} is to have exactly one of run, type, write, edit and patch")
    if found.run is not None:
        return RunLine(found.run, found.cwd)
    if found.type is not None:
        if not 0 <= found.seconds < 1e6:
            raise Malformed(f"action {at} waits {found.seconds} seconds")
        return TypeKeys(found.type, found.seconds)
    if found.write is not None:
        return _write(found.write, found.content)
    if found.edit is not None:
        return EditFile(_without_nul(found.edit), found.old, found.new, found.all)
    assert found.patch is not None
    return PatchFiles(found.patch)


def _write(path: str, content: _AnyContent | None) -> WriteFile:
    mode = _mode(content.mode) if isinstance(content, _Content) and content.mode is not None else 0o644
    return WriteFile(_without_nul(path), _bytes(path, content) if content is not None else None, mode)


def _contents(files: dict[str, _AnyContent], path_of: Callable[[str], str]) -> dict[str, bytes]:
    found = {path_of(path): _bytes(path, content) for path, content in bounded(files)}
    for path in found:
        if any(parent.as_posix() in found for parent in PurePosixPath(path).parents):
            raise Malformed(f"{path} lies below another of its files")
    if sum(map(len, found.values())) > LARGEST_SOLUTION:
        raise Malformed(f"its files have more than {LARGEST_SOLUTION >> 20} MB")
    return found


def bounded(files: dict[str, Any]) -> list[tuple[str, Any]]:
    if len(files) > MOST_FILES:
        raise Malformed(f"it has more than {MOST_FILES:,} files")
    return list(files.items())


def _bytes(path: str, content: _AnyContent) -> bytes:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if (content.text is None) == (content.base64 is None):
        raise Malformed(f"the content of {path} is to have either text or base64")
    if content.text is not None:
        return content.text.encode("utf-8", "surrogatepass")
    assert content.base64 is not None
    try:
        return base64.b64decode(content.base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"the content of {path} is no base64: {error}") from error


def _mode(text: str) -> int:
    if not text or len(text) > 4 or not set(text) <= set("01234567"):
        raise Malformed(f"{text} is no mode such as 755")
    return int(text, 8)


# --- names and paths


def name_of(text: str) -> str:
    """A submission's own name, fit for a report and a trial's label."""
    if not text or len(text) > 200 or not text.isprintable():
        raise Malformed("`id` is to be a printable text of at most 200 characters")
    return text


def inner_path(text: str) -> str:
    """A path that stays below its folder."""
    path = PurePosixPath(_without_nul(text))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise Malformed(f"the path {clip(text, 100)} leaves its folder, or names none of its files")
    return path.as_posix()


def box_path(text: str) -> str:
    """A file's place in the box: whatever it is, it is in the box."""
    path = PurePosixPath(_without_nul(text))
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise Malformed(f"the path {clip(text, 100)} is no absolute path of a file")
    return path.as_posix()


def _without_nul(path: str) -> str:
    if not path or len(path) > 4_000 or "\0" in path:
        raise Malformed("a path is empty, too long or has a zero byte in it")
    return path
