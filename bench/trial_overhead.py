"""What a box costs: one tiny task on the bare host, in bwrap and in docker, round after round in turn.

    python bench/trial_overhead.py --rounds 20 --docker-image debian:bookworm-slim --write docs/performance.md

The task writes a file and checks it with pytest, both done by the same interpreter and the same, already compiled,
pytest in all three places. `bare` does what a trial does without a box: copies the solution and the tests into a new
folder, runs both scripts there, reads the reward and removes the folder.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions
from harness.errors import FoolsgoldError
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.build import build
from harness.trial.plan import Built, Plan
from harness.trial.record import Kind, PhaseName
from harness.trial.runner import run_trial

PYTHON = "/usr/bin/python3"
PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
LIMITS = {"bwrap": 1.15, "docker": 2.5}
BEGIN, END = "<!-- trial_overhead: begin -->", "<!-- trial_overhead: end -->"

FILES = {
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write the number 42 to number.txt.\n",
    "environment/Dockerfile": "FROM {base}\nCOPY packages /opt/packages\nWORKDIR /app\n",
    "solution/solve.sh": "#!/bin/bash\necho 42 > number.txt\n",
    "tests/test.sh": (
        "#!/bin/bash\n"
        'export PYTHONPATH="${PACKAGES:-/opt/packages}" PYTHONDONTWRITEBYTECODE=1\n'
        "reward=0\n"
        f'{PYTHON} -m pytest -q -p no:cacheprovider "${{TESTS:-/tests}}/test_number.py" && reward=1\n'
        'echo $reward > "${LOGS:-/logs/verifier}/reward.txt"\n'
    ),
    "tests/test_number.py": (
        "from pathlib import Path\n\n\ndef test_number():\n    assert Path('number.txt').read_text() == '42\\n'\n"
    ),
}


def write_task(folder: Path, base: str) -> Task:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{base}", base))
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    copy_packages(folder / "environment" / "packages")
    (task,) = discover([folder])
    assert isinstance(task, Task), task
    return task


def copy_packages(target: Path) -> None:
    """pytest and what it needs, from this interpreter, compiled for the one that the task uses."""
    for package in PACKAGES:
        for file in importlib.metadata.files(package) or []:
            if file.suffix == ".py" and ".." not in file.parts:
                copy = target / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), copy)
    # Not checked against the source's time, which not every engine's COPY keeps.
    compiling = [PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(target)]
    subprocess.run(compiling, check=True)


def bare(task: Task) -> float:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "app").mkdir()
        (root / "logs").mkdir()
        packages = task.path / "environment" / "packages"
        env = {**os.environ, "TESTS": str(root / "tests"), "LOGS": str(root / "logs"), "PACKAGES": str(packages)}
        for name, script in (("solution", "solve.sh"), ("tests", "test.sh")):
            shutil.copytree(task.path / name, root / name)
            line = f"({root / name / script}) > {root / 'logs' / name}.txt 2>&1"
            subprocess.run(["bash", "-c", line], cwd=root / "app", env=env, check=True)
        assert (root / "logs" / "reward.txt").read_text() == "1\n", (root / "logs" / "tests.txt").read_text()
    return time.perf_counter() - start


def boxed(engine: Engine, task: Task, built: Built) -> tuple[float, dict[str, float]]:
    start = time.perf_counter()
    record = run_trial(engine, task, built, Plan(Kind.REFERENCE, networks=Networks()))
    seconds = time.perf_counter() - start
    assert record.rewards == {"reward": 1.0}, record
    phases = {name.value: record.seconds_of(name) for name in (PhaseName.START, PhaseName.SOLVE, PhaseName.VERIFY)}
    return seconds, {**phases, "rest": seconds - sum(phases.values())}


def measure(rounds: int, base: str, docker_image: str) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {"bare": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as engines:
        task = write_task(Path(folder) / "tiny", base)
        ready: dict[str, tuple[Engine, Built]] = {}
        for name, stand_in in (("bwrap", "host"), ("docker", docker_image)):
            if not stand_in:
                continue
            try:
                engine = engines.enter_context(make_engine(name, EngineOptions(images={base: stand_in})))
                ready[name] = (engine, build(engine, task))
            except FoolsgoldError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
        bare(task)
        for name, (engine, built) in ready.items():
            boxed(engine, task, built)
            seconds[name] = []
        for number in range(rounds):
            seconds["bare"].append(bare(task))
            for name, (engine, built) in ready.items():
                took, phases = boxed(engine, task, built)
                seconds[name].append(took)
                for phase, part in phases.items():
                    seconds.setdefault(f"{name} {phase}", []).append(part)
            print(f"round {number + 1} of {rounds}", end="\r", file=sys.stderr)
    return seconds


def table(seconds: dict[str, list[float]], rounds: int, command: str) -> str:
    bare_median = statistics.median(seconds["bare"])
    lines = [
        f"Medians over {rounds} interleaved rounds, {os.cpu_count()} cores, Linux {platform.release()}:",
        "",
        "| | median ms | of bare | at most | start | solve | verify | rest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ("bare", *LIMITS):
        if name not in seconds:
            continue
        median = statistics.median(seconds[name])
        parts = [seconds.get(f"{name} {phase}") for phase in ("start", "solve", "verify", "rest")]
        cells = [f"{statistics.median(part) * 1000:.0f}" if part else "" for part in parts]
        limit = f"{LIMITS[name]:.2f}" if name in LIMITS else ""
        ratio = f"{median / bare_median:.2f}"
        lines.append(f"| {name} | {median * 1000:.0f} | {ratio} | {limit} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Made by `{command}`."])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--base", default="debian:bookworm-slim", help="the FROM of the tiny task")
    parser.add_argument("--docker-image", default="", help="what stands for it in docker; empty leaves docker out")
    parser.add_argument("--write", type=Path, help="a page whose table is replaced")
    options = parser.parse_args()
    seconds = measure(options.rounds, options.base, options.docker_image)
    command = f"python bench/trial_overhead.py --rounds {options.rounds}"
    if options.docker_image:
        command += f" --docker-image {options.docker_image}"
    text = table(seconds, options.rounds, command)
    print(text)
    if options.write:
        page = options.write.read_text()
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    bare_median = statistics.median(seconds["bare"])
    slow = [
        name
        for name, limit in LIMITS.items()
        if name in seconds and statistics.median(seconds[name]) / bare_median > limit
    ]
    for name in slow:
        print(f"{name} is slower than {LIMITS[name]} times bare", file=sys.stderr)
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
