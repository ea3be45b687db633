"""The examples of docs/scale.md, run as the machines they are for would run them: shard by shard, and merged."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.tasks import HARBOR, write

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = CHECKOUT / "examples"
SHARDS = 2
pytestmark = [pytest.mark.bwrap, pytest.mark.timeout(600)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with three tasks, two alike, and foolsgold on the path with settings that make it quick."""
    for name, word in (("a", "ok"), ("b", "fine"), ("c", "good")):
        files = {
            path: str(text).replace("echo ok", f"echo {word}").replace("= ok", f"= {word}")
            for path, text in HARBOR.items()
        }
        toml = files["task.toml"] + '[environment]\nnetwork_mode = "no-network"\n'
        write(tmp_path / "tasks" / name, {**files, "task.toml": toml})
    own = 'engine = "bwrap"\nrepeat = 1\njobs = 1\nbudget = 2\nprobe = ["none"]\n[image]\n"*" = "host"\n'
    (tmp_path / "foolsgold.toml").write_text(own)
    program = tmp_path / "bin/foolsgold"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m harness "$@"\n')
    program.chmod(0o755)
    return tmp_path


def run(
    place: Path, script: str, *words: str, codes: tuple[int, ...] = (0,), **env: str
) -> str:
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script, "script", *words],
        cwd=place,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(CHECKOUT), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


def told(place: Path, run_folder: str) -> list[tuple[str, str, int]]:
    report = json.loads((place / run_folder / "report.json").read_text())
    return [(task["name"], task["verdict"], len(task["mutants"])) for task in report["tasks"]]


def steps(job: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step and step["name"] != "Install"}


def test_the_ci_matrix_audits_all_tasks_and_judges_the_whole(place: Path) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github-actions/sharded.yml").read_text())
    audit, whole = workflow["jobs"]["audit"], workflow["jobs"]["whole"]
    shards = audit["strategy"]["matrix"]["shard"]
    assert shards == list(range(1, audit["env"]["SHARDS"] + 1))
    assert audit["env"]["SHARD"] == "${{ matrix.shard }}"
    assert whole["needs"] == "audit"
    for shard in range(1, SHARDS + 1):
        run(place, steps(audit)["Audit a shard"], SHARDS=str(SHARDS), SHARD=str(shard))
    summary = place / "summary.md"
    for name, script in steps(whole).items():
        run(place, script, GITHUB_STEP_SUMMARY=str(summary), codes=(0, 1, 3) if name == "Gate" else (0,))
    assert [name for name, _, _ in told(place, "whole")] == ["a", "b", "c"]
    assert "3 tasks" in summary.read_text()
    run(place, "foolsgold audit tasks -o one-run -q", codes=(0, 1, 3))
    assert told(place, "whole") == told(place, "one-run")


def test_the_slurm_array_audits_its_shards_and_the_next_job_merges_them(place: Path) -> None:
    script = EXAMPLES / "slurm/audit.sbatch"
    assert re.search(r"^#SBATCH --array=1-\d+$", script.read_text(), re.MULTILINE)
    for number in range(1, SHARDS + 1):
        run(
            place,
            f"bash {script} tasks runs",
            SLURM_ARRAY_TASK_ID=str(number),
            SLURM_ARRAY_TASK_COUNT=str(SHARDS),
            SLURM_CPUS_PER_TASK="1",
        )
    [wrapped] = re.findall(r'--wrap "(.*) && foolsgold gate whole"', script.read_text())
    run(place, wrapped)
    assert [name for name, _, _ in told(place, "whole")] == ["a", "b", "c"]


def test_the_kubernetes_job_audits_a_shard_a_pod(place: Path) -> None:
    job = yaml.safe_load((EXAMPLES / "kubernetes/audit.yaml").read_text())
    spec = job["spec"]
    [container] = spec["template"]["spec"]["containers"]
    assert (spec["completionMode"], container["command"]) == ("Indexed", ["bash", "-c"])
    env = {one["name"]: one["value"] for one in container["env"]}
    assert env["SHARDS"] == str(spec["completions"])
    [script] = container["args"]
    (place / "tasks.parquet").symlink_to("tasks")  # a folder will do
    for index in range(SHARDS):
        run(place, script, DATA=str(place), SHARDS=str(SHARDS), JOB_COMPLETION_INDEX=str(index))
    run(place, "foolsgold merge runs/* -o whole")
    assert [name for name, _, _ in told(place, "whole")] == ["a", "b", "c"]


@pytest.mark.parametrize("script", ["slurm", "kubernetes", "ci"])
def test_a_shard_that_fails_fails_its_job(place: Path, script: str) -> None:
    texts = {
        "slurm": f"bash {EXAMPLES / 'slurm/audit.sbatch'} nothing runs",
        "kubernetes": yaml.safe_load((EXAMPLES / "kubernetes/audit.yaml").read_text())["spec"]["template"]["spec"][
            "containers"
        ][0]["args"][0],
        "ci": "rm -r tasks\n"
        + steps(yaml.safe_load((EXAMPLES / "github-actions/sharded.yml").read_text())["jobs"]["audit"])[
            "Audit a shard"
        ],
    }
    env = {
        "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2", "JOB_COMPLETION_INDEX": "0", "SHARDS": "2",
        "SHARD": "1", "DATA": str(place / "nothing"),
    }  # fmt: skip
    assert "does not exist" in run(place, texts[script], codes=(1, 2), **env)
