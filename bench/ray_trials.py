"""What a trial costs on a Ray cluster more than on threads of this process, the same engine and tasks.

    python bench/ray_trials.py
    python bench/ray_trials.py --trials 200 --jobs 1 --engine bwrap --image '*=host'

Starts a Ray cluster of one machine here, runs so many trials of one small task on each kind of workers, a warm-up
before, and compares. Ends with 1 where a trial costs more than 30 ms more.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions, silent
from harness.lab.jobs import Job, TaskRef, image_ids
from harness.lab.nodes.over_ray import ray_nodes
from harness.lab.workers import Threads, Workers
from harness.task.discover import discover
from harness.task.model import Task
from harness.trial.plan import Plan
from harness.trial.record import Kind

MOST_MILLISECONDS = 30.0
FILES = {
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write ok to out.txt.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
    "solution/solve.sh": "#!/bin/bash\necho ok > out.txt\n",
    "tests/test.sh": (
        "#!/bin/bash\n"
        'if [ "$(cat out.txt 2>/dev/null)" = ok ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n'
    ),
}


def task_in(folder: Path) -> Task:
    for name, text in FILES.items():
        path = folder / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    (task,) = discover([folder / "small"])
    assert isinstance(task, Task), task
    return task


async def timed(workers: Workers, task: Task, trials: int) -> float:
    """Seconds for all of them, once the image is there."""
    built = await workers.build(task, 0, silent)

    async def run(count: int, label: str) -> None:
        kept: list[object] = []
        plans = [Plan(Kind.REFERENCE, f"{label}{number}") for number in range(count)]
        jobs = [Job(TaskRef.of(task), image_ids(built), plan) for plan in plans]
        records = await asyncio.gather(*(workers.run(job, 0, kept.append) for job in jobs))
        assert all(record.rewards == {"reward": 1.0} for record in records), records[0]
        assert len(kept) == count

    await run(max(4, trials // 10), "warm")
    start = time.perf_counter()
    await run(trials, "")
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="Each is run so often, in turns; the fastest counts.")
    parser.add_argument("--engine", default="bwrap")
    parser.add_argument("--image", default="*=host")
    given = parser.parse_args()
    name, _, base = given.image.partition("=")
    options = EngineOptions(images={name: base})
    here, there = [], []
    with tempfile.TemporaryDirectory() as folder, make_engine(given.engine, options) as engine:
        task = task_in(Path(folder))
        started = time.perf_counter()
        nodes = ray_nodes("ray", given.engine, options, given.jobs, lambda _nodes: None)
        print(f"Ray and its worker were there after {time.perf_counter() - started:.1f} s")
        threads = Threads.here(engine, given.jobs)
        try:

            async def rounds() -> None:
                for _ in range(given.rounds):
                    here.append(await timed(threads, task, given.trials))
                    there.append(await timed(nodes, task, given.trials))

            asyncio.run(rounds())
        finally:
            nodes.close()
            threads.close()
    more = (min(there) - min(here)) / given.trials * 1000
    print(f"{given.trials} trials, {given.jobs} at once: threads {min(here):.2f} s, Ray {min(there):.2f} s")
    print(f"{more:.1f} ms a trial more, at most {MOST_MILLISECONDS:g}")
    return int(more > MOST_MILLISECONDS)


if __name__ == "__main__":
    sys.exit(main())
