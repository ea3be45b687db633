"""Many copies of a task whose every trial takes one second: what the schedule adds, its memory, and what it leaves.

    python bench/many_trials.py --copies 200 --jobs 2 --engine bwrap --image '*=host'
    python bench/many_trials.py --copies 200 --jobs 2 --engine docker --image '*=IMAGE'
    python bench/many_trials.py --copies 20 --jobs 2 --engine bwrap --image '*=host' --kill-after 8

Ideal is one second for each trial, divided among the jobs. It ends with 1 where it took more than 1.15 times that,
needed more than 300 MB, or left anything behind; with `--kill-after`, where a killed run and the next one did.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_RATIO = 1.15
MOST_MEGABYTES = 300

FILES = {
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write ok to out.txt.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
    "solution/solve.sh": "#!/bin/bash\necho ok > out.txt\n",
    "tests/test.sh": (
        "#!/bin/bash\nsleep 1\n"
        'if [ "$(cat out.txt 2>/dev/null)" = ok ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n'
    ),
}
TRIALS = 3
"""One run of the reference, doing nothing, and a hollow solution."""


def write_tasks(folder: Path, copies: int) -> None:
    for number in range(copies):
        for name, text in FILES.items():
            path = folder / f"task-{number:04d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if name.endswith(".sh") else 0o644)


def leftovers() -> set[str]:
    """What a run could leave: mounts, processes, containers, networks, control groups, files; without what belongs to
    other runs that live."""
    shape = '{{.ID}} {{.Label "foolsgold.pid"}}'
    found = set()
    for words in (["docker", "ps", "-a"], ["docker", "network", "ls"]):
        command = [*words, "--filter", "label=foolsgold", "--format", shape]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found |= {f"{words[1]} {line}" for line in said.splitlines() if not _lives(line.split()[-1])}
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    places += [folder for folder, _, _ in os.walk("/sys/fs/cgroup")]
    for folder in (f"/run/foolsgold-{os.geteuid()}", f"{tempfile.gettempdir()}/foolsgold-scratch-{os.geteuid()}"):
        places += [str(path) for path in Path(folder).glob("*")]
    for place in places:
        run = re.search(r"foolsgold.*?/(\d+)-[0-9a-f]{6}", place)
        if run and not _lives(run[1]):
            found.add(place)
    return {*found, *(f"process {pid}" for pid in _children())}


def _lives(pid: str) -> bool:
    return Path("/proc", pid).exists()


def adopt_orphans() -> None:
    """Whatever outlives its parent below this process becomes this process's own child, and is counted."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _children() -> list[str]:
    """Those that live; the others are forgotten."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return []
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def peak_megabytes(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM:")), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--engine", default="bwrap")
    parser.add_argument("--image", default="*=host")
    parser.add_argument(
        "--kill-after", type=float, default=0.0, help="kill -9 the run then, and look after a new start"
    )
    options = parser.parse_args()
    foolsgold = Path(sys.executable).with_name("foolsgold")
    with tempfile.TemporaryDirectory(prefix="many-trials-") as folder:
        write_tasks(Path(folder), options.copies)
        adopt_orphans()
        boxes = ["--engine", options.engine, "--image", options.image]
        command = [str(foolsgold), "check", folder, *boxes, "--json", "--repeat", "1", "--no-progress"]
        command += ["--jobs", str(options.jobs)]
        if options.kill_after:
            return killed([*command[:2], f"{folder}/task-0000", *command[3:]], command, options.kill_after)
        return measured(command, options)


def measured(command: list[str], options: argparse.Namespace) -> int:
    before = leftovers()
    with tempfile.TemporaryFile() as said:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=said)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_megabytes(process.pid))
            time.sleep(0.2)
        wall = time.monotonic() - start
        time.sleep(0.5)
        left = sorted(leftovers() - before)
        said.seek(0)
        document = json.loads(said.read())
    ideal = options.copies * TRIALS / options.jobs
    result = {
        "engine": options.engine,
        "copies": options.copies,
        "jobs": options.jobs,
        "good": document["summary"]["good"],
        "ideal_seconds": ideal,
        "seconds": round(wall, 1),
        "ratio": round(wall / ideal, 3),
        "peak_megabytes": round(peak, 1),
        "left_behind": left,
    }
    print(json.dumps(result, indent=2))
    fine = document["summary"]["good"] == options.copies and wall / ideal <= MOST_RATIO and peak <= MOST_MEGABYTES
    return not (fine and not left)


def killed(one_task: list[str], command: list[str], seconds: float) -> int:
    """kill -9 in the middle of it, then a new start on one of the tasks."""
    before = leftovers()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    in_the_middle = process.poll() is None
    process.kill()
    process.wait()
    again = subprocess.run(one_task, stdout=subprocess.DEVNULL, check=False).returncode
    time.sleep(0.5)
    left = sorted(leftovers() - before)
    print(json.dumps({"killed_in_the_middle": in_the_middle, "next_start": again, "left_behind": left}, indent=2))
    return not (in_the_middle and again == 0 and not left)


if __name__ == "__main__":
    sys.exit(main())
