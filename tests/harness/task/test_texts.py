"""The texts that findings read: plain files, in order, and nothing of another part of the task."""

from __future__ import annotations

from pathlib import Path

from harness.task.texts import TOO_LARGE, environment_files, verifier_texts
from tests.harness.tasks import harbor

FILES = {
    "environment/app/b.py": "b = 1\n",
    "environment/app/a/x.txt": "x\n",
    "environment/app/a.txt": "a\n",
    "tests/test.sh": "true\n",
    "tests/deep/test_a.py": "def test_a(): pass\n",
}


def test_an_environments_plain_texts_come_in_order(tmp_path: Path) -> None:
    task = harbor(tmp_path / "task", FILES)
    context = tmp_path / "task" / "environment"
    (context / "app" / "binary").write_bytes(b"\0\1")
    (context / "app" / "latin").write_bytes(b"caf\xe9")
    (context / "app" / "large").write_text("x" * (TOO_LARGE + 1))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (context / "folder").symlink_to(tmp_path / "outside")
    (context / "file").symlink_to(tmp_path / "outside" / "secret")
    found = [(path, text) for path, text in environment_files(task) if path != "Dockerfile"]
    assert found == [
        ("app/a/x.txt", "x\n"),
        ("app/a.txt", "a\n"),
        ("app/b.py", "b = 1\n"),
        ("app/latin", "caf\N{REPLACEMENT CHARACTER}"),
    ]


def test_a_tests_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    task = harbor(tmp_path / "task", FILES)
    (tmp_path / "task" / "tests").rename(tmp_path / "elsewhere")
    (tmp_path / "task" / "tests").symlink_to(tmp_path / "elsewhere")
    assert list(verifier_texts(task, task.steps[0])) == ["tests/deep/test_a.py", "tests/test.sh"]
