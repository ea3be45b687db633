"""Workers on other machines, with machines that are objects of this process and everything sent as bytes."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import harness.lab.nodes.driver as driver
from harness.engine.changes import Changes
from harness.engine.contract import Command, Engine, EngineOptions, Image, Kept, Progress, Recipe, silent
from harness.errors import EngineError, EngineUnavailable, UsageError
from harness.judging.controls import ControlSettings
from harness.judging.strength import Thresholds
from harness.lab.jobs import Job, TaskRef, image_ids
from harness.lab.nodes.driver import Link, Lost, MachineFacts, Nodes, NodeShown, NoMachines
from harness.lab.nodes.parcel import Parcel, likeness, pack, received, unpack
from harness.lab.nodes.worker import Hello, NodeWorker
from harness.lab.store import Store
from harness.lab.workers import CalledOff, Threads
from harness.mutants import Wish
from harness.runs import audit_and_keep
from harness.stages.result import AuditSettings
from harness.task.model import Task
from harness.testcode.preparation.cut import Preparation
from harness.trial.plan import Judge, Means, Plan, Ready
from harness.trial.record import Kind, TrialRecord, TroubleKind
from tests.harness.fake_engine import SOLVE, VERIFY, Answer, Does, FakeBox, FakeEngine
from tests.harness.stages.test_controls import GOOD
from tests.harness.tasks import harbor
from tests.harness.test_audit import ONLY_DATA, Watch, looking_at, solve, task, without_times


class Held:
    """What a machine can fetch."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __await__(self) -> Generator[Any, Any, bytes]:
        return self.data
        yield


class FakeLink:
    def __init__(self, machine: Machine) -> None:
        self.machine, self.worker = machine, NodeWorker(machine.name, lambda _name, _options: machine.made())
        self.dead = False
        self.telling: set[asyncio.Future[Any]] = set()
        self.died: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def ask(self, seconds: float, what: str, *values: object) -> Any:
        return asyncio.run(getattr(self.worker, what)(*values))

    async def call(self, what: str, *values: object) -> Any:
        self.died, self.loop = self.died or asyncio.Event(), asyncio.get_running_loop()
        self.machine.calls.append(what)
        if self.dead:
            raise Lost("its process is dead")
        work = asyncio.ensure_future(getattr(self.worker, what)(*pickle.loads(pickle.dumps(values))))
        gone = asyncio.ensure_future(self.died.wait())
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if self.dead:
            work.cancel()
            raise Lost("its process is dead")
        return pickle.loads(pickle.dumps(work.result()))

    def tell(self, what: str, *values: object) -> None:
        self.machine.told.append(what)
        self.telling.add(asyncio.ensure_future(getattr(self.worker, what)(*values)))

    def kill(self) -> None:
        self.dead = True

    def die(self) -> None:
        """From any thread, with whatever it was doing."""
        self.dead = True
        if self.loop is not None and self.died is not None:
            self.loop.call_soon_threadsafe(self.died.set)


@dataclass
class Machine:
    name: str
    made: Callable[[], Engine]
    processors: int = 1
    calls: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    links: list[FakeLink] = field(default_factory=list)
    gone: bool = False

    def die(self) -> None:
        self.gone = True
        self.links[-1].die()


class FakeCluster:
    def __init__(self, *there: Machine) -> None:
        self.there = {machine.name: machine for machine in there}
        self.puts = 0

    def machines(self) -> Mapping[str, MachineFacts]:
        return {
            name: MachineFacts(name, machine.processors) for name, machine in self.there.items() if not machine.gone
        }

    def start(self, machine: str, turns: int) -> Link:
        link = FakeLink(self.there[machine])
        self.there[machine].links.append(link)
        return link

    def put(self, data: bytes) -> Awaitable[bytes]:
        self.puts += 1
        return Held(data)

    def close(self, links: Sequence[Link]) -> None:
        for machine in self.there.values():
            for link in machine.links:
                asyncio.run(link.worker.end()) if not _looping() else None


def _looping() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(driver, "EVERY", 0.02)
    monkeypatch.setattr(driver, "PATIENCE", 0.1)
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    yield
    assert os.getpriority(os.PRIO_PROCESS, 0) <= max(nice, 0)


def machine(name: str, table: Sequence[tuple[str, Answer]] = GOOD, processors: int = 1) -> Machine:
    return Machine(name, lambda: FakeEngine(table), processors)


def shared(*machines: Machine, shown: Callable[[Sequence[NodeShown]], None] = lambda _nodes: None) -> Nodes:
    return Nodes(FakeCluster(*machines), "fake", EngineOptions(), None, shown)


def plan(number: int, **more: Any) -> Plan:
    return Plan(Kind.REFERENCE, str(number), **more)


async def built_job(nodes: Nodes, made: Task) -> Callable[[Plan], Job]:
    built = await nodes.build(made, 0, silent)
    return lambda each: Job(TaskRef.of(made), image_ids(built), each)


def run(nodes: Nodes, work: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        return await work()

    try:
        return asyncio.run(whole())
    finally:
        nodes.close()


SETTINGS = AuditSettings(ControlSettings(repeat=2), Wish(operators=ONLY_DATA), Thresholds(least=3))


def audited(workers: Any, tasks: list[Any], folder: Path) -> Any:
    with Store(folder) as store:
        audit_and_keep(
            workers, tasks, SETTINGS, store, watcher=Watch(), command=lambda one: one.name, options={"same": True}
        )
        return {task.name: store.trials(task.name) for task in tasks}


def report_of(folder: Path) -> Any:
    from tests.harness.test_audit import Found

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(each) for key, each in value.items() if key not in ("host", "run")}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return strip(without_times(Found(folder, True, ())))


def test_an_audit_on_machines_is_the_audit_on_threads_and_says_where_each_trial_ran(tmp_path: Path) -> None:
    table = [(SOLVE, solve), (VERIFY, looking_at("port"))]
    tasks = [task(tmp_path, "a"), task(tmp_path, "b"), task(tmp_path, "c")]
    here = audited(Threads.here(FakeEngine(table), 2), tasks, tmp_path / "here")
    there = audited(shared(machine("one", table), machine("two", table)), tasks, tmp_path / "there")
    assert report_of(tmp_path / "there") == report_of(tmp_path / "here")
    assert {name: trials.keys() for name, trials in there.items()} == {name: t.keys() for name, t in here.items()}
    assert {record.host for trials in there.values() for record in trials.values()} == {"one", "two"}
    assert {record.host for trials in here.values() for record in trials.values()} == {""}


def test_a_machine_that_dies_in_the_middle_loses_nothing_and_nothing_is_kept_twice(tmp_path: Path) -> None:
    table = [(SOLVE, solve), (VERIFY, looking_at("port"))]
    tasks = [task(tmp_path, "a"), task(tmp_path, "b")]
    dying = machine("dying", table)
    ran: list[int] = []

    def dies(box: FakeBox, command: Command) -> Does:
        ran.append(1)
        if len(ran) == 9:
            dying.die()
        return looking_at("port")(box, command)

    dying.made = lambda: FakeEngine([(SOLVE, solve), (VERIFY, dies)])
    said: list[Sequence[NodeShown]] = []
    audited(Threads.here(FakeEngine(table), 1), tasks, tmp_path / "here")
    there = audited(shared(dying, machine("other", table), shown=said.append), tasks, tmp_path / "there")
    assert report_of(tmp_path / "there") == report_of(tmp_path / "here")
    hosts = [record.host for trials in there.values() for record in trials.values()]
    assert set(hosts) == {"dying", "other"}
    assert not [record for trials in there.values() for record in trials.values() if record.trouble]
    last = {node.name: node for node in said[-1]}
    assert last["dying"].gone
    assert last["dying"].done + last["other"].done == len(hosts)


def test_a_process_that_dies_is_started_again_on_its_machine(tmp_path: Path) -> None:
    made, lone = harbor(tmp_path / "t"), machine("lone")
    nodes = shared(lone)

    async def work() -> list[TrialRecord]:
        job = await built_job(nodes, made)
        kept: list[TrialRecord] = []
        await nodes.run(job(plan(1)), 0, kept.append)
        lone.links[-1].die()
        await nodes.run(job(plan(2)), 0, kept.append)
        return kept

    records = run(nodes, work)
    assert [record.rewards for record in records] == [{"reward": 1.0}] * 2
    assert len(lone.links) == 2


def test_a_trial_under_which_every_machine_dies_is_an_engines_error_and_no_kill(tmp_path: Path) -> None:
    made = harbor(tmp_path / "t")
    machines = [machine(f"m{number}") for number in range(5)]

    def dies(box: FakeBox, command: Command) -> Does:
        for each in machines:
            if any(worker is box.engine for worker in engines[each.name]):
                each.die()
        time.sleep(0.2)
        return Does()

    engines: dict[str, list[Engine]] = {each.name: [] for each in machines}

    def making(each: Machine) -> Callable[[], Engine]:
        def make() -> Engine:
            engines[each.name].append(FakeEngine([(VERIFY, dies)]))
            return engines[each.name][-1]

        return make

    for each in machines:
        each.made = making(each)
    nodes = shared(*machines)

    async def work() -> TrialRecord:
        job = await built_job(nodes, made)
        return await nodes.run(job(plan(1)), 0, lambda _record: None)

    record = run(nodes, work)
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.ENGINE
    assert "3 machines were lost" in record.trouble.message
    assert record.rewards is None
    assert sum(each.gone for each in machines) == 3


def test_where_no_machine_is_left_the_run_ends_and_says_how_to_go_on(tmp_path: Path) -> None:
    made, lone = harbor(tmp_path / "t"), machine("lone")
    nodes = shared(lone)

    async def work() -> None:
        job = await built_job(nodes, made)
        lone.die()
        await nodes.run(job(plan(1)), 0, lambda _record: None)

    with pytest.raises(NoMachines, match="--resume") as raised:
        run(nodes, work)
    assert raised.value.exit_code == 3


class OtherImages(FakeEngine):
    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        return replace(super().build(recipe, progress), id="another")


def test_a_machine_whose_images_come_out_otherwise_runs_nothing_of_the_task(tmp_path: Path) -> None:
    made, good = harbor(tmp_path / "t"), machine("good", processors=1)
    odd = Machine("odd", lambda: OtherImages(GOOD), processors=1)
    cluster = FakeCluster(good)
    nodes = Nodes(cluster, "fake", EngineOptions(), None)
    cluster.there["odd"] = odd

    async def work() -> list[TrialRecord]:
        job = await built_job(nodes, made)
        while not odd.links or odd.links[-1].machine.name not in {node.facts.name for node in nodes._nodes.values()}:
            await asyncio.sleep(0.01)
        return list(await asyncio.gather(*(nodes.run(job(plan(n)), n, lambda _record: None) for n in range(12))))

    records = run(nodes, work)
    assert {record.host for record in records} == {"good"}
    assert "run" in odd.calls


def test_a_tasks_trials_go_where_its_images_are_while_that_is_worth_it(tmp_path: Path) -> None:
    made, first, second = harbor(tmp_path / "t"), machine("first"), machine("second")
    nodes = shared(first, second)

    async def work() -> None:
        job = await built_job(nodes, made)
        task, built = nodes._tasks[TaskRef.of(made)]
        assert built is not None
        nodes._tasks[TaskRef.of(made)] = task, replace(built, seconds=1e6)
        await asyncio.gather(*(nodes.run(job(plan(number)), number, lambda _record: None) for number in range(8)))

    run(nodes, work)
    assert sorted([len(first.calls), len(second.calls)]) == [0, 9]


def test_the_most_urgent_goes_first_and_what_waits_can_be_hurried(tmp_path: Path) -> None:
    made, order, go = harbor(tmp_path / "t"), list[str](), threading.Event()

    def slow(box: FakeBox, command: Command) -> Does:
        go.wait(5)
        good = GOOD[0][1]
        assert callable(good)
        return good(box, command)

    nodes = shared(machine("lone", [(VERIFY, slow)]))

    async def work() -> None:
        job = await built_job(nodes, made)
        tickets = [nodes.run(job(plan(n)), n, lambda record: order.append(record.label)) for n in range(6)]
        await asyncio.sleep(0)
        tickets[5].by(-1)
        go.set()
        await asyncio.gather(*tickets)

    run(nodes, work)
    assert order.index("5") < order.index("3")


def test_what_is_called_off_is_not_kept_and_its_machine_is_told(tmp_path: Path) -> None:
    made, lone, begun = harbor(tmp_path / "t"), machine("lone"), threading.Event()

    def hang(box: FakeBox, command: Command) -> Does:
        begun.set()
        while not box.closed:
            time.sleep(0.01)
        return Does()

    engine = FakeEngine([(VERIFY, hang)])
    lone.made = lambda: engine
    nodes, kept = shared(lone), list[TrialRecord]()

    async def work() -> None:
        job = await built_job(nodes, made)
        running = asyncio.ensure_future(_awaited(nodes.run(job(plan(1)), 0, kept.append)))
        await asyncio.to_thread(begun.wait, 5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(0)
        for box in engine.boxes:
            box.close()

    run(nodes, work)
    assert kept == []
    assert "call_off" in lone.told


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def test_a_machine_without_an_engine_or_with_another_version_is_left_out_and_alone_ends_the_run() -> None:
    def none() -> Engine:
        raise UsageError("there is no bubblewrap here")

    bad = Machine("bad", none)
    said: list[Sequence[NodeShown]] = []
    nodes = shared(bad, machine("good"), shown=said.append)
    nodes.close()
    assert [(node.name, bool(node.gone)) for node in said[-1]] == [("bad", True), ("good", False)]
    with pytest.raises(EngineUnavailable, match="no bubblewrap here"):
        shared(Machine("bad", none))


def test_trials_do_not_see_how_ray_starts_its_processes() -> None:
    script = (
        "import os, signal; from harness.lab.nodes.worker import like_a_program_of_a_shell as like\n"
        "os.nice(15); signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}); like()\n"
        "print(os.nice(0), signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["0" if os.geteuid() == 0 else "15", "set()"]


def test_another_version_of_foolsgold_is_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(self: NodeWorker, *_values: object) -> Hello:
        return Hello("0.0.1", "fake", "1", 0)

    monkeypatch.setattr(NodeWorker, "begin", begin)
    with pytest.raises(EngineUnavailable, match=r"it has foolsgold 0\.0\.1"):
        shared(machine("old"))


# --- a task on its way


def test_a_folder_arrives_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    made = harbor(folder)
    (folder / "tests/empty").mkdir()
    (folder / "tests/link").symlink_to("test.sh")
    (folder / "tests/bytes").write_bytes(b"\0\xff")
    (folder / "tests/bytes").chmod(0o640)
    os.utime(folder / "tests/bytes", ns=(1, 1_234_567_890_123_456_789))
    unpack(pack(folder), tmp_path / "copy")
    copy = tmp_path / "copy/tests"
    assert (copy / "link").readlink() == Path("test.sh")
    assert (copy / "empty").is_dir()
    assert (copy / "bytes").read_bytes() == b"\0\xff"
    assert (copy / "bytes").stat().st_mode & 0o777 == 0o640
    assert (copy / "bytes").stat().st_mtime_ns // 1000 == 1_234_567_890_123_456
    again = harbor(folder)
    parcel = Parcel(TaskRef.of(again), again, (Held(b""),))
    (tmp_path / "far").mkdir()
    arrived = received(parcel, pack(folder), tmp_path / "far")
    assert arrived.digest == again.digest
    assert arrived.steps[0].verifier.folders == (tmp_path / "far/t/tests",)
    assert arrived.told(str(tmp_path / "far/t/x")) == str(folder / "x")
    assert made.digest != again.digest


def test_another_version_than_was_sent_is_never_run(tmp_path: Path) -> None:
    made = harbor(tmp_path / "t")
    (tmp_path / "t/tests/test.sh").write_text("exit 0\n")
    (tmp_path / "far").mkdir()
    with pytest.raises(EngineError, match="is not what came here"):
        received(Parcel(TaskRef.of(made), made, (Held(b""),)), pack(made.path), tmp_path / "far")


# --- what tests install, kept anew on each machine


@pytest.mark.parametrize("same", [True, False])
def test_a_machine_goes_on_from_what_it_kept_itself_only_where_its_reference_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    made = harbor(tmp_path / "t")
    asked: list[tuple[str, str, bool]] = []
    ready = Ready(Kept(tmp_path, Changes({}), 1), Preparation("test.sh", {}, {}, {}, ("test.sh", 0), False), 0.1)

    def run_trial(engine: Engine, task: Task, built: Any, plan: Plan, **more: Any) -> TrialRecord:
        reuse = isinstance(plan.purpose, Judge) and Means.PREPARATION in plan.purpose.reuse
        asked.append((str(plan.kind), plan.label, more["ready"] is not None))
        from harness.trial.record import Phase, PhaseName

        phases = (Phase(PhaseName.PREPARE, "", 0.1),) if reuse and more["ready"] is not None else ()
        paid = 1.0 if same or not phases else 0.0
        return TrialRecord(task.name, plan.kind, plan.label, rewards={"reward": paid}, phases=phases)

    monkeypatch.setattr("harness.lab.workers.run_trial", run_trial)
    monkeypatch.setattr("harness.lab.workers.make_ready", lambda *_args, **_more: ready)
    worker = NodeWorker("there", lambda _name, _options: FakeEngine(GOOD))

    async def work() -> list[Any]:
        await worker.begin("fake", EngineOptions(), 1)
        parcel = Parcel(TaskRef.of(made), made, (Held(pack(made.path)),))
        built = await worker.build(1, parcel, 0)
        assert not isinstance(built, Exception)
        parcel = replace(parcel, like=likeness(built))  # type: ignore[arg-type]  # it was built
        going_on = Judge(reuse=frozenset({Means.PREPARATION}))
        job = Job(parcel.ref, image_ids(built), Plan(Kind.MUTANT, "m", purpose=going_on))  # type: ignore[arg-type]  # likewise
        records = [await worker.run(number, parcel, job, 0) for number in (2, 3)]
        await worker.end()
        return records

    records = asyncio.run(work())
    assert asked[:2] == [("reference", "reuse there", True)] * 2
    assert asked[2:] == [("mutant", "m", same)] * 2
    assert [record.host for record in records] == ["there"] * 2


def test_a_call_that_was_called_off_says_so(tmp_path: Path) -> None:
    made, worker = harbor(tmp_path / "t"), NodeWorker("there", lambda _name, _options: FakeEngine(GOOD))

    async def work() -> Any:
        await worker.begin("fake", EngineOptions(), 1)
        never: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        asked = asyncio.ensure_future(worker.build(7, Parcel(TaskRef.of(made), made, (never,)), 0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await worker.call_off(7)
        answer = await asked
        never.cancel()
        await worker.end()
        return answer

    assert isinstance(asyncio.run(work()).error, CalledOff)
