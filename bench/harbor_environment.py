"""What a trial in our boxes costs Harbor, over what it costs our own runner, and what Harbor's own Docker takes.

    HARBOR=path/to/python-with-harbor python bench/harbor_environment.py [trials] [--docker]

The same task, its reference, one trial after the other, in rounds that take turns, so that a busy machine is as busy
for both: in Harbor's job with our environment, and by our own trial on the same engine. Harbor's time is what its
result says from a trial's beginning to its end.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.build import build
from harness.trial.plan import Plan
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from tests.parity.harbor_job import OUR_BOXES, prepare, start_job

ROOT = Path(__file__).parents[1]
TASK = ROOT / "fixtures/formats/plain-python-verifier"
IMAGE = os.environ.get("FOOLSGOLD_TEST_IMAGE", "foolsgold-ci-base")
MOST_MS = 150.0
ROUNDS = 5


@contextmanager
def copies(count: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        for number in range(count):
            prepare(TASK, Path(name) / "tasks" / f"{TASK.name}-{number}", IMAGE)
        yield Path(name)


def by_harbor(python: str, folder: Path, boxes: str) -> list[float]:
    work = Path(tempfile.mkdtemp(dir=folder)) / "work"
    job = start_job(python, folder / "tasks", work, "oracle", at_once=1, boxes=boxes)
    if job.wait(1800):
        sys.exit((work / "harbor.log").read_text()[-2000:])
    return [_seconds(json.loads(path.read_text())) for path in sorted((work / "job").glob("*/result.json"))]


def _seconds(result: dict[str, str]) -> float:
    began, ended = (datetime.fromisoformat(result[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def by_us(folder: Path) -> list[float]:
    found = []
    with make_engine("bwrap", EngineOptions()) as engine:
        for task in discover([folder / "tasks"]):
            assert isinstance(task, Task)
            built = build(engine, task)
            began = time.monotonic()
            record = run_trial(engine, task, built, Plan(Kind.REFERENCE, networks=Networks(main=True)))
            found.append(time.monotonic() - began)
            assert record.rewards, record
    return found


def main() -> None:
    count = int(next((word for word in sys.argv[1:] if word.isdigit()), "20"))
    python = os.environ.get("HARBOR") or os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    ways: dict[str, list[float]] = {"our runner": [], "Harbor, our boxes": []}
    with copies(max(1, count // ROUNDS)) as folder:
        for _round in range(ROUNDS):
            ways["our runner"] += by_us(folder)
            ways["Harbor, our boxes"] += by_harbor(python, folder, OUR_BOXES)
        if "--docker" in sys.argv:
            ways["Harbor, its Docker"] = by_harbor(python, folder, "docker")
    for way, seconds in ways.items():
        middle, least = statistics.median(seconds) * 1000, min(seconds) * 1000
        print(f"{way:20} {middle:8.0f} ms a trial (median of {len(seconds)}; the least {least:.0f})")
    ours, theirs = (statistics.median(ways[way]) * 1000 for way in ("our runner", "Harbor, our boxes"))
    print(f"Harbor adds {theirs - ours:.0f} ms; at most {MOST_MS:.0f} are allowed")
    sys.exit(theirs - ours > MOST_MS)


if __name__ == "__main__":
    main()
