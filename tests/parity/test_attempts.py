"""Marker parity: jobs of Harbor's own, 0.24 and the newest, in our boxes, with its oracle, its nop and an agent that
works by commands.

Read and done again, each trial is paid what Harbor paid it; one with a trajectory that lacks something is told apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.attempts.recordings import read_recording
from harness.task.runners import RUNNERS, newest
from tests.harness.tasks import HARBOR, write
from tests.parity.harbor_job import CHECKOUT, OUR_BOXES, start_agents

pytestmark = [pytest.mark.parity, pytest.mark.bwrap, pytest.mark.slow]

TASK = {
    **HARBOR,
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write the line `hello` into `/srv/note/greeting.txt`.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nRUN mkdir -p /srv/note\nWORKDIR /srv/note\n",
    "solution/solve.sh": "#!/bin/bash\necho hello > greeting.txt\n",
    "tests/test.sh": '#!/bin/bash\n[ "$(cat /srv/note/greeting.txt)" = hello ] && reward=1 || reward=0\n'
    "echo $reward > /logs/verifier/reward.txt\n",
}
SAID = "hello\n"
STEPS = {
    **HARBOR,
    "task.toml": 'schema_version = "1.1"\n[environment]\nnetwork_mode = "no-network"\n[[steps]]\nname = "first"\n'
    '[[steps]]\nname = "second"\n',
    "instruction.md": None,
    "solution/solve.sh": None,
    "environment/Dockerfile": TASK["environment/Dockerfile"],
    "tests/test.sh": "#!/bin/bash\ncmp -s /tests/expected /srv/note/greeting.txt && reward=1 || reward=0\n"
    "echo $reward > /logs/verifier/reward.txt\n",
    **{
        f"steps/{name}/{path}": text
        for name, lines in (("first", SAID), ("second", SAID * 2))
        for path, text in {
            "instruction.md": "Add the line `hello` to `/srv/note/greeting.txt`.\n",
            "solution/solve.sh": "#!/bin/bash\necho hello >> greeting.txt\n",
            "tests/expected": lines,
        }.items()
    },
}
"""An agent runs the same commands in each of its steps."""
SCRIPTED = "tests.parity.scripted_agent:Scripted"
AGENTS: list[dict[str, Any]] = [
    {"name": "oracle"},
    {"name": "nop"},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["pwd", "mkdir -p /tmp/x && echo hello >> greeting.txt"]}},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["echo goodbye > greeting.txt"]}},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["true"], "hidden": "echo hello >> greeting.txt"}},
]


VERSIONS = [runner.version for runner in (RUNNERS[0], newest("harbor"))]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below `jobs` a job of each version; the task is in `tasks`. Both run at once: a Harbor takes long to begin."""
    root = tmp_path_factory.mktemp("harbor")
    write(root / "tasks/greet", TASK)
    write(root / "tasks/steps", STEPS)
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    folders = dict(zip(VERSIONS, ("", os.environ["FOOLSGOLD_NEWEST_HARBOR"]), strict=True))
    environment = {"import_path": OUR_BOXES, "kwargs": {"image": "*=host"}}
    started = {
        version: start_agents(python, root / "tasks", root / "jobs" / version, AGENTS, 2, environment, folder)
        for version, folder in folders.items()
    }
    try:
        for version, job in started.items():
            job.wait(timeout=240)
            work = root / "jobs" / version
            log = (work / "harbor.log").read_text(errors="replace")
            assert len(list((work / "job").glob("*/result.json"))) == 2 * len(AGENTS), log[-3000:]
    finally:
        for job in started.values():
            job.terminate()
    return root


def results(jobs: Path, version: str) -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in (jobs / "jobs" / version).glob("job/*/result.json")
    ]


def test_each_job_is_of_the_version_that_it_stands_for(jobs: Path) -> None:
    locks = [json.loads((jobs / "jobs" / version / "job/lock.json").read_text()) for version in VERSIONS]
    assert [lock["harbor"]["version"] for lock in locks] == [RUNNERS[0].release, newest("harbor").release]


def test_jobs_of_harbors_are_read_and_paid_the_same_when_they_are_done_again(jobs: Path, tmp_path: Path) -> None:
    paid: dict[str, Any] = {}
    for version in VERSIONS:
        mine = {result["trial_name"]: result["verifier_result"]["rewards"] for result in results(jobs, version)}
        assert sorted(rewards["reward"] for rewards in mine.values()) == [0.0] * 4 + [1.0] * 6, version
        paid |= mine
    assert len(paid) == 2 * len(VERSIONS) * len(AGENTS)

    out = tmp_path / "attempts"
    words = ["attempts", jobs / "tasks", "--solutions", jobs / "jobs", "-o", out, "--engine", "bwrap"]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *map(str, words), "--image", "*=host", "--no-progress", "--repeat", "2"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    made = json.loads((out / "attempts.json").read_text(encoding="utf-8"))
    attempts = {each["id"]: each for task in made["tasks"] for each in task["attempts"]}
    assert attempts.keys() == paid.keys(), done.stdout + done.stderr
    assert {name: each["recorded"] for name, each in attempts.items()} == paid
    astray = [each for each in attempts.values() if each["fate"] == "astray"]
    assert [each["why"] for each in astray] == ["it was paid 1 when it was recorded, and 0 now"] * 2 * len(VERSIONS)
    for name, each in attempts.items():
        if each not in astray:
            assert each["rewards"] == paid[name]
    for task in made["tasks"]:
        assert sorted((each["source"], each["fate"]) for each in task["attempts"]) == sorted([
            ("nop", "refused"), ("oracle", "paid"),
            ("scripted", "astray"), ("scripted", "paid"), ("scripted", "refused"),
        ] * len(VERSIONS))  # fmt: skip
        # What went astray is no attempt that anything is judged by.
        assert task["by_source"]["scripted"]["of"] == 2 * len(VERSIONS)
    assert done.returncode == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_commands_are_read_from_the_trajectory_that_harbor_kept(jobs: Path, version: str) -> None:
    read = [read_recording("", path.parent) for path in sorted((jobs / "jobs" / version).glob("job/*/result.json"))]
    assert len(read) == 2 * len(AGENTS)
    assert {each.task for each in read} == {"greet", "steps"}
    assert all(not each.left_out for each in read)
