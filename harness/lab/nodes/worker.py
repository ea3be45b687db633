"""What runs on each machine: an engine and a cache of layers of its own, and threads that do what they are sent."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import harness
from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions, Image, silent
from harness.engine.leftovers import remove, scratch
from harness.errors import FoolsgoldError
from harness.judging.reuse import differs
from harness.lab.jobs import Job, TaskRef
from harness.lab.nodes.parcel import Parcel, likeness, received
from harness.lab.workers import CalledOff, Threads
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.plan import Built, Judge, Means, Plan, Ready
from harness.trial.record import Kind, TrialRecord


@dataclass(frozen=True, slots=True)
class Hello:
    """What a machine says of itself when it is ready."""

    foolsgold: str
    engine: str
    version: str
    """The engine's."""
    niceness: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with this error, which is for whoever asked."""

    error: Exception


@dataclass(frozen=True, slots=True)
class NotHere:
    """This machine cannot run trials of that task; others may."""

    why: str


@dataclass(frozen=True, slots=True)
class _AtHand:
    task: Task
    ref: TaskRef
    """The folder is this machine's own."""
    built: Built


T = TypeVar("T")
MakeEngine = Callable[[str, EngineOptions], Engine]


class NodeWorker:
    """Called from one event loop. What fails on purpose comes back as `Failed`; whatever is raised is a bug."""

    def __init__(self, host: str, make: MakeEngine = make_engine) -> None:
        self._host, self._make = host, make
        self._open = ExitStack()
        self._scratch = Path()
        self._threads: Threads | None = None
        self._tasks: dict[TaskRef, asyncio.Future[_AtHand]] = {}
        self._proofs: dict[TaskRef, asyncio.Future[str]] = {}
        self._under_way: dict[int, asyncio.Task[Any]] = {}

    async def begin(self, engine: str, options: EngineOptions, turns: int) -> Hello | Failed:
        like_a_program_of_a_shell()
        try:
            self._scratch = self._open.enter_context(scratch())
            made = self._make(engine, replace(options, hidden=(*options.hidden, self._scratch)))
        except FoolsgoldError as error:
            return Failed(error)
        self._open.callback(made.close)
        self._threads = Threads.here(made, turns)
        self._open.callback(self._threads.close)
        said = made.report()
        return Hello(harness.__version__, said.name, said.version, os.getpriority(os.PRIO_PROCESS, 0))

    async def build(self, number: int, parcel: Parcel, rank: int) -> Built | Failed:
        async def work() -> Built:
            return _sendable((await self._at_hand(parcel, rank)).built)

        return await self._answer(number, work())

    async def run(self, number: int, parcel: Parcel, job: Job, rank: int) -> TrialRecord | Failed | NotHere:
        async def work() -> TrialRecord | NotHere:
            here = await self._fit(parcel, rank)
            if isinstance(here, NotHere):
                return here
            await self._prove(here, job, rank)
            return self._named(await self._run(here, job, rank))

        return await self._answer(number, work())

    async def run_alone(
        self, number: int, parcel: Parcel, job: Job, beside: Job, rank: int
    ) -> tuple[TrialRecord, TrialRecord] | Failed | NotHere:
        async def work() -> tuple[TrialRecord, TrialRecord] | NotHere:
            here = await self._fit(parcel, rank)
            if isinstance(here, NotHere):
                return here
            mine, theirs = replace(job, task=here.ref), replace(beside, task=here.ref)
            one, other = await self._crew.run_alone(mine, theirs, rank, _ignore)
            return self._named(one), self._named(other)

        return await self._answer(number, work())

    async def make_ready(
        self, number: int, parcel: Parcel, networks: Networks, rank: int
    ) -> Ready | str | Failed | NotHere:
        async def work() -> Ready | str | NotHere:
            here = await self._fit(parcel, rank)
            if isinstance(here, NotHere):
                return here
            made = await self._crew.make_ready(here.ref, networks, rank)
            proved: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            proved.set_result("")  # by the controls, which are run next
            self._proofs[here.ref] = proved
            return made

        return await self._answer(number, work())

    async def call_off(self, number: int) -> None:
        task = self._under_way.get(number)
        if task is not None:
            task.cancel()

    async def forget(self, ref: TaskRef) -> None:
        known = self._tasks.pop(ref, None)
        if known is not None and known.done() and not known.cancelled() and known.exception() is None:
            here = known.result()
            self._proofs.pop(here.ref, None)
            self._crew.forget(here.task)
            await asyncio.to_thread(remove, here.task.path.parent)

    async def end(self) -> None:
        """Nothing is left of it, boxes least of all."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.stop)
        await asyncio.to_thread(self._open.close)

    @property
    def _crew(self) -> Threads:
        assert self._threads is not None
        return self._threads

    async def _answer(self, number: int, work: Coroutine[Any, Any, T]) -> T | Failed:
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(work)
        self._under_way[number] = task
        try:
            return await task
        except asyncio.CancelledError:
            return Failed(CalledOff())
        except (FoolsgoldError, CalledOff) as error:
            return Failed(error)
        finally:
            del self._under_way[number]

    async def _at_hand(self, parcel: Parcel, rank: int) -> _AtHand:
        """Fetched and built by whoever asks first; the others wait for it."""
        known = self._tasks.get(parcel.ref)
        if known is None:
            known = self._tasks[parcel.ref] = asyncio.ensure_future(self._fetch(parcel, rank))
            known.add_done_callback(lambda done: self._unless_failed(parcel.ref, done))
        return await asyncio.shield(known)

    def _unless_failed(self, ref: TaskRef, done: asyncio.Future[_AtHand]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._tasks.get(ref) is done:
            del self._tasks[ref]

    async def _fetch(self, parcel: Parcel, rank: int) -> _AtHand:
        (folder,) = parcel.folder
        data = await folder
        place = Path(tempfile.mkdtemp(prefix="task-", dir=self._scratch))
        try:
            task = await self._crew.think(lambda: received(parcel, data, place), rank)
            return _AtHand(task, TaskRef.of(task), await self._crew.build(task, rank, silent))
        except BaseException:
            remove(place)
            raise

    async def _fit(self, parcel: Parcel, rank: int) -> _AtHand | NotHere:
        try:
            here = await self._at_hand(parcel, rank)
        except FoolsgoldError as error:
            # Another machine has built it: it is this one's trouble.
            return NotHere(f"it does not build there: {error.message}")
        if likeness(here.built) != parcel.like:
            return NotHere("its images come out otherwise there")
        return here

    async def _prove(self, here: _AtHand, job: Job, rank: int) -> None:
        """What tests install is kept in layers of one machine. Before a trial goes on from it on another, it is kept
        anew there, and the reference has to end the same with it and without."""
        if not job.plan.may_use(Means.PREPARATION):
            return
        known = self._proofs.get(here.ref)
        if known is None:
            known = self._proofs[here.ref] = asyncio.ensure_future(self._proof(here, job, rank))
        await asyncio.shield(known)

    async def _proof(self, here: _AtHand, job: Job, rank: int) -> str:
        """'' where it holds; else nothing is reused here, and each trial says so."""
        made = await self._crew.make_ready(here.ref, job.plan.networks, rank)
        if isinstance(made, str):
            return made
        plan = Plan(Kind.REFERENCE, "reuse there", networks=job.plan.networks, known=job.plan.known)
        plain = await self._run(here, replace(job, plan=plan), rank)
        reused = await self._run(
            here, replace(job, plan=replace(plan, purpose=Judge(reuse=frozenset({Means.PREPARATION})))), rank
        )
        why = differs(plain, reused)
        if why:
            self._crew.unready(here.ref)
        return why

    async def _run(self, here: _AtHand, job: Job, rank: int) -> TrialRecord:
        return await self._crew.run(replace(job, task=here.ref), rank, _ignore)

    def _named(self, record: TrialRecord) -> TrialRecord:
        return replace(record, host=self._host)


def like_a_program_of_a_shell() -> None:
    """Ray starts its processes deaf to Ctrl-C and behind all others. A box inherits that, and a task's tests may see
    it: who runs trials has neither. For the calling thread, and those that it starts."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(PermissionError):  # `Hello` says so
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def _sendable(built: Built) -> Built:
    """Without the layers, which are this machine's."""

    def plain(image: Image) -> Image:
        return Image(image.id, image.config, image.fidelity, image.base, image.notes)

    return replace(
        built, main=plain(built.main), verifiers={name: plain(each) for name, each in built.verifiers.items()}
    )


def _ignore(_record: TrialRecord) -> None:
    """Records are kept where they are judged."""
