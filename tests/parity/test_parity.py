"""Marker parity: foolsgold's trials give the rewards that Harbor's own runner gives, and fail where it fails.

All run the same copies of the same tasks: every fixture of a format or a case in Harbor layout, solved and left alone,
and the tasks of reward_tasks.py. In the copies every FROM is FOOLSGOLD_TEST_IMAGE
(Harbor has no `--image`), and a STOPSIGNAL spares each of Harbor's trials ten seconds. FOOLSGOLD_HARBOR_PYTHON names
the Python that has Harbor, 0.24, and FOOLSGOLD_NEWEST_HARBOR the folder of the newest that is known. Both run all of
them: in boxes of Harbor's own where a task shows something of a box (`IN_DOCKER`), else in ours, where a trial takes a
tenth of the time; some in both. Everything is run once, before the first comparison.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.errors import BuildFailed
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.network import plan_network
from harness.task.runners import RUNNERS, Runner, newest
from harness.trial.build import build
from harness.trial.plan import Plan
from harness.trial.record import Kind, PhaseName, TrialRecord, TroubleKind
from harness.trial.runner import run_trial
from harness.verifier.reward import RewardFault
from tests.parity.harbor_job import (
    OUR_BOXES,
    HarborTrial,
    each_ended,
    make_image,
    prepare,
    start_job,
)
from tests.parity.logs_tasks import LOGS_TASKS
from tests.parity.reward_tasks import READY, RECIPE, REWARD_TASKS, write_task

pytestmark = [pytest.mark.parity, pytest.mark.docker, pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(2000)]

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
LISTS = Path(__file__).parent / "lists"
REFUSED = {
    "no-network": "Harbor's docker environment refuses it unless the host lets it control the containers' traffic",
}
BY_LOT = {("flaky-verifier", "oracle"): "its reward is drawn by lot"}


def _fixtures() -> list[Path]:
    """Not those of `probes`, nor mended twins: they differ in what their tests look at, and not in how a runner goes
    about it."""
    found = [path.parent for part in ("cases", "formats") for path in sorted(FIXTURES.glob(f"{part}/*/task.toml"))]
    return [path for path in found if path.name not in REFUSED and not path.name.endswith("-mended")]


WRITTEN = (*REWARD_TASKS, *LOGS_TASKS)
Trial = tuple[str, str]
"""(task, agent)"""
AGENTS = ("oracle", "nop")
TRIALS: list[Trial] = [
    *((path.name, agent) for path in _fixtures() for agent in AGENTS),
    *((task.name, "oracle") for task in WRITTEN),
]
AS_BEFORE = ("multi-step", "separate-verifier", "set-e-cannot-write-zero")
"""Fixtures that tell whether the older one's boxes, too, are as ours in all else."""
BY_VERSION = (
    "a-process-pays-while-it-is-verified",
    "carried-modes-and-links",
    "left-out-by-its-own-lists",
    *(task.name for task in LOGS_TASKS),
    "planted-folder-in-place-of-json",
    "planted-json-beats-text",
    "planted-link-out-of-the-folder",
    "planted-text-survives-an-early-death",
    "where-things-run",
)
"""Tasks about the rules in which the versions of Harbor differ, or which our boxes keep and Harbor in them does not."""
WHAT_STILL_RUNS = (
    "collecting-fails",
    "collecting-hangs",
    "solve-finishes-while-it-is-verified",
    "solve-hangs-after-its-work",
    "solve-runs-on-while-it-is-verified",
    "steps-end-where-a-verifier-hangs",
    "steps-go-on-after-a-solve-that-hangs",
    "verifier-hangs-after-paying",
)
OLDEST, NEWEST = RUNNERS[0], newest("harbor")
IN_DOCKER: Mapping[Runner, frozenset[Trial]] = {
    OLDEST: frozenset((name, "oracle") for name in (*AS_BEFORE, *BY_VERSION)),
    NEWEST: frozenset(
        (name, "oracle") for name in (*(path.name for path in _fixtures()), *BY_VERSION, *WHAT_STILL_RUNS)
    ),
}
"""What each Harbor runs in its own boxes. What is written about the reward alone shows nothing of a box, and neither
does doing nothing."""
IN_OURS = frozenset(TRIALS) - {(name, "oracle") for name in BY_VERSION}
"""What both run in our boxes."""
ON_DOCKER: Mapping[Runner, frozenset[Trial]] = {
    OLDEST: IN_DOCKER[OLDEST],
    NEWEST: IN_DOCKER[NEWEST] | {trial for trial in TRIALS if trial[1] == "nop"},
}
"""What our own trials are run for on docker, too, and not on bwrap alone."""
LISTED = frozenset((path.name, "oracle") for path in LISTS.iterdir())


@dataclass(frozen=True, slots=True)
class Seen:
    """What a runner made of a trial, in words both share."""

    rewards: Mapping[str, float] | None
    ended: str = ""
    """How it went wrong: `not built`, `no reward`, `empty reward`, `bad reward`, `solve ran out of time`, ..."""


HARBOR_SAYS = {
    "": "",
    "AgentTimeoutError": "solve ran out of time",
    "VerifierTimeoutError": "verify ran out of time",
    "RewardFileNotFoundError": "no reward",
    "RewardFileEmptyError": "empty reward",
    "VerifierOutputParseError": "bad reward",
    "ValidationError": "bad reward",
    "IsADirectoryError": "bad reward",
    "DownloadVerifierDirError": "not collected",
    "RuntimeError: Failed to remove verifier reward files": "not verified",
}
FAULT_SAYS = {
    RewardFault.MISSING: "no reward",
    RewardFault.EMPTY: "empty reward",
    RewardFault.UNPARSABLE: "bad reward",
    RewardFault.NOT_AN_OBJECT: "bad reward",
    RewardFault.NOT_A_NUMBER: "bad reward",
    RewardFault.NOT_FINITE: "bad reward",
    RewardFault.NOT_REMOVED: "not verified",
    RewardFault.NOT_COLLECTED: "not collected",
}
PHASE_SAYS = {PhaseName.SOLVE: "solve ran out of time", PhaseName.VERIFY: "verify ran out of time"}


def from_harbor(trial: HarborTrial) -> Seen:
    if trial.error == "SandboxBuildFailedError" or (
        trial.error == "RuntimeError" and "failed to solve" in trial.message
    ):
        return Seen(None, "not built")
    if trial.error == "RuntimeError" and "up --detach --wait" in trial.message:
        return Seen(None, "not started")
    for error in (trial.error, f"{trial.error}: {trial.message.partition(' (')[0]}"):
        if error in HARBOR_SAYS:
            return Seen(trial.rewards, HARBOR_SAYS[error])
    return Seen(trial.rewards, f"{trial.error}: {trial.message}")


def from_foolsgold(record: TrialRecord) -> Seen:
    if record.trouble is not None and record.trouble.kind is TroubleKind.HEALTHCHECK:
        return Seen(record.rewards, "not started")
    if record.trouble is not None:
        return Seen(record.rewards, f"{record.trouble.kind}: {record.trouble.message}")
    late = record.overrun or record.timed_out
    if late is not None:
        return Seen(record.rewards, PHASE_SAYS.get(late.name, f"{late.name} ran out of time"))
    return Seen(record.rewards, FAULT_SAYS[record.problem.fault] if record.problem else "")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory, test_image: str) -> Path:
    """A folder of all prepared tasks."""
    root = tmp_path_factory.mktemp("parity")
    sources = {path.name: path for path in _fixtures()}
    make_image(READY, RECIPE, test_image)
    for task in WRITTEN:
        sources[task.name] = root / "written" / task.name
        write_task(task, sources[task.name])
    for name, source in sources.items():
        prepare(source, root / "all" / name, test_image)
    for source in LISTS.iterdir():
        prepare(source, root / "lists" / source.name, test_image)
    return root / "all"


By = Mapping[tuple[Runner, Trial], Seen]


@pytest.fixture(scope="module")
def harbor(tasks: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[By, By]:
    """What both Harbors make of each trial, in their own boxes and in ours. Its jobs run side by side: one is a process
    that takes seconds to begin, and its trials mostly wait for the daemon."""
    root = tmp_path_factory.mktemp("harbor")
    ways = [(runner, own) for runner in (NEWEST, OLDEST) for own in (True, False)]
    return jobs_of(root, tasks, {way: IN_DOCKER[way[0]] if way[1] else IN_OURS | LISTED for way in ways})


def jobs_of(root: Path, tasks: Path, wanted: Mapping[tuple[Runner, bool], Set[Trial]]) -> tuple[By, By]:
    """`wanted`: a Harbor and whether in boxes of its own -> its trials."""
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    jobs: dict[Path, tuple[Runner, bool]] = {}
    started = {}
    for (runner, own), trials in wanted.items():
        folder = os.environ["FOOLSGOLD_NEWEST_HARBOR"] if runner == NEWEST else ""
        for agent in AGENTS:
            names = [name for name, by in trials if by == agent]
            work = root / f"{runner}-{agent}-{own}"
            for name in names:
                copied(tasks, name, work / "tasks" / name)
            if names:
                boxes, at_once = ("docker", 3 if runner == NEWEST else 2) if own else (OUR_BOXES, 1)
                started[work / "job"] = start_job(python, work / "tasks", work / "job", agent, at_once, boxes, folder)
                jobs[work / "job"] = runner, own
    seen = {True: dict[tuple[Runner, Trial], Seen](), False: dict[tuple[Runner, Trial], Seen]()}
    for work, trials_of in each_ended(started).items():
        runner, own = jobs[work]
        seen[own] |= {(runner, trial): from_harbor(each) for trial, each in trials_of.items()}
    return seen[True], seen[False]


def copied(tasks: Path, name: str, to: Path) -> None:
    source = tasks / name
    shutil.copytree(source if source.exists() else tasks.parent / "lists" / name, to, symlinks=True)


@pytest.fixture(scope="module")
def foolsgold(tasks: Path, harbor: tuple[By, By], docker_engine: Engine, bwrap_engine: Engine) -> tuple[By, By]:
    """What ours make of each trial, on docker and on bwrap. Asks for `harbor` only to come after it: time limits are
    tight, and the machine is small."""
    found = {task.path.name: task for task in discover([tasks]) if isinstance(task, Task)}
    on_docker = [(runner, trial) for runner in (OLDEST, NEWEST) for trial in sorted(ON_DOCKER[runner])]
    on_bwrap = [(runner, trial) for runner in (OLDEST, NEWEST) for trial in TRIALS]

    def one(each: tuple[Engine, tuple[Runner, Trial]]) -> Seen:
        engine, (runner, (name, agent)) = each
        return run(engine, found[name], agent, runner)

    asked = [(docker_engine, each) for each in on_docker], [(bwrap_engine, each) for each in on_bwrap]
    with ThreadPoolExecutor(2) as docker, ThreadPoolExecutor(1) as bwrap:
        seen = docker.map(one, asked[0]), bwrap.map(one, asked[1])
        return dict(zip(on_docker, seen[0], strict=True)), dict(zip(on_bwrap, seen[1], strict=True))


def run(engine: Engine, task: Task, agent: str, runner: Runner) -> Seen:
    task = task.run_by(runner)
    try:
        built = build(engine, task)
    except BuildFailed:
        return Seen(None, "not built")
    networks = plan_network(task, "on", no_lists=engine.no_lists()).tries[0]
    plan = Plan(Kind.REFERENCE if agent == "oracle" else Kind.NOP, networks=networks)
    return from_foolsgold(run_trial(engine, task, built, plan))


AGAIN: list[str] = []
"""What differed beside the other trials and was run again by itself."""


@pytest.mark.parametrize("trial", [trial for trial in TRIALS if trial not in BY_LOT], ids="-".join)
@pytest.mark.parametrize("runner", [OLDEST, NEWEST], ids=str)
def test_a_trial_is_paid_as_harbor_of_that_version_pays_it(
    runner: Runner,
    trial: Trial,
    harbor: tuple[By, By],
    foolsgold: tuple[By, By],
    tasks: Path,
    docker_engine: Engine,
    bwrap_engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What differs is run again with nothing beside it, and named where it is the same then: a machine that stands
    still for a while is no difference. More than two are no accident."""
    seen = [by[runner, trial] for by in (*harbor, *foolsgold) if (runner, trial) in by]
    engines = (docker_engine, bwrap_engine) if (runner, trial) in foolsgold[0] else (bwrap_engine,)
    assert len(engines) == (2 if trial in ON_DOCKER[runner] else 1)
    if seen != [seen[0]] * len(seen) and len(AGAIN) < 2:
        AGAIN.append(f"{runner} {'-'.join(trial)}: {seen}")
        wanted = {
            (runner, own): {trial} for own, by in ((True, harbor[0]), (False, harbor[1])) if (runner, trial) in by
        }
        theirs = jobs_of(tmp_path, tasks, wanted)
        (task,) = discover([tasks / trial[0]])
        assert isinstance(task, Task)
        seen = [by[runner, trial] for by in theirs if (runner, trial) in by]
        seen += [run(engine, task, trial[1], runner) for engine in engines]
        with capsys.disabled():
            print(f"\n--- UNSTEADY, to be mended: {AGAIN[-1]}\nby itself: {seen}")
    assert seen == [seen[0]] * len(seen)


def test_the_newest_harbor_that_is_known_is_the_newest_on_pypi(capsys: pytest.CaptureFixture[str]) -> None:
    """It says so where it is not: what came out yesterday is no fault of today's change."""
    pip = (os.environ["FOOLSGOLD_HARBOR_PYTHON"], "-m", "pip", "--disable-pip-version-check", "index", "versions")
    asked = subprocess.run([*pip, "harbor"], capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"^Available versions: (.*)$", asked.stdout, re.MULTILINE)
    with capsys.disabled():
        if found is None:
            print(f"\nWhich Harbor is the newest cannot be told: {asked.stderr.strip()[-200:]}")
            return
        versions = found[1].split(", ")
        if versions[0] != NEWEST.release:
            print(f"\nPyPI has Harbor {versions[0]}; the newest whose rules are known is {NEWEST.release}.")
    assert {OLDEST.release, NEWEST.release} <= set(versions)


@pytest.mark.bwrap
@pytest.mark.parametrize("runner", [OLDEST, NEWEST], ids=str)
@pytest.mark.parametrize("name", sorted(path.name for path in LISTS.iterdir()))
def test_lists_of_hosts_are_paid_as_harbor_pays_them_in_our_boxes(
    name: str,
    runner: Runner,
    harbor: tuple[By, By],
    engine: Engine,
    tasks: Path,
) -> None:
    """Its own boxes keep lists with an image that cannot be had here."""
    (task,) = discover([tasks.parent / "lists" / name])
    assert isinstance(task, Task)
    theirs = harbor[1][runner, (name, "oracle")]
    assert theirs == Seen({"reward": 1.0})
    assert run(engine, task, "oracle", runner) == theirs


def test_harbor_ran_every_trial_and_no_other(harbor: tuple[By, By]) -> None:
    in_docker, in_ours = harbor
    assert set(in_docker) == {(runner, trial) for runner in (OLDEST, NEWEST) for trial in IN_DOCKER[runner]}
    assert set(in_ours) == {(runner, trial) for runner in (OLDEST, NEWEST) for trial in IN_OURS | LISTED}
    for runner in (OLDEST, NEWEST):
        assert IN_DOCKER[runner] | IN_OURS == set(TRIALS)
