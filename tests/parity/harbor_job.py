"""Harbor's own runner, as a job of its agents over prepared copies of tasks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FROM = re.compile(r"^FROM[ \t]+\S+", re.MULTILINE)
_IMAGE = re.compile(r"^( +image:) +\S+", re.MULTILINE)


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


def make_image(name: str, recipe: str, image: str) -> None:
    """For tasks that are prepared: a container of it, too, ends at once."""
    text = _FROM.sub(f"FROM {image}\nSTOPSIGNAL SIGKILL", recipe)
    subprocess.run(["docker", "build", "--quiet", "--tag", name, "-"], input=text.encode(), check=True, timeout=300)


OUR_BOXES = "harness.harbor:BwrapEnvironment"
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
    with (work / "harbor.log").open("wb") as log:
        return subprocess.Popen(
            [str(harbor), "run", "-c", str(work / "config.json"), "-y"], stdout=log, stderr=log, cwd=work, env=env
        )


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
