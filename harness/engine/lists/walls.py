"""The inside of a network namespace with a list: an interface that leads nowhere, and rules that send every connection
to sockets of the gate.

Nothing is forwarded out of the namespace, so whatever the rules leave out ends in it. A box has no capability over the
namespace that it is in, and can change neither. Standard library only: the process that prepares boxes uses it.
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator

INTERFACE = "eth0"
OWN, RESOLVER = "198.18.0.2", "198.18.0.1"
"""The box's address and its nameserver's. The range is reserved for benchmarks, so no real network uses it."""
RESOLV_CONF = f"nameserver {RESOLVER}\n"
TOOLS = ("ip", "iptables-restore", "nsenter")
_LOOPBACK = "127.0.0.1"
_PROTOCOLS = ("udp", "icmp", "")
"""What the rules refuse, each with a rule of its own; "" is whatever is none of the others."""
_IGMP = 2
"""The kernel's own when an interface comes up, and nothing that a box asked for."""
COUNTED = ("iptables-save", "-c", "-t", "filter")
"""Prints the rules, each with how many packets met it."""


def no_tools() -> str:
    """What has to be installed before a box's network can keep to a list here, a sentence; '' where nothing has."""
    if all(map(shutil.which, TOOLS)):
        return ""
    return "No box's network can keep to a list of hosts here before `apt-get install iproute2 iptables`."


def links() -> list[str]:
    """Lines for iproute2's ip. A bridge without ports is an interface that every kernel with boxes has."""
    return [
        f"link add {INTERFACE} type bridge",
        f"addr add {OWN}/30 dev {INTERFACE}",
        f"link set {INTERFACE} up",
        f"route add default via {RESOLVER} dev {INTERFACE}",
    ]


def rules(tcp: socket.socket, udp: socket.socket) -> str:
    """For iptables-restore. The box's loopback, and networks in common with other boxes, are not touched."""
    to_relay, to_resolver = (f"{_LOOPBACK}:{each.getsockname()[1]}" for each in (tcp, udp))
    out = f"-A OUTPUT -o {INTERFACE}"
    refuse = (f"{out} ! -d {_LOOPBACK} {f'-p {each} ' if each else ''}-j REJECT\n" for each in _PROTOCOLS)
    return (
        f"*nat\n{out} -d {RESOLVER} -p udp --dport 53 -j DNAT --to-destination {to_resolver}\n"
        f"{out} -p tcp -j DNAT --to-destination {to_relay}\nCOMMIT\n"
        f"*filter\n{out} -p {_IGMP} -j DROP\n{''.join(refuse)}COMMIT\n"
    )


def refused(counted: str) -> Iterator[str]:
    """The protocols of which the rules refused something, from what `COUNTED` printed; `other` for all that have no
    rule of their own. IPv6 is not among them: no route leads anywhere, so nothing is sent that could be seen."""
    for packets, rule in re.findall(r"(?m)^\[(\d+):\d+\] (-A OUTPUT .*-j REJECT)", counted):
        protocol = re.search(r"-p (\w+)", rule)
        if int(packets):
            yield protocol[1] if protocol else "other"


def listeners() -> tuple[socket.socket, socket.socket]:
    """The relay's and the resolver's sockets, in the network namespace of the calling thread."""
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for each in (tcp, udp):
        each.bind((_LOOPBACK, 0))
        each.setblocking(False)
    tcp.listen(128)
    return tcp, udp
