"""What reuse saves: tasks in the shapes of real ones, audited with and without it, against the sum of their trials.

    python bench/real_shapes.py --image '*=python:3.12-slim' --mutants 20 --write docs/performance.md

The tests of four shapes install something, from the package registries behind this machine; those of `nothing` do not.
Each shape is audited twice, with nothing kept: once with `--no-reuse`, once as it is. `trials` is what all trials of
the first audit took, added up and divided by how many ran at once: no audit that runs each in full can be quicker.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import api
from harness.trial.record import Kind, PhaseName, TrialRecord, record_from_json

BEGIN, END = "<!-- real_shapes: begin -->", "<!-- real_shapes: end -->"
AT_MOST_INSTALLING, AT_MOST_NOTHING = 0.5, 1.1
"""Of the trials' sum."""

PROGRAM = '''"""Adds up the amounts of a ledger by name."""
import csv
import json
import sys

totals: dict[str, float] = {}
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        if row["status"] == "void":
            continue
        amount = float(row["amount"])
        if row["kind"] == "refund":
            amount = -amount
        totals[row["name"]] = totals.get(row["name"], 0.0) + amount
rounded = {name: round(total, 2) for name, total in sorted(totals.items())}
with open(sys.argv[2], "w") as file:
    json.dump(rounded, file, indent=2)
'''
ASKED = (
    "Write to /app/totals.json what each name of /app/ledger.csv has: sales less refunds, rounded to two places, "
    "without what is void.\n"
)
LEDGER = "name,kind,status,amount\na,sale,ok,10.5\nb,sale,ok,7\na,refund,ok,2.25\nb,sale,void,100\nc,sale,ok,0.1\n"
CHECKS = """import json
from pathlib import Path


def test_totals():
    found = json.loads(Path("/app/totals.json").read_text())
    assert found == {"a": 8.25, "b": 7.0, "c": 0.1}
"""
SOLVE = f"""#!/bin/bash
set -e
cat > /app/totals.py <<'EOF'
{PROGRAM}EOF
python3 /app/totals.py /app/ledger.csv /app/totals.json
"""
REWARD = "if [ $? -eq 0 ]; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi\n"
PIP = "python3 -m venv /opt/tools && /opt/tools/bin/pip install -q"
PLAIN = "import sys; sys.path.insert(0, '/tests'); import test_outputs; test_outputs.test_totals()"


@dataclass(frozen=True)
class Shape:
    name: str
    tests: str
    installs: bool = True
    serves: bool = False


SHAPES = (
    Shape(
        "apt and uv",
        f"apt-get update\napt-get install -y tree\n{PIP} uv\n"
        'export PATH="/opt/tools/bin:$PATH"\nuvx --with pytest==8.4.1 pytest -q /tests/test_outputs.py\n',
    ),
    Shape("pip", f"{PIP} pytest==8.4.1\n/opt/tools/bin/python -m pytest -q /tests/test_outputs.py\n"),
    Shape(
        "a service, apt and pip",
        f"apt-get update && apt-get install -y tree\n{PIP} pytest==8.4.1\n"
        "curl -sf http://localhost:8765/totals.json >/dev/null || python3 -c "
        "\"import urllib.request; urllib.request.urlopen('http://localhost:8765/totals.json').read()\" && "
        "/opt/tools/bin/python -m pytest -q /tests/test_outputs.py\n",
        serves=True,
    ),
    Shape("nothing", f'python3 -c "{PLAIN}"\n', installs=False),
)


def write_task(folder: Path, shape: Shape) -> Path:
    serve = "cd /app && nohup python3 -m http.server 8765 >/dev/null 2>&1 &\nsleep 0.3\n" if shape.serves else ""
    files = {
        "task.toml": 'version = "1.0"\n[verifier]\ntimeout_sec = 600\n',
        "instruction.md": ASKED + ("Serve /app on port 8765.\n" if shape.serves else ""),
        "environment/Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY ledger.csv /app/ledger.csv\n",
        "environment/ledger.csv": LEDGER,
        "solution/solve.sh": SOLVE + serve,
        "tests/test.sh": "#!/bin/bash\n" + shape.tests + REWARD,
        "tests/test_outputs.py": CHECKS,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    return folder


@dataclass(frozen=True)
class Audit:
    seconds: float
    records: tuple[TrialRecord, ...]
    report: Mapping[str, Any]

    def busy(self, jobs: int) -> float:
        return sum(record.seconds for record in self.records) / jobs

    @property
    def trial(self) -> float:
        """Seconds of a variant's first trial, in the middle."""
        first = [one.seconds for one in self.records if one.kind is Kind.MUTANT and one.run == "first" and one.rewards]
        return statistics.median(first) if first else 0.0


def audit(task: Path, args: argparse.Namespace, *, reuse: bool) -> Audit:
    with tempfile.TemporaryDirectory(prefix="foolsgold-bench-") as run:
        images = dict(one.split("=", 1) for one in args.image)
        settings = {"image": images, "probe": ["none"], "no-reuse": not reuse}
        started = time.monotonic()
        api.audit([task], run, engine="bwrap", budget=args.mutants, jobs=args.jobs, settings=settings)
        seconds = time.monotonic() - started
        rows = sqlite3.connect(Path(run, "run.db")).execute("SELECT record FROM trial")
        records = tuple(record_from_json(json.loads(text)) for (text,) in rows)
        return Audit(seconds, records, json.loads(Path(run, "report.json").read_text()))


def outcomes(found: Audit) -> dict[str, str]:
    return {mutant["id"]: mutant["outcome"] for mutant in found.report["tasks"][0]["mutants"]}


def measure(args: argparse.Namespace) -> tuple[str, bool]:
    lines = [
        "| tests | trials | audit without | with reuse | of the trials | one trial without | with | of it preparing |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    good = True
    for shape in SHAPES:
        if args.shape and shape.name not in args.shape:
            continue
        with tempfile.TemporaryDirectory(prefix="foolsgold-bench-") as folder:
            task = write_task(Path(folder, shape.name.replace(" ", "-").replace(",", "")), shape)
            plain, reused = audit(task, args, reuse=False), audit(task, args, reuse=True)
        bare = plain.busy(args.jobs)
        share = reused.seconds / bare
        preparing = [one.seconds_of(PhaseName.PREPARE) for one in reused.records if one.reused]
        same = outcomes(plain) == outcomes(reused)
        good &= same and share <= (AT_MOST_INSTALLING if shape.installs else AT_MOST_NOTHING)
        middle = f"{statistics.median(preparing):.2f} s" if preparing else "nothing reused"
        lines.append(
            f"| {shape.name}{'' if same else ' (OTHER OUTCOMES)'} | {bare:.1f} s | {plain.seconds:.1f} s | "
            f"{reused.seconds:.1f} s | {share:.2f} | {plain.trial:.2f} s | {reused.trial:.2f} s | {middle} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.0f}, Linux {platform.release()}"
    command = shlex.join(["python", "bench/real_shapes.py", *sys.argv[1:]])
    about = f"{args.mutants} variants, {args.jobs} at once, {cores}:"
    return "\n".join([about, "", *lines, "", f"Made by `{command}`."]), good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", action="append", default=[], help="as for foolsgold audit")
    parser.add_argument("--shape", action="append", default=[], help="only this one")
    parser.add_argument("--mutants", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", type=Path, help="put the table between the marks of this page")
    args = parser.parse_args()
    table, good = measure(args)
    print(table)
    if args.write:
        page = args.write.read_text()
        before, rest = page.split(BEGIN)
        args.write.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
