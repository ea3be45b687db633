"""What a .harborignore names reaches no box under the rules of a runner that reads it, as in Harbor 0.26."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.mutants import solution_files
from harness.task.model import Task
from harness.task.runners import RUNNERS
from harness.task.texts import verifier_texts
from tests.harness.tasks import harbor

OLD, NEW = (runner for runner in RUNNERS if runner.name == "harbor")
FILES: dict[str, str | bytes | None] = {
    "tests/.harborignore": "*.md\n!keep.md\ndata/\n/top.txt\n",
    "tests/notes.md": "",
    "tests/keep.md": "",
    "tests/top.txt": "",
    "tests/deep/top.txt": "",
    "tests/deep/notes.md": "",
    "tests/data/keep.md": "",
    "tests/other/.harborignore": "!notes.md\nmine\n",
    "tests/other/notes.md": "",
    "tests/other/mine": "",
    "solution/.harborignore": "draft.py\n",
    "solution/draft.py": "print('draft')\n",
    "solution/main.py": "print('main')\n",
    "environment/.harborignore": "*\n",
    ".harborignore": "tests/\n",
}


def below(task: Task) -> list[str]:
    return [path.relative_to(task.path).as_posix() for path in task.unsent]


def test_the_rules_of_a_folder_hold_below_it_and_a_later_one_wins(tmp_path: Path) -> None:
    assert below(harbor(tmp_path, FILES)) == [
        "solution/.harborignore",
        "solution/draft.py",
        "tests/.harborignore",
        "tests/data",
        "tests/deep/notes.md",
        "tests/notes.md",
        "tests/other/.harborignore",
        "tests/other/mine",
        "tests/top.txt",
    ]


def test_what_is_left_out_is_no_solution_and_no_test_under_the_newer_rules_alone(tmp_path: Path) -> None:
    task = harbor(tmp_path, FILES)
    for runner, gone in ((NEW, False), (OLD, True), (NEW, False)):
        task = task.run_by(runner)
        (step,) = task.steps
        assert step.solution is not None
        assert ("draft.py" in solution_files(step.solution), "main.py" in solution_files(step.solution)) == (gone, True)
        assert ("tests/notes.md" in verifier_texts(task, step), "tests/keep.md" in verifier_texts(task, step)) == (
            gone,
            True,
        )


def test_a_link_to_what_is_left_out_is_left_out(tmp_path: Path) -> None:
    task = harbor(tmp_path, FILES)
    (tmp_path / "tests/link").symlink_to("data/keep.md")
    (tmp_path / "tests/fine").symlink_to("keep.md")
    again = task.format.load(tmp_path, "t")
    assert isinstance(again, Task)
    assert "tests/link" in below(again)
    assert "tests/fine" not in below(again)


@pytest.mark.parametrize("line", ["*a*a*a*a*b", "**/*/**/*/*"])
def test_a_line_that_could_take_for_ever_is_not_followed_and_said_to_be_odd(tmp_path: Path, line: str) -> None:
    task = harbor(tmp_path, {**FILES, "tests/.harborignore": f"{line}\n*.md\n", f"tests/{'a' * 200}": ""})
    assert "tests/notes.md" in below(task)
    assert [problem.code for problem in task.problems] == ["odd-value"]


def test_a_task_without_such_a_list_leaves_nothing_out(tmp_path: Path) -> None:
    assert harbor(tmp_path).unsent == ()
