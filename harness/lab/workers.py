"""Who runs a trial: the contract, and the threads of this process, which are the first to keep it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from secrets import token_hex
from typing import Protocol, TypeVar

from harness.engine.choose import call_off
from harness.engine.contract import Engine, Progress
from harness.lab.crew import Crew, Ticket
from harness.lab.jobs import Job, TaskRef
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.beginnings import make_beginning
from harness.trial.build import build
from harness.trial.ends import Ends
from harness.trial.plan import Begun, Built, Ready, Turn
from harness.trial.record import TrialRecord
from harness.trial.recording import make_ready
from harness.trial.runner import run_trial

Done = TypeVar("Done", covariant=True)
T = TypeVar("T")
Keep = Callable[[TrialRecord], None]
"""Called in this process with every record that came to its end, before its result is there."""


class Pending(Awaitable[Done], Protocol[Done]):
    """A result that is on its way. To give up waiting for it calls it off."""

    def by(self, rank: int) -> Pending[Done]:
        """The same, and more urgent if it has not begun."""
        ...


class Workers(Protocol):
    """Whatever builds tasks and runs trials; the lowest rank first."""

    engine: str
    version: str
    """The engine's."""
    turns: int
    """How many trials run at once."""

    def think(self, work: Callable[[], T], rank: int) -> Pending[T]:
        """Work that runs no task's programs: always in this process."""
        ...

    def build(self, task: Task, rank: int, progress: Progress) -> Pending[Built]: ...

    def run(self, job: Job, rank: int, keep: Keep) -> Pending[TrialRecord]: ...

    def run_alone(self, job: Job, beside: Job, rank: int, keep: Keep) -> Pending[tuple[TrialRecord, TrialRecord]]:
        """Both at once, on a machine that runs no other trial meanwhile."""
        ...

    def make_ready(self, task: TaskRef, networks: Networks, rank: int) -> Pending[Ready | str]:
        """Run the preparation of its tests once and keep what it leaves, for jobs that may go on from there; or why
        nothing is kept."""
        ...

    def make_beginning(self, task: TaskRef, networks: Networks, most: int, rank: int) -> Pending[Begun | str]:
        """Run the first statements of its solution once, at most so many, and keep what they leave, for jobs that have
        them as they are; or why nothing is kept."""
        ...

    def forget(self, task: Task) -> None:
        """Nothing more will be run of it."""

    def stop(self) -> None:
        """End everything, whatever it is waiting for. Nothing is begun any more."""

    def close(self) -> None:
        """At the end, also after `stop`."""


class CalledOff(Exception):
    """The trial was given up before it came to its end; its record says nothing."""


class Threads:
    """This machine's own engine, on threads of this process."""

    def __init__(self, engine: Engine, crew: Crew) -> None:
        self.engine, self.version, self.turns = engine.name, engine.report().version, crew.turns
        self._engine, self._crew = engine, crew
        self._built: dict[TaskRef, tuple[Task, Built]] = {}
        self._begun: dict[TaskRef, Begun] = {}
        self._ends: dict[TaskRef, Ends] = {}
        self._ready: dict[TaskRef, Ready] = {}

    @classmethod
    def here(cls, engine: Engine, jobs: int) -> Threads:
        """So many trials at once."""
        return cls(engine, Crew(jobs))

    def think(self, work: Callable[[], T], rank: int) -> Ticket[T]:
        return self._crew.hand_in(lambda _called_off: work(), rank)

    def build(self, task: Task, rank: int, progress: Progress) -> Ticket[Built]:
        def work(called_off: threading.Event) -> Built:
            with self._crew.turn(called_off):
                built = build(self._engine, task, progress)
            self._built[TaskRef.of(task)] = task, built
            self._ends[TaskRef.of(task)] = Ends(task)
            return built

        return self._crew.hand_in(work, rank)

    def run(self, job: Job, rank: int, keep: Keep) -> Ticket[TrialRecord]:
        return self._crew.hand_in(lambda called_off: self._run(job, keep, called_off), rank)

    def run_alone(self, job: Job, beside: Job, rank: int, keep: Keep) -> Ticket[tuple[TrialRecord, TrialRecord]]:
        def work(called_off: threading.Event) -> tuple[TrialRecord, TrialRecord]:
            with self._crew.turn(called_off, self.turns), ThreadPoolExecutor(1) as another:
                other = another.submit(self._run, beside, keep, called_off, nullcontext)
                return self._run(job, keep, called_off, nullcontext), other.result()

        return self._crew.hand_in(work, rank)

    def _run(self, job: Job, keep: Keep, called_off: threading.Event, turn: Turn | None = None) -> TrialRecord:
        task, built = self._built[job.task]
        turn = turn or partial(self._crew.turn, called_off)
        record = run_trial(
            self._engine,
            task,
            built,
            job.plan,
            cancel=called_off,
            turn=turn,
            ready=self._ready.get(job.task),
            ends=self._ends[job.task],
            begun=self._begun.get(job.task),
        )
        if called_off.is_set():
            raise CalledOff
        keep(record)
        return record

    def make_ready(self, task: TaskRef, networks: Networks, rank: int) -> Ticket[Ready | str]:
        def work(called_off: threading.Event) -> Ready | str:
            known, built = self._built[task]
            turn = partial(self._crew.turn, called_off)
            made = make_ready(self._engine, known, built, networks, cancel=called_off, turn=turn)
            if isinstance(made, Ready):
                self._ready[task] = made
            return made

        return self._crew.hand_in(work, rank)

    def make_beginning(self, task: TaskRef, networks: Networks, most: int, rank: int) -> Ticket[Begun | str]:
        def work(called_off: threading.Event) -> Begun | str:
            known, built = self._built[task]
            if not self._ends[task].tells_all:
                return "the tests may look at more than the files of the box"
            made = make_beginning(
                self._engine,
                known,
                built,
                networks,
                most=most,
                token=token_hex(8),
                cancel=called_off,
                turn=partial(self._crew.turn, called_off),
            )
            if isinstance(made, Begun):
                self._begun[task] = made
            return made

        return self._crew.hand_in(work, rank)

    def unready(self, task: TaskRef) -> None:
        """Nothing goes on any more from what was kept."""
        self._ready.pop(task, None)

    def forget(self, task: Task) -> None:
        begun = self._begun.pop(TaskRef.of(task), None)
        for key in begun.keys if begun is not None else ():
            self._engine.drop(key)
        self._built.pop(TaskRef.of(task), None)
        self._ends.pop(TaskRef.of(task), None)
        self._ready.pop(TaskRef.of(task), None)

    def stop(self) -> None:
        self._crew.call_off()
        # Killing the boxes and the builds ends whatever a thread is waiting for.
        self._engine.close()
        call_off(0.0)

    def close(self) -> None:
        """The engine is whoever's who made it."""
        self._crew.stop(1.0)
