"""`foolsgold demo`: what it brings, what it says, and that it needs nothing but an installed foolsgold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.demo import FAULTY, MENDED, explained, unpack
from harness.errors import UsageError
from harness.mutants import Wish, task_mutants
from harness.task.discover import discover
from harness.task.model import NetworkMode, Task

CHECKOUT = Path(__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_two_tasks_differ_in_their_tests_alone(tmp_path: Path) -> None:
    tasks = unpack(tmp_path / "demo")
    faulty, mended = files(tasks / FAULTY), files(tasks / MENDED)
    assert {name for name in faulty if faulty[name] != mended.get(name)} == {"tests/test_prune.py"}
    assert faulty.keys() == mended.keys()


def test_both_can_be_read_and_ask_for_no_network_and_no_packages(tmp_path: Path) -> None:
    tasks = discover([unpack(tmp_path / "demo")])
    assert [task.name for task in tasks] == [FAULTY, MENDED]
    for task in tasks:
        assert isinstance(task, Task)
        assert task.problems == ()
        assert task.environment.network.mode is NetworkMode.NONE
        assert "RUN" not in (task.path / "environment/Dockerfile").read_text()
        (step,) = task_mutants(task, Wish(budget=20))
        assert 16 <= len(step.selection.chosen) <= 20


def test_an_earlier_demo_is_made_anew_and_nothing_else_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    tasks = unpack(folder)
    (tasks / FAULTY / "tests/test_prune.py").write_text("changed\n")
    (folder / "mine.txt").write_text("mine\n")
    unpack(folder)
    assert "changed" not in (tasks / FAULTY / "tests/test_prune.py").read_text()
    assert (folder / "mine.txt").read_text() == "mine\n"


def test_a_folder_that_is_no_demo_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine\n")
    with pytest.raises(UsageError, match="no demo's"):
        unpack(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def a_report(*, paid: list[dict[str, Any]], nop: str = "unpaid") -> dict[str, Any]:
    def task(name: str, survivors: list[dict[str, Any]], verdict: str) -> dict[str, Any]:
        return {
            "name": name,
            "verdict": verdict,
            "mutants": [*survivors, {"ref": f"{name}/caught"}],
            "survivors": [mutant["ref"] for mutant in survivors],
            "controls": {"reference": [{"shown": "paid"}, {"shown": "unpaid"}], "nop": {"shown": nop}},
        }

    return {"tasks": [task(FAULTY, paid, "weak"), task(MENDED, [], "strong")]}


PAID = {
    "ref": f"{FAULTY}/1",
    "sentence": "`--dry-run` is accepted and ignored",
    "requirement": {"text": "With `--dry-run` nothing is deleted.", "line": 3},
    "tier": "coarse",
    "relevance": 1.0,
    "effect": None,
}


def test_what_is_explained_are_the_runs_own_numbers_in_ten_points() -> None:
    said = explained(a_report(paid=[PAID]), Path("demo"))
    assert re.findall(r"^ ?(\d+)\. ", said, re.MULTILINE) == [str(number) for number in range(1, 11)]
    plain = " ".join(said.split())
    assert "paid in 1 of 2 and 1 of 2 runs, doing nothing was not paid." in plain
    assert "prune-faulty paid 1 of 2 of them like the solution itself. Its verdict: weak." in plain
    assert (
        '`--dry-run` is accepted and ignored. Yet the instruction says: "With `--dry-run` nothing is deleted."' in plain
    )
    assert "prune-mended paid 0 of 1 of them. Its verdict: strong." in plain
    assert "demo/run/report.html" in said
    assert max(len(line) for line in said.splitlines() if "diff -r" not in line) <= 80


def test_what_did_not_happen_is_not_explained() -> None:
    said = " ".join(explained(a_report(paid=[], nop="paid"), Path("demo")).split())
    assert "doing nothing was PAID." in said
    assert "There is no example of one that was paid." in said


@pytest.mark.bwrap
@pytest.mark.slow
def test_the_demo_tells_the_faulty_task_from_the_mended_one(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-c",
        "from harness.commands.main import main; main()",
        "demo",
        "-o",
        "the-demo",
        "--no-progress",
    ]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    folder = tmp_path / "the-demo"
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "run/report.json").read_text())
    assert {task["name"]: task["verdict"] for task in report["tasks"]} == {FAULTY: "weak", MENDED: "strong"}
    assert report["engine"] == "bwrap"
    assert (folder / "run/report.html").stat().st_size > 10_000
    assert f"{folder.name}/run/report.html" in done.stdout
    assert "--dry-run" in (folder / "tasks/prune-faulty/instruction.md").read_text()
