"""Nothing outlives a run, whether it ends, Ctrl-C stops it, or it is killed and the next start clears up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import stand_in
from tests.e2e.test_check import FOOLSGOLD
from tests.harness.tasks import HARBOR, write

SERVES = """#!/bin/bash
(setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 1; : {marker}; done' >/dev/null 2>&1 &)
echo ok > /app/out.txt
sleep {seconds}
"""


BESIDE = """services:
  main:
    volumes: ["data:/data"]
  side:
    image: debian:bookworm-slim
    command: ["sh", "-c", "trap '' TERM; touch /data/{marker}; while :; do sleep 1; : {marker}; done"]
    volumes: ["data:/data"]
volumes:
  data:
"""


def task(folder: Path, marker: str, seconds: int, *, build: str = "true", beside: bool = False) -> Path:
    """A reference that leaves a stubborn daemon behind, in boxes with a network, maybe with a service beside them."""
    dockerfile = f"FROM debian:bookworm-slim\nWORKDIR /app\nRUN : {marker}; {build}\n"
    solve = SERVES.format(marker=marker, seconds=seconds)
    compose = {"environment/docker-compose.yaml": BESIDE.format(marker=marker)} if beside else {}
    return write(folder, {**HARBOR, "environment/Dockerfile": dockerfile, "solution/solve.sh": solve, **compose})


def start(engine: str, folder: Path, tmp: Path) -> subprocess.Popen[str]:
    images = [word for name, base in stand_in(engine).items() for word in ("--image", f"{name}={base}")]
    options = ["--engine", engine, *images, "--network", "on", "--repeat", "1"]
    return subprocess.Popen(
        [*FOOLSGOLD, "check", *options, str(folder)],
        env={**os.environ, "TMPDIR": str(tmp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def remains(pid: int, marker: str, tmp: Path) -> dict[str, list[str]]:
    """What is on this machine of the run with this process id, by kind."""
    token = f"{pid}-"
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if f"/{token}" in line]
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/foolsgold*/{token}*")]
    folders = [str(path) for base in ("/run", "/tmp") for path in Path(base).glob(f"foolsgold-*/{token}*")]
    return {
        "processes": _processes(marker),
        "mounts": mounts,
        "control groups": groups,
        "run folders": folders,
        "temporary files": [str(path) for path in tmp.rglob("*")],
        "firewall rules": [line for line in _said("iptables-save") if f"foolsgold:{token}" in line],
        "links": [line for line in _said("ip", "-o", "link") if f"fg{pid}" in line],
        "containers": _said("docker", "ps", "-aq", "--filter", f"label=foolsgold.pid={pid}"),
        "networks": _said("docker", "network", "ls", "-q", "--filter", f"label=foolsgold.pid={pid}"),
        "volumes": _said("docker", "volume", "ls", "-q", "--filter", f"label=foolsgold.pid={pid}"),
    }


NOTHING: dict[str, list[str]] = {
    "processes": [],
    "mounts": [],
    "control groups": [],
    "run folders": [],
    "temporary files": [],
    "firewall rules": [],
    "links": [],
    "containers": [],
    "networks": [],
    "volumes": [],
}


def _said(*command: str) -> list[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    except FileNotFoundError:
        return []


def _processes(marker: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if marker in words:
            found.append(words[:200])
    return found


def wait_until(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def marker(tmp_path: Path) -> str:
    return f"leftover-{os.getpid()}-{abs(hash(tmp_path)) % 10**9}"


def test_a_run_that_ends_leaves_nothing(engine_name: str, tmp_path: Path, tmp: Path, marker: str) -> None:
    with start(engine_name, task(tmp_path / marker, marker, 0, beside=True), tmp) as child:
        said = child.communicate(timeout=120)[0]
    assert child.returncode == 0, said
    assert remains(child.pid, marker, tmp) == NOTHING


@pytest.mark.parametrize("phase", ["solve", "build"])
def test_a_run_that_ctrl_c_stops_leaves_nothing(
    engine_name: str, tmp_path: Path, tmp: Path, marker: str, phase: str
) -> None:
    build = "sleep 100" if phase == "build" else "true"
    # The task's folder is not named after the marker: the tool's own command line has that name.
    with start(engine_name, task(tmp_path / "t", marker, 100, build=build), tmp) as child:
        wait_until(lambda: _processes(marker), f"no {phase} began")
        wait_until(lambda: any("sleep 100" in _words for _words in _processes("sleep 100")), "it does not wait")
        os.killpg(child.pid, signal.SIGINT)
        began = time.monotonic()
        said = child.communicate(timeout=30)[0]
        assert time.monotonic() - began < 2, said
    assert child.returncode == 130, said
    wait_until(lambda: remains(child.pid, marker, tmp) == NOTHING, f"{remains(child.pid, marker, tmp)}", 5)


@pytest.mark.parametrize("phase", ["solve", "build"])
def test_what_a_killed_run_leaves_the_next_start_removes(
    engine_name: str, tmp_path: Path, tmp: Path, marker: str, phase: str
) -> None:
    build = "sleep 100" if phase == "build" else "true"
    with start(engine_name, task(tmp_path / "t", marker, 100, build=build, beside=True), tmp) as child:
        wait_until(lambda: _processes(marker), f"no {phase} began")
        left = remains(child.pid, marker, tmp)
        assert left != NOTHING
        os.kill(child.pid, signal.SIGKILL)
        child.communicate(timeout=30)
    done = subprocess.run(
        [*FOOLSGOLD, "clean", "--engine", engine_name],
        env={**os.environ, "TMPDIR": str(tmp)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    wait_until(lambda: remains(child.pid, marker, tmp) == NOTHING, f"{remains(child.pid, marker, tmp)}", 10)
