"""Marker parity: foolsgold's trials give the rewards that Harbor's own runner gives, and fail where it fails.

Both run the same copies of the same tasks on the same Docker daemon: every fixture of a format or a case in Harbor
layout, solved and left alone, and the tasks of reward_tasks.py. In the copies every FROM is FOOLSGOLD_TEST_IMAGE
(Harbor has no `--image`), and a STOPSIGNAL spares each of Harbor's trials ten seconds. FOOLSGOLD_HARBOR_PYTHON names
the Python that has Harbor, 0.24. The newest that is known, in the folder FOOLSGOLD_NEWEST_HARBOR, runs what its rules
make different, and a few that tell whether all else is as before. Everything is run once, before the first comparison.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
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
    ended,
    make_image,
    prepare,
    start_agents,
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
TRIALS = [
    *((path.name, agent) for path in _fixtures() for agent in ("oracle", "nop")),
    *((task.name, "oracle") for task in WRITTEN),
]
TELLING = (
    "background-service",
    "cleanup-dry-run-faulty",
    "healthcheck-entrypoint",
    "multi-step",
    "non-root-agent",
    "separate-verifier",
    "set-e-cannot-write-zero",
)
"""Fixtures that show what a box of Harbor's must do: services, users, a healthcheck, steps, a second box."""
BY_VERSION = (
    "a-process-pays-while-it-is-verified",
    "carried-modes-and-links",
    "left-out-by-its-own-lists",
    *(task.name for task in LOGS_TASKS),
    "planted-folder-in-place-of-json",
    "planted-json-beats-text",
    "planted-link-out-of-the-folder",
    "planted-text-survives-an-early-death",
)
"""Tasks about the rules in which the versions of Harbor differ."""
OLDEST, NEWEST = RUNNERS[0], newest("harbor")
AS_BEFORE = ("multi-step", "separate-verifier", "set-e-cannot-write-zero")
AGAIN = (
    TRIALS
    if os.environ.get("FOOLSGOLD_PARITY") == "all"
    else [*((name, "oracle") for name in (*AS_BEFORE, *BY_VERSION)), *((name, "nop") for name in AS_BEFORE)]
)
"""What the newest runs: where the versions differ, and some where they do not; with FOOLSGOLD_PARITY=all everything."""


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


NOPS = frozenset(name for name, agent in TRIALS if agent == "nop")
IN_DOCKER = NOPS & set(TELLING)
"""What Harbor's nop is given in its own boxes. Ours have been seen to be paid the same for these, and run the others:
doing nothing shows what a task pays, and nothing of a box."""


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory, test_image: str) -> Path:
    """Folders `all`, `nop` and `nop-in-ours` of prepared tasks."""
    root = tmp_path_factory.mktemp("parity")
    sources = {path.name: path for path in _fixtures()}
    make_image(READY, RECIPE, test_image)
    for task in WRITTEN:
        sources[task.name] = root / "written" / task.name
        write_task(task, sources[task.name])
    for name, source in sources.items():
        prepare(source, root / "all" / name, test_image)
        if name in NOPS:
            prepare(source, root / ("nop" if name in IN_DOCKER else "nop-in-ours") / name, test_image)
    return root


@pytest.fixture(scope="module")
def harbor(tasks: Path) -> Mapping[tuple[str, str], HarborTrial]:
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    jobs = {
        tasks / "oracle-job": start_job(python, tasks / "all", tasks / "oracle-job", "oracle", at_once=3),
        tasks / "nop-job": start_job(python, tasks / "nop", tasks / "nop-job", "nop", at_once=1),
        tasks / "ours-job": start_job(python, tasks / "nop-in-ours", tasks / "ours-job", "nop", 1, OUR_BOXES),
    }
    return ended(jobs)


@pytest.fixture(scope="module")
def newest_harbor(
    tasks: Path, harbor: Mapping[tuple[str, str], HarborTrial], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], HarborTrial]:
    """Asks for `harbor` only to come after it."""
    root = tmp_path_factory.mktemp("newest")
    python, folder = os.environ["FOOLSGOLD_HARBOR_PYTHON"], os.environ["FOOLSGOLD_NEWEST_HARBOR"]
    jobs = {}
    for agent in ("oracle", "nop"):
        for name in (name for name, of in AGAIN if of == agent):
            shutil.copytree(tasks / "all" / name, root / f"{agent}-tasks" / name, symlinks=True)
        work = root / agent
        jobs[work] = start_job(python, root / f"{agent}-tasks", work, agent, at_once=2, harbor_folder=folder)
    return ended(jobs)


@pytest.fixture(scope="module")
def our_boxes(
    tasks: Path, harbor: Mapping[tuple[str, str], HarborTrial], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], HarborTrial]:
    """The telling few once more by Harbor, in our boxes."""
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    root = tmp_path_factory.mktemp("our-boxes")
    for name in TELLING:
        shutil.copytree(tasks / "all" / name, root / "tasks" / name, symlinks=True)
    work = root / "work"
    agents = [{"name": "oracle"}, {"name": "nop"}]
    return ended({work: start_agents(python, root / "tasks", work, agents, 3, {"import_path": OUR_BOXES})})


@pytest.fixture(scope="module")
def foolsgold(
    tasks: Path, harbor: Mapping[tuple[str, str], HarborTrial], docker_engine: Engine
) -> Mapping[tuple[str, str], Seen]:
    """Asks for `harbor` only to come after it: time limits are tight, and the machine is small."""
    found = {task.path.name: task for task in discover([tasks / "all"]) if isinstance(task, Task)}
    with ThreadPoolExecutor(2) as pool:
        seen = pool.map(lambda trial: run(docker_engine, found[trial[0]], trial[1], OLDEST), TRIALS)
        return dict(zip(TRIALS, seen, strict=True))


def run(engine: Engine, task: Task, agent: str, runner: Runner) -> Seen:
    task = task.run_by(runner)
    try:
        built = build(engine, task)
    except BuildFailed:
        return Seen(None, "not built")
    networks = plan_network(task, "on", no_lists=engine.no_lists()).tries[0]
    plan = Plan(Kind.REFERENCE if agent == "oracle" else Kind.NOP, networks=networks)
    return from_foolsgold(run_trial(engine, task, built, plan))


@pytest.mark.parametrize(
    "trial",
    [trial for trial in TRIALS if trial not in BY_LOT],
    ids="-".join,
)
def test_a_trial_is_paid_as_harbor_pays_it(
    trial: tuple[str, str],
    harbor: Mapping[tuple[str, str], HarborTrial],
    foolsgold: Mapping[tuple[str, str], Seen],
) -> None:
    assert foolsgold[trial] == from_harbor(harbor[trial])


@pytest.mark.parametrize("trial", [trial for trial in AGAIN if trial not in BY_LOT], ids="-".join)
def test_a_trial_is_paid_as_the_newest_harbor_pays_it(
    trial: tuple[str, str],
    tasks: Path,
    newest_harbor: Mapping[tuple[str, str], HarborTrial],
    docker_engine: Engine,
) -> None:
    name, agent = trial
    (task,) = discover([tasks / "all" / name])
    assert isinstance(task, Task)
    assert run(docker_engine, task, agent, NEWEST) == from_harbor(newest_harbor[trial])


@pytest.mark.bwrap
@pytest.mark.parametrize("runner", [OLDEST, NEWEST], ids=str)
@pytest.mark.parametrize("name", BY_VERSION)
def test_where_the_versions_differ_our_boxes_pay_what_harbor_of_that_version_pays(
    name: str,
    runner: Runner,
    tasks: Path,
    harbor: Mapping[tuple[str, str], HarborTrial],
    newest_harbor: Mapping[tuple[str, str], HarborTrial],
    bwrap_engine: Engine,
) -> None:
    (task,) = discover([tasks / "all" / name])
    assert isinstance(task, Task)
    theirs = {OLDEST: harbor, NEWEST: newest_harbor}[runner]
    assert run(bwrap_engine, task, "oracle", runner) == from_harbor(theirs[name, "oracle"])


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
@pytest.mark.parametrize("agent", ["oracle", "nop"])
@pytest.mark.parametrize("name", TELLING)
def test_harbor_pays_in_our_boxes_what_it_pays_in_its_own(
    name: str,
    agent: str,
    harbor: Mapping[tuple[str, str], HarborTrial],
    our_boxes: Mapping[tuple[str, str], HarborTrial],
) -> None:
    assert from_harbor(our_boxes[name, agent]) == from_harbor(harbor[name, agent])


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory, test_image: str) -> Mapping[tuple[str, str], HarborTrial]:
    """(runner, task) -> what Harbor's oracle gets in our boxes."""
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    root = tmp_path_factory.mktemp("lists")
    for source in LISTS.iterdir():
        prepare(source, root / "tasks" / source.name, test_image)
    folders = {OLDEST: "", NEWEST: os.environ["FOOLSGOLD_NEWEST_HARBOR"]}
    jobs = {
        runner: start_job(python, root / "tasks", root / str(runner), "oracle", 1, OUR_BOXES, folder)
        for runner, folder in folders.items()
    }
    seen = each_ended({root / str(runner): job for runner, job in jobs.items()})
    return {(work.name, name): trial for work, trials in seen.items() for (name, _), trial in trials.items()}


@pytest.mark.bwrap
@pytest.mark.parametrize("runner", [OLDEST, NEWEST], ids=str)
@pytest.mark.parametrize("name", sorted(path.name for path in LISTS.iterdir()))
def test_lists_of_hosts_are_paid_as_harbor_pays_them_in_our_boxes(
    name: str,
    runner: Runner,
    listed: Mapping[tuple[str, str], HarborTrial],
    engine: Engine,
    test_image: str,
    tmp_path: Path,
) -> None:
    """Its own boxes keep lists with an image that cannot be had here."""
    prepare(LISTS / name, tmp_path / name, test_image)
    (task,) = discover([tmp_path / name])
    assert isinstance(task, Task)
    theirs = from_harbor(listed[str(runner), name])
    assert theirs == Seen({"reward": 1.0})
    assert run(engine, task, "oracle", runner) == theirs


def test_harbor_ran_every_trial_and_no_other(
    harbor: Mapping[tuple[str, str], HarborTrial], newest_harbor: Mapping[tuple[str, str], HarborTrial]
) -> None:
    assert sorted(harbor) == sorted(TRIALS)
    assert sorted(newest_harbor) == sorted(AGAIN)
