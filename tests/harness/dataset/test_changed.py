"""`--changed-since`, in real git checkouts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.dataset.select import TasksAsked, choose
from harness.errors import UsageError
from tests.harness.dataset.packing import dataset, numbered, parquet, tarred
from tests.harness.tasks import write


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", "-c", "commit.gpgSign=false")
    return subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = dataset(tmp_path / "repo" / "tasks", ["a", "b", "set/c", "set/d", "e"]).parent
    parquet(folder / "rows.parquet", [tarred(numbered(number)) for number in (7, 8)])
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def changed(*paths: Path, since: str = "main") -> list[str]:
    return [task.name for task in choose(paths, TasksAsked(since=since))]


def test_tasks_with_any_changed_file_are_taken_wherever_the_change_is(checkout: Path) -> None:
    git(checkout, "switch", "-qc", "mine")
    (checkout / "tasks/a/instruction.md").write_text("Committed.\n")
    git(checkout, "commit", "-qam", "second")
    (checkout / "tasks/set/c/solution/solve.sh").write_text("staged\n")
    git(checkout, "add", ".")
    (checkout / "tasks/b/tests/new file.txt").write_text("untracked\n")
    (checkout / "tasks/e/tests/test.sh").unlink()
    assert changed(checkout / "tasks") == ["a", "b", "e", "set/c"]
    assert changed(checkout / "tasks/set", checkout / "tasks/a") == ["c", "a"]


def test_what_others_did_since_is_no_change_of_mine(checkout: Path) -> None:
    git(checkout, "switch", "-qc", "mine")
    (checkout / "tasks/a/instruction.md").write_text("Mine.\n")
    git(checkout, "commit", "-qam", "mine")
    git(checkout, "switch", "-q", "main")
    (checkout / "tasks/b/instruction.md").write_text("Theirs.\n")
    git(checkout, "commit", "-qam", "theirs")
    git(checkout, "switch", "-q", "mine")
    assert changed(checkout / "tasks") == ["a"]


def test_of_a_changed_parquet_file_all_tasks_are_taken_and_nothing_changed_is_no_task(checkout: Path) -> None:
    assert changed(checkout / "rows.parquet", checkout / "tasks") == []
    parquet(checkout / "rows.parquet", [tarred(numbered(9))])
    assert changed(checkout / "rows.parquet", checkout / "tasks") == ["rows/0"]


def test_the_sample_is_of_what_changed(checkout: Path) -> None:
    for name in ("a", "b", "e"):
        (checkout / "tasks" / name / "instruction.md").write_text("Else.\n")
    found = choose([checkout / "tasks"], TasksAsked(since="main", sample=2))
    assert found.selection is not None
    assert (len(found), found.selection.found, found.selection.changed) == (2, 5, 3)


@pytest.mark.parametrize("revision", ["no-such", "--output=/tmp/foolsgold-written", "HEAD~9"])
def test_a_revision_that_is_not_there_is_the_users_mistake(checkout: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="--changed-since"):
        changed(checkout / "tasks", since=revision)
    assert not Path("/tmp/foolsgold-written").exists()


def test_outside_of_a_checkout_it_is_the_users_mistake(tmp_path: Path) -> None:
    write(tmp_path / "t", numbered(1))
    with pytest.raises(UsageError, match="not a git repository"):
        changed(tmp_path / "t")


def test_nothing_that_the_checkout_names_is_run(checkout: Path) -> None:
    evil = checkout / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {checkout}/ran\ncat\n")
    evil.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command"):
        git(checkout, "config", name, str(evil))
    (checkout / ".gitattributes").write_text("* diff=evil\n")
    (checkout / "tasks/a/instruction.md").write_text("Else.\n")
    assert changed(checkout / "tasks") == ["a"]
    assert not (checkout / "ran").exists()
