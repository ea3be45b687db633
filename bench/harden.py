"""What hardening costs: the trials of a task's hardening against those of its audit, and what came of them.

    python bench/harden.py fixtures/cases/cleanup-dry-run-faulty --right tests/harness/harden/rights/one

Each task is audited on bwrap with this machine's own root filesystem, then hardened without being audited again. It
ends with 1 where a task took more trials than its audit, where a variant that was paid is not caught though something
stated tells it apart, or where no test was written at all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tasks", nargs="+", type=Path)
    parser.add_argument("--right", action="append", default=[], help="As for `foolsgold harden`.")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--times", default="5", help="Runs of the reference as proof.")
    options = parser.parse_args()
    print("task | paid variants | caught | new tests | thrown away | trials, of the audit's | seconds, of the audit's")
    rows = [row(task, options) for task in options.tasks]
    return int(not all(rows))


def row(task: Path, options: argparse.Namespace) -> bool:
    """Whether it kept to what is held."""
    with tempfile.TemporaryDirectory() as folder:
        run, out = f"{folder}/run", f"{folder}/out"
        engine = ("--engine", "bwrap", "--image", "*=host")
        audit_seconds = foolsgold("audit", str(task), "-o", run, *engine, "--jobs", options.jobs)
        rights = [word for each in options.right for word in ("--right", each)]
        jobs = ("--jobs", options.jobs, "--times", options.times)
        seconds = foolsgold("harden", run, "-o", out, "--no-audit", *rights, *jobs)
        [entry] = json.loads(Path(run, "report.json").read_text())["tasks"]
        [made] = json.loads(Path(out, "harden.json").read_text())["tasks"]
    fates = [each["fate"] for each in made["survivors"]]
    trials, whole = made["trials"]["run"], trials_of(entry)
    cells = (entry["name"], len(fates), fates.count("caught"), len(made["tests"]), len(made["thrown_away"]))
    times = (f"{trials} of {whole}", f"{seconds:.0f} of {audit_seconds:.0f}")
    print(*cells, *times, sep=" | ", flush=True)
    return trials <= whole and bool(made["tests"]) and "witness-only" not in fates and "not-tried" not in fates


def trials_of(entry: dict[str, Any]) -> int:
    runs = sum(len(each["runs"]) for each in (*entry["mutants"], *(entry["probes"] or ())))
    controls = entry["controls"]
    return runs + len(controls["reference"]) + sum(bool(controls.get(key)) for key in ("nop", "hollow"))


def foolsgold(*words: str) -> float:
    begun = time.monotonic()
    done = subprocess.run([*FOOLSGOLD, *words, "--no-progress"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: the task's gate fails, as it is to
        raise SystemExit(done.stdout + done.stderr)
    return time.monotonic() - begun


if __name__ == "__main__":
    raise SystemExit(main())
