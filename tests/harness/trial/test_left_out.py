"""What a task's own list leaves out reaches no box, and a script that it leaves out is a task that nobody can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.task.model import Task
from harness.task.runners import RUNNERS, Runner
from harness.trial.build import build
from harness.trial.plan import Plan
from harness.trial.record import Kind, TrialRecord, TroubleKind
from harness.trial.runner import run_trial
from tests.harness.fake_engine import VERIFY, FakeEngine, rewarding
from tests.harness.tasks import harbor

OLD, NEW = (runner for runner in RUNNERS if runner.name == "harbor")
LISTS: dict[str, str | bytes | None] = {
    "solution/.harborignore": "draft\n",
    "solution/draft": "x",
    "solution/kept": "x",
    "tests/.harborignore": "notes/\n",
    "tests/notes/a": "x",
    "tests/kept": "x",
}


def trial(engine: FakeEngine, task: Task) -> TrialRecord:
    return run_trial(engine, task, build(engine, task), Plan(Kind.REFERENCE))


@pytest.mark.parametrize(("runner", "there"), [(OLD, True), (NEW, False)], ids=str)
def test_what_is_left_out_is_not_put_into_a_box(tmp_path: Path, runner: Runner, there: bool) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    assert trial(engine, harbor(tmp_path, LISTS).run_by(runner)).rewards == {"reward": 1.0}
    (box,) = engine.boxes
    assert {"/solution/kept", "/tests/kept", "/tests/test.sh", "/solution/solve.sh"} <= box.files.keys()
    left_out = {"/solution/draft", "/solution/.harborignore", "/tests/notes/a", "/tests/.harborignore"}
    assert left_out & box.files.keys() == (left_out if there else set())


@pytest.mark.parametrize("part", ["solution", "tests"])
def test_a_script_that_is_left_out_leaves_nothing_measured(tmp_path: Path, part: str) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    task = harbor(tmp_path, {f"{part}/.harborignore": "*.sh\n"})
    trouble = trial(engine, task).trouble
    assert trouble is not None
    assert trouble.kind is TroubleKind.UNSUPPORTED
    assert "leaves out" in trouble.message
    assert trial(engine, task.run_by(OLD)).rewards == {"reward": 1.0}
