"""Which hosts a box may reach, by Harbor's rules, and what it asked for. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a network's own translator makes IPv4 addresses of, their last four bytes."""
NOT_LISTED = "it is not on the list"
NO_TCP = "only TCP is let through, and questions for names"
MOST = 400
"""Different things asked for that are written down of one box."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An entry of `hosts` is a name, `*.` and a name, an address, or a range of addresses."""

    hosts: tuple[str, ...] = ()
    anything: bool = False
    """Every host by TCP. What is asked for is written down all the same."""

    def lets(self, host: str) -> bool:
        """`*.example.org` is every name below example.org, at any depth, and not that name itself. A name's addresses
        are not let through with it, and neither are the names of an address."""
        if self.anything:
            return bool(host)
        address = address_in(host)
        if address is not None:
            return self.names(address)
        name = plain(host)
        return any(
            name.endswith(entry[1:]) and len(name) >= len(entry) if entry.startswith("*.") else name == entry
            for entry in self.hosts
        )

    def names(self, address: Address) -> bool:
        """Whether an entry says this address itself."""
        return any(address.version == each.version and address in each for each in _ranges(self.hosts))


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a box asked its network for."""

    host: str
    """As it named it: a name, or an address. '' where the kernel refused it: it says how often, and not for whom."""
    port: int
    """0: it asked for the name's address only, or the kernel refused it."""
    how: str
    """What named it: `dns`, `tls`, `http`, `connect`, or `address` where nothing did. Of what the kernel refused the
    protocol: `udp`, `icmp`, or `other`."""
    let: bool
    why: str = ""
    """Why it was not let through."""


def plain(host: str) -> str:
    return host.strip().lower().rstrip(".")


def address_in(host: str) -> Address | None:
    """None for a name. Of an IPv6 address that stands for an IPv4 address, that one."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    if address.version == 4:
        return address
    inside = ipaddress.IPv4Address(address.packed[-4:]) if address in _TRANSLATED else None
    return address.ipv4_mapped or address.sixtofour or inside or address


def to_list(asked: Iterable[Asked]) -> tuple[str, ...]:
    """The list that lets through what was let through: the hosts that were called, not the names that were only looked
    up."""
    return tuple(sorted({plain(each.host) for each in asked if each.port and each.let}))


@cache
def _ranges(hosts: tuple[str, ...]) -> Networks:
    found = []
    for host in hosts:
        try:
            found.append(ipaddress.ip_network(host))
        except ValueError:
            continue
    return tuple(found)
