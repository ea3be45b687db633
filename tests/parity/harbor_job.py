"""Harbor's own runner, as a job of its agents over prepared copies of tasks."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FROM = re.compile(r"^FROM[ \t]+\S+", re.MULTILINE)
_IMAGE = re.compile(r"^( +image:) +\S+", re.MULTILINE)
_PREBUILT = re.compile(r'^(docker_image =) "(?!foolsgold-)[^"]+"', re.MULTILINE)
"""Not one that `make_image` made."""


@dataclass(frozen=True, slots=True)
class HarborTrial:
    """What Harbor made of one trial."""

    rewards: Mapping[str, float] | None
    error: str
    """The type of the exception it recorded, or ''."""
    message: str


def prepare(source: Path, target: Path, image: str) -> None:
    """A copy of a task for both runners: every FROM and image is the test image, and the container ends at once.

    Without the STOPSIGNAL each trial waits ten seconds for a `sleep infinity` that ignores SIGTERM.
    """
    shutil.copytree(source, target, symlinks=True)
    for dockerfile in target.rglob("Dockerfile"):
        text = dockerfile.read_text(encoding="utf-8")
        dockerfile.write_text(_FROM.sub(f"FROM {image}\nSTOPSIGNAL SIGKILL", text), encoding="utf-8")
    for compose in target.rglob("docker-compose.yaml"):
        text = compose.read_text(encoding="utf-8")
        compose.write_text(_IMAGE.sub(rf"\1 {image}", text), encoding="utf-8")
    config = target / "task.toml"
    config.write_text(_PREBUILT.sub(rf'\1 "{image}"', config.read_text(encoding="utf-8")), encoding="utf-8")


def make_image(name: str, recipe: str, image: str) -> None:
    """For tasks that are prepared: a container of it, too, ends at once."""
    text = _FROM.sub(f"FROM {image}\nSTOPSIGNAL SIGKILL", recipe)
    subprocess.run(["docker", "build", "--quiet", "--tag", name, "-"], input=text.encode(), check=True, timeout=300)


OUR_BOXES = "harness.harbor:BwrapEnvironment"
_ON_THE_DAEMONS_BRIDGE = "services:\n  main:\n    network_mode: bridge\n"
"""A compose file beside Harbor's own. Without it each trial has a network of its own made and removed again, which is
a third of all that a container's start and end take."""
CHECKOUT = Path(__file__).parents[2]


def start_job(
    python: str, tasks: Path, work: Path, agent: str, at_once: int, boxes: str = "docker", harbor_folder: str = ""
) -> subprocess.Popen[bytes]:
    """Run every task below `tasks` with that agent; the results are below `work`/job. `boxes`: as for `--env`.
    `harbor_folder`: with the Harbor in there in place of that Python's own."""
    environment = {"import_path": boxes} if ":" in boxes else {"type": boxes}
    return start_agents(python, tasks, work, [{"name": agent}], at_once, environment, harbor_folder)


def start_agents(
    python: str,
    tasks: Path,
    work: Path,
    agents: Sequence[Mapping[str, Any]],
    at_once: int,
    environment: Mapping[str, Any],
    harbor_folder: str = "",
) -> subprocess.Popen[bytes]:
    """The same with several agents and an environment, as a job's configuration says them."""
    work.mkdir(parents=True)
    if environment == {"type": "docker"}:
        (work / "bridge.yaml").write_text(_ON_THE_DAEMONS_BRIDGE, encoding="utf-8")
        environment = {**environment, "extra_docker_compose": [str(work / "bridge.yaml")]}
    config = {
        "job_name": "job",
        "jobs_dir": str(work),
        "n_concurrent_trials": at_once,
        "quiet": True,
        "agents": agents,
        "environment": environment,
        "datasets": [{"path": str(tasks)}],
    }
    (work / "config.json").write_text(json.dumps(config), encoding="utf-8")
    harbor = Path(shutil.which(python) or python).parent / "harbor"
    # LiteLLM, which Harbor imports, would otherwise look for a price list on the network.
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HARBOR_TELEMETRY": "off"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (harbor_folder, str(CHECKOUT))))
    env["PATH"] = f"{_quick_docker(work)}{os.pathsep}{env['PATH']}"
    with (work / "harbor.log").open("wb") as log:
        return subprocess.Popen(
            [str(harbor), "run", "-c", str(work / "config.json"), "-y"], stdout=log, stderr=log, cwd=work, env=env
        )


def _quick_docker(work: Path) -> Path:
    """A folder with a `docker` that starts compose at once. The command line itself asks its plugins first what they
    are: half of what a call costs, and Harbor makes twenty a trial."""
    folder = work / "bin"
    folder.mkdir()
    docker, compose = shutil.which("docker"), _compose()
    quick = folder / "docker"
    if docker and compose:
        case = f'[ "$1" != compose ] || {{ shift; exec {shlex.quote(compose)} "$@"; }}'
        quick.write_text(f'#!/bin/sh\n{case}\nexec {shlex.quote(docker)} "$@"\n', encoding="utf-8")
        quick.chmod(0o755)
    return folder


@cache
def _compose() -> str:
    """The plugin, which is a program of its own too."""
    asked = subprocess.run(
        ["docker", "info", "--format", "{{json .ClientInfo.Plugins}}"], capture_output=True, check=True
    )
    return next((str(each["Path"]) for each in json.loads(asked.stdout) if each["Name"] == "compose"), "")


def each_ended(jobs: Mapping[Path, subprocess.Popen[bytes]]) -> dict[Path, Mapping[tuple[str, str], HarborTrial]]:
    """Wait for jobs that run beside one another, by the folders of their work, and read what came of each."""
    try:
        for work, job in jobs.items():
            status = job.wait(timeout=1200)
            log = (work / "harbor.log").read_text(errors="replace")
            assert status == 0, f"harbor ended with {status}:\n{log[-3000:]}"
    finally:
        for job in jobs.values():
            job.terminate()
    return {work: read_job(work) for work in jobs}


def ended(jobs: Mapping[Path, subprocess.Popen[bytes]]) -> dict[tuple[str, str], HarborTrial]:
    """The same of all in one: no two ran the same agent on the same task."""
    return {trial: seen for trials in each_ended(jobs).values() for trial, seen in trials.items()}


def read_job(work: Path) -> dict[tuple[str, str], HarborTrial]:
    """(task folder's name, agent) -> what came of it."""
    found = {}
    for path in sorted((work / "job").glob("*/result.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        name = Path(result["task_id"]["path"]).name
        found[name, result["agent_info"]["name"]] = _read(result)
    return found


def _read(result: Mapping[str, Any]) -> HarborTrial:
    steps = result.get("step_results") or []
    raised = [entry["exception_info"] for entry in (result, *steps) if entry["exception_info"]]
    verified = result["verifier_result"] or {}
    return HarborTrial(
        verified.get("rewards"),
        raised[0]["exception_type"] if raised else "",
        raised[0]["exception_message"] if raised else "",
    )
