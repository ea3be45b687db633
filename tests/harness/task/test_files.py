from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from harness.task import files
from harness.task.discover import load
from harness.task.files import Folder
from harness.task.model import ProblemSeverity, Task, Unusable
from harness.task.problems import Problems
from tests.harness.task.folders import HARBOR, TERMINAL_BENCH, codes, errors, usable, write


def survey(root: Path) -> tuple[str, list[str]]:
    problems = Problems()
    digest = Folder(root, problems).survey(lambda relative: True)
    return digest, [problem.code for problem in problems.found]


def digest_of(root: Path) -> str:
    return survey(root)[0]


@pytest.mark.parametrize("place", ["tests/data", "solution/data", "environment", "instruction.md", "tests"])
def test_a_link_out_of_the_task_makes_it_unusable(tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    write(outside, HARBOR)
    root = write(tmp_path / "task", HARBOR, {"instruction.md": None} if place == "instruction.md" else None)
    if (root / place).is_dir():
        (root / place).rename(tmp_path / "old")
    (root / place).symlink_to(outside / place)
    result = load(root, "t")
    assert isinstance(result, Unusable)
    assert "symlink-escapes" in [problem.code for problem in errors(result)]


def test_nothing_is_read_through_a_link_that_leaves(tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text("password = = hunter2\n")
    root = write(tmp_path / "task", HARBOR, {"task.toml": None})
    (root / "task.toml").symlink_to(secret)
    result = load(root, "t")
    assert codes(result) == ["symlink-escapes", "symlink-escapes"]
    assert "hunter2" not in repr(result)


def test_a_link_out_of_a_build_context_is_carried_along_and_warned_about(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR)
    (root / "environment/localtime").symlink_to("/etc/localtime")
    task = usable(load(root, "t"))
    assert [(problem.code, problem.severity) for problem in task.problems] == [
        ("symlink-escapes", ProblemSeverity.WARNING)
    ]


def test_links_inside_the_task_are_fine(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR, {"shared/data.txt": "1"})
    (root / "tests/data.txt").symlink_to("../shared/data.txt")
    (root / "solution/shared").symlink_to("../shared")
    assert usable(load(root, "t")).problems == ()


def test_a_task_reached_by_a_link_is_inside_itself(tmp_path: Path) -> None:
    write(tmp_path / "real", HARBOR)
    (tmp_path / "link").symlink_to("real")
    assert usable(load(tmp_path / "link", "t")).problems == ()


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ({"tests/self": "self"}, "symlink-cycle"),
        ({"tests/up": ".."}, "symlink-cycle"),
        ({"tests/here": "."}, "symlink-cycle"),
        ({"a/b": "../c", "c/d": "../a"}, "symlink-cycle"),
        ({"tests/gone": "nowhere"}, "dangling-symlink"),
    ],
)
def test_links_that_lead_nowhere_are_told(tmp_path: Path, links: dict[str, str], code: str) -> None:
    root = write(tmp_path, HARBOR)
    for place, target in links.items():
        (root / place).parent.mkdir(exist_ok=True)
        (root / place).symlink_to(target)
    found = codes(load(root, "t"))
    assert found
    assert set(found) == {code}


def test_two_links_to_one_folder_are_no_cycle(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR, {"shared/deep/x": "1"})
    for name in ("one", "two"):
        (root / "tests" / name).symlink_to("../shared")
    assert usable(load(root, "t")).problems == ()


def test_a_fifo_neither_blocks_nor_passes(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR, {"instruction.md": None})
    os.mkfifo(root / "instruction.md")
    os.mkfifo(root / "tests/pipe")
    assert set(codes(load(root, "t"))) == {"special-file"}


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, HARBOR)
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("tests/s")
        assert codes(load(root, "t")) == ["special-file"]


def test_a_folder_where_a_file_should_be_is_told(tmp_path: Path) -> None:
    root = write(tmp_path, TERMINAL_BENCH, {"solution.sh": None})
    (root / "solution.sh").mkdir()
    (problem,) = errors(load(root, "t"))
    assert (problem.code, problem.message) == ("special-file", "solution.sh is a folder, not a file.")


def test_a_huge_file_is_a_warning(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR)
    with (root / "environment/data.bin").open("wb") as file:
        file.truncate(files.LARGE + (1 << 20))
    task = usable(load(root, "t"))
    assert codes(task) == ["large-file"]
    assert "101 MB" in task.problems[0].message


def test_of_a_very_long_instruction_the_beginning_is_read(tmp_path: Path) -> None:
    line = "Write `ok` to /app/out.txt, and nothing else.\n"
    whole = line * (files.INSTRUCTION_LIMIT // len(line))
    for text, expected in ((whole, []), (whole + line * 3, ["large-instruction"])):
        task = usable(load(write(tmp_path, {**HARBOR, "instruction.md": text}), "t"))
        assert codes(task) == expected
        assert task.steps[0].instruction.rstrip() == whole.rstrip()


def test_of_a_very_long_line_the_beginning_is_read(tmp_path: Path) -> None:
    root = write(tmp_path, TERMINAL_BENCH)
    text = (root / "task.yaml").read_text().replace("instruction: ", f"instruction: {'a word ' * 20_000}", 1)
    (root / "task.yaml").write_text(text)
    task = usable(load(root, "t"))
    assert len(task.steps[0].instruction) == files.INSTRUCTION_LIMIT
    assert "large-instruction" in codes(task)


def test_an_unreadable_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, HARBOR)
    really = os.open

    def refuse(path: str | Path, flags: int) -> int:
        if Path(path).name == "test.sh":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    (problem,) = errors(load(root, "t"))
    assert (problem.code, problem.message) == ("unreadable", "tests/test.sh cannot be read: Permission denied.")


@pytest.mark.parametrize("folder", ["solution", "tests", "environment"])
def test_a_folder_that_may_not_be_read_is_told_and_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    root = write(tmp_path, HARBOR)
    really, lexists, accessible = os.scandir, os.path.lexists, os.access

    def refuse(path: str | Path) -> Any:
        if Path(path) == root / folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os.path, "lexists", lambda path: Path(path).parent != root / folder and lexists(path))
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != root / folder and accessible(path, mode))
    (problem,) = errors(load(root, "t"))
    assert (problem.code, problem.message) == ("unreadable", f"{folder} cannot be read: Permission denied.")


def test_file_names_that_are_not_text_can_be_said(tmp_path: Path) -> None:
    root = write(tmp_path, HARBOR)
    (root / "tests" / os.fsdecode(b"\xff\x1b[31m")).symlink_to("/nowhere")
    result = load(root, "t")
    (problem,) = errors(result)
    assert problem.message.encode()
    assert "\x1b" not in problem.message


def test_the_digest_tells_names_contents_modes_links_and_empty_folders_apart(tmp_path: Path) -> None:
    def changed(name: str) -> Path:
        return write(tmp_path / name, HARBOR)

    digests = {"same": digest_of(changed("same"))}
    (changed("content") / "tests/test.sh").write_text("#!/bin/sh\n")
    root = changed("renamed")
    (root / "tests/test.sh").rename(root / "tests/test2.sh")
    (changed("mode") / "tests/test.sh").chmod(0o755)
    (changed("link") / "tests/link").symlink_to("test.sh")
    (changed("other-link") / "tests/link").symlink_to("../task.toml")
    (changed("folder") / "tests/empty").mkdir()
    root = changed("moved-bytes")
    (root / "tests/test.sh").write_text("")
    (root / "tests/test.sh2").write_text(str(HARBOR["tests/test.sh"]))
    (changed("two-files") / "tests/z1").write_text("")
    (tmp_path / "two-files/tests/z2").write_text("")
    # The second file's head as the digest spells it, in the first one's body.
    (changed("one-file") / "tests/z1").write_text("file 8 0\ntests/z2\n")
    for name in ("two-files", "one-file", "content", "renamed", "mode", "link", "other-link", "folder", "moved-bytes"):
        digests[name] = digest_of(tmp_path / name)
    assert len(set(digests.values())) == len(digests)


def test_the_digest_does_not_depend_on_place_umask_time_or_git(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", HARBOR), write(tmp_path / "elsewhere/two", HARBOR, {".git/HEAD": "x"})
    (two / "tests/test.sh").chmod(0o600)
    os.utime(two / "task.toml", (1, 1))
    assert survey(one) == survey(two)


def test_unusable_tasks_and_tasks_survive_being_shown(tmp_path: Path) -> None:
    for result in (load(write(tmp_path / "a", HARBOR), "t"), load(write(tmp_path / "b", {"task.yaml": ""}), "t")):
        assert isinstance(result, Task | Unusable)
        assert repr(result)
