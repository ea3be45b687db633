"""Workers on other machines, as the process that judges sees them.

Which trial goes where is decided here, on one event loop: the most urgent first, a task's trials where its images are,
and on another machine only where that has nothing else to do and building pays. A machine that is lost loses nothing:
what it had is run again elsewhere, and only what has come back is kept.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import harness
from harness.engine.contract import EngineOptions, Progress
from harness.errors import EngineError, EngineUnavailable, ExitCode, FoolsgoldError
from harness.lab.crew import Crew, Ticket
from harness.lab.jobs import Job, TaskRef
from harness.lab.nodes.parcel import Parcel, likeness, pack
from harness.lab.nodes.worker import Failed, Hello, NotHere
from harness.lab.workers import CalledOff, Keep, Pending
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.plan import Begun, Built, Ready
from harness.trial.record import TrialRecord, Trouble, TroubleKind

T = TypeVar("T")

MOST_LOSSES = 3
"""So many machines may die under one trial; then it is the trial that is given up."""
MOST_STARTS = 5
"""So often in a row a machine is started again that ends nothing between."""
PATIENCE = 120.0
"""Seconds to wait for a machine where none is left."""
BEGINS = 120.0
"""Seconds that a machine may take to start its engine."""
EVERY = 1.0
"""Seconds between two looks at which machines there are."""


class NoMachines(FoolsgoldError):
    """Nothing is left to run trials on. What was done is kept."""

    exit_code = ExitCode.UNMEASURED


class Lost(Exception):
    """The machine, or the process of ours on it, is gone."""


class Link(Protocol):
    """The process of ours on one machine. Every method may raise Lost."""

    def ask(self, seconds: float, what: str, *values: object) -> Any:
        """Wait for the answer. TimeoutError where it does not come."""
        ...

    def call(self, what: str, *values: object) -> Awaitable[Any]: ...

    def tell(self, what: str, *values: object) -> None:
        """Without waiting for anything."""
        ...

    def kill(self) -> None: ...


class Cluster(Protocol):
    def machines(self) -> Mapping[str, MachineFacts]:
        """Those that live and can run trials, by an id that no other ever has."""
        ...

    def start(self, machine: str, turns: int) -> Link: ...

    def put(self, data: bytes) -> Awaitable[bytes]:
        """Keep it where every machine can fetch it, until it is dropped."""
        ...

    def close(self, links: Sequence[Link]) -> None:
        """End them all, whatever they do, within a few seconds; idempotent."""


@dataclass(frozen=True, slots=True)
class MachineFacts:
    name: str
    """For people, and unique."""
    processors: int


@dataclass(frozen=True, slots=True)
class NodeShown:
    """A machine, as progress shows it."""

    name: str
    turns: int
    under_way: int
    done: int
    """Trials that came back from it."""
    gone: str = ""
    """Why it runs nothing any more."""
    note: str = ""


Shown = Callable[[Sequence[NodeShown]], None]


@dataclass
class _Node:
    key: str
    facts: MachineFacts
    turns: int
    link: Link
    note: str
    under_way: set[Errand[Any]] = field(default_factory=set)
    home: set[TaskRef] = field(default_factory=set)
    """Tasks whose images it has."""
    asked: set[TaskRef] = field(default_factory=set)
    """Tasks of which it has been sent anything."""
    unfit: dict[TaskRef, str] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """As many wait there as run, so that none waits for the way."""
        return 2 * self.turns - len(self.under_way)


class Errand(Generic[T]):
    """Something that a machine is to do. To give up waiting for it calls it off."""

    def __init__(
        self, nodes: Nodes, number: int, what: str, ref: TaskRef, values: tuple[object, ...], rank: int
    ) -> None:
        self.number, self.what, self.ref, self.values, self.rank = number, what, ref, values, rank
        self.keep: Keep | None = None
        self.node: _Node | None = None
        self.losses: list[str] = []
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        self._nodes = nodes

    def by(self, rank: int) -> Errand[T]:
        if rank < self.rank and self.node is None and not self.answer.done():
            self.rank = rank
            self._nodes.queue(self)
        return self

    def __await__(self) -> Generator[Any, Any, T]:
        try:
            return (yield from asyncio.shield(self.answer).__await__())
        except asyncio.CancelledError:
            self._nodes.call_off(self)
            raise


class Nodes:
    """`Workers` of a cluster. But for its start and its end, all of it happens on one event loop."""

    def __init__(
        self,
        cluster: Cluster,
        engine: str,
        options: EngineOptions,
        jobs: int | None,
        shown: Shown = lambda _nodes: None,
    ) -> None:
        """So many trials at once on each machine, or as many as it has processors."""
        self.engine, self.version = engine, ""
        self._cluster, self._options, self._jobs, self._shown = cluster, options, jobs, shown
        self._nodes: dict[str, _Node] = {}
        self._done: dict[str, int] = {}
        self._gone: dict[str, str] = {}
        """Name of a machine -> why nothing runs there."""
        self._starts: dict[str, int] = {}
        self._starting: set[str] = set()
        self._left_out: set[str] = set()
        self._numbers = itertools.count()
        self._queues: dict[TaskRef, list[tuple[int, int, Errand[Any]]]] = {}
        self._open: dict[int, Errand[Any]] = {}
        self._tasks: dict[TaskRef, tuple[Task, Built | None]] = {}
        self._folders: dict[TaskRef, asyncio.Task[Awaitable[bytes]]] = {}
        self._seconds: dict[TaskRef, list[float]] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._without_since: float | None = None
        self._ended = False
        self._crew = Crew(os.cpu_count() or 1)
        self._chores = Crew(4, ahead=0)
        """For what waits: so that no thinking keeps it waiting."""
        try:
            self._begin_all()
        except BaseException:
            self.close()
            raise
        self.turns = sum(node.turns for node in self._nodes.values())

    # --- the machines

    def _begin_all(self) -> None:
        machines = self._cluster.machines()
        links = {key: self._cluster.start(key, self._turns_of(facts)) for key, facts in machines.items()}
        for key, facts in machines.items():
            try:
                self._welcome(key, facts, links[key], self._hello(facts, links[key]))
            except Lost as lost:
                self._gone[facts.name] = f"it could not be started: {lost}"
        if not self._nodes:
            reasons = [f"{name}: {why}" for name, why in sorted(self._gone.items())]
            raise EngineUnavailable(
                "\n".join(["No machine of the cluster can run trials.", *reasons]),
                hint="A machine needs processors that Ray may use, this version of foolsgold, and an engine.",
            )
        self._tell()

    def _turns_of(self, facts: MachineFacts) -> int:
        return self._jobs or facts.processors

    def _hello(self, facts: MachineFacts, link: Link) -> Hello | str:
        """Or why it cannot be used. Waits for it, and changes nothing here. Raises Lost."""
        try:
            hello = link.ask(BEGINS, "begin", self.engine, self._options, self._turns_of(facts))
            return self._why_not(hello) or hello
        except TimeoutError:
            return f"it did not start within {BEGINS:g} s: are its processors taken?"

    def _welcome(self, key: str, facts: MachineFacts, link: Link, hello: Hello | str) -> None:
        if isinstance(hello, str):
            link.kill()
            self._left_out.add(key)
            self._gone[facts.name] = hello
            return
        self.engine, self.version = hello.engine, self.version or hello.version
        note = f"behind everything else there, at niceness {hello.niceness}" if hello.niceness > 0 else ""
        self._nodes[key] = _Node(key, facts, self._turns_of(facts), link, note)
        self._gone.pop(facts.name, None)

    def _why_not(self, hello: Hello | Failed) -> str:
        if isinstance(hello, Failed):
            return str(hello.error)
        if hello.foolsgold != harness.__version__:
            return f"it has foolsgold {hello.foolsgold}, and this is {harness.__version__}"
        return ""

    async def _watch(self) -> None:
        while True:
            with suppress(Lost):
                machines = await self._chores.hand_in(lambda _off: self._cluster.machines(), 0)
                for key in self._nodes.keys() - machines.keys():
                    self._lose(self._nodes[key], "it is gone")
                for key in machines.keys() - self._nodes.keys() - self._left_out - self._starting:
                    self._starting.add(key)
                    self._spawn(self._join(key, machines[key]))
            if self._nodes:
                self._without_since = None
            elif self._without_since is None:
                self._without_since = time.monotonic()
            elif time.monotonic() - self._without_since > PATIENCE:
                self._fail_all(self._no_machines())
            await asyncio.sleep(EVERY)

    async def _join(self, key: str, facts: MachineFacts) -> None:
        """It is new, or its process died."""
        try:
            self._starts[key] = self._starts.get(key, 0) + 1
            if self._starts[key] > MOST_STARTS:
                self._left_out.add(key)
                self._gone[facts.name] = f"its process died {MOST_STARTS} times in a row"
                return

            def begin(_off: object) -> tuple[Link, Hello | str]:
                link = self._cluster.start(key, self._turns_of(facts))
                return link, self._hello(facts, link)

            with suppress(Lost):  # the next look says whether it is there
                self._welcome(key, facts, *await self._chores.hand_in(begin, 0))
        finally:
            self._starting.discard(key)
            self._tell()
            self._serve()

    def _lose(self, node: _Node, why: str) -> None:
        """What it had is run again."""
        if self._nodes.get(node.key) is not node:
            return
        del self._nodes[node.key]
        self._gone[node.facts.name] = why
        node.link.kill()
        for errand in list(node.under_way):
            self._again(errand, node, why)
        self._tell()
        self._serve()

    def _again(self, errand: Errand[Any], node: _Node, why: str) -> None:
        node.under_way.discard(errand)
        errand.node = None
        if errand.answer.done():
            return
        errand.losses.append(f"{node.facts.name}: {why}")
        if len(errand.losses) >= MOST_LOSSES:
            self._spawn(self._give_up(errand, f"{MOST_LOSSES} machines were lost while they ran it"))
        else:
            self.queue(errand)

    def _no_machines(self) -> NoMachines:
        reasons = [f"{name}: {why}" for name, why in sorted(self._gone.items())]
        return NoMachines(
            "\n".join(["No machine is left to run trials on.", *reasons]),
            hint="The same command goes on with --resume.",
        )

    def _fail_all(self, error: BaseException) -> None:
        for errand in list(self._open.values()):
            if not errand.answer.done():
                errand.answer.set_exception(error)
        self._open.clear()
        self._queues.clear()

    def _tell(self) -> None:
        there = [
            NodeShown(
                node.facts.name, node.turns, len(node.under_way), self._done.get(node.facts.name, 0), note=node.note
            )
            for node in self._nodes.values()
        ]
        gone = [NodeShown(name, 0, 0, self._done.get(name, 0), why) for name, why in self._gone.items()]
        self._shown(sorted([*there, *gone], key=lambda one: one.name))

    # --- what is to be done

    def think(self, work: Callable[[], T], rank: int) -> Ticket[T]:
        return self._crew.hand_in(lambda _called_off: work(), rank)

    def build(self, task: Task, rank: int, progress: Progress) -> Errand[Built]:
        ref = TaskRef.of(task)
        self._tasks[ref] = task, None
        progress(f"on {len(self._nodes)} machines")
        return self._errand("build", ref, (), rank)

    def run(self, job: Job, rank: int, keep: Keep) -> Errand[TrialRecord]:
        return self._errand("run", job.task, (job,), rank, keep)

    def run_alone(self, job: Job, beside: Job, rank: int, keep: Keep) -> Errand[tuple[TrialRecord, TrialRecord]]:
        return self._errand("run_alone", job.task, (job, beside), rank, keep)

    def make_ready(self, task: TaskRef, networks: Networks, rank: int) -> Errand[Ready | str]:
        return self._errand("make_ready", task, (networks,), rank)

    def make_beginning(self, task: TaskRef, networks: Networks, most: int, rank: int) -> Pending[Begun | str]:
        return self.think(lambda: "what a beginning leaves is kept on one machine, and there are several", rank)

    def forget(self, task: Task) -> None:
        ref = TaskRef.of(task)
        self._tasks.pop(ref, None)
        self._queues.pop(ref, None)
        self._seconds.pop(ref, None)
        folder = self._folders.pop(ref, None)
        if folder is not None:
            folder.cancel()
        for node in self._nodes.values():
            if ref in node.asked:
                with suppress(Lost):
                    node.link.tell("forget", ref)
            node.home.discard(ref)
            node.asked.discard(ref)
            node.unfit.pop(ref, None)

    def stop(self) -> None:
        self._crew.call_off()
        self._chores.call_off()
        if not self._ended:
            self._ended = True
            self._cluster.close([node.link for node in self._nodes.values()])

    def close(self) -> None:
        self.stop()
        self._chores.stop(1.0)
        self._crew.stop(1.0)

    def call_off(self, errand: Errand[Any]) -> None:
        if errand.answer.done():
            return
        errand.answer.cancel()
        if errand.node is not None:
            with suppress(Lost):
                errand.node.link.tell("call_off", errand.number)
        else:
            self._open.pop(errand.number, None)

    def _errand(
        self, what: str, ref: TaskRef, values: tuple[object, ...], rank: int, keep: Keep | None = None
    ) -> Errand[Any]:
        if not self._carrying:
            self._spawn(self._watch())
        errand: Errand[Any] = Errand(self, next(self._numbers), what, ref, values, rank)
        errand.keep = keep
        self._open[errand.number] = errand
        self.queue(errand)
        return errand

    def queue(self, errand: Errand[Any]) -> None:
        """Once more where it is more urgent now: who takes it looks whether it is still to be done."""
        heapq.heappush(self._queues.setdefault(errand.ref, []), (errand.rank, errand.number, errand))
        asyncio.get_running_loop().call_soon(self._serve)

    # --- who gets what

    def _serve(self) -> None:
        while True:
            for node in sorted(self._nodes.values(), key=lambda one: len(one.under_way) / one.turns):
                errand = self._next(node) if node.room > 0 else None
                if errand is not None:
                    errand.node = node
                    node.under_way.add(errand)
                    node.asked.add(errand.ref)
                    self._spawn(self._carry(errand, node))
                    break
            else:
                return

    def _next(self, node: _Node) -> Errand[Any] | None:
        best: tuple[tuple[bool, bool, int, int], list[tuple[int, int, Errand[Any]]]] | None = None
        for ref, queue in list(self._queues.items()):
            while queue and (queue[0][2].node is not None or queue[0][2].answer.done()):
                heapq.heappop(queue)
            if not queue:
                del self._queues[ref]
                continue
            rank, number, errand = queue[0]
            home = ref in node.home
            if ref in node.unfit or not (home or errand.what == "build" or self._pays(node, ref, len(queue))):
                continue
            key = (rank >= 0, not home, rank, number)
            if best is None or key < best[0]:
                best = key, queue
        return heapq.heappop(best[1])[2] if best else None

    def _pays(self, node: _Node, ref: TaskRef, waiting: int) -> bool:
        """Whether a machine without the task's images should have them: where it idles, and until those that have them
        had run all of it, it would have built them."""
        if len(node.under_way) >= node.turns:
            return False
        homes = sum(one.turns for one in self._nodes.values() if ref in one.home)
        if not homes:
            return True
        built, seconds = self._tasks[ref][1], self._seconds.get(ref) or [1.0]
        return built is None or waiting * sum(seconds) / len(seconds) / homes >= built.seconds

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._carrying.add(task)
        task.add_done_callback(self._carried)

    def _carried(self, task: asyncio.Task[None]) -> None:
        """A bug here must not leave anybody waiting."""
        self._carrying.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail_all(error)

    async def _carry(self, errand: Errand[Any], node: _Node) -> None:
        """There and back."""
        try:
            try:
                parcel = await self._parcel(errand.ref)
                answer = await node.link.call(errand.what, errand.number, parcel, *errand.values, errand.rank)
            except Lost as lost:
                self._lose(node, str(lost))
                return
            if errand.node is not node:
                return  # it was given up for lost meanwhile, and somebody else has it
            node.under_way.discard(errand)
            await self._came_back(errand, node, answer)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            node.under_way.discard(errand)
            if not errand.answer.done():
                errand.answer.set_exception(error)
        finally:
            if errand.answer.done():
                self._open.pop(errand.number, None)
            self._serve()

    async def _came_back(self, errand: Errand[Any], node: _Node, answer: Any) -> None:
        if errand.answer.done():
            return
        if isinstance(answer, NotHere):
            node.unfit[errand.ref] = answer.why
            errand.node = None
            if all(errand.ref in one.unfit for one in self._nodes.values()):
                await self._give_up(errand, f"no machine can run it: {answer.why}")
            else:
                self.queue(errand)
            return
        if isinstance(answer, Failed):
            errand.answer.set_exception(answer.error)
            return
        node.home.add(errand.ref)
        self._starts.pop(node.key, None)
        if errand.what == "build" and errand.ref in self._tasks:
            self._tasks[errand.ref] = self._tasks[errand.ref][0], answer
        await self._settle(errand, node.facts.name, answer)

    async def _settle(self, errand: Errand[Any], name: str, answer: Any) -> None:
        """It is kept before anybody has it."""
        if errand.keep is not None:
            keep, records = errand.keep, answer if isinstance(answer, tuple) else (answer,)
            for record in records:
                await self._chores.hand_in(lambda _off, record=record: keep(record), 0)  # type: ignore[misc]
                if name:
                    self._done[name] = self._done.get(name, 0) + 1
                    self._seconds.setdefault(errand.ref, []).append(record.seconds)
            self._tell()
        if not errand.answer.done():
            errand.answer.set_result(answer)

    async def _give_up(self, errand: Errand[Any], why: str) -> None:
        """What cannot be run anywhere is an engine's error, and no more."""
        why = f"It was not run: {why}."
        if errand.losses:
            why += f" ({'; '.join(errand.losses)})"
        if errand.what == "build":
            errand.answer.set_exception(EngineError(why))
        elif errand.what == "make_ready":
            errand.answer.set_result(why)
        else:
            built = self._tasks[errand.ref][1]
            fidelity = built.main.fidelity if built else ""
            jobs = [value for value in errand.values if isinstance(value, Job)]
            records = tuple(_not_run(job, self.engine, fidelity, why) for job in jobs)
            await self._settle(errand, "", records if errand.what == "run_alone" else records[0])
        self._open.pop(errand.number, None)

    async def _parcel(self, ref: TaskRef) -> Parcel:
        if ref not in self._tasks:
            raise CalledOff  # nothing more is to be run of it
        task, built = self._tasks[ref]
        made = self._folders.get(ref)
        if made is None:
            made = self._folders[ref] = asyncio.get_running_loop().create_task(self._packed(task))
        folder = await asyncio.shield(made)
        return Parcel(ref, task, (folder,), likeness(built) if built is not None else None)

    async def _packed(self, task: Task) -> Awaitable[bytes]:
        return await self._chores.hand_in(lambda _off: self._cluster.put(pack(task.path)), 0)


def _not_run(job: Job, engine: str, fidelity: str, why: str) -> TrialRecord:
    plan = job.plan
    return TrialRecord(
        job.task.name,
        plan.kind,
        plan.label,
        plan.run,
        plan.purpose.name,
        engine,
        fidelity,
        plan.networks.any,
        trouble=Trouble(TroubleKind.ENGINE, why),
    )
