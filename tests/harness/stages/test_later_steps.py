"""What a later step of several leaves, on real boxes: an equivalent variant of it is none that was missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.end_state import EndState, same, unsteady
from harness.trial.plan import Built, LeftBehind, Plan, Replacement
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from tests.harness.tasks import read

FIXTURE = Path(__file__).parents[3] / "fixtures/formats/multi-step"


@pytest.mark.bwrap
def test_what_a_later_step_leaves_is_seen_when_it_is_solved(bwrap_engine: Engine) -> None:
    task = read(FIXTURE)
    built = build(bwrap_engine, task)
    first = _left(bwrap_engine, task, built, "sort", Replacement())
    once, again = (_left(bwrap_engine, task, built, "merge", Replacement()) for _ in range(2))
    steps = {step.name: step for step in task.steps}
    assert steps["merge"].solution is not None
    script = steps["merge"].solution.script
    assert first.entries["/app/sorted.txt"] != once.entries["/app/sorted.txt"]
    aside = unsteady(once, again)
    assert aside is not None

    def leaves_the_same(text: bytes) -> bool:
        changed = Replacement({script.name: text}, "merge")
        return same(once, _left(bwrap_engine, task, built, "merge", changed), aside)

    said = script.read_bytes()
    assert leaves_the_same(said + b"true\n")
    assert not leaves_the_same(said + b"echo more > /app/more.txt\n")


def _left(engine: Engine, task: Task, built: Built, step: str, replacement: Replacement) -> EndState:
    plan = Plan(Kind.MUTANT, "x", replacement, purpose=LeftBehind(step=step))
    state = run_trial(engine, task, built, plan).state
    assert state is not None
    return state
