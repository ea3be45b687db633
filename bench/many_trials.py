"""Many copies of a task whose every trial takes one second: what the schedule adds, its memory, and what it leaves.

    python bench/many_trials.py --copies 200 --jobs 2 --engine bwrap --image '*=host'

Ideal is one second for each trial, divided among the jobs. Leftovers are mounts and containers that were not
there before, and processes that outlived the run.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
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


def leftovers() -> dict[str, int]:
    containers = subprocess.run(["docker", "ps", "-aq"], capture_output=True, text=True, check=False).stdout.split()
    return {
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "processes": len(_children()),
        "containers": len(containers),
    }


def adopt_orphans() -> None:
    """Whatever outlives its parent below this process becomes this process's own child, and is counted."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _children() -> list[str]:
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
    options = parser.parse_args()
    foolsgold = Path(sys.executable).with_name("foolsgold")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        write_tasks(Path(folder), options.copies)
        adopt_orphans()
        command = [str(foolsgold), "check", folder, "--engine", options.engine, "--image", options.image, "--json"]
        before = leftovers()
        start = time.monotonic()
        process = subprocess.Popen(
            [*command, "--repeat", "1", "--jobs", str(options.jobs), "--no-progress"], stdout=said
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_megabytes(process.pid))
            time.sleep(0.2)
        wall = time.monotonic() - start
        time.sleep(0.5)
        after = leftovers()
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
        "left_behind": {name: after[name] - before[name] for name in after},
    }
    print(json.dumps(result, indent=2))
    fine = (
        document["summary"]["good"] == options.copies
        and wall / ideal <= MOST_RATIO
        and peak <= MOST_MEGABYTES
        and not any(count > 0 for count in result["left_behind"].values())
    )
    return not fine


if __name__ == "__main__":
    sys.exit(main())
