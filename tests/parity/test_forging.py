"""Marker parity: every means of forging a Harbor reward, run by Harbor itself in both versions. What it pays, our
trials pay, and docs/threats.md says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.probes.forge.facts import facts_of
from harness.probes.forge.plan import plan
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.runners import RUNNERS, newest
from tests.parity.forging_tasks import FAULTY, OPEN, READY, RECIPE, write_faulty, write_forged, write_open
from tests.parity.harbor_job import OUR_BOXES, HarborTrial, each_ended, make_image, start_job
from tests.parity.test_parity import Seen, from_harbor, run

pytestmark = [
    *(pytest.mark.parity, pytest.mark.docker, pytest.mark.bwrap, pytest.mark.network, pytest.mark.slow),
    pytest.mark.timeout(2000),
]

OLDEST, NEWEST = RUNNERS[0], newest("harbor")
ELSEWHERE = frozenset(name for task in OPEN.values() for name in task.means)
"""Not tried on the fixture, where some have no effect and others race against a short verifier."""
OF_A_BOX = ("path-bash", "preloaded-library", "reward-daemon", "runner-killed", "tests-bound")
"""What Docker's boxes could have otherwise than ours: run in Harbor's own environment too."""
OF_TERMINALS = ("printed-summary", "startup-files-runner")
"""What no Harbor task is open to."""
NEVER = ("startup-files-pythonstartup",)
PAGE = Path(__file__).parents[2] / "docs/threats.md"


def all_means() -> list[str]:
    """Every means that there is, for whichever task."""
    (task,) = discover([FAULTY])
    assert isinstance(task, Task)
    facts = facts_of(task.run_by(OLDEST), {"reward": 1.0})
    assert facts is not None
    return [one.id for one in plan(facts)]


MEANS = [name for name in all_means() if name not in (*OF_TERMINALS, *NEVER)]


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory, test_image: str) -> Path:
    root = tmp_path_factory.mktemp("forged")
    make_image(READY, RECIPE, test_image)
    write_faulty(root / "open/degrees")
    found = write_forged(root / "open/degrees", root / "tasks", OLDEST, tuple(set(MEANS) - ELSEWHERE))
    for name, task in OPEN.items():
        write_open(name, root / "open" / name)
        found += write_forged(root / "open" / name, root / "tasks", OLDEST, task.means)
    assert sorted(found) == sorted(MEANS)
    for name in OF_A_BOX:
        (root / "of-a-box").mkdir(exist_ok=True)
        (root / "of-a-box" / name).symlink_to(root / "tasks" / name)
    return root


@pytest.fixture(scope="module")
def theirs(forged: Path) -> Mapping[tuple[str, str], HarborTrial]:
    """(version, means) -> what Harbor's oracle gets for it in our boxes, and (`docker`, means) in its own."""
    python, folder = os.environ["FOOLSGOLD_HARBOR_PYTHON"], os.environ["FOOLSGOLD_NEWEST_HARBOR"]
    jobs = {
        OLDEST.version: start_job(python, forged / "tasks", forged / OLDEST.version, "oracle", 2, OUR_BOXES),
        NEWEST.version: start_job(python, forged / "tasks", forged / NEWEST.version, "oracle", 2, OUR_BOXES, folder),
        "docker": start_job(python, forged / "of-a-box", forged / "docker", "oracle", 2, "docker", folder),
    }
    seen = each_ended({forged / name: job for name, job in jobs.items()})
    return {(work.name, means): trial for work, trials in seen.items() for (means, _), trial in trials.items()}


@pytest.fixture(scope="module")
def ours(forged: Path, theirs: object, bwrap_engine: Engine) -> Mapping[tuple[str, str], Seen]:
    """(version, means) -> what our oracle gets; asks for `theirs` only to come after it."""
    trials = [(runner, name) for runner in (OLDEST, NEWEST) for name in MEANS]

    def one(name: str) -> Task:
        (task,) = discover([forged / "tasks" / name])
        assert isinstance(task, Task)
        return task

    with ThreadPoolExecutor(2) as pool:
        seen = pool.map(lambda trial: run(bwrap_engine, one(trial[1]), "oracle", trial[0]), trials)
        return {(runner.version, name): each for (runner, name), each in zip(trials, seen, strict=True)}


@pytest.mark.parametrize("means", MEANS)
def test_a_forged_reward_is_paid_as_harbor_of_that_version_pays_it(
    means: str, theirs: Mapping[tuple[str, str], HarborTrial], ours: Mapping[tuple[str, str], Seen]
) -> None:
    for runner in (OLDEST, NEWEST):
        assert ours[runner.version, means] == from_harbor(theirs[runner.version, means])
    if means in OF_A_BOX:
        assert from_harbor(theirs["docker", means]) == ours[NEWEST.version, means]


def test_the_page_says_of_every_means_which_versions_pay_it(theirs: Mapping[tuple[str, str], HarborTrial]) -> None:
    said: dict[str, list[bool]] = {}
    table = PAGE.read_text(encoding="utf-8").partition("## By version of Harbor")[2].partition("\n## ")[0]
    for row in re.findall(r"^\|(.*)\|$", table, re.MULTILINE):
        names, *columns = row.split("|")
        pays = [text.strip().startswith("paid") for text in columns]
        said |= dict.fromkeys(re.findall(r"`([^`]+)`", names), pays)
    paid = {
        means: [theirs[version, means].rewards == {"reward": 1.0} for version in (OLDEST.version, NEWEST.version)]
        for means in MEANS
    }
    assert said == paid
