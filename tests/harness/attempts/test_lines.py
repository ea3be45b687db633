"""A .jsonl file of strangers' solutions: what fits is read, and read again from what is written; the rest is refused by
its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.attempts.folders import read_submissions
from harness.attempts.model import InSteps, OnReference, Submission, Truth, WholeSolution, line_json
from harness.errors import UsageError
from harness.trial.actions import Actions, Carry, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile

LINES: list[dict[str, Any]] = [
    {"task": "a", "id": "1", "source": "s", "meant": "right", "solution": {"solve.sh": "x", "b/c": {"base64": "AAE="}}},
    {"task": "a", "label": "wrong", "patch": "--- a\n+++ b\n"},
    {"task": "b", "files": {"/app/x": {"text": "y", "mode": "755"}, "/app/gone": None}},
    {"task": "b", "id": 7, "box_diff": "--- a\n+++ b\n", "about": {"prompt": "p"}},
    {
        "task": "b",
        "actions": [
            {"run": "ls", "cwd": "/app"},
            {"type": "vi\n", "seconds": 1.5},
            {"write": "x", "content": "y"},
            {"edit": "x", "old": "y", "new": "z", "all": True},
            {"patch": "--- a\n+++ b\n"},
        ],
        "carry": "nothing",
        "recorded": {"rewards": {"reward": 1}, "files": {"/app/x": "y"}},
    },
    {"task": "b", "steps": {"one": {"actions": [{"run": "ls"}], "carry": "folder"}, "two": {"actions": []}}},
]


def read(folder: Path, *lines: object) -> list[Submission]:
    path = folder / "some.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return read_submissions([path])


def test_every_form_is_read_and_written_back(tmp_path: Path) -> None:
    found = read(tmp_path, *LINES)
    assert [each.id for each in found] == ["1", "2", "3", "7", "5", "6"]
    assert found[0].handed == WholeSolution({"solve.sh": b"x", "b/c": b"\0\1"})
    assert (found[0].meant, found[0].label, found[1].label) == (Truth.RIGHT, None, Truth.WRONG)
    assert found[1].handed == OnReference("--- a\n+++ b\n")
    assert found[2].handed == Actions((WriteFile("/app/x", b"y", 0o755), WriteFile("/app/gone", None)))
    assert found[3].handed == Actions((PatchFiles("--- a\n+++ b\n"),))
    assert found[4].handed == Actions(
        (
            RunLine("ls", "/app"),
            TypeKeys("vi\n", 1.5),
            WriteFile("x", b"y"),
            EditFile("x", "y", "z", True),
            PatchFiles("--- a\n+++ b\n"),
        ),
        Carry.NOTHING,
    )
    assert found[5].handed == InSteps({"one": Actions((RunLine("ls"),), Carry.FOLDER), "two": Actions(())})
    assert found[4].recorded.rewards == {"reward": 1.0}
    again = read(tmp_path, *(line_json(each) for each in found))
    assert [(a.task, a.id, a.handed, a.recorded, a.about, a.label) for a in again] == [
        (a.task, a.id, a.handed, a.recorded, a.about, a.label) for a in found
    ]
    assert [each.digest for each in again] == [each.digest for each in found]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1"),
        ({"id": "x", "patch": ""}, "missing required field `task`"),
        ({"task": "a"}, "there is none of them"),
        ({"task": "a", "patch": "", "solution": {}}, "there is solution and patch"),
        ({"task": "a", "patch": "", "lable": "right"}, "unknown field `lable`"),
        ({"task": "a", "patch": "", "label": "good"}, "Invalid enum value 'good'"),
        ({"task": "a", "solution": {"../x": ""}}, "the path ../x leaves its folder"),
        ({"task": "a", "solution": {"/x": ""}}, "the path /x leaves its folder"),
        ({"task": "a", "solution": {"x": "", "x/y": ""}}, "x/y lies below another of its files"),
        ({"task": "a", "solution": {"x": {"text": "", "base64": ""}}}, "either text or base64"),
        ({"task": "a", "solution": {"x": {"base64": "?"}}}, "is no base64"),
        ({"task": "a", "files": {"/x": {"text": "", "mode": "9"}}}, "9 is no mode"),
        ({"task": "a", "files": {"x\0": ""}}, "zero byte"),
        ({"task": "a", "actions": [{}]}, "action 0 is to have exactly one"),
        ({"task": "a", "actions": [{"run": "x", "type": "y"}]}, "action 0 is to have exactly one"),
        ({"task": "a", "patch": "", "recorded": {"files": {"x": ""}}}, "no absolute path"),
        ({"task": "a", "patch": "", "about": {"x": "y" * 70_000}}, "larger than 64 KB"),
        ({"task": "a", "patch": "", "id": "x\n"}, "printable"),
        ({"task": "a", "trial": "../other"}, "leaves its folder"),
        ({"task": "a", "trial": "nothing"}, "is no recorded trial"),
        ({"task": "a", "solution": {str(n): "" for n in range(2_001)}}, "more than 2,000 files"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, line)
    assert said in str(error.value)


def test_a_trial_behind_a_link_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(outside)
    with pytest.raises(UsageError, match="leaves the folder"):
        read(tmp_path / "in", {"task": "a", "trial": "link"})
