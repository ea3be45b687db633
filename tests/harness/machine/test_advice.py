"""What `foolsgold doctor` advises: a table from a machine's facts to the commands."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from typing import Any

import pytest

from harness.engine.bwrap.box.nat import Lack
from harness.engine.contract import EngineOptions
from harness.machine.advice import INSTALL, Advice, Facts, advise
from harness.machine.facts import facts

LINUX_ROOT = Facts(system="Linux", root=True)
LINUX_USER = Facts(system="Linux", root=False, user="kim")
MAC = Facts(system="Darwin", root=False, user="kim", package_manager="brew", bwrap=False)
NO_DOCKER: dict[str, Any] = {"docker": False, "docker_installed": False}
IDS = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 kim"


def said(found: tuple[Advice, ...]) -> list[tuple[str, bool]]:
    return [(advice.command, advice.needed) for advice in found]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Root on Debian.
        (LINUX_ROOT, []),
        (replace(LINUX_ROOT, **NO_DOCKER), [("apt-get install -y docker.io", False)]),
        (replace(LINUX_ROOT, docker=False), [("systemctl start docker", False)]),
        (
            replace(LINUX_ROOT, **NO_DOCKER, lacking=(Lack.TOOLS,)),
            [("apt-get install -y iproute2 iptables", False), ("apt-get install -y docker.io", False)],
        ),
        (
            replace(LINUX_ROOT, **NO_DOCKER, bwrap=False),
            [("apt-get install -y bubblewrap", True), ("apt-get install -y docker.io", True)],
        ),
        # An ordinary user.
        (LINUX_USER, []),
        (
            replace(LINUX_USER, docker=False, docker_denied=True),
            [("sudo usermod -aG docker kim && newgrp docker", False)],
        ),
        (
            replace(LINUX_USER, subordinate_ids=False),
            [(f"sudo apt-get install -y uidmap && sudo {IDS}", False)],
        ),
        (replace(LINUX_USER, lacking=(Lack.TOOLS,)), [("sudo apt-get install -y iproute2 slirp4netns", False)]),
        (replace(LINUX_USER, lacking=(Lack.CLOSED_TUN,)), [("sudo chmod 666 /dev/net/tun", False)]),
        (replace(LINUX_USER, lacking=(Lack.NO_TUN,)), [("sudo modprobe tun", False)]),
        (
            replace(LINUX_USER, lacking=(Lack.NO_TUN,), container=True),
            [("docker run --device /dev/net/tun ...", False)],
        ),
        (
            replace(
                LINUX_USER,
                **NO_DOCKER,
                bwrap=False,
                forbidden=("kernel.apparmor_restrict_unprivileged_userns=0",),
            ),
            [
                ("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", True),
                ("sudo apt-get install -y docker.io", True),
            ],
        ),
        # Root in a container.
        (
            replace(LINUX_ROOT, **NO_DOCKER, container=True, layers=False),
            [
                ("export XDG_CACHE_HOME=/dev/shm", True),
                ("docker run -v /var/run/docker.sock:/var/run/docker.sock ...", False),
            ],
        ),
        (
            replace(LINUX_ROOT, **NO_DOCKER, container=True, bwrap=False),
            [
                ("docker run --privileged ...", True),
                ("docker run -v /var/run/docker.sock:/var/run/docker.sock ...", True),
            ],
        ),
        # macOS, with Docker, with one that sleeps, and without.
        (MAC, []),
        (replace(MAC, docker=False), [("open -a Docker    # or: colima start", True)]),
        (replace(MAC, **NO_DOCKER), [("brew install colima docker && colima start", True)]),
        # Other distributions.
        (
            replace(LINUX_USER, lacking=(Lack.TOOLS,), package_manager="dnf"),
            [("sudo dnf install -y iproute slirp4netns", False)],
        ),
        (replace(LINUX_ROOT, **NO_DOCKER, package_manager="dnf"), [("dnf install -y moby-engine", False)]),
        (replace(LINUX_ROOT, **NO_DOCKER, package_manager=""), [("install docker", False)]),
    ],
)
def test_a_machines_facts_give_commands(found: Facts, expected: list[tuple[str, bool]]) -> None:
    assert said(advise(found)) == expected


def test_where_an_engine_works_nothing_is_needed_and_where_none_does_something_is() -> None:
    for base in (LINUX_ROOT, LINUX_USER, MAC):
        for container in (False, True):
            for manager in ("", *INSTALL):
                made = replace(base, container=container, package_manager=manager, **NO_DOCKER, bwrap=False)
                assert any(advice.needed for advice in advise(made))
                assert not any(advice.needed for advice in advise(replace(made, docker=True)))


def test_every_advice_is_a_sentence_and_a_command() -> None:
    worst = Facts("Linux", False, "kim", True, "apk", False, False, False, False, ("a.b=1",), False, tuple(Lack), False)
    for advice in advise(worst):
        assert advice.lacking.endswith(".")
        assert advice.command


def test_the_facts_of_this_machine_can_be_had() -> None:
    found = facts(EngineOptions())
    assert found.system == platform.system()
    assert found.root == (os.geteuid() == 0)
    assert not (found.docker and found.docker_denied)
    assert not (found.bwrap and found.forbidden)
