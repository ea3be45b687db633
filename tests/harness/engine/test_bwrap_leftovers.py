"""What a killed run of the bwrap engine can leave behind, and that the next start ends it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from harness.engine import leftovers
from harness.engine.bwrap.box import cgroups
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions

pytestmark = pytest.mark.bwrap


@pytest.fixture
def group() -> cgroups.ControlGroup:
    if not cgroups.hierarchies()[0]:
        pytest.skip("no control groups can be made here")
    return cgroups.make(f"{_dead()}-dead.1", memory=0, pids=10, cpus=0)


def _dead() -> int:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    return gone.pid


def in_group(group: cgroups.ControlGroup, name: str = "sleep") -> subprocess.Popen[bytes]:
    script = 'for file in "$@"; do echo $$ > "$file"; done; echo in; exec sleep 1000'
    child = subprocess.Popen([name, "-c", script, name, *group.procs], executable="/bin/sh", stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    return child


def test_a_process_that_waits_for_a_dead_bubblewrap_ends_with_the_next_start(
    group: cgroups.ControlGroup, tmp_path: Path
) -> None:
    with in_group(group) as child:
        try:
            make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path)).close()
            assert child.wait(10) == -9
        finally:
            child.kill()
    group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_a_box_of_a_living_run_elsewhere_is_left_alone(group: cgroups.ControlGroup, tmp_path: Path) -> None:
    # Its tool keeps its lock in another container, where this machine's runs are not seen.
    script = 'for file in "$@"; do (echo $BASHPID > "$file"; exec sleep 1000) & done; echo in; wait'
    arguments = ["launchpad", "-c", script, "launchpad", *group.procs[:1]]
    with subprocess.Popen(arguments, executable="/bin/bash", stdout=subprocess.PIPE) as starter:
        try:
            assert starter.stdout is not None
            assert starter.stdout.readline() == b"in\n"
            while not group.processes():
                time.sleep(0.01)
            make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path)).close()
            assert group.processes()
        finally:
            starter.kill()
            group.kill()
    group.remove()


def test_what_a_process_on_another_root_made_is_left_alone_while_that_lives(tmp_path: Path) -> None:
    """Its folder is not seen here, and its group is still empty: it has just been made."""
    if not cgroups.hierarchies()[0]:
        pytest.skip("no control groups can be made here")
    assert leftovers.maker_lives(f"{os.getpid()}-abcdef")
    assert not leftovers.maker_lives(f"{_dead()}-abcdef")
    fresh = cgroups.make(f"{os.getpid()}-elsewhere.1", memory=0, pids=10, cpus=0)
    try:
        make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path)).close()
        assert all(folder.exists() for folder in fresh.folders.values())
    finally:
        fresh.remove()
