"""Marker parity: a job of Harbor's own, in our boxes, with its oracle, its nop and an agent that works by commands.

Read and done again, each trial is paid what Harbor paid it; one with a trajectory that lacks something is told apart.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.attempts.recordings import read_recording
from tests.harness.tasks import HARBOR, write
from tests.parity.harbor_job import CHECKOUT, OUR_BOXES

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
SCRIPTED = "tests.parity.scripted_agent:Scripted"
AGENTS: list[dict[str, Any]] = [
    {"name": "oracle"},
    {"name": "nop"},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["pwd", "mkdir -p /tmp/x && echo hello > greeting.txt"]}},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["echo goodbye > greeting.txt"]}},
    {"import_path": SCRIPTED, "kwargs": {"lines": ["true"], "hidden": "echo hello > greeting.txt"}},
]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("harbor")
    write(root / "tasks/greet", TASK)
    config = {
        "job_name": "job",
        "jobs_dir": str(root),
        "n_concurrent_trials": 2,
        "quiet": True,
        "agents": AGENTS,
        "environment": {"import_path": OUR_BOXES, "kwargs": {"image": "*=host"}},
        "datasets": [{"path": str(root / "tasks")}],
    }
    (root / "config.json").write_text(json.dumps(config), encoding="utf-8")
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    harbor = Path(shutil.which(python) or python).parent / "harbor"
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HARBOR_TELEMETRY": "off", "PYTHONPATH": str(CHECKOUT)}
    ran = subprocess.run(
        [str(harbor), "run", "-c", str(root / "config.json"), "-y"],
        cwd=root, env=env, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert len(list((root / "job").glob("*/result.json"))) == len(AGENTS), ran.stdout[-3000:] + ran.stderr[-3000:]
    return root


def test_a_job_of_harbors_is_read_and_paid_the_same_when_it_is_done_again(job: Path, tmp_path: Path) -> None:
    paid = {}
    for path in (job / "job").glob("*/result.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        paid[result["trial_name"]] = result["verifier_result"]["rewards"]
    assert sorted(rewards["reward"] for rewards in paid.values()) == [0.0, 0.0, 1.0, 1.0, 1.0]

    out = tmp_path / "attempts"
    words = ["attempts", job / "tasks/greet", "--solutions", job / "job", "-o", out, "--engine", "bwrap"]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *map(str, words), "--image", "*=host", "--no-progress", "--repeat", "2"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    made = json.loads((out / "attempts.json").read_text(encoding="utf-8"))
    (task,) = made["tasks"]
    attempts = {each["id"]: each for each in task["attempts"]}
    assert attempts.keys() == paid.keys(), done.stdout + done.stderr
    assert {name: each["recorded"] for name, each in attempts.items()} == paid
    astray = [each for each in attempts.values() if each["fate"] == "astray"]
    assert [each["why"] for each in astray] == ["it was paid 1 when it was recorded, and 0 now"]
    for name, each in attempts.items():
        if each not in astray:
            assert each["rewards"] == paid[name]
    assert sorted((each["source"], each["fate"]) for each in attempts.values()) == [
        ("nop", "refused"), ("oracle", "paid"),
        ("scripted", "astray"), ("scripted", "paid"), ("scripted", "refused"),
    ]  # fmt: skip
    assert done.returncode == 0
    assert task["by_source"]["scripted"]["of"] == 2  # what went astray is no attempt that anything is judged by


def test_commands_are_read_from_the_trajectory_that_harbor_kept(job: Path) -> None:
    read = [read_recording("", path.parent) for path in sorted((job / "job").glob("*/result.json"))]
    assert {each.task for each in read} == {"greet"}
    assert all(not each.left_out for each in read)
