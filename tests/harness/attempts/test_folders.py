"""Folders with solutions: what is in a folder says what it is, and the folders on the way whose it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.attempts.folders import read_submissions
from harness.attempts.matching import matched
from harness.attempts.model import OnReference, Truth, WholeSolution
from harness.errors import UsageError
from harness.trial.actions import Actions, Carry, PatchFiles, WriteFile
from tests.harness.tasks import write


def test_each_form_is_known_by_its_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "t/right/whole/solve.sh": "a",
            "t/right/whole/lib/x.py": "b",
            "t/wrong/left/files/app/x": "c",
            "t/wrong/patched/some.patch": "d",
            "t/wrong/patched/attempt.json": '{"label": "right", "source": "me", "about": {"n": 1}}',
            "t/boxed/box.diff": "e",
            "t/bare.diff": "f",
            "u/lines.jsonl": json.dumps({"task": "u", "id": "l", "patch": "g"}),
        },
    )
    found = {each.id: each for each in read_submissions([tmp_path])}
    assert {name: each.handed for name, each in found.items()} == {
        "t/right/whole": WholeSolution({"solve.sh": b"a", "lib/x.py": b"b"}),
        "t/wrong/left": Actions((WriteFile("/app/x", b"c"),)),
        "t/wrong/patched": OnReference("d"),
        "t/boxed": Actions((PatchFiles("e"),), Carry.NOTHING),
        "t/bare": OnReference("f"),
        "l": OnReference("g"),
    }
    assert {name: each.label for name, each in found.items() if each.label} == {
        "t/right/whole": Truth.RIGHT,
        "t/wrong/left": Truth.WRONG,
        "t/wrong/patched": Truth.RIGHT,
    }
    assert (found["t/wrong/patched"].source, found["t/wrong/patched"].about) == ("me", {"n": 1})

    mine, others = matched(["set/t"], list(found.values()))
    assert [each.id for each in mine["set/t"]] == ["bare", "boxed", "right/whole", "wrong/left", "wrong/patched"]
    assert others == 1


def test_what_would_lead_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"secret": "s", "in/t/a/solve.sh": "a"})
    (tmp_path / "in/t/a/link").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="link is no plain file"):
        read_submissions([tmp_path / "in"])


def test_a_solution_of_several_steps_has_a_folder_for_each(tmp_path: Path) -> None:
    write(tmp_path, {"t/right/a/steps/one/solution/solve.sh": "1", "t/right/a/steps/two/solution/solve.sh": "2"})
    (found,) = read_submissions([tmp_path])
    assert (found.id, found.label) == ("t/right/a", Truth.RIGHT)
    assert found.handed == WholeSolution({"steps/one/solution/solve.sh": b"1", "steps/two/solution/solve.sh": b"2"})


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"other/t/b/solve.sh": "b", "in/t/a/solve.sh": "a"})
    (tmp_path / "in/t/more").symlink_to(tmp_path / "other/t/b")
    assert [each.id for each in read_submissions([tmp_path / "in"])] == ["t/a"]


def test_an_empty_folder_has_no_solutions(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no solutions"):
        read_submissions([tmp_path])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"t/a/attempt.json": "[]", "t/a/solve.sh": ""}, "is to be an object"),
        ({"t/a/attempt.json": '{"label": "good"}', "t/a/solve.sh": ""}, "label is to be right or wrong"),
        ({"t/a/attempt.json": "{"}, "cannot be read"),
        ({"t/a/attempt.json": "{}"}, "neither a solve.sh"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, files: dict[str, str], said: str) -> None:
    write(tmp_path, files)
    with pytest.raises(UsageError) as error:
        read_submissions([tmp_path])
    assert said in str(error.value)


def test_solutions_of_the_only_task_need_not_name_it(tmp_path: Path) -> None:
    write(tmp_path, {"right/a/solve.sh": "a", "wrong/a/solve.sh": "b", "c/solve.sh": "c"})
    mine, others = matched(["task"], read_submissions([tmp_path]))
    assert [(each.id, each.label) for each in mine["task"]] == [
        ("c", None),
        ("right/a", Truth.RIGHT),
        ("wrong/a", Truth.WRONG),
    ]
    assert others == 0
    assert matched(["task", "other"], read_submissions([tmp_path])) == ({}, 3)
