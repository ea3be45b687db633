"""The words of attempts: what was handed in, in whatever form."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from harness.trial.actions import Action, Actions, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile
from harness.verifier.reward import Rewards

MOST_FILES, LARGEST_SOLUTION = 2_000, 32 << 20
LARGEST_ABOUT = 64 << 10


class Truth(StrEnum):
    """What somebody says of a solution."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class WholeSolution:
    """A solution folder in place of the reference's: path -> content. Of a task of several steps the paths are those
    below the task's folder: `steps/NAME/solution/solve.sh`."""

    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class OnReference:
    """A unified diff on the reference's solution folder; of a task of several steps on the task's."""

    diff: str


@dataclass(frozen=True, slots=True)
class TheReference:
    """The task's own solution, as Harbor's oracle runs it."""


@dataclass(frozen=True, slots=True)
class CannotBeRun:
    """Why what was recorded cannot be done again."""

    why: str


@dataclass(frozen=True, slots=True)
class InSteps:
    """What was done in each step of a task of several, as far as it came."""

    each: Mapping[str, Actions]


Handed = WholeSolution | OnReference | TheReference | Actions | InSteps | CannotBeRun


@dataclass(frozen=True, slots=True)
class RecordedEnd:
    """How it ended when it was recorded, as far as that was kept."""

    rewards: Rewards | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    tests: Mapping[str, str] = field(default_factory=dict)
    """What became of each test, in the words of test reports."""

    def __bool__(self) -> bool:
        return self.rewards is not None or bool(self.files) or bool(self.tests)


@dataclass(frozen=True, slots=True)
class Submission:
    """One solution from elsewhere."""

    task: str
    """As it names its task."""
    id: str
    """Its own name among those of its task."""
    handed: Handed
    source: str = ""
    label: Truth | None = None
    """By somebody who knows."""
    meant: Truth | None = None
    """What its maker meant it to be."""
    recorded: RecordedEnd = RecordedEnd()
    about: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """What of a recording cannot be done again and may not matter, in words."""
    place: str = ""
    """The file or folder that it was read from."""

    @property
    def form(self) -> str:
        return _FORMS[type(self.handed)]

    @property
    def digest(self) -> str:
        """Of what it does: two with the same are one."""
        return sha256(json.dumps(handed_json(self.handed), sort_keys=True).encode()).hexdigest()


_FORMS = {
    WholeSolution: "solution",
    OnReference: "patch",
    TheReference: "reference",
    Actions: "actions",
    InSteps: "steps",
    CannotBeRun: "unreadable",
}


def handed_json(handed: Handed) -> dict[str, Any]:
    """As a line of a .jsonl file has it."""
    match handed:
        case WholeSolution(files):
            return {"solution": {path: content_json(data) for path, data in sorted(files.items())}}
        case OnReference(diff):
            return {"patch": diff}
        case TheReference():
            return {"reference": True}
        case Actions():
            return _actions_json(handed)
        case InSteps(steps):
            return {"steps": {name: _actions_json(actions) for name, actions in steps.items()}}
        case CannotBeRun(why):
            return {"cannot_be_run": why}


def line_json(one: Submission) -> dict[str, Any]:
    """The submission as a line, with all that belongs to it."""
    recorded: dict[str, Any] = {}
    if one.recorded.rewards is not None:
        recorded["rewards"] = dict(one.recorded.rewards)
    if one.recorded.files:
        recorded["files"] = {path: content_json(data) for path, data in sorted(one.recorded.files.items())}
    if one.recorded.tests:
        recorded["tests"] = dict(one.recorded.tests)
    given = {
        "task": one.task,
        "id": one.id,
        "source": one.source,
        "label": one.label,
        "meant": one.meant,
        **handed_json(one.handed),
        "recorded": recorded,
        "about": dict(one.about),
        "left_out": list(one.left_out),
    }
    return {key: value for key, value in given.items() if value not in (None, "", {}, []) or key == "actions"}


def content_json(data: bytes, mode: int | None = None) -> Any:
    try:
        text: dict[str, Any] = {"text": data.decode()}
    except UnicodeDecodeError:
        text = {"base64": base64.b64encode(data).decode()}
    if mode is not None:
        text["mode"] = f"{mode:o}"
    return text["text"] if list(text) == ["text"] else text


def _actions_json(actions: Actions) -> dict[str, Any]:
    return {"actions": [_action_json(action) for action in actions.each], "carry": str(actions.carry)}


def _action_json(action: Action) -> dict[str, Any]:
    match action:
        case RunLine(line, cwd):
            return {"run": line, "cwd": cwd} if cwd else {"run": line}
        case TypeKeys(keys, seconds):
            return {"type": keys, "seconds": seconds}
        case WriteFile(path, content, mode):
            return {"write": path, "content": content_json(content, mode) if content is not None else None}
        case EditFile(path, old, new, everywhere):
            return {"edit": path, "old": old, "new": new, "all": everywhere}
        case PatchFiles(diff):
            return {"patch": diff}
