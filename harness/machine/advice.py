"""What this machine lacks for each engine, and the command that installs it. Pure: facts in, advice out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.engine.bwrap.box.nat import Lack

INSTALL: Mapping[str, str] = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "apk": "apk add",
    "pacman": "pacman -S --noconfirm",
    "zypper": "zypper install -y",
    "brew": "brew install",
}
"""Package managers and how they install."""
_OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "docker": {"apt-get": "docker.io", "dnf": "moby-engine"},
    "uidmap": {"dnf": "shadow-utils", "apk": "shadow-uidmap", "pacman": "shadow", "zypper": "shadow"},
    "iproute2": {"dnf": "iproute"},
}
"""Packages whose names differ between package managers."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a machine."""

    system: str
    """Linux, Darwin, ..."""
    root: bool
    user: str = "$USER"
    container: bool = False
    package_manager: str = "apt-get"
    """A key of INSTALL; '' if the machine has none of these package managers."""
    bwrap: bool = True
    """The bwrap engine makes boxes here."""
    docker: bool = True
    """A Docker daemon answers this user."""
    docker_installed: bool = True
    docker_denied: bool = False
    """A daemon runs, and this user has no permission to use it."""
    forbidden: tuple[str, ...] = ()
    """Kernel settings, as sysctl takes them, without which this user makes no user namespaces."""
    subordinate_ids: bool = True
    lacking: tuple[Lack, ...] = ()
    """What is missing before bwrap's boxes can have a network."""
    layers: bool = True
    """The cache folder can hold bwrap's layers."""


@dataclass(frozen=True, slots=True)
class Advice:
    lacking: str
    """What is missing, and what does not work without it."""
    command: str
    """The command that mends it."""
    needed: bool
    """Without it, no engine works here."""


def advise(facts: Facts) -> tuple[Advice, ...]:
    """Necessary things first, then useful ones."""
    found = [*_bwrap(facts), *_docker(facts)] if facts.system == "Linux" else list(_docker(facts))
    return tuple(sorted(found, key=lambda advice: not advice.needed))


def _bwrap(facts: Facts) -> Iterator[Advice]:
    none = not facts.bwrap and not facts.docker
    if facts.forbidden:
        yield Advice(
            "The kernel's settings keep this user from making user namespaces, which bwrap's boxes are.",
            f"{_sudo(facts)}sysctl -w {' '.join(facts.forbidden)}",
            none,
        )
    elif not facts.bwrap and facts.container:
        yield Advice(
            "This container may not make boxes inside itself: bwrap needs rights that containers seldom have.",
            "docker run --privileged ...",
            none,
        )
    elif not facts.bwrap:
        yield Advice("There is no bubblewrap that runs here.", _install(facts, "bubblewrap"), none)
    if not facts.layers:
        yield Advice(
            "The cache folder cannot hold bwrap's layers"
            + (", because the root of a container is itself made of layers." if facts.container else "."),
            "export XDG_CACHE_HOME=/dev/shm",
            not facts.docker,
        )
    for lack in facts.lacking:
        yield Advice(f"{_NO_NETWORK} {_LACKING[lack]}", _network(facts, lack), False)
    if not facts.root and not facts.subordinate_ids:
        add = f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {facts.user}"
        yield Advice(
            "This user has no subordinate ids: bwrap's boxes have no user but root, so that chown, su and apt fail.",
            f"{_install(facts, 'uidmap')} && {_sudo(facts)}{add}",
            False,
        )


def _docker(facts: Facts) -> Iterator[Advice]:
    if facts.docker:
        return
    none = not facts.bwrap or facts.system != "Linux"
    if facts.docker_denied:
        yield Advice(
            "A Docker daemon is there, and this user may not use it.",
            f"sudo usermod -aG docker {facts.user} && newgrp docker",
            none,
        )
    elif facts.system == "Darwin" and not facts.docker_installed:
        yield Advice(
            "There is no Docker, and on macOS it is the only engine: bwrap needs Linux.",
            "brew install colima docker && colima start",
            none,
        )
    elif facts.system == "Darwin":
        yield Advice(
            "Docker is installed and its daemon does not answer.", "open -a Docker    # or: colima start", none
        )
    elif facts.container:
        yield Advice(
            "No Docker daemon answers in this container; the host's can be handed in.",
            "docker run -v /var/run/docker.sock:/var/run/docker.sock ...",
            none,
        )
    elif facts.docker_installed:
        yield Advice(
            "Docker is installed and its daemon does not answer.", f"{_sudo(facts)}systemctl start docker", none
        )
    else:
        yield Advice(
            "There is no Docker; without it tasks stand on this machine's own root or on what --image names.",
            _install(facts, "docker"),
            none,
        )


_NO_NETWORK = "bwrap's boxes have no network: tasks that install packages while they are built or run fail."
_LACKING = {
    Lack.TOOLS: "The programs that make one are not installed.",
    Lack.NO_TUN: "There is no /dev/net/tun.",
    Lack.CLOSED_TUN: "/dev/net/tun is closed to this user; slirp4netns opens it as the user.",
}


def _network(facts: Facts, lack: Lack) -> str:
    match lack:
        case Lack.TOOLS:
            return _install(facts, "iproute2", "iptables" if facts.root else "slirp4netns")
        case Lack.NO_TUN if facts.container:
            return "docker run --device /dev/net/tun ..."
        case Lack.NO_TUN:
            return f"{_sudo(facts)}modprobe tun"
        case Lack.CLOSED_TUN:
            return f"{_sudo(facts)}chmod 666 /dev/net/tun"


def _sudo(facts: Facts) -> str:
    return "" if facts.root else "sudo "


def _install(facts: Facts, *packages: str) -> str:
    manager = facts.package_manager
    names = " ".join(_OTHER_NAMES.get(package, {}).get(manager, package) for package in packages)
    if not manager:
        return f"install {names}"
    return f"{'' if manager == 'brew' else _sudo(facts)}{INSTALL[manager]} {names}"
