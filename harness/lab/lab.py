"""The lab: who runs a run's trials, where, and what is remembered of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from harness.dataset.model import Packed
from harness.engine.leftovers import remove, scratch
from harness.lab.jobs import Job, TaskRef, image_ids
from harness.lab.together import drive
from harness.lab.workers import Pending, Workers
from harness.task.model import Task, Unusable
from harness.task.network import Networks
from harness.task.snapshot import Snapshot, take
from harness.trial.plan import Begun, Built, Plan, Ready, TrialKey
from harness.trial.record import TrialRecord

T = TypeVar("T")

FIRST, IDLE = -1 << 30, 1 << 30
"""Ranks before and behind those of the mutants, which are their positions: each task's first come before any task's
second. What a whole task waits for comes before all of them, and what nobody waits for last."""


class Memory(Protocol):
    """What a run remembers of its tasks; `Store` keeps it on disk."""

    def begin_task(self, name: str, digest: str, setting: str) -> Mapping[TrialKey, TrialRecord]: ...

    def put_trial(self, record: TrialRecord) -> None: ...

    def put_mutants(self, task: str, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None: ...


class Forgetful:
    """Remembers nothing."""

    def begin_task(self, name: str, digest: str, setting: str) -> Mapping[TrialKey, TrialRecord]:
        return {}

    def put_trial(self, record: TrialRecord) -> None:
        pass

    def put_mutants(self, task: str, bodies: Sequence[tuple[str, dict[str, Any]]]) -> None:
        pass


Doing = Callable[[str, str], None]
"""Told of a task what is done with it now."""


class Lab:
    """Everything that a task's stages share."""

    def __init__(self, workers: Workers, memory: Memory, doing: Doing, scratch: Path) -> None:
        """Tasks are copied to `scratch`."""
        self.workers, self.memory, self.doing, self.scratch = workers, memory, doing, scratch
        self._places = itertools.count()
        self.in_order = asyncio.Lock()
        """Held by one task after the other, as they begin."""

    @property
    def most_tasks(self) -> int:
        """How many tasks are worth having under way at once."""
        return max(8, 4 * self.workers.turns)

    def think(self, work: Callable[[], T], rank: int = FIRST) -> Pending[T]:
        return self.workers.think(work, rank)

    async def unpacked(self, task: Packed) -> Task | Unusable:
        """The task in a folder below `scratch`, until its place is left or it is discarded. Where that is done in
        their order, a file with many of them is read once, from its beginning to its end."""
        return await self.think(partial(task.unpack, self.scratch))

    def discard(self, task: Task) -> None:
        """Remove the folder of a task that was unpacked."""
        if task.source is not None and task.path.is_relative_to(self.scratch):
            remove(self.scratch / task.path.relative_to(self.scratch).parts[0])

    def place(self, task: Task) -> Place:
        return Place(self, task, FIRST + 1 + next(self._places))

    def stop(self) -> None:
        """End everything at once, whatever it is waiting for."""
        self.workers.stop()

    def close(self) -> None:
        self.workers.close()


class Remembered(Generic[T]):
    """A result that is there already."""

    def __init__(self, result: T) -> None:
        self._result = result

    def by(self, rank: int) -> Remembered[T]:
        return self

    def __await__(self) -> Generator[Any, Any, T]:
        return self._result
        yield


class Place:
    """One task's place in the lab."""

    def __init__(self, lab: Lab, task: Task, urgent: int) -> None:
        self.lab, self.task = lab, task
        """The user's own, and the copy that runs once there is one."""
        self.urgent = urgent
        """The rank of what the whole task waits for: earlier tasks come first."""
        self._ref = TaskRef.of(task)
        self._images: tuple[str, ...] = ()
        self._known: Mapping[TrialKey, TrialRecord] = {}
        self._snapshot: Snapshot | None = None

    async def take(self) -> Task | Unusable:
        """Make a copy of the task, from which everything runs from now on. The user's own of that very version, or why
        there is no copy. What was unpacked is a copy already."""
        if self.task.source is not None:
            return self.task
        taken = await self.think(partial(take, self.task, self.lab.scratch))
        if isinstance(taken, Unusable):
            return taken
        self._snapshot, self.task, self._ref = taken, taken.task, TaskRef.of(taken.task)
        return taken.own

    async def changes(self) -> str:
        """What has become of the user's folder meanwhile, '' for nothing."""
        return await self.think(self._snapshot.changes) if self._snapshot is not None else ""

    async def build(self, setting: str) -> Built:
        """Build the task. Trials of the same version, images and setting are remembered from now on."""
        built = await self.lab.workers.build(self.task, self.urgent, self.doing)
        self._images = image_ids(built)
        setting = "\n".join([self.lab.workers.engine, str(self.task.runner), *self._images, setting])
        self._known = self.lab.memory.begin_task(self.task.name, self.task.digest, setting)
        return built

    async def trial(self, plan: Plan, rank: int) -> TrialRecord:
        """Remembered where it can be, else run."""
        return await self.begin(plan, rank)

    def begin(self, plan: Plan, rank: int) -> Pending[TrialRecord]:
        known = self._known.get(plan.key)
        if known is not None:
            return Remembered(known)
        self.doing(f"{plan.kind} {plan.label}".strip())
        return self.lab.workers.run(self._job(plan), rank, self.lab.memory.put_trial)

    async def alone(self, plan: Plan, beside: Plan, rank: int) -> tuple[TrialRecord, TrialRecord]:
        """Both at once, and nothing else."""
        known, other = self._known.get(plan.key), self._known.get(beside.key)
        if known is not None and other is not None:
            return known, other
        self.doing(f"{plan.kind} {plan.label}".strip())
        keep = self.lab.memory.put_trial
        return await self.lab.workers.run_alone(self._job(plan), self._job(beside), rank, keep)

    def make_ready(self, networks: Networks) -> Pending[Ready | str]:
        """What the tests prepare, kept for trials that may go on from there; or why it is not."""
        self.doing("keeping what the tests install")
        return self.lab.workers.make_ready(self._ref, networks, self.urgent)

    def make_beginning(self, networks: Networks, most: int) -> Pending[Begun | str]:
        """What the solution's first statements leave, kept for variants that have them too; or why it is not."""
        self.doing("keeping what the solution begins with")
        return self.lab.workers.make_beginning(self._ref, networks, most, self.urgent)

    def doing(self, what: str) -> None:
        self.lab.doing(self.task.name, what)

    def think(self, work: Callable[[], T], rank: int | None = None) -> Pending[T]:
        """Work that runs no task's programs; as urgent as the task unless told otherwise."""
        return self.lab.think(work, self.urgent if rank is None else rank)

    def leave(self) -> None:
        self.lab.workers.forget(self.task)
        if self._snapshot is not None:
            self._snapshot.remove()
        else:
            self.lab.discard(self.task)

    def _job(self, plan: Plan) -> Job:
        return Job(self._ref, self._images, plan)


def run_with(
    work: Callable[[Lab], AsyncIterator[T]],
    keep: Callable[[T], None],
    *,
    workers: Workers,
    memory: Memory,
    doing: Doing,
) -> bool:
    """Do it; each result is kept as it comes. False where Ctrl-C ended it, within a moment. The workers are closed."""
    with scratch() as folder:
        lab = Lab(workers, memory, doing, folder)

        async def run() -> bool:
            async for result in work(lab):
                await lab.think(partial(keep, result))
            return True

        try:
            return drive(run(), lab.stop) or False
        finally:
            lab.close()
