"""Marker parity: tasks with several containers are paid as Harbor pays them, 0.24 and the newest, on both engines.

Each task in `services` shows one thing; the first line of its task.toml says what. All are run once, before the first
comparison: solved and left alone, by both Harbors, on docker under the rules of the one and on bwrap under those of the
other. Harbor's environment has a stand-in for the image of its egress container: see `egress`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.runners import Runner
from tests.parity.harbor_job import each_ended, prepare, start_agents
from tests.parity.test_parity import NEWEST, OLDEST, Seen, from_harbor, run

pytestmark = [
    pytest.mark.parity,
    pytest.mark.docker,
    pytest.mark.bwrap,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

SERVICES = Path(__file__).parent / "services"
AGENTS = ("oracle", "nop")
TRIALS = [(path.parent.name, agent) for path in sorted(SERVICES.glob("*/task.toml")) for agent in AGENTS]
NOT_STARTED = {"broken-order", "dies-at-start", "never-healthy"}

By = Mapping[tuple[str, str], Seen]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory, test_image: str) -> Path:
    root = tmp_path_factory.mktemp("services")
    for source in SERVICES.iterdir():
        prepare(source, root / source.name, test_image)
    return root


@pytest.fixture(scope="module")
def harbor(tasks: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[Runner, By]:
    """Both at once: their trials mostly wait."""
    python, root = os.environ["FOOLSGOLD_HARBOR_PYTHON"], tmp_path_factory.mktemp("harbor")
    folders = {OLDEST: "", NEWEST: os.environ["FOOLSGOLD_NEWEST_HARBOR"]}
    environment = {"import_path": "tests.parity.egress:DockerWithEgress"}
    agents = [{"name": agent} for agent in AGENTS]
    jobs = {
        runner: start_agents(python, tasks, root / str(runner), agents, 3, environment, folder)
        for runner, folder in folders.items()
    }
    seen = each_ended({root / str(runner): job for runner, job in jobs.items()})
    return {runner: {trial: from_harbor(it) for trial, it in seen[root / str(runner)].items()} for runner in folders}


@pytest.fixture(scope="module")
def ours(tasks: Path, harbor: Mapping[Runner, By], docker_engine: Engine, bwrap_engine: Engine) -> Mapping[Runner, By]:
    """Asks for `harbor` only to come after it."""
    found = {task.path.name: task for task in discover([tasks]) if isinstance(task, Task)}
    engines = {OLDEST: docker_engine, NEWEST: bwrap_engine}
    asked = [(runner, trial) for trial in TRIALS for runner in engines]
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda each: run(engines[each[0]], found[each[1][0]], each[1][1], each[0]), asked))
    return {
        runner: {trial: it for (by, trial), it in zip(asked, seen, strict=True) if by == runner} for runner in engines
    }


@pytest.mark.parametrize("trial", TRIALS, ids="-".join)
def test_services_are_paid_as_both_harbors_pay_them(
    trial: tuple[str, str], harbor: Mapping[Runner, By], ours: Mapping[Runner, By]
) -> None:
    name, agent = trial
    expected = Seen(None, "not started") if name in NOT_STARTED else Seen({"reward": float(agent == "oracle")})
    assert [harbor[OLDEST][trial], harbor[NEWEST][trial]] == [expected] * 2
    assert [ours[OLDEST][trial], ours[NEWEST][trial]] == [expected] * 2


def test_harbor_ran_every_trial_and_no_other(harbor: Mapping[Runner, By]) -> None:
    assert [sorted(harbor[runner]) for runner in (OLDEST, NEWEST)] == [sorted(TRIALS)] * 2
