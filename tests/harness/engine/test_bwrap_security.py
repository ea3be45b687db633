"""Nothing that the code in a box tries gets through: as whoever runs the tests (root in CI) and as an ordinary user."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.conftest import Ordinary
from tests.harness.engine import attacks
from tests.harness.engine.attacks import ATTACKS, Try

pytestmark = pytest.mark.bwrap

NOWHERE = frozenset({"read_passwords", "talk_to_the_hypervisor", "change_the_hosts_devices", "get_back_privileges"})
"""Attacks that are not tried without a box: they would do harm, or there is nothing to get."""
ONLY_ROOT = frozenset(
    {
        "open_a_block_device",
        "trace_a_process_of_the_host",
        "turn_the_machines_knobs",
        "read_a_file_of_etc_that_is_not_for_everybody",
        "read_the_folder_of_an_audit",
        "fill_the_memory_from_many_processes",
        "use_more_processors_than_were_given",
        "leave_the_control_group",
    }
)
"""Attacks that only root can do without a box, or that only root's boxes are held from, by control groups."""


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_nowhere(name: str) -> None:
    judge(name, attacks.run_one(name), root=attacks.ROOT)


@pytest.fixture(scope="module")
def tried_by_an_ordinary_user(ordinary: Ordinary) -> Mapping[str, Try]:
    ran = ordinary.run("-m", "tests.harness.engine.attacks", timeout=400)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, ran.stderr[-3000:]
    return {name: Try(boxed, bare, said) for name, boxed, bare, said in lines}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_ordinary_users_box_holds_too(name: str, tried_by_an_ordinary_user: Mapping[str, Try]) -> None:
    judge(name, tried_by_an_ordinary_user[name], root=False)


def judge(name: str, tried: Try, *, root: bool) -> None:
    assert not tried.boxed, f"{name} got through: {tried.said}"
    if name in NOWHERE or (name in ONLY_ROOT and not root):
        assert tried.bare is None
    else:
        assert tried.bare, f"{name} gets nowhere even where nothing holds it, so it shows nothing: {tried.said}"
