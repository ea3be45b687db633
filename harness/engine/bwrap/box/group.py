"""Boxes side by side: a bridge for each network that they have in common, and folders that several of them have.

The bridges are in a network namespace of their own, to which nothing of this machine leads. It, and with it every
bridge and every pair of interfaces, is gone when the last descriptor of it is closed; the folders lie in memory that
the process which starts boxes has mounted. So nothing of a group outlives this process, however it ends.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from harness.engine.bwrap.box import launcher, listed, nat
from harness.engine.contract import BoxGroup, Member
from harness.engine.lists.gate import Gatekeeper
from harness.engine.lists.reach import Reach
from harness.errors import EngineError

_NETWORKS = ipaddress.ip_network("172.30.0.0/16")
"""Of each group, which no other and nothing on this machine sees: as in Docker, one of the private ranges."""
_MOST = 250
"""Networks of a group, and boxes in one."""


@dataclass(frozen=True, slots=True)
class InCommon:
    """What one box has of its group."""

    lease: nat.Lease
    volumes: tuple[tuple[str, str, bool], ...]
    """(path in the box, the host's folder in the launchpad's namespace, whether it may be written to)."""


class BwrapGroup(BoxGroup):
    def __init__(
        self,
        pad: launcher.Launcher,
        members: Sequence[Member],
        *,
        network: bool,
        internal: frozenset[str],
        disk: int,
        reach: Reach | None = None,
    ) -> None:
        self._members = {member.name: member for member in members}
        self._pad = pad
        self._leases: dict[str, nat.Lease] = {}
        """By the owner of the namespace: a member, or '' for all that share."""
        self._stack = ExitStack()
        self._volumes = ""
        self.gate = Gatekeeper(reach) if network and reach is not None else None
        """The only way out for all of them."""
        if self.gate is not None:
            self._stack.callback(self.gate.close)
        try:
            names = sorted({volume.name for member in members for volume in member.volumes})
            if names:
                self._volumes = pad.volumes(len(names), disk)
                self._stack.callback(pad.forget_volumes, self._volumes)
            self._numbers = {name: number for number, name in enumerate(names)}
            self._connect(network, internal)
        except BaseException:
            self.close()
            raise

    def shared(self, name: str) -> InCommon:
        member = self._members[name]
        own = self._leases[_owner(member)]
        lease = replace(own, namespace=os.dup(own.namespace), helper=None, alive=-1)
        volumes = (
            (volume.path, f"{self._volumes}/{self._numbers[volume.name]}", volume.writable) for volume in member.volumes
        )
        return InCommon(lease, tuple(volumes))

    def close(self) -> None:
        self._stack.close()

    def _connect(self, network: bool, internal: frozenset[str]) -> None:
        apart = [member for member in self._members.values() if not member.shares]
        addresses = dict(_addresses(apart))
        for owner in dict.fromkeys(map(_owner, self._members.values())):
            joined = self._members[owner].networks if owner else ("default",)
            outward = network and not internal.issuperset(joined)
            lease = self._way_out() if outward else nat.Lease(self._pad.namespace(), "")
            self._stack.callback(lease.close)
            if owner:
                first = 1 if outward else 0
                mine = [addresses[owner, name] for name in joined]
                lease.addresses = tuple((f"eth{first + place}", address) for place, address in enumerate(mine))
                lease.own = mine[0] if mine else ""
                lease.hosts = tuple(_hosts(self._members[owner], apart, addresses))
            self._leases[owner] = lease
        if addresses:
            self._bridge(apart)

    def _way_out(self) -> nat.Lease:
        return nat.lease(self._pad) if self.gate is None else listed.lease(self._pad, self.gate)

    def _bridge(self, apart: Sequence[Member]) -> None:
        if not shutil.which("ip") or not shutil.which("nsenter"):
            raise EngineError(
                "Boxes side by side need the programs ip and nsenter.", hint="`apt-get install iproute2 util-linux`"
            )
        switch = self._pad.namespace()
        self._stack.callback(os.close, switch)
        networks = list(dict.fromkeys(name for member in apart for name in member.networks))
        lines = [f"link add net{number} type bridge" for number in range(len(networks))]
        lines += [f"link set net{number} up" for number in range(len(networks))]
        namespaces = []
        ports = 0
        for member in apart:
            lease = self._leases[member.name]
            namespaces.append(lease.namespace)
            for (interface, _), name in zip(lease.addresses, member.networks, strict=True):
                ports += 1
                bridge = f"net{networks.index(name)}"
                target = f"/proc/self/fd/{lease.namespace}"
                lines.append(f"link add port{ports} type veth peer name {interface} netns {target}")
                lines.append(f"link set port{ports} master {bridge} up")
        nat.ip(lines, inside=switch, needs=namespaces, user_of=self._pad.process.pid)


def _owner(member: Member) -> str:
    return "" if member.shares else member.name


def _addresses(apart: Sequence[Member]) -> Iterator[tuple[tuple[str, str], str]]:
    """(member, network) -> its address, with the length of the network's prefix."""
    networks = list(dict.fromkeys(name for member in apart for name in member.networks))
    if len(networks) > _MOST or len(apart) > _MOST:
        raise EngineError("The task has more services or networks than boxes can stand side by side.")
    for number, name in enumerate(networks):
        first = _NETWORKS.network_address + 256 * number + 2
        for place, member in enumerate(member for member in apart if name in member.networks):
            yield (member.name, name), f"{first + place}/24"


def _hosts(
    mine: Member, apart: Sequence[Member], addresses: dict[tuple[str, str], str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(address, names) of every box with a network in common with this one, itself among them."""
    for other in apart:
        common = [name for name in mine.networks if name in other.networks]
        if common:
            yield addresses[other.name, common[0]].partition("/")[0], (other.name, *other.aliases)
