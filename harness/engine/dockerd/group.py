"""Boxes side by side on a daemon: networks and volumes of one trial, through its API.

What `docker compose up` makes of a file, without its command line: it is the same on every daemon that speaks the API,
and what it makes has our labels, by which the next start finds what a killed run left.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import NetworkingConfig

from harness.engine.contract import BoxGroup, Member, Volume
from harness.engine.daemon import daemon_errors
from harness.engine.dockerd.box import DockerBox
from harness.engine.lists.gate import Gatekeeper
from harness.engine.lists.reach import Reach
from harness.errors import EngineError

_PATIENCE = 20.0
"""Seconds; what is still there then is removed when the engine closes."""


class DockerGroup(BoxGroup):
    def __init__(
        self,
        api: docker.APIClient,
        members: Sequence[Member],
        labels: Mapping[str, str],
        *,
        network: bool,
        internal: frozenset[str],
        reach: Reach | None,
        holder: Callable[[ExitStack], DockerBox],
        later: Callable[[Callable[[], None]], object],
        podman: bool = False,
    ) -> None:
        """`holder` starts a box that has the network of all that share one, and stays as long as the stack is open.
        `later` does something in another thread, which nobody waits for."""
        self._api = api
        self._members = {member.name: member for member in members}
        self._labels = dict(labels)
        self._stack = ExitStack()
        self._networks: dict[str, str] = {}
        self._volumes: dict[str, str] = {}
        self._begun: set[tuple[str, str, str]] = set()
        """(volume, path, image) of the containers so far."""
        self._podman = podman
        """It fills a volume once, by itself."""
        self._holder = ""
        self.gate: Gatekeeper | None = None
        """The only way out for all that share a network, where that keeps to a list."""
        self._outward = network
        self._later = later
        name = f"foolsgold-{uuid.uuid4().hex[:12]}"
        try:
            apart = {net for member in members if not member.shares for net in member.networks} - internal
            if network and reach is not None and apart:
                raise EngineError(
                    "A service with networks of its own keeps to no list of hosts on the docker engine.",
                    hint="Use --engine bwrap.",
                )
            for joined in dict.fromkeys(net for member in members if not member.shares for net in member.networks):
                self._make_network(joined, f"{name}-{len(self._networks)}", inside=not network or joined in internal)
            for volume in sorted({volume.name for member in members for volume in member.volumes}):
                self._make_volume(volume, f"{name}-{len(self._volumes)}")
            if any(member.shares for member in members):
                held = holder(self._stack)
                self._holder, self.gate = held.container, held.gate
        except BaseException:
            self.close()
            raise

    def settings(self, name: str, image: str) -> dict[str, Any]:
        """What a member's host config says of its network and volumes; its container is of that image."""
        member = self._members[name]
        mode = f"container:{self._holder}" if member.shares else self._networks.get(_first(member), "none")
        binds = [self._bind(volume, image) for volume in member.volumes]
        # For a name that is none of the group's Docker asks outside: where nothing leads there, for 10 s and more.
        quick = ["timeout:1", "attempts:1"] if not self._outward and not member.shares else None
        return {"network_mode": mode, "binds": binds, "dns_opt": quick}

    def _bind(self, volume: Volume, image: str) -> str:
        """Compose makes all containers before it starts one. Here the daemon would give an empty volume the image's
        mode and owner again for each, when a service may have changed them."""
        again = (volume.name, volume.path, image) in self._begun
        self._begun.add((volume.name, volume.path, image))
        options = f"{'rw' if volume.writable else 'ro'}{',nocopy' if again and not self._podman else ''}"
        return f"{self._volumes[volume.name]}:{volume.path}:{options}"

    def endpoint(self, name: str) -> Any:
        """The member's place in the first of its networks; None where it has none."""
        member = self._members[name]
        if member.shares or not member.networks:
            return None
        place = self._api.create_endpoint_config(aliases=_names(member))
        places: Any = {self._networks[_first(member)]: place}
        return NetworkingConfig(places)

    def join(self, name: str, container: str) -> None:
        """Join the member's further networks, before it starts."""
        member = self._members[name]
        for network in member.networks[1:] if not member.shares else ():
            self._api.connect_container_to_network(container, self._networks[network], aliases=_names(member))

    def shares(self, name: str) -> bool:
        return self._members[name].shares

    def close(self) -> None:
        self._stack.close()

    def _make_network(self, name: str, full: str, *, inside: bool) -> None:
        with daemon_errors("Making a network"):
            self._api.create_network(full, driver="bridge", internal=inside, labels=self._labels)
        self._networks[name] = full
        self._stack.callback(self._remove, self._api.remove_network, full)

    def _make_volume(self, name: str, full: str) -> None:
        with daemon_errors("Making a volume"):
            self._api.create_volume(full, labels=self._labels)
        self._volumes[name] = full
        self._stack.callback(self._remove, self._api.remove_volume, full)

    def _remove(self, remove: Callable[[str], object], name: str) -> None:
        with suppress(RuntimeError):  # the engine is closing and removes everything itself
            self._later(partial(_remove_when_free, remove, name))


def _remove_when_free(remove: Callable[[str], object], name: str) -> None:
    """A container on its way out still holds it for a moment."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            remove(name)
        except NotFound:
            return
        except (APIError, OSError):
            time.sleep(0.05)
        else:
            return


def _first(member: Member) -> str:
    return member.networks[0] if member.networks else ""


def _names(member: Member) -> list[str]:
    return [member.name, *member.aliases]
