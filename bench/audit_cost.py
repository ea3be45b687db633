"""What an audit costs: all of its trials against the same runs without boxes, and against fresh containers.

    python bench/audit_cost.py --docker-image debian:bookworm-slim --write docs/performance.md

A task with 30 mutants is audited on bwrap, cold and with nothing stored, with shorter and longer tests: what a box
costs weighs less the longer its tests take, and what a container costs, too. The longer ones, between the middle of all
of this project's fixtures and that of their mended cases, are held to the goals. Then every trial it ran, controls and
confirmations too, is repeated in two other ways with as many workers as the audit had jobs, with the commands that it
ran besides to see what a variant does otherwise:

(a) `bare`: solve and test scripts in a new folder on the host, nothing else;
(b) `containers`: a fresh container for each through the Docker SDK, with the requests that Harbor 0.24 was seen to make
    of the daemon (`docker events`) in its order, but for what only its command line costs: start with the three log
    folders mounted, make them, upload the solution, chmod and run it, chown the logs, upload the tests, chmod and run
    them, chown the logs, kill and remove. `containers, fewest requests`: the same without every chmod and chown.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
from trial_overhead import PYTHON, copy_packages

from harness.audit import audit
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.lab.lab import run_with
from harness.lab.store import Planned, Store
from harness.lab.workers import Threads
from harness.mutants import Wish, mutated_file
from harness.runs import Silent
from harness.stages.result import Audited, AuditSettings
from harness.task.discover import discover
from harness.task.model import Task
from harness.trial.record import Kind, PhaseName, TrialRecord, record_from_json
from harness.trial.session import HOLLOW_SCRIPT
from mutator.model import FaultClass

BEGIN, END = "<!-- audit_cost: begin -->", "<!-- audit_cost: end -->"
MUTANTS = 30
AT_MOST, AT_LEAST = 1.2, 3.0
STARTS = {5: 0, 8: 3}
"""How often the tests start the program, and how many tests more that is than without."""
JUDGED = 8
SETTLE = 3.0

PROGRAM = '''"""Reads a ledger and prints balances."""
import argparse
import csv
import sys

RATES = {"EUR": 100, "CHF": 95, "USD": 108}


def cents(text):
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def read(path, skip_bad):
    rows = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["currency"] not in RATES:
                if skip_bad:
                    continue
                raise SystemExit(3)
            rows.append((row["account"], cents(row["amount"]) * RATES[row["currency"]] // 100))
    return rows


def balances(rows):
    total = {}
    for account, amount in rows:
        total[account] = total.get(account, 0) + amount
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger")
    parser.add_argument("--skip-bad", action="store_true")
    parser.add_argument("--at-least", type=int, default=0)
    args = parser.parse_args()
    total = balances(read(args.ledger, args.skip_bad))
    for account, amount in sorted(total.items(), key=lambda item: (-item[1], item[0])):
        if amount >= args.at_least:
            print(account, amount)


main()
'''
LEDGER = "account,amount,currency\nb,1.50,EUR\na,2,USD\nb,0.05,CHF\nc,1.5,EUR\n"
TESTS = """import os
import subprocess

import pytest

LEDGER = "account,amount,currency\\nb,1.50,EUR\\na,2,USD\\nb,0.05,CHF\\nc,1.5,EUR\\n"
BAD = LEDGER + "d,9,XXX\\n"
BALANCES = [("a", 216), ("b", 154), ("c", 150)]


def run(tmp_path, text, *words):
    (tmp_path / "ledger.csv").write_text(text)
    done = subprocess.run(
        [os.environ["PY"], os.path.join(os.environ["APP"], "ledger.py"), "ledger.csv", *words],
        cwd=tmp_path, capture_output=True, text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("words, printed", [
    ((), "a 216\\nb 154\\nc 150\\n"),
    (("--at-least", "151"), "a 216\\nb 154\\n"),
    (("--at-least", "154"), "a 216\\nb 154\\n"),
])
def test_balances(tmp_path, words, printed):
    assert run(tmp_path, LEDGER, *words) == (0, printed)


@pytest.mark.parametrize("least", range(140, 140 + {more} * 4, 4))
def test_each_threshold(tmp_path, least):
    printed = "".join(f"{name} {cents}\\n" for name, cents in BALANCES if cents >= least)
    assert run(tmp_path, LEDGER, "--at-least", str(least)) == (0, printed)


def test_bad_rows(tmp_path):
    assert run(tmp_path, BAD)[0] == 3
    assert run(tmp_path, BAD, "--skip-bad") == (0, "a 216\\nb 154\\nc 150\\n")
"""
FILES = {
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write ledger.py: it prints balances, largest first. `--skip-bad` leaves unknown currencies\n"
    "out, else it exits with status 3. `--at-least` leaves small balances out.\n",
    "environment/Dockerfile": "FROM {base}\nCOPY packages /opt/packages\nWORKDIR /app\n",
    "solution/solve.sh": f"#!/bin/bash\ncat > ledger.py <<'PY'\n{PROGRAM}PY\n",
    "tests/test.sh": (
        "#!/bin/bash\n"
        'export PYTHONPATH="${PACKAGES:-/opt/packages}" PYTHONDONTWRITEBYTECODE=1\n'
        f'export APP="$PWD" PY={PYTHON}\n'
        f'if {PYTHON} -m pytest -q -p no:cacheprovider "${{TESTS:-/tests}}/test_ledger.py"; then reward=1; '
        "else reward=0; fi\n"
        'echo $reward > "${LOGS:-/logs/verifier}/reward.txt"\n'
    ),
    "tests/test_ledger.py": TESTS,
}


def write_task(folder: Path, base: str, more: int) -> Task:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{base}", base).replace("{more}", str(more)))
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    copy_packages(folder / "environment" / "packages")
    (task,) = discover([folder])
    assert isinstance(task, Task), task
    return task


def audited(task: Task, base: str, jobs: int, folder: Path) -> tuple[float, Audited, list[TrialRecord]]:
    with make_engine("bwrap", EngineOptions(images={base: "host"})) as engine, Store(folder / "run") as store:
        store.begin_run([Planned(task.name, str(task.path), task.digest)], {})
        # The image is built before: its cost is one of the task, not of its trials.
        engine.build(task.environment.recipe)
        kept: list[Audited] = []
        # All faults by name: so they are taken also where they are worth no trial of their own.
        settings = AuditSettings(wish=Wish(budget=MUTANTS, faults=frozenset(FaultClass)))
        start = time.perf_counter()
        run_with(
            lambda lab: audit([task], lambda _: settings, lab, Silent(), lambda _: ""),
            kept.append,
            workers=Threads.here(engine, jobs),
            memory=store,
            doing=Silent().doing,
        )
        seconds = time.perf_counter() - start
    (one,) = kept
    with closing(sqlite3.connect(folder / "run" / "run.db")) as database:
        records = [record_from_json(json.loads(text)) for (text,) in database.execute("SELECT record FROM trial")]
    return seconds, one, records


CONTAINERS = {"containers": True, "containers, fewest requests": False}
"""Name -> whether every request that Harbor makes is made."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a trial ran."""

    solution: dict[str, bytes] | None
    """Its changed files; None for a trial without a solution."""
    verified: bool
    besides: tuple[tuple[str, ...], ...] = ()
    """Command lines, each run in a folder with a ledger."""


def runs_of(task: Task, one: Audited, records: list[TrialRecord]) -> list[Run]:
    """What every trial of the audit ran, controls, confirmations and looks at what is left behind too."""
    solution = {"solve.sh": (task.path / "solution" / "solve.sh").read_bytes()}
    (step,) = one.steps
    mutants = {result.mutant.id: result.mutant for result in one.mutants}
    runs: list[Run] = []
    for record in records:
        files: dict[str, bytes] | None = solution
        if record.kind is Kind.NOP:
            files = None
        elif record.kind is Kind.HOLLOW:
            files = {"solve.sh": HOLLOW_SCRIPT}
        elif record.kind is Kind.MUTANT:
            mutant = mutants[record.label.split()[0]]
            files = {mutant.file: mutated_file(step.files, mutant)}
        besides = record.observed.besides if record.observed is not None else ()
        verified = record.phase(PhaseName.VERIFY) is not None
        runs.append(Run(files, verified, tuple(call.argv for call in besides)))
    return runs


def bare(task: Task, run: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("app", "logs", "ledger"):
            (root / name).mkdir()
        packages = task.path / "environment" / "packages"
        env = {**os.environ, "TESTS": str(root / "tests"), "LOGS": str(root / "logs"), "PACKAGES": str(packages)}
        scripts = [("solution", "solve.sh")] if run.solution is not None else []
        for name, script in scripts + ([("tests", "test.sh")] if run.verified else []):
            shutil.copytree(task.path / name, root / name)
            for file, content in (run.solution or {} if name == "solution" else {}).items():
                (root / name / file).write_bytes(content)
            line = f"({root / name / script}) > {root / 'logs' / name}.txt 2>&1"
            subprocess.run(["bash", "-c", line], cwd=root / "app", env=env, check=False)
        (root / "ledger" / "ledger.csv").write_text(LEDGER)
        for argv in run.besides:
            words = [str(root) + word if word.startswith("/app/") else word for word in argv]
            line = f"({shlex.join(words)}) > {root / 'logs' / 'besides'}.txt 2>&1"
            subprocess.run(["bash", "-c", line], cwd=root / "ledger", env=env, check=False)
        assert not run.verified or (root / "logs" / "reward.txt").is_file()


LOGS = ("/logs/verifier", "/logs/agent", "/logs/artifacts")


def in_container(client: docker.DockerClient, image: str, task: Task, run: Run, *, as_harbor: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        logs = {f"{folder}/{Path(path).name}": {"bind": path, "mode": "rw"} for path in LOGS}
        for path in logs:
            Path(path).mkdir()
        container = client.containers.run(
            image, ["sh", "-c", "sleep infinity"], detach=True, network_mode="none", working_dir="/app", volumes=logs
        )

        def bash(line: str) -> None:
            container.exec_run(["bash", "-c", line])

        def own_logs() -> None:
            for path in LOGS if as_harbor else ():
                bash(f"chown -R 0:0 {path}")

        try:
            if as_harbor:
                bash(f"mkdir -p {' '.join(LOGS)} && chmod 777 {' '.join(LOGS)}")
            if run.solution is not None:
                container.put_archive("/", _tar(task.path / "solution", run.solution))
                if as_harbor:
                    bash("chmod +x /solution/solve.sh")
                bash("(/solution/solve.sh) > /logs/agent/oracle.txt 2>&1")
                own_logs()
            if run.verified:
                container.put_archive("/", _tar(task.path / "tests", {}))
                if as_harbor:
                    bash("chmod +x /tests/test.sh")
                bash("(/tests/test.sh) > /logs/verifier/test-stdout.txt 2>&1")
            for argv in run.besides:
                bash(
                    f"printf %s {shlex.quote(LEDGER)} > /tmp/ledger.csv; cd /tmp; ({shlex.join(argv)}) > /tmp/out 2>&1"
                )
            own_logs()
            assert not run.verified or Path(folder, "verifier", "reward.txt").is_file()
        finally:
            container.remove(force=True)


def _tar(folder: Path, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            info = tarfile.TarInfo(f"{folder.name}/{path.name}")
            data = files.get(path.name, path.read_bytes())
            info.size, info.mode = len(data), path.stat().st_mode & 0o777
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def settled() -> None:
    """What the measurement before left to the kernel and the daemon (namespaces, mounts, control groups) is over."""
    os.sync()
    time.sleep(SETTLE)


def side_by_side(work: Callable[[Run], None], runs: list[Run], jobs: int) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(work, runs))
    return time.perf_counter() - start


def measure(rounds: int, base: str, docker_image: str, jobs: int, more: int) -> tuple[dict[str, list[float]], str]:
    seconds: dict[str, list[float]] = {"bare": [], "audit on bwrap": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        task = write_task(folder / "ledger", base, more)
        client = image = None
        if docker_image:
            seconds |= {name: [] for name in CONTAINERS}
            client = docker.from_env(max_pool_size=jobs + 2)
            context = folder / "image"
            shutil.copytree(task.path / "environment", context)
            dockerfile = context / "Dockerfile"
            dockerfile.write_text(dockerfile.read_text().replace(base, docker_image))
            built, _ = client.images.build(path=str(context), rm=True)
            image = str(built.id)
        what = ""
        for number in range(rounds):
            settled()
            took, one, records = audited(task, base, jobs, folder / str(number))
            seconds["audit on bwrap"].append(took)
            runs = runs_of(task, one, records)
            assert one.strength is not None, one.why
            what = (
                f"{len(one.mutants)} mutants, {len(runs)} trials with controls and confirmations, {jobs} at once; "
                f"{one.verdict}, {one.strength.by_outcome['survived']} survivors"
            )
            settled()
            seconds["bare"].append(side_by_side(lambda run: bare(task, run), runs, jobs))
            if client is not None and image is not None:
                for name, as_harbor in CONTAINERS.items():
                    settled()
                    trial = partial(in_container, client, image, task, as_harbor=as_harbor)
                    seconds[name].append(side_by_side(trial, runs, jobs))
            print(f"round {number + 1} of {rounds}", end="\r", file=sys.stderr)
        if client is not None and image is not None:
            client.images.remove(image, force=True)
            client.close()
    return seconds, what


def table(seconds: dict[str, list[float]], what: str, rounds: int) -> str:
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    lines = [
        f"{what}. Medians of {rounds} interleaved rounds, {os.cpu_count()} cores, Linux {platform.release()}:",
        "",
        "| | seconds | of bare |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {value:.2f} | {value / middle['bare']:.2f} |" for name, value in middle.items()]
    if "containers" in middle:
        lines += [
            "",
            f"The audit is {middle['containers'] / middle['audit on bwrap']:.1f} times as fast as containers.",
        ]
    return "\n".join(lines)


def missed(seconds: dict[str, list[float]]) -> list[str]:
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    found = []
    if middle["audit on bwrap"] > AT_MOST * middle["bare"]:
        found.append(f"the audit takes more than {AT_MOST} times bare")
    if "containers" in middle and middle["containers"] < AT_LEAST * middle["audit on bwrap"]:
        found.append(f"the audit is less than {AT_LEAST} times as fast as containers")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--base", default="debian:bookworm-slim", help="the FROM of the task")
    parser.add_argument("--docker-image", default="", help="what stands for it in docker; empty leaves docker out")
    parser.add_argument("--write", type=Path, help="a page whose tables are replaced")
    options = parser.parse_args()
    command = f"python bench/audit_cost.py --rounds {options.rounds}"
    if options.docker_image:
        command += f" --docker-image {options.docker_image}"
    parts, over = [], []
    for starts, more in STARTS.items():
        seconds, what = measure(options.rounds, options.base, options.docker_image, options.jobs, more)
        parts.append(f"Tests with {starts} starts of the program: {table(seconds, what, options.rounds)}")
        if starts == JUDGED:
            over = missed(seconds)
    text = "\n\n".join([*parts, f"Made by `{command}`."])
    print(text)
    if options.write:
        page = options.write.read_text()
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    for line in over:
        print(line, file=sys.stderr)
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
