"""Which tasks are found in what a user names, what they are called, and that they are the tasks that were packed."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

from harness.dataset.find import HowKept, discover
from harness.dataset.model import AnyTask, Packed
from harness.dataset.packs import tasks_in
from harness.errors import UsageError
from harness.task.model import Task, Unusable
from tests.harness.dataset.packing import dataset, numbered, parquet, tarred, zipped
from tests.harness.tasks import HARBOR, TERMINAL_BENCH, write


def names(*paths: Path, **keeping: str) -> list[str]:
    return [task.name for task in discover(paths, HowKept(**keeping))]


def unpacked(task: AnyTask, scratch: Path) -> Task:
    assert isinstance(task, Packed)
    found = task.unpack(scratch)
    assert isinstance(found, Task), found.problems
    return found


def several() -> dict[str, str | bytes | None]:
    return {f"{name}/{path}": text for name in ("b", "a/x") for path, text in numbered(len(name)).items()}


PACKED: dict[str, Callable[[], bytes]] = {
    "set.tar": lambda: tarred(several(), mode="w:"),
    "set.tar.gz": lambda: tarred(several()),
    "set.tar.bz2": lambda: tarred(several(), mode="w:bz2"),
    "set.tar.xz": lambda: tarred(several(), mode="w:xz"),
    "set.tar.zst": lambda: bytes(pyarrow.compress(tarred(several(), mode="w:"), "zstd", asbytes=True)),
    "set.zip": lambda: zipped(several()),
}


@pytest.mark.parametrize("name", list(PACKED))
def test_tasks_in_an_archive_are_those_that_were_packed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PACKED[name]())
    write(tmp_path / "set", several())
    packed, folders = discover([tmp_path / name]), discover([tmp_path / "set"])
    assert [task.name for task in packed] == ["set/a/x", "set/b"]
    for task, folder in zip(packed, folders, strict=True):
        found = unpacked(task, tmp_path)
        assert isinstance(folder, Task)
        assert found.digest == folder.digest
        assert found.shown_path == tmp_path / name / folder.name
        assert [each.shown_path for each in discover([found.shown_path])] == [found.shown_path]


def test_the_last_task_of_an_archive_can_be_unpacked_before_the_first(tmp_path: Path) -> None:
    (tmp_path / "set.tar.gz").write_bytes(tarred(several()))
    first, last = discover([tmp_path / "set.tar.gz"])
    late, early = unpacked(last, tmp_path), unpacked(first, tmp_path)
    assert (early.steps[0].instruction, late.steps[0].instruction) == tuple(
        numbered(number)["instruction.md"] for number in (3, 1)
    )


def test_a_folder_that_holds_all_tasks_of_an_archive_is_not_in_their_names(tmp_path: Path) -> None:
    (tmp_path / "mine.tgz").write_bytes(tarred({f"top/{name}": text for name, text in several().items()}))
    assert names(tmp_path / "mine.tgz") == ["mine/a/x", "mine/b"]
    assert names(tmp_path / "mine.tgz" / "top" / "a") == ["mine/x"]


def test_an_archive_of_one_task_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "one.tar.gz").write_bytes(tarred(HARBOR, prefix="./"))
    (tmp_path / "two.zip").write_bytes(zipped(TERMINAL_BENCH, prefix="two/"))
    assert names(tmp_path / "one.tar.gz") == ["one"]
    assert names(tmp_path / "two.zip") == ["two"]
    assert names(tmp_path) == ["one", "two"]


def test_the_rules_for_folders_hold_in_archives() -> None:
    entries = [
        "task.toml", "a/task.toml", "a/tests/test.sh", "a/tests/inner/task.toml", "a/tests/inner/tests/test.sh",
        ".git/b/task.toml", ".git/b/tests/x", "run/run.db", "run/c/task.toml", "run/c/tests/x", "../d/task.toml",
    ]  # fmt: skip
    found = tasks_in([(entry, number) for number, entry in enumerate(entries)])
    assert {folder: list(begins) for folder, begins in found.items()} == {"": [0, 5, 6, 7, 8, 9], "a": [1, 2, 3, 4]}


def test_rows_of_parquet_are_named_by_their_file_and_what_they_call_themselves(tmp_path: Path) -> None:
    cells = [tarred(numbered(number)) for number in range(20)]
    parquet(tmp_path / "train.parquet", cells, path=[f"t-{number}" for number in range(19)] + [None])
    parquet(tmp_path / "test.parquet", cells[:2])
    found = discover([tmp_path])
    assert [task.name for task in found] == [
        "test/0", "test/1", *(f"train/t-{number}" for number in range(19)), "train/19",
    ]  # fmt: skip
    task = unpacked(found[10], tmp_path)
    assert (task.source, task.shown_path) == (found[10].source, tmp_path / "train.parquet/8")
    assert task.source is not None
    assert task.source.row == 8
    assert "Write 8 to" in task.steps[0].instruction
    assert names(tmp_path / "train.parquet" / "8") == ["train/t-8"]
    for place in (*range(2, 22), 21, 3, 12, 4):  # one by one, forwards, backwards, in another row group
        assert f"Write {place - 2} to" in unpacked(found[place], tmp_path).steps[0].instruction


def test_a_column_can_be_named_and_another_is_the_users_mistake(tmp_path: Path) -> None:
    table = pyarrow.table({"blob": [zipped(HARBOR)], "words": ["no"]})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    assert names(tmp_path / "x.parquet", column="blob") == ["x/0"]
    for column, said in (
        ("", "has no column task_binary"),
        ("words", "holds no bytes"),
        ("none", "has no column none"),
    ):
        with pytest.raises(UsageError, match=said) as caught:
            discover([tmp_path / "x.parquet"], HowKept(column))
        assert "blob" in caught.value.hint or "--column" in caught.value.hint


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (None, "not-one-task"),
        (b"", "not-one-task"),
        (b"neither", "damaged-archive"),
        (tarred(HARBOR)[:200], "damaged-archive"),
        (zipped(HARBOR)[:200], "damaged-archive"),
        (tarred({"README.md": "nothing"}), "not-one-task"),
        (tarred(several()), "not-one-task"),
    ],
)
def test_a_row_without_a_whole_task_says_so_and_the_others_are_read(
    tmp_path: Path, cell: bytes | None, code: str
) -> None:
    parquet(tmp_path / "x.parquet", [cell, tarred(HARBOR)])
    bad, good = discover([tmp_path / "x.parquet"])
    assert isinstance(bad, Packed)
    found = bad.unpack(tmp_path)
    assert isinstance(found, Unusable)
    assert [problem.code for problem in found.problems] == [code]
    assert (found.shown_path, found.source) == (tmp_path / "x.parquet/0", bad.source)
    unpacked(good, tmp_path)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_task_that_cannot_be_loaded_is_told_of_where_it_lies(tmp_path: Path) -> None:
    parquet(tmp_path / "x.parquet", [tarred({**HARBOR, "task.toml": "= ="})])
    (task,) = discover([tmp_path / "x.parquet"])
    assert isinstance(task, Packed)
    found = task.unpack(tmp_path)
    assert isinstance(found, Unusable)
    assert [problem.file for problem in found.problems] == [tmp_path / "x.parquet/0/task.toml"]


def test_a_list_names_whatever_can_be_named(tmp_path: Path) -> None:
    dataset(tmp_path / "folders", ["a", "b"])
    (tmp_path / "set.tar.gz").write_bytes(tarred(several()))
    parquet(tmp_path / "rows.parquet", [tarred(HARBOR)])
    (tmp_path / "more.list").write_text("folders/b\n")
    (tmp_path / "all.txt").write_text(f"# mine\n\nfolders\nset.tar.gz\n{tmp_path}/rows.parquet\nmore.list\n")
    assert names(tmp_path / "all.txt") == ["a", "b", "set/a/x", "set/b", "rows/0"]
    (tmp_path / "self.txt").write_text("self.txt\n")
    with pytest.raises(UsageError, match="lists itself"):
        discover([tmp_path / "self.txt"])


def test_harbors_registry_names_local_tasks_and_says_which_are_not_here(tmp_path: Path) -> None:
    dataset(tmp_path / "tasks", ["a"])
    tasks = [{"name": "a", "path": "tasks/a"}, {"name": "far", "path": "x", "git_url": "https://git.example/x.git"}]
    registry = [{"name": "mine", "version": "1.0", "description": "", "tasks": tasks}]
    (tmp_path / "registry.json").write_text(json.dumps(registry))
    here, far = discover([tmp_path / "registry.json"])
    assert (here.name, far.name) == ("mine@1.0/a", "mine@1.0/far")
    assert isinstance(here, Task)
    assert isinstance(far, Unusable)
    assert [problem.code for problem in far.problems] == ["not-here"]
    (tmp_path / "registry.json").write_text('{"name": 1}')
    with pytest.raises(UsageError, match="no registry"):
        discover([tmp_path / "registry.json"])


def test_harbors_dataset_names_the_tasks_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "first", {**HARBOR, "task.toml": '[task]\nname = "org/one"\n'})
    dataset(tmp_path, ["two"])
    (tmp_path / "dataset.toml").write_text(
        "[dataset]\nname = 'org/all'\n"
        + "".join(f"[[tasks]]\nname = 'org/{name}'\n" for name in ("one", "two", "three"))
    )
    found = discover([tmp_path / "dataset.toml"])
    assert [(task.name, type(task)) for task in found] == [
        ("org/one", Task), ("org/two", Task), ("org/three", Unusable),
    ]  # fmt: skip


def test_folders_of_tasks_are_found_as_before_and_archives_beside_them_are_not(tmp_path: Path) -> None:
    dataset(tmp_path, ["a", "b"])
    (tmp_path / "backup.tar.gz").write_bytes(tarred(HARBOR))
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.tar.gz", b"\x1f\x8b and no more", "cannot be unpacked"),
        ("x.parquet", b"PAR1 and no more", "cannot be read as parquet"),
        ("x.zip", b"PK\x03\x04 and no more", "cannot be unpacked"),
        ("empty.tar", None, "no task"),
        ("notes.md", b"words", "is not a folder"),
    ],
)
def test_a_file_without_tasks_is_the_users_mistake(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is None:
        with tarfile.open(tmp_path / name, "w"):
            pass
        (tmp_path / name).write_bytes(tarred({"x": "y"}, mode="w:"))
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        discover([tmp_path / name])


def test_a_row_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    parquet(tmp_path / "x.parquet", [tarred(HARBOR)])
    with pytest.raises(UsageError, match="no row 7"):
        discover([tmp_path / "x.parquet" / "7"])
