from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.task import harbor, terminal_bench
from harness.task.discover import RUN_MARK, discover, load
from harness.task.model import Task, Unusable
from tests.harness.task.folders import HARBOR, TERMINAL_BENCH, codes, write


def names(*paths: Path) -> list[str]:
    return [task.name for task in discover(paths)]


def test_every_task_below_a_folder_is_found_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/two", "b/one", "a", "c/deep/er/x"):
        write(tmp_path / name, HARBOR)
    write(tmp_path / "b/tb", TERMINAL_BENCH)
    found = discover([tmp_path])
    assert [task.name for task in found] == ["a", "b/one", "b/tb", "b/two", "c/deep/er/x"]
    assert [task.format for task in found if isinstance(task, Task)].count(terminal_bench.TERMINAL_BENCH) == 1


def test_a_single_task_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "mine", HARBOR)
    assert names(root) == ["mine"]
    assert names(root / "task.toml") == ["mine"]
    monkeypatch.chdir(root)
    assert names(Path()) == ["mine"]


def test_a_task_is_not_looked_into(tmp_path: Path) -> None:
    write(write(tmp_path / "t", HARBOR) / "environment/inner", HARBOR)
    assert names(tmp_path) == ["t"]


def test_a_config_file_alone_does_not_hide_the_tasks_below_it(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text("")
    write(tmp_path / "t", HARBOR)
    stray, task = discover([tmp_path])
    assert isinstance(stray, Unusable)
    assert (stray.path, task.name) == (tmp_path, "t")


@pytest.mark.parametrize("folder", [".git", ".cache", "node_modules", "__pycache__", "a/.venv"])
def test_what_nobody_keeps_tasks_in_is_passed_over(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "t", HARBOR)
    write(tmp_path / "real", HARBOR)
    assert names(tmp_path) == ["real"]


def test_our_own_runs_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "run-1/mutants/t", HARBOR)
    (tmp_path / "run-1" / RUN_MARK).write_bytes(b"")
    write(tmp_path / "real", HARBOR)
    assert names(tmp_path) == ["real"]


def test_links_are_followed_to_tasks_and_no_further(tmp_path: Path) -> None:
    write(tmp_path / "all/t", HARBOR)
    write(tmp_path / "all/other", HARBOR)
    subset = tmp_path / "subset"
    subset.mkdir()
    (subset / "chosen").symlink_to("../all/t")
    (subset / "up").symlink_to("..")
    (subset / "gone").symlink_to("nowhere")
    assert names(subset) == ["chosen"]


def test_several_paths_keep_their_order_and_a_task_named_twice_counts_once(tmp_path: Path) -> None:
    for name in ("x/one", "x/two", "y/three"):
        write(tmp_path / name, HARBOR)
    assert names(tmp_path / "y", tmp_path / "x/two", tmp_path / "x", tmp_path / "x") == ["three", "two", "one"]


def test_names_that_meet_are_told_apart(tmp_path: Path) -> None:
    for name in ("x/t", "y/t", "deep/y/t"):
        write(tmp_path / name, HARBOR)
    assert names(tmp_path / "x", tmp_path / "y", tmp_path / "deep/y") == ["x/t", "y/t", "y/t#2"]
    assert names(tmp_path / "x/t", tmp_path / "y/t") == ["x/t", "y/t"]


@pytest.mark.parametrize(
    ("path", "words"), [("gone", "does not exist"), ("empty", "no task"), ("file.txt", "not a folder")]
)
def test_a_path_without_a_task_is_the_users_mistake(tmp_path: Path, path: str, words: str) -> None:
    write(tmp_path / "t", HARBOR)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("")
    with pytest.raises(UsageError, match=words) as caught:
        discover([tmp_path / "t", tmp_path / path])
    assert path in caught.value.message
    assert caught.value.hint


def test_one_bad_task_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path / "a", HARBOR, {"task.toml": "= ="})
    write(tmp_path / "b", HARBOR)
    bad, good = discover([tmp_path])
    assert isinstance(bad, Unusable)
    assert isinstance(good, Task)


def test_an_unknown_key_is_said_once_a_discovery(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / name, HARBOR, {"task.toml": "[metadata]\n[agent]\nmood = 'good'\n"})
    write(tmp_path / "d", HARBOR, {"task.toml": "other = 1\n"})
    assert [codes(task) for task in discover([tmp_path])] == [["unknown-key"], [], [], ["unknown-key"]]
    assert [codes(task) for task in discover([tmp_path / "b"])] == [["unknown-key"]]


def test_a_task_in_both_formats_is_harbors(tmp_path: Path) -> None:
    task = load(write(tmp_path, {**TERMINAL_BENCH, **HARBOR}), "t")
    assert isinstance(task, Task)
    assert (task.format, codes(task)) == (harbor.HARBOR, ["two-formats"])


def test_three_hundred_tasks_are_read_in_a_moment(tmp_path: Path) -> None:
    for number in range(300):
        base = TERMINAL_BENCH if number % 2 else HARBOR
        write(tmp_path / f"set-{number % 7}/task-{number}", base)
    start = time.process_time()
    assert len(discover([tmp_path])) == 300
    # A tenth of the tasks in a tenth of "well under a minute"; it takes about a quarter of a second.
    assert time.process_time() - start < 4
