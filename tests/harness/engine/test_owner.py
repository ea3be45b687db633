from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from harness.engine.owner import Owner


def test_this_process_is_alive_and_survives_its_labels() -> None:
    owner = Owner.current()
    assert not owner.is_dead()
    assert Owner.from_labels(owner.labels("x"), "x") == owner


def test_an_ended_process_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert replace(Owner.current(), pid=child.pid, started="1").is_dead()


def test_a_reused_pid_is_not_taken_for_its_former_owner() -> None:
    assert replace(Owner.current(), started="1").is_dead()


def test_a_run_before_the_last_boot_is_dead() -> None:
    assert replace(Owner.current(), boot="another").is_dead()


@pytest.mark.parametrize("place", ["other-host pid:[1]", "other-host pid:[4026531836]"])
def test_nothing_is_known_of_another_machine(place: str) -> None:
    assert not replace(Owner.current(), place=place, pid=1, boot="another").is_dead()


def test_nothing_is_known_of_another_pid_namespace() -> None:
    owner = Owner.current()
    assert not replace(owner, place=owner.place.split()[0] + " pid:[1]", started="1").is_dead()


def test_labels_of_something_else_name_no_owner() -> None:
    assert Owner.from_labels({}, "x") is None
    assert Owner.from_labels({"x.pid": "p", "x.started": "", "x.place": "", "x.boot": ""}, "x") is None
