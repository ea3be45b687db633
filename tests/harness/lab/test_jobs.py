from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import pytest

from harness.lab.crew import Crew
from harness.lab.jobs import Job, TaskRef, image_ids
from harness.lab.workers import CalledOff, Threads
from harness.task.network import Networks
from harness.trial.plan import (
    Judge,
    LeftBehind,
    Means,
    Observe,
    Plan,
    Purpose,
    Replacement,
    SurveyImage,
    TightenTests,
    TimeLimits,
    WatchTests,
)
from harness.trial.record import Kind, TrialRecord, Which
from tests.harness.fake_engine import FakeEngine
from tests.harness.stages.test_controls import GOOD
from tests.harness.tasks import harbor

PURPOSES: tuple[Purpose, ...] = (
    Judge(),
    Judge(first_failure=True, hang=True),
    LeftBehind(contents=True),
    SurveyImage(),
    WatchTests(),
    WatchTests(reuse=frozenset({Means.PREPARATION})),
    Observe(reuse=frozenset({Means.PREPARATION})),
    Observe(),
    TightenTests({}, reuse=frozenset({Means.PREPARATION})),
    TightenTests({}),
)


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: type(purpose).__name__)
def test_a_job_can_be_sent_to_another_machine(tmp_path: Path, purpose: Purpose) -> None:
    plan = Plan(
        Kind.MUTANT,
        "step/0a1b",
        Replacement({"solve.sh": b"\xff#!/bin/sh\n"}, "step"),
        Networks(main=True),
        TimeLimits({"step": 3.0}, {"step": 4.0}),
        frozenset({"warning"}),
        purpose=purpose,
        run=Which.CONFIRM,
    )
    job = Job(TaskRef.of(harbor(tmp_path / "t")), ("image:1",), plan)
    again = pickle.loads(pickle.dumps(job))
    assert again == job
    assert again.plan.key == plan.key


def test_purposes_have_names_of_their_own() -> None:
    names = [purpose.name for purpose in (Judge(), Judge(first_failure=True), *PURPOSES[2:], LeftBehind())]
    assert len(set(names)) == len(names)


def test_a_job_that_was_sent_runs_like_the_one_that_was_not(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t")
    kept: list[TrialRecord] = []
    crew = Crew(2)
    workers = Threads(FakeEngine(GOOD), crew)

    async def run() -> tuple[TrialRecord, TrialRecord, tuple[TrialRecord, TrialRecord]]:
        built = await workers.build(task, 0, lambda _line: None)
        job = Job(TaskRef.of(task), image_ids(built), Plan(Kind.REFERENCE, "1"))
        sent = pickle.loads(pickle.dumps(job))
        nop = Job(job.task, job.images, Plan(Kind.NOP))
        one, other = await workers.run(job, 0, kept.append), await workers.run(sent, 0, kept.append)
        return one, other, await workers.run_alone(job, nop, 0, kept.append)

    try:
        one, other, (alone, beside) = asyncio.run(run())
    finally:
        crew.stop(1.0)
    assert one.rewards == other.rewards == alone.rewards == {"reward": 1.0}
    assert beside.rewards == {"reward": 0.0}
    assert len(kept) == 4


def test_a_trial_that_is_called_off_is_not_kept(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t")
    kept: list[TrialRecord] = []
    crew = Crew(1)
    workers = Threads(FakeEngine(GOOD), crew)

    async def run() -> None:
        built = await workers.build(task, 0, lambda _line: None)
        job = Job(TaskRef.of(task), image_ids(built), Plan(Kind.REFERENCE, "1"))
        ticket = workers.run(job, 0, kept.append)
        ticket.called_off.set()
        with pytest.raises(CalledOff):
            await ticket

    try:
        asyncio.run(run())
    finally:
        crew.stop(1.0)
    assert kept == []
