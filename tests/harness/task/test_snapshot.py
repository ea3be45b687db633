"""The copy that a task runs from."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.task.snapshot as module
from harness.task.discover import discover, load
from harness.task.model import Task, Unusable
from harness.task.snapshot import Snapshot, take
from tests.harness.tasks import HARBOR, harbor, terminal_bench, write


def taken(task: Task, scratch: Path) -> Snapshot:
    scratch.mkdir(exist_ok=True)
    found = take(task, scratch)
    assert isinstance(found, Snapshot), found.problems
    return found


def why_not(task: Task, scratch: Path) -> tuple[str, str]:
    scratch.mkdir(exist_ok=True)
    found = take(task, scratch)
    assert isinstance(found, Unusable)
    assert list(scratch.iterdir()) == []
    return found.problems[-1].code, found.problems[-1].message


def paths(value: object) -> Iterator[Path]:
    """Every path in a task, from which something may be read."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from paths(each)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            if name != "origin":
                yield from paths(getattr(value, name))


@pytest.mark.parametrize("make", [harbor, terminal_bench])
def test_every_path_of_the_task_is_the_copys(tmp_path: Path, make: object) -> None:
    task: Task = make(tmp_path / "t", {"odd": "x"})  # type: ignore[operator]  # one of the two
    snapshot = taken(task, tmp_path / "scratch")
    found = list(paths(snapshot.task))
    assert len(found) > 5
    assert [path for path in found if not path.is_relative_to(snapshot.task.path)] == []
    assert snapshot.task.shown_path == task.path
    assert snapshot.task.path.name == "t"
    assert load(snapshot.task.path, task.name).digest == task.digest  # type: ignore[union-attr]  # it can be used


def test_a_copy_has_the_modes_times_and_links_of_the_original(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {"tests/data/x.txt": "x", "solution/tool": "#!/bin/sh\n"})
    (task.path / "tests/data/link").symlink_to("../test.sh")
    (task.path / "solution/tool").chmod(0o4711)
    (task.path / "tests/data").chmod(0o555)
    for path in task.path.rglob("*"):
        os.utime(path, ns=(1, 1_000_000_001), follow_symlinks=False)
    task = load(task.path, "t")  # type: ignore[assignment]  # it can be used
    snapshot = taken(task, tmp_path / "scratch")
    for path in task.path.rglob("*"):
        copy, info = (snapshot.task.path / path.relative_to(task.path)).lstat(), path.lstat()
        assert (copy.st_mode, copy.st_mtime_ns, copy.st_size) == (info.st_mode, info.st_mtime_ns, info.st_size), path
        assert stat.S_ISDIR(copy.st_mode) or copy.st_ino != info.st_ino
    snapshot.remove()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_holes_stay_holes(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t")
    with (task.path / "tests/disk.img").open("wb") as file:
        file.seek(300 << 20)
        file.write(b"data in the middle")
        file.truncate(600 << 20)
    task = load(task.path, "t")  # type: ignore[assignment]  # it can be used
    snapshot = taken(task, tmp_path / "scratch")
    copy = snapshot.task.path / "tests/disk.img"
    assert copy.stat().st_size == 600 << 20
    assert copy.stat().st_blocks * 512 < 1 << 20
    with copy.open("rb") as file:
        file.seek(300 << 20)
        assert file.read(18) == b"data in the middle"


@pytest.mark.parametrize("place", ["tests/huge.bin", "environment/huge.bin"])
def test_a_task_of_300_gb_is_refused_at_once(tmp_path: Path, place: str) -> None:
    write(tmp_path / "t", {**HARBOR, place: ""})
    with (tmp_path / "t" / place).open("wb") as file:
        file.truncate(300 << 30)
    start = time.monotonic()
    (task,) = discover([tmp_path / "t"])
    assert time.monotonic() - start < 5
    assert isinstance(task, Unusable)
    assert [(problem.code, problem.message) for problem in task.problems] == [
        (
            "task-too-large",
            f"With {place}, which has 307200 MB, the task has more than 4 GB, and each build reads all of it.",
        )
    ]


def test_many_files_are_too_much_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.task.files.MOST", 1 << 20)
    write(tmp_path / "t", HARBOR)
    for number in range(5):
        with (tmp_path / f"t/environment/{number}").open("wb") as file:
            file.truncate(1 << 18 if number else 16)
    problems = load(tmp_path / "t", "t").problems
    assert [problem.file.name for problem in problems if problem.code == "task-too-large"] == ["4"]


def test_a_copy_that_has_no_room_is_said_to_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: int, _copy: int, _most: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "_passed_on", full)
    monkeypatch.setattr(module, "_CLONE", 0)
    monkeypatch.setattr("tempfile.tempdir", "/the/temporary/folder")
    code, message = why_not(harbor(tmp_path / "t"), tmp_path / "scratch")
    assert code == "no-snapshot"
    assert message == "No copy of it to run from can be made in /the/temporary/folder: No space left on device."


def test_what_is_written_all_the_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = harbor(tmp_path / "t")
    count = itertools.count()
    copied = module._copied

    def writing(which: Task, copy: Path) -> object:
        (task.path / "tests/log.txt").write_text(f"{next(count)}")
        return copied(which, copy)

    monkeypatch.setattr(module, "_copied", writing)
    code, message = why_not(task, tmp_path / "scratch")
    assert (code, message) == ("unsteady", "It is being changed all the time, so there is no version of it to run.")
    assert next(count) == module.TRIES


def test_git_is_copied_only_where_the_build_sees_it_and_never_a_change(tmp_path: Path) -> None:
    for make, there in ((harbor, False), (terminal_bench, True)):
        task = make(tmp_path / make.__name__, {".git/HEAD": "ref: refs/heads/main\n"})
        snapshot = taken(task, tmp_path / "scratch")
        assert (snapshot.task.path / ".git/HEAD").exists() == there
        (task.path / ".git/HEAD").write_text("ref: refs/heads/other\n")
        (task.path / ".git/index").write_text("")
        assert snapshot.changes() == ""


def test_a_change_of_what_a_name_is_is_one(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {"tests/a": "a", "tests/b": "b", "tests/c": "c", "solution/d": "d"})
    snapshot = taken(task, tmp_path / "scratch")
    for name in "abc":
        (task.path / "tests" / name).unlink()
    (task.path / "tests/a").mkdir()
    (task.path / "tests/b").symlink_to("a")
    (task.path / "tests/c").write_text("c")
    (task.path / "solution/d").chmod(0o755)
    assert snapshot.changes() == "solution/d was changed, tests/a was changed, tests/b was changed"
