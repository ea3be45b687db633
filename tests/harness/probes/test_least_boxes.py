"""The least on real boxes: a state that is known is not verified again, and a least solution has nothing to spare."""

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
from harness.trial.plan import Built, Judge, Plan, Replacement
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, read, terminal_bench

FIXTURE = Path(__file__).parents[3] / "fixtures/probes/invoice-part-faulty"


def solving(script: str, known: frozenset[str] = frozenset(), name: str = "solve.sh") -> Plan:
    return Plan(
        Kind.PROBE, "x", Replacement({name: f"#!/bin/bash\n{script}".encode()}), purpose=Judge(known_states=known)
    )


@pytest.mark.bwrap
@pytest.mark.parametrize("format_name", ["harbor", "terminal-bench"])
def test_a_state_that_is_known_is_not_verified_again(bwrap_engine: Engine, tmp_path: Path, format_name: str) -> None:
    task = harbor(tmp_path / "t") if format_name == "harbor" else terminal_bench(tmp_path / "t")
    built = build(bwrap_engine, task)
    script = task.steps[0].solution.script.name if task.steps[0].solution is not None else ""

    def run(text: str, known: frozenset[str] = frozenset()) -> TrialRecord:
        return run_trial(bwrap_engine, task, built, solving(text, known, script))

    first = run("echo ok > /app/out.txt\n")
    assert first.left
    assert first.rewards == {"reward": 1.0}
    same = run("echo done; echo ok > /app/out.txt\n", frozenset({first.left}))
    assert (same.left, same.rewards, same.trouble) == (first.left, None, None)
    assert same.phase(PhaseName.SOLVE) is not None
    assert same.phase(PhaseName.VERIFY) is None
    other = run("echo no > /app/out.txt\n", frozenset({first.left}))
    assert other.left not in ("", first.left)
    assert other.phase(PhaseName.VERIFY) is not None
    # What runs on may still do anything: its state does not say all.
    service = run("echo ok > /app/out.txt\nsleep 300 > /dev/null 2>&1 &\n", frozenset({first.left}))
    assert service.left == ""
    assert service.phase(PhaseName.VERIFY) is not None
    plain = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, "1"))
    assert (plain.left, plain.rewards) == ("", {"reward": 1.0})


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
    assert 5 <= len(pieces) < len(cut.parts) - 8
    for part in pieces:
        less = cut.without(found.removed | cut.whole((part.index,)))
        assert less is None or not paid(less), part.said


def _tried(engine: Engine, task: Task, built: Built, files: dict[str, bytes]) -> TrialRecord:
    return run_trial(engine, task, built, Plan(Kind.PROBE, "x", Replacement(files)))
