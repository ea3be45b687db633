"""An ordinary user's machine that can give boxes no network: what needs none works, the rest says what to install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.engine.bwrap.box import nat
from harness.engine.bwrap.box.nat import Lack
from tests.conftest import Ordinary
from tests.harness.tasks import HARBOR, write

FETCHING = "getent hosts nowhere.invalid || { echo 'Temporary failure in name resolution'; exit 1; }"


@pytest.fixture
def path(ordinary: Ordinary) -> str:
    """A PATH with every program of this machine but slirp4netns."""
    folder = ordinary.scratch.parent / "programs"
    if not folder.exists():
        folder.mkdir()
        for place in os.environ["PATH"].split(os.pathsep):
            for program in Path(place).iterdir() if Path(place).is_dir() else ():
                if program.name != "slirp4netns" and not os.path.lexists(folder / program.name):
                    (folder / program.name).symlink_to(program)
    return str(folder)


def task(ordinary: Ordinary, name: str, changes: Mapping[str, str]) -> Path:
    folder = write(ordinary.source / "stranger" / name, {**HARBOR, **changes})
    subprocess.run(["chmod", "-R", "a+rX", folder.parent], check=True)
    return folder


def foolsgold(ordinary: Ordinary, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """On a machine without Docker, whose boxes stand on its own root."""
    env = {"PATH": path, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    return ordinary.run("-m", "harness", *arguments, env=env, timeout=300)


@pytest.mark.bwrap
@pytest.mark.parametrize("network", ["auto", "off", "on"])
def test_a_task_that_needs_no_network_is_built_and_run_without(ordinary: Ordinary, path: str, network: str) -> None:
    folder = task(
        ordinary, "printing", {"environment/Dockerfile": "FROM debian:12\nRUN printf hello >/said\nWORKDIR /app\n"}
    )
    ran = foolsgold(ordinary, path, "check", str(folder), "--engine", "bwrap", "--network", network, "--no-progress")
    assert (ran.returncode, "1 good" in ran.stdout) == (0, True), ran.stdout + ran.stderr


@pytest.mark.bwrap
def test_a_task_that_declares_a_network_is_tried_without_and_a_note_says_so(ordinary: Ordinary, path: str) -> None:
    declared = HARBOR["task.toml"] + '[environment]\nnetwork_mode = "public"\n'
    folder = task(ordinary, "public", {"task.toml": declared})
    ran = foolsgold(ordinary, path, "check", str(folder), "--engine", "bwrap", "--no-progress")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "was run without. Boxes have no network here before `apt-get install slirp4netns" in ran.stdout


@pytest.mark.bwrap
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("building", {"environment/Dockerfile": f"FROM debian:12\nRUN {FETCHING}\n"}),
        ("adding", {"environment/Dockerfile": "FROM debian:12\nADD https://nowhere.invalid/file /file\n"}),
        ("solving", {"solution/solve.sh": f"#!/bin/bash\n{FETCHING}\necho ok > /app/out.txt\n"}),
        ("verifying", {"tests/test.sh": f"#!/bin/bash\n{FETCHING}\necho 1 > /logs/verifier/reward.txt\n"}),
    ],
)
def test_what_fails_for_want_of_a_network_says_what_to_install(
    ordinary: Ordinary, path: str, name: str, changes: Mapping[str, str]
) -> None:
    folder = task(ordinary, name, changes)
    ran = foolsgold(ordinary, path, "check", str(folder), "--engine", "bwrap", "--no-progress")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert re.search(r"no network here before `apt-get install slirp4netns iproute2`\.", ran.stdout), ran.stdout


@pytest.mark.bwrap
def test_what_a_run_made_without_a_network_is_not_kept_for_when_there_is_one(ordinary: Ordinary, path: str) -> None:
    changes = {
        "environment/Dockerfile": "FROM debian:12\nWORKDIR /app\nRUN grep -c : /proc/net/dev >/interfaces\n",
        "tests/test.sh": (
            "#!/bin/bash\n[ $(cat /interfaces) = 1 ] && [ -f /app/out.txt ] && paid=1 || paid=0\n"
            "echo $paid >/logs/verifier/reward.txt\n"
        ),
    }
    folder = task(ordinary, "interfaces", changes)
    alone = foolsgold(ordinary, path, "check", str(folder), "--engine", "bwrap", "--no-progress")
    assert alone.returncode == 0, alone.stdout + alone.stderr
    if nat.lacking():
        pytest.skip("this machine gives boxes no network")
    joined = foolsgold(ordinary, os.environ["PATH"], "check", str(folder), "--engine", "bwrap", "--no-progress")
    assert joined.returncode == 1, joined.stdout + joined.stderr


@pytest.mark.bwrap
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can close a device for one test")
def test_a_closed_tun_device_is_named_and_no_package(ordinary: Ordinary, tmp_path: Path) -> None:
    closed = tmp_path / "tun"
    closed.touch(mode=0o600)
    code = (
        "from harness.machine.advice import advise; from harness.machine.facts import facts\n"
        "from harness.engine.contract import EngineOptions\nfrom harness.engine.bwrap.box import nat\n"
        "print(nat.no_network())\nprint(*(a.command for a in advise(facts(EngineOptions()))), sep='\\n')"
    )
    enter = ("unshare", "--mount", "sh", "-c", f'mount --bind {closed} /dev/net/tun && exec "$@"', "sh")
    closing = Ordinary((*enter, *ordinary.prefix), ordinary.python, ordinary.source, ordinary.scratch)
    ran = closing.run("-c", code)
    sentence, *commands = ran.stdout.splitlines()
    assert sentence == "Boxes have no network here before `chmod 666 /dev/net/tun` (it is closed to this user)."
    assert "sudo chmod 666 /dev/net/tun" in commands
    assert not any("slirp4netns" in command for command in commands)


@pytest.mark.bwrap
def test_init_names_what_is_missing_and_only_where_it_is(ordinary: Ordinary, path: str) -> None:
    folder = ordinary.scratch / "tasks"
    write(folder / "one", HARBOR)
    subprocess.run(["chmod", "-R", "a+rwX", folder], check=True)
    said = re.sub(r"\s+", " ", foolsgold(ordinary, path, "init", str(folder)).stdout)
    assert "Boxes have no network here before `apt-get install slirp4netns iproute2`." in said
    if not nat.lacking():
        said = foolsgold(ordinary, os.environ["PATH"], "init", str(folder), "--force").stdout
        assert said
        assert "slirp4netns" not in said


@pytest.mark.parametrize(
    ("root", "programs", "tun", "expected"),
    [
        (False, {"ip", "nsenter", "slirp4netns"}, True, ()),
        (False, {"ip", "nsenter"}, True, (Lack.TOOLS,)),
        (False, {"ip", "nsenter", "slirp4netns"}, False, (Lack.CLOSED_TUN,)),
        (False, {"ip", "nsenter", "slirp4netns"}, None, (Lack.NO_TUN,)),
        (False, set(), False, (Lack.TOOLS, Lack.CLOSED_TUN)),
        (True, {"ip", "nsenter", "iptables"}, None, ()),
        (True, {"ip", "nsenter", "nft"}, None, ()),
        (True, {"ip", "nsenter"}, None, (Lack.TOOLS,)),
        (True, {"iptables", "nsenter"}, None, (Lack.TOOLS,)),
    ],
)
def test_only_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    root: bool,
    programs: set[str],
    tun: bool | None,
    expected: tuple[Lack, ...],
) -> None:
    device = tmp_path / "tun"
    if tun is not None:
        device.touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name in programs else None)
    monkeypatch.setattr(nat, "_TUN", device)
    monkeypatch.setattr(nat, "_tun_opens", lambda: bool(tun))
    assert nat.lacking() == expected
    assert bool(nat.no_network()) == bool(expected)
