"""Audits on a real Ray cluster: what a machine or the driver loses is lost by nobody."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.lab.store import FILE
from harness.report.stored import stored_report
from tests.harness.tasks import write

pytestmark = [pytest.mark.ray, pytest.mark.bwrap, pytest.mark.slow]

CHECKOUT = Path(__file__).parents[3]
TASK = {
    "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write `port=80`, `host=a` and `user=b` to /app/settings.conf, mode 600.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
    "solution/solve.sh": (
        "#!/bin/bash\nset -e\necho port=80 > /app/settings.conf\necho host=a >> /app/settings.conf\n"
        "echo user=b >> /app/settings.conf\nchmod 600 /app/settings.conf\n"
    ),
    "tests/test.sh": (
        "#!/bin/bash\nsleep 0.2\n"
        "if grep -qx port=80 /app/settings.conf && grep -qx host=a /app/settings.conf; then echo 1; else echo 0; fi "
        "> /logs/verifier/reward.txt\n"
    ),
}
OF_TIMES_AND_HOSTS = {"host", "limit", "waited", "run", "started", "timings"}


@dataclass(frozen=True)
class Machines:
    address: str
    raylets: list[int]


@pytest.fixture
def machines() -> Iterator[Machines]:
    # At Ray's own niceness its processes would hardly start on a busy machine.
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "PYTHONPATH": str(CHECKOUT)}
    env = {**os.environ, **settings}
    words = [sys.executable, str(Path(__file__).with_name("ray_machines.py"))]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    ) as cluster:
        assert cluster.stdout is not None
        try:
            yield Machines(**json.loads(cluster.stdout.readline()))
        finally:
            assert cluster.stdin is not None
            cluster.stdin.close()
            cluster.wait(60)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    for name in ("a", "b", "c"):
        write(folder / name, TASK)
    return folder


@pytest.fixture(scope="module")
def serial(tasks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serial")
    done = subprocess.run(
        words(tasks, folder, "--jobs", "1"), capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert done.returncode in (0, 1, 3), done.stderr
    return folder


def words(tasks: Path, folder: Path, *more: str) -> list[str]:
    """Without reuse: which trial takes the verdict of which is a question of who was first, on threads too."""
    flags = ["--engine", "bwrap", "--image", "*=host", "--no-reuse", "--duplicates", "each"]
    flags += ["--budget", "9", "--probe", "none", "--repeat", "2"]
    return [sys.executable, "-m", "harness", "audit", str(tasks), "-o", str(folder), *flags, *more]


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(tasks: Path, machines: Machines, tmp_path: Path) -> Iterator[Begin]:
    """Begins an audit on the cluster into `run`; none outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*more: str) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            words(tasks, tmp_path / "run", "--workers", "ray", *more),
            env={**os.environ, "RAY_ADDRESS": machines.address},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(run)
        return run

    yield begin
    for each in begun:
        each.kill()
        each.communicate()


def trials(folder: Path) -> dict[tuple[Any, ...], str]:
    """Every trial that is stored, to the letter."""
    if not (folder / FILE).exists():
        return {}
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as db:
        return {tuple(key): record for *key, record in db.execute("SELECT * FROM trial")}
    return {}


def wait_for(run: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not ready():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def kill_all_of(raylet: int) -> None:
    """The machine with all that runs on it: what a raylet has started outlives it for a moment, and would answer."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            number, parent = stat.parent.name, stat.read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(number))
    doomed = [raylet]
    for process in doomed:
        doomed += children.get(process, [])
    for process in doomed:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def ended(run: subprocess.Popen[str], codes: Sequence[int]) -> str:
    _, said = run.communicate(timeout=240)
    assert run.returncode in codes, said
    assert "Traceback" not in said
    return said


def without_times_and_hosts(folder: Path) -> Any:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: strip(each)
                for key, each in value.items()
                if "seconds" not in key and key not in OF_TIMES_AND_HOSTS
            }
        if isinstance(value, str):  # the command that audits a task again has these flags
            return value.replace(" --workers ray", "").replace(" --jobs 1", "")
        return [strip(each) for each in value] if isinstance(value, list) else value

    report = stored_report(folder, "run")
    return strip(json.loads(json.dumps({**report, "tasks": list(report["tasks"])})))


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where they differ, in few words."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [said for key in one for said in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        both = enumerate(zip(one, other, strict=True))
        return [said for number, (mine, its) in both for said in differences(mine, its, f"{where}/{number}")]
    return [] if one == other else [f"{where}: {str(one)[:200]} and {str(other)[:200]}"]


def test_a_machine_killed_in_the_middle_changes_nothing_in_the_report(
    begin: Begin, serial: Path, machines: Machines, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run = begin()
    # Both have run something by then.
    wait_for(run, lambda: len({json.loads(record)["host"] for record in trials(folder).values()}) == 2)
    before = trials(folder)
    kill_all_of(machines.raylets[0])
    said = ended(run, (0, 1, 3))
    assert len(before) < len(trials(folder))
    assert before.items() <= trials(folder).items()
    assert trials(folder).keys() == trials(serial).keys()
    assert differences(without_times_and_hosts(folder), without_times_and_hosts(serial)) == []
    lines = [line for line in said.splitlines() if line.startswith("machine ")]
    assert len(lines) == 3, said
    assert sum("1 at once" in line for line in lines) == 2


def test_ctrl_c_and_a_killed_driver_lose_nothing_and_the_run_goes_on(
    begin: Begin, serial: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run = begin()
    wait_for(run, lambda: len(trials(folder)) >= 8)
    run.send_signal(signal.SIGINT)
    said = ended(run, (130,))
    assert "Continue with" in said
    first = trials(folder)

    run = begin("--resume")
    wait_for(run, lambda: len(trials(folder)) >= len(first) + 8)
    run.kill()
    run.communicate()
    second = trials(folder)
    assert first.items() <= second.items()

    ended(begin("--resume"), (0, 1, 3))
    assert second.items() <= trials(folder).items()
    assert len(second) < len(trials(folder))
    assert trials(folder).keys() == trials(serial).keys()
    assert differences(without_times_and_hosts(folder), without_times_and_hosts(serial)) == []
