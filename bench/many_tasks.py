"""A dataset of many small tasks on an engine without boxes: what an audit, a resume and each report need.

    python bench/many_tasks.py
    python bench/many_tasks.py --tasks 1200

Every task has 20 broken variants, of which some are paid. The audit is killed (SIGKILL) when half of the tasks are
done and goes on from there; then every report is written. Each step runs in a process of its own, once with a quarter
of the tasks and once with all of them. It ends with 1 where a step needed more than 400 MB, failed, or took more
processor time than the number of tasks explains.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

MOST_MEGABYTES = 400
QUARTER = 4
MOST_GROWTH = 1.3
"""How much more processor time a task may take with all of them than with a quarter of them."""
TOO_SHORT = 2.0
"""Seconds of processor time below which a step says nothing about growth."""

KEYS = {
    "port": 8080, "debug": False, "hosts": ["alpha", "beta", "gamma"], "retries": 3, "timeout": 30, "owner": "web",
    "root": "/srv/www", "threads": 4, "cache": True, "level": "info",
}  # fmt: skip
UNREAD = ("level", "threads")
"""Keys that the verifier does not look at, so that variants which change them are paid."""
REPORTS = (
    "terminal", "markdown", "json", "sarif", "junit", "stryker", "csv", "csv-tasks", "csv-trials", "html",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    step: str
    code: int
    seconds: float
    processor: float
    megabytes: float


# --- the dataset


def write_tasks(folder: Path, count: int) -> None:
    for number in range(count):
        for name, text in task_files(number).items():
            path = folder / f"task-{number:05d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if name.endswith(".sh") else 0o644)


def task_files(number: int) -> Mapping[str, str]:
    """Each task has a port and an owner of its own: no two have the same solution."""
    settings = {**KEYS, "port": 1024 + number, "owner": f"web{number}"}
    asked = "\n".join(f"- The key `{key}` is {json.dumps(value)}." for key, value in settings.items())
    return {
        "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 30\n[verifier]\ntimeout_sec = 20\n',
        "instruction.md": f"Write `/app/settings.json`.\n\n{asked}\n",
        "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
        "solution/solve.sh": f"#!/bin/bash\ncat > /app/settings.json <<'EOF'\n{json.dumps(settings, indent=2)}\nEOF\n",
        "tests/test.sh": "#!/bin/bash\npython3 /tests/verify.py\n",
        "tests/expected.json": json.dumps(settings),
    }


# --- the engine


def solve(box: Any, _command: Any) -> Any:
    from tests.harness.fake_engine import Does

    script = box.files.get("/solution/solve.sh", b"").decode("utf-8", "replace")
    body = re.search(r"<<'EOF'\n(.*)^EOF$", script, re.DOTALL | re.MULTILINE)
    return Does(writes={"/app/settings.json": body[1].encode()} if body else {})


def verify(box: Any, _command: Any) -> Any:
    """Compares the keys that it reads with what the task asks for, and reports a test for each."""
    from tests.harness.fake_engine import Does

    expected = json.loads(box.files["/tests/expected.json"])
    try:
        found = json.loads(box.files.get("/app/settings.json", b"{}"))
    except ValueError:
        found = {}
    wrong = {
        key: not isinstance(found, dict) or found.get(key) != expected[key] for key in expected if key not in UNREAD
    }
    lines = [f"tests/test_a.py::test_{key} {'FAILED' if bad else 'PASSED'}" for key, bad in wrong.items()]
    failed = sum(wrong.values())
    lines.append(f"==== {failed} failed, {len(wrong) - failed} passed in 0.01s ====")
    log = "\n".join(lines) + "\n"
    rewards = {"/logs/verifier/test-stdout.txt": log.encode(), "/logs/verifier/reward.txt": b"0" if failed else b"1"}
    return Does(1 if failed else 0, writes=rewards)


def make_engine() -> Any:
    from tests.harness.fake_engine import SOLVE, VERIFY, FakeEngine

    class Forgetting(list[Any]):
        """Keeps nothing: what the engine remembers for tests is not what is measured."""

        def append(self, _value: Any) -> None:
            pass

    engine = FakeEngine([(SOLVE, solve), (VERIFY, verify)])
    engine.log, engine.commands, engine.boxes = Forgetting(), Forgetting(), Forgetting()
    return engine


# --- the steps, each in a process of its own


def run_audit(tasks: Path, run: Path, mutants: int, jobs: int, done: Path) -> None:
    """The audit with its results in the store. `done` grows by a byte with each task."""
    from harness.judging.controls import ControlSettings
    from harness.lab.store import Store
    from harness.lab.workers import Threads
    from harness.mutants import Wish
    from harness.runs import audit_and_keep
    from harness.stages.result import AuditSettings
    from harness.task.discover import discover

    class Told:
        def doing(self, task: str, what: str) -> None:
            pass

        def planned(self, task: str, mutants: int) -> None:
            pass

        def tried(self, task: str, outcome: Any) -> None:
            pass

        def done(self, audited: Any) -> None:
            with done.open("ab") as file:
                file.write(b".")

    with Store(run) as store:
        audit_and_keep(
            Threads.here(make_engine(), jobs),
            list(discover([tasks])),
            AuditSettings(ControlSettings(repeat=1), Wish(budget=mutants)),
            store,
            watcher=Told(),
            command=lambda task: f"foolsgold audit {task.path}",
            options={"engine": "fake", "seed": 0},
        )


def run_command(words: list[str]) -> None:
    """A command of foolsgold as a user gives it; ends the process with its exit code."""
    from harness.commands.main import main

    main(words)


def step(words: list[str]) -> None:
    """What the process of a step does; its costs are the last line of stderr."""
    try:
        if words[0] == "audit":
            tasks, run, mutants, jobs, done = words[1:]
            run_audit(Path(tasks), Path(run), int(mutants), int(jobs), Path(done))
        else:
            run_command(words)
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(f"\n{used.ru_utime + used.ru_stime} {peak_megabytes('self')}", file=sys.stderr, flush=True)


def peak_megabytes(pid: int | str) -> float:
    """0 where the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM:")), default=0.0)


# --- measuring


def begin(*words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).resolve()), "--step", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def measured(name: str, *words: str | Path, fine: tuple[int, ...] = (0,)) -> Cost:
    start = time.monotonic()
    process = begin(*words)
    _, said = process.communicate()
    seconds = time.monotonic() - start
    if process.returncode not in fine:
        print(f"{name} ended with {process.returncode}:\n{said[-2000:]}", file=sys.stderr)
    last = (said.strip().splitlines() or [""])[-1].split()
    processor, peak = (float(last[0]), float(last[1])) if len(last) == 2 else (0.0, 0.0)
    return Cost(name, 0 if process.returncode in fine else 1, seconds, processor, peak)


def killed(name: str, done: Path, half: int, *words: str | Path) -> Cost:
    """SIGKILL when half of the tasks are done."""
    start = time.monotonic()
    process = begin(*words)
    while process.poll() is None and not (done.exists() and done.stat().st_size >= half):
        time.sleep(0.02)
    ended = process.poll() is not None
    peak = peak_megabytes(process.pid)
    stat = Path(f"/proc/{process.pid}/stat")
    ticks = stat.read_text().rpartition(")")[2].split()[11:13] if stat.exists() else ["0", "0"]
    process.kill()
    process.communicate()
    processor = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return Cost(name, int(ended), time.monotonic() - start, processor, peak)


def steps(folder: Path, count: int, mutants: int, jobs: int) -> Iterator[Cost]:
    tasks, run, out, done = folder / "tasks", folder / "run", folder / "out", folder / "done"
    write_tasks(tasks, count)
    words = ("audit", tasks, run, str(mutants), str(jobs), done)
    yield killed("audit, killed in the middle", done, count // 2, *words)
    yield measured("audit, gone on with", *words)
    for form in REPORTS:
        yield measured(f"report {form}", "report", run, "--format", form, "-o", out)
        out.unlink(missing_ok=True)
    yield measured("compare", "compare", run, run)
    yield measured("compare --json", "compare", run, run, "--json")
    yield measured("gate", "gate", run, "--no-config", fine=(0, 1, 3))
    yield measured("baseline", "baseline", run, "--no-config", "-o", out)
    out.unlink(missing_ok=True)
    yield measured("show", "show", run, last_survivor(run))


def last_survivor(run: Path) -> str:
    """The reference to a variant of the last task that was paid: what is found last."""
    from harness.report.read import read_report

    found = ""
    for task in read_report(run)["tasks"]:
        found = (task["survivors"] or [found])[-1]
    return str(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--mutants", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=None, help="where the tasks and the runs are made")
    parser.add_argument("--step", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step(options.step)
        return 0
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)

    def all_steps(count: int) -> list[Cost]:
        folder = Path(tempfile.mkdtemp(prefix="many-tasks-", dir=options.folder))
        try:
            return list(steps(folder, count, options.mutants, options.jobs))
        finally:
            shutil.rmtree(folder)

    # Side by side: what counts is processor time, and each step is one process that computes on one core.
    with ThreadPoolExecutor(2) as both:
        return told(options.tasks, *both.map(all_steps, (options.tasks // QUARTER, options.tasks)))


def told(tasks: int, quarter: list[Cost], whole: list[Cost]) -> int:
    print(f"{tasks // QUARTER} and {tasks} tasks")
    print(f"{'step':28} {'seconds':>17} {'processor':>17} {'MB':>11}  growth a task")
    bad = False
    for less, more in zip(quarter, whole, strict=True):
        growth = more.processor / max(less.processor, 0.01) * (tasks // QUARTER) / tasks
        faults = [
            *(["failed"] if less.code or more.code else []),
            *([f"more than {MOST_MEGABYTES} MB"] if more.megabytes > MOST_MEGABYTES else []),
            *(["grows faster than the tasks"] if less.processor > TOO_SHORT and growth > MOST_GROWTH else []),
        ]
        bad = bad or bool(faults)
        print(
            f"{more.step:28} {less.seconds:8.1f} {more.seconds:8.1f} {less.processor:8.1f} {more.processor:8.1f} "
            f"{less.megabytes:5.0f} {more.megabytes:5.0f}  {growth:5.2f}  {'; '.join(faults)}".rstrip()
        )
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
