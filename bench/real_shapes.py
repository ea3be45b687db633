"""What reuse saves: tasks in the shapes of real ones, audited with and without it, against the sum of their trials.

    python bench/real_shapes.py --image '*=python:3.12-slim' --mutants 20 --write docs/performance.md

Of some shapes the tests install something, from the package registries behind this machine, or the solution installs,
compiles or trains before it writes its program; those that end with `nothing` have nothing to reuse. Each shape is
audited twice in each round: with `--no-reuse` and as it is, and in the next round the other way round. `trials` is
what all trials of the first audit took, added up and divided by how many ran at once: no audit of full trials can
be quicker. Before the first shape a small task is audited, so that none of them pays for loading Python's modules.
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
from harness.trial.record import TrialRecord, record_from_json

BEGIN, END = "<!-- real_shapes: begin -->", "<!-- real_shapes: end -->"
AT_MOST_REUSING, AT_MOST_NOTHING = 0.5, 1.1
"""Of the trials' sum."""

PROGRAM = '''"""Adds up the amounts of a ledger by name."""
import csv
import json
import sys

RATES = {"EUR": 1.0, "USD": 0.9, "CHF": 1.05}
LIMIT = 1000.0

totals: dict[str, float] = {}
counts: dict[str, int] = {}
largest: dict[str, float] = {}
refused: list[str] = []
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        if row["status"] == "void":
            continue
        name = row["name"].strip().lower()
        if row["currency"] not in RATES:
            refused.append(row["id"])
            continue
        amount = float(row["amount"]) * RATES[row["currency"]]
        if amount > LIMIT:
            refused.append(row["id"])
            continue
        if row["status"] == "pending":
            amount = amount / 2
        if row["kind"] == "refund":
            amount = -amount
        elif row["kind"] == "fee":
            amount = -amount - 1
        totals[name] = totals.get(name, 0.0) + amount
        counts[name] = counts.get(name, 0) + 1
        largest[name] = max(largest.get(name, 0.0), amount)
found = {
    "totals": {name: round(total, 2) for name, total in sorted(totals.items())},
    "counts": counts,
    "largest": {name: round(amount, 1) for name, amount in largest.items()},
    "refused": sorted(refused),
    "best": max(totals, key=totals.__getitem__),
    "in debt": [name for name, total in sorted(totals.items()) if total < 0],
}
with open(sys.argv[2], "w") as file:
    json.dump(found, file, indent=2)
'''
ASKED = """Write /app/totals.py and run it, so that /app/totals.json says of /app/ledger.csv:

- `totals`: what each name has, rounded to two places and sorted by name.
- `counts`: how many rows of each name were counted.
- `largest`: the largest amount of each name, rounded to one place.
- `refused`: the ids of the rows that were refused, sorted.
- `best`: the name with the highest total.
- `in debt`: the names whose total is below 0, sorted.

The rules:

- Rows with the status `void` are skipped.
- A `refund` is taken off.
- A `fee` is taken off, and 1 more.
- Of a row with the status `pending` half of the amount counts.
- Amounts are in EUR: a USD is worth 0.9 and a CHF 1.05.
- Rows with another currency are refused.
- Rows of more than 1000 EUR are refused.
- Names are the same without the spaces around them and in lower case.
"""
LEDGER = """id,name,kind,status,currency,amount
r9,Bert ,sale,ok,USD,70.25
r1,anna,sale,ok,EUR,10.52
r3,anna,refund,ok,EUR,2.254
r4,bert,sale,void,EUR,100
r11,emil,refund,ok,EUR,4
r5,carl,fee,ok,CHF,20
r8,dora,sale,ok,GBP,12
r6,anna,sale,pending,CHF,300.333
r7,Dora,sale,ok,EUR,1200
r2,dora,sale,ok,EUR,1000
r10,dora,sale,ok,USD,1000.5
r12,fred,sale,ok,EUR,5
r13,fred,refund,ok,EUR,5
"""
CHECKS = """import json
from pathlib import Path


def test_totals():
    found = json.loads(Path("/app/totals.json").read_text())
    assert found == {
        "totals": {"anna": 165.94, "bert": 63.23, "carl": -22.0, "dora": 1900.45, "emil": -4.0, "fred": 0.0},
        "counts": {"anna": 3, "bert": 1, "carl": 1, "dora": 2, "emil": 1, "fred": 2},
        "largest": {"anna": 157.7, "bert": 63.2, "carl": 0.0, "dora": 1000.0, "emil": 0.0, "fred": 5.0},
        "refused": ["r7", "r8"],
        "best": "dora",
        "in debt": ["carl", "emil"],
    }
    assert list(found["totals"]) == sorted(found["totals"])
"""
HEAD = "#!/bin/bash\nset -e\n"
WRITE = f"""cat > /app/totals.py <<'EOF'
{PROGRAM}EOF
"""
RUN = "python3 /app/totals.py /app/ledger.csv /app/totals.json\n"
REWARD = "if [ $? -eq 0 ]; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi\n"
PIP = "python3 -m venv /opt/tools && /opt/tools/bin/pip install -q"
PLAIN = "import sys; sys.path.insert(0, '/tests'); import test_outputs; test_outputs.test_totals()"


@dataclass(frozen=True)
class Shape:
    name: str
    tests: str
    reuses: bool = True
    """Whether it has anything to reuse."""
    serves: bool = False
    begins: str = ""
    """What the solution does first."""
    sibling: bool = False
    """The program is a file beside the solution's script."""
    steps: bool = False


LOOK = f'python3 -c "{PLAIN}"\n'
TRAIN = """cat > /app/train.py <<'EOF'
weights = [0.0] * 8
for step in range(6_000_000):
    index = step % 8
    weights[index] += 0.01 * ((index + 1) - weights[index])
open("/app/weights.txt", "w").write(repr([round(weight, 3) for weight in weights]))
EOF
python3 /app/train.py; python3 /app/train.py; python3 /app/train.py
"""
COMPILE = """for number in $(seq 400); do
  echo "int f$number(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * $number % 7; return s; }"
done > /app/many.c
for level in 1 2 3; do gcc -O$level -c /app/many.c -o /app/many$level.o; done
gcc -O2 -x c - -o /app/tool <<'EOF'
int main(void) { return 0; }
EOF
"""
VENV = "python3 -m venv /opt/own\n/opt/own/bin/pip install -q packaging==24.2\n"
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
    Shape("the solution installs", LOOK, begins=VENV),
    Shape("the solution compiles", LOOK, begins=COMPILE),
    Shape("the solution trains", LOOK, begins=TRAIN),
    Shape(
        "the solution installs, and pip",
        f"{PIP} pytest==8.4.1\n/opt/tools/bin/python -m pytest -q /tests/test_outputs.py\n",
        begins=VENV,
    ),
    Shape(
        "a file beside the script, and pip",
        f"{PIP} pytest==8.4.1\n/opt/tools/bin/python -m pytest -q /tests/test_outputs.py\n",
        sibling=True,
    ),
    Shape("slow tests, nothing", f"sleep 1.5\n{LOOK}", reuses=False),
    Shape("several steps, nothing", LOOK, reuses=False, steps=True),
    Shape("a service, nothing", f"curl -sf http://localhost:8765/ >/dev/null && {LOOK}", reuses=False, serves=True),
    Shape("nothing", LOOK, reuses=False),
)


def write_task(folder: Path, shape: Shape) -> Path:
    serve = "cd /app && nohup python3 -m http.server 8765 >/dev/null 2>&1 &\nsleep 0.3\n" if shape.serves else ""
    files = {
        "task.toml": 'version = "1.0"\n[verifier]\ntimeout_sec = 600\n',
        "instruction.md": ASKED + ("Serve /app on port 8765.\n" if shape.serves else ""),
        "environment/Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY ledger.csv /app/ledger.csv\n",
        "environment/ledger.csv": LEDGER,
    }
    program = "cp /solution/totals.py /app/totals.py\n" if shape.sibling else WRITE
    task = {
        "solution/solve.sh": HEAD + shape.begins + program + RUN + serve,
        "tests/test.sh": "#!/bin/bash\n" + shape.tests + REWARD,
        "tests/test_outputs.py": CHECKS,
    }
    if shape.sibling:
        task["solution/totals.py"] = PROGRAM
    if shape.steps:
        files["task.toml"] += '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n'
        for step in ("one", "two"):
            files |= {f"steps/{step}/{name}": text for name, text in task.items()}
            files[f"steps/{step}/instruction.md"] = ASKED
    else:
        files |= task
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


@dataclass(frozen=True)
class Round:
    plain: Audit
    reused: Audit

    @property
    def same(self) -> bool:
        """An outcome that says the same of the tests: what leaves what the reference leaves is paid like it."""
        return told(self.plain) == told(self.reused)


def told(found: Audit) -> dict[str, str]:
    paid = dict.fromkeys(("survived", "equivalent", "harmless"), "paid")
    return {ident: paid.get(outcome, outcome) for ident, outcome in outcomes(found).items()}


def rounds(shape: Shape, args: argparse.Namespace) -> list[Round]:
    with tempfile.TemporaryDirectory(prefix="foolsgold-bench-") as folder:
        task = write_task(Path(folder, shape.name.replace(" ", "-").replace(",", "")), shape)
        found = []
        for number in range(args.rounds):
            order = (False, True) if number % 2 == 0 else (True, False)
            audits = {reuse: audit(task, args, reuse=reuse) for reuse in order}
            found.append(Round(audits[False], audits[True]))
        return found


def measure(args: argparse.Namespace) -> tuple[str, bool]:
    lines = [
        "| task | trials | audit without | with reuse | of the trials | begun | prepared | same end |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    good = True
    warm = argparse.Namespace(**{**vars(args), "mutants": 1})
    rounds(SHAPES[-1], argparse.Namespace(**{**vars(warm), "rounds": 1}))
    for shape in SHAPES:
        if args.shape and shape.name not in args.shape:
            continue
        found = rounds(shape, args)
        bare, plain, reused, share = (
            statistics.median(values)
            for values in zip(
                *(
                    (
                        one.plain.busy(args.jobs),
                        one.plain.seconds,
                        one.reused.seconds,
                        one.reused.seconds / one.plain.busy(args.jobs),
                    )
                    for one in found
                ),
                strict=True,
            )
        )
        same = all(one.same for one in found)
        for one in found:
            for ident, plain_told in told(one.plain).items():
                if (reused_told := told(one.reused).get(ident)) != plain_told:
                    print(f"{shape.name}: {ident} is {plain_told} plainly and {reused_told} reusing", file=sys.stderr)
        good &= same and share <= (AT_MOST_REUSING if shape.reuses else AT_MOST_NOTHING)
        records = found[-1].reused.records
        counts = [
            sum(map(bool, each))
            for each in zip(*((one.begun, one.prepared, one.same_as) for one in records), strict=True)
        ]
        lines.append(
            f"| {shape.name}{'' if same else ' (OTHER OUTCOMES)'} | {bare:.1f} s | {plain:.1f} s | {reused:.1f} s | "
            f"{share:.2f} | {' | '.join(f'{count}' for count in counts)} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.0f}, Linux {platform.release()}"
    command = shlex.join(["python", "bench/real_shapes.py", *sys.argv[1:]])
    about = f"Medians of {args.rounds} rounds, {args.mutants} variants, {args.jobs} at once, {cores}:"
    return "\n".join([about, "", *lines, "", f"Made by `{command}`."]), good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", action="append", default=[], help="as for foolsgold audit")
    parser.add_argument("--shape", action="append", default=[], help="only this one")
    parser.add_argument("--mutants", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
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
