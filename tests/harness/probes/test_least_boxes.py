"""The least on real boxes: a least solution has nothing to spare."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.judging.outcome import OutcomeKind, baseline, judge
from harness.mutants import Wish, task_mutants
from harness.probes.least.model import cut_of
from harness.probes.least.search import Answer, FoundLeast, Search
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.plan import Built, Plan, Replacement
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import read

FIXTURE = Path(__file__).parents[3] / "fixtures/probes/invoice-part-faulty"


@pytest.mark.bwrap
def test_a_least_solution_has_nothing_to_spare(bwrap_engine: Engine) -> None:
    """Every part of what is left is taken away in turn, and none of what remains is paid."""
    task = read(FIXTURE)
    built = build(bwrap_engine, task)
    (step,) = task_mutants(task, Wish(budget=1))
    cut = cut_of(step)
    reference = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, "1"))
    against = baseline([reference], run_trial(bwrap_engine, task, built, Plan(Kind.NOP)))
    assert against is not None

    def paid(files: dict[str, bytes]) -> bool:
        return judge(_tried(bwrap_engine, task, built, files), against).kind is OutcomeKind.SURVIVED

    running = Search(cut, {}, 200).run()
    answer: Answer | None = None
    found: FoundLeast | None = None
    while found is None:
        try:
            variant = next(running) if answer is None else running.send(answer)
            answer = Answer.PAID if paid(dict(variant.files)) else Answer.UNPAID
        except StopIteration as end:
            found = end.value
    assert found.complete
    left = cut.without(found.removed)
    assert left is not None
    assert paid(left)
    pieces = [part for part in cut.parts if part.index not in found.removed]
    assert 5 <= len(pieces) <= len(cut.parts) - 8
    for part in pieces:
        less = cut.without(found.removed | cut.whole((part.index,)))
        assert less is None or not paid(less), part.said


def _tried(engine: Engine, task: Task, built: Built, files: dict[str, bytes]) -> TrialRecord:
    return run_trial(engine, task, built, Plan(Kind.PROBE, "x", Replacement(files)))
