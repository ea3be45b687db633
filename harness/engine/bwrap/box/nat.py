"""Outward network for boxes: each box has a network namespace behind address translation.

For root: boxes are joined to a bridge in a router namespace of this process, whose ports cannot reach one another. A
pair of interfaces joins the router to the host, which forwards its traffic to the outside and accepts nothing itself.
For ordinary users: one slirp4netns for each box. Boxes can reach neither the host's loopback nor its other addresses,
and no link-local ones.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from harness.engine import leftovers
from harness.engine.bwrap.box.launcher import Launcher
from harness.errors import EngineError

_BOXES = ipaddress.ip_network("198.18.0.0/16")
"""Any range would do behind two translations; this one is reserved for benchmarks, so no real network uses it."""
_UPLINKS = ipaddress.ip_network("198.19.0.0/16")
_LINK_LOCAL = "169.254.0.0/16"
_SLIRP_DNS = "10.0.2.3"
_SECONDS = 20
_RESOLVERS = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf")


@dataclass(slots=True)
class Lease:
    """One box's network, for as long as the box lives."""

    namespace: int
    """Descriptor of the network namespace."""
    resolv_conf: str
    without: tuple[str, ...] = ()
    """Capabilities that the box must not have, because they would let it get around this network's walls."""
    helper: subprocess.Popen[bytes] | None = None
    alive: int = -1
    """The helper runs as long as this is open."""
    addresses: tuple[tuple[str, str], ...] = ()
    """(interface, address) to boxes beside this one, for the box to set when it starts."""
    own: str = ""
    """The address by which those reach it, with its prefix."""
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(address, names) of the boxes beside it."""
    proxies: bool = True
    """This machine's proxies can be reached."""

    def close(self) -> None:
        os.close(self.namespace)
        if self.helper is not None:
            os.close(self.alive)
            self.helper.kill()
            self.helper.wait()


@dataclass(slots=True)
class Router:
    """The router namespace of one process, and its connection to the host."""

    namespace: int
    link: str
    """The host's end."""
    resolv_conf: str
    mtu: int
    count: int = 1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def address(self) -> tuple[int, str]:
        """A number and an address that no earlier box had."""
        with self.lock:
            self.count += 1
            if self.count >= _BOXES.num_addresses - 1:
                raise EngineError("This process has given out every address it has for boxes.")
            return self.count, str(_BOXES[self.count])


_routers: dict[str, Router] = {}
_lock = threading.Lock()


def lease(launcher: Launcher) -> Lease:
    """A network for one new box. If none can be made, raises EngineError with what to install."""
    method = _method()
    if method == "router":
        return _routed(launcher)
    if method == "slirp4netns":
        return _slirp(launcher)
    raise EngineError("This box needs a network, and none can be made here.", hint=no_network())


class Lack(StrEnum):
    """What a box's network needs and is not here."""

    TOOLS = "tools"
    """Programs that a package brings."""
    NO_TUN = "no-tun"
    """There is no /dev/net/tun."""
    CLOSED_TUN = "closed-tun"
    """/dev/net/tun is not for this user."""


_TUN = Path("/dev/net/tun")


def lacking() -> tuple[Lack, ...]:
    """What is missing here before a box can have a network; nothing where one can."""
    if _method():
        return ()
    tools = ("ip", "nsenter") if os.geteuid() == 0 else ("ip", "nsenter", "slirp4netns")
    lacks = [] if all(map(shutil.which, tools)) and os.geteuid() != 0 else [Lack.TOOLS]
    if os.geteuid() != 0 and not _TUN.exists():
        lacks.append(Lack.NO_TUN)
    elif os.geteuid() != 0 and not _tun_opens():
        lacks.append(Lack.CLOSED_TUN)
    return tuple(lacks)


def no_network() -> str:
    """Why no box can have a network here and what to do about it, in one sentence; '' where one can."""
    tools = "iproute2 iptables" if os.geteuid() == 0 else "slirp4netns iproute2"
    ways = {
        Lack.TOOLS: f"`apt-get install {tools}`",
        Lack.NO_TUN: "`modprobe tun` (there is no /dev/net/tun)",
        Lack.CLOSED_TUN: "`chmod 666 /dev/net/tun` (it is closed to this user)",
    }
    lacks = lacking()
    return f"Boxes have no network here before {' and '.join(ways[lack] for lack in lacks)}." if lacks else ""


def _method() -> str:
    if os.geteuid() == 0 and shutil.which("ip") and shutil.which("nsenter") and (_iptables() or shutil.which("nft")):
        return "router"
    if shutil.which("slirp4netns") and shutil.which("ip") and shutil.which("nsenter") and _tun_opens():
        return "slirp4netns"
    return ""


def _iptables() -> str | None:
    return shutil.which("iptables")


def _tun_opens() -> bool:
    return os.access(_TUN, os.R_OK | os.W_OK)


def report() -> list[str]:
    """The lines that `doctor` shows about it."""
    method = _method()
    if method == "router":
        lines = ["Boxes with a network use address translation, each from a namespace of its own."]
        if Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() != "1":
            lines.append("The first box with a network turns on IPv4 forwarding (net.ipv4.ip_forward) on this machine.")
        return lines
    if method:
        return ["Boxes with a network use slirp4netns, one for each box."]
    return [no_network()]


# For root: a namespace for the box, joined to the process's router.


def _routed(launcher: Launcher) -> Lease:
    with _lock:
        router = _routers.get(launcher.run.token)
        if router is None:
            router = _routers[launcher.run.token] = _make_router(launcher)
            launcher.closing.append(partial(close, launcher))
    number, address = router.address()
    namespace = launcher.namespace()
    try:
        port = f"box{number}"
        ip(
            [
                f"link add {port} type veth peer name eth0 netns /proc/self/fd/{namespace}",
                f"link set {port} master boxes",
                f"link set {port} type bridge_slave isolated on",
                f"link set {port} up",
            ],
            inside=router.namespace,
            needs=(namespace,),
        )
        ip(
            [
                f"addr add {address}/{_BOXES.prefixlen} dev eth0",
                f"link set eth0 mtu {router.mtu} up",
                f"route add default via {_BOXES[1]}",
                f"route add blackhole {_LINK_LOCAL}",
            ],
            inside=namespace,
        )
    except BaseException:
        os.close(namespace)
        raise
    return Lease(namespace, router.resolv_conf)


def _make_router(launcher: Launcher) -> Router:
    host_side, router_side, network = _free_uplink()
    link = link_of(launcher.run.token)
    servers, local = _nameservers(host_side)
    ways_out = _ways_out(servers)
    namespace = launcher.namespace(forward=True)
    try:
        ip(
            [
                f"link add {link} type veth peer name out netns /proc/self/fd/{namespace}",
                f"addr add {host_side}/30 dev {link}",
                f"link set {link} up",
            ],
            needs=(namespace,),
        )
        ip(
            [
                f"addr add {router_side}/30 dev out",
                "link set out up",
                f"route add default via {host_side}",
                "link add boxes type bridge",
                f"addr add {_BOXES[1]}/{_BOXES.prefixlen} dev boxes",
                "link set boxes up",
            ],
            inside=namespace,
        )
        _router_walls(namespace)
        _host_walls(launcher.run.token, link, network, ways_out, local)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    except BaseException:
        os.close(namespace)
        _remove(launcher.run.token)
        raise
    mtus = [int(Path("/sys/class/net", way, "mtu").read_text()) for way in ways_out]
    return Router(namespace, link, "".join(f"nameserver {server}\n" for server in servers), min([1500, *mtus]))


def link_of(token: str) -> str:
    """The name of a run's interface on the host, of at most 15 letters."""
    return "fg" + hashlib.sha256(token.encode()).hexdigest()[:10]


def _table(token: str) -> str:
    return "foolsgold_" + token.replace("-", "_")


def _free_uplink() -> tuple[str, str, str]:
    """(host's address, router's address, network) of a /30 that is not in use on this host."""
    taken = {entry.get("dst", "").partition("/")[0] for entry in json.loads(_output(["ip", "-j", "route", "show"]))}
    for _attempt in range(64):
        start = _UPLINKS[secrets.randbelow(_UPLINKS.num_addresses // 4) * 4]
        if str(start) not in taken:
            return str(start + 1), str(start + 2), f"{start}/30"
    raise EngineError(f"Every network in {_UPLINKS} is in use on this machine.")


def _nameservers(relay: str) -> tuple[list[str], str]:
    """(resolvers for a box, the host's own resolver). The second is '' unless the host has no other one; then the box
    uses `relay`, which leads to it."""
    own = {address["local"] for link in json.loads(_output(["ip", "-j", "addr"])) for address in link["addr_info"]}
    local = ""
    for name in _RESOLVERS:
        with suppress(OSError):
            found = re.findall(r"^nameserver\s+([0-9.]+)\s*$", Path(name).read_text(), re.MULTILINE)
            reachable = [server for server in found if not server.startswith("127.") and server not in own]
            if reachable:
                return reachable, ""
            local = local or next(iter(found), "")
    return ([relay], local) if local else ([], "")


def _ways_out(servers: Iterable[str]) -> list[str]:
    """The host's interfaces that lead outside, without its bridges to containers and virtual machines."""
    routes = json.loads(_output(["ip", "-j", "-4", "route", "show", "default"]))
    links = {route["dev"] for route in routes if "dev" in route}
    for server in servers:
        with suppress(EngineError):
            links |= {route["dev"] for route in json.loads(_output(["ip", "-j", "route", "get", server]))}
    return sorted(links - {"lo"})


def _router_walls(namespace: int) -> None:
    if _iptables():
        for rule in (
            ["-A", "FORWARD", "-d", _LINK_LOCAL, "-j", "DROP"],
            ["-A", "INPUT", "-i", "boxes", "-j", "DROP"],
            ["-t", "nat", "-A", "POSTROUTING", "-o", "out", "-j", "MASQUERADE"],
        ):
            run_inside(namespace, ["iptables", "-w", *rule])
    else:
        run_inside(
            namespace,
            ["nft", "-f", "-"],
            f"""table ip boxes {{
                chain forward {{ type filter hook forward priority 0; ip daddr {_LINK_LOCAL} drop; }}
                chain input {{ type filter hook input priority 0; iifname "boxes" drop; }}
                chain out {{ type nat hook postrouting priority 100; oifname "out" masquerade; }}
            }}""",
        )


def _host_walls(token: str, link: str, network: str, ways_out: Sequence[str], local: str) -> None:
    if local:
        # Only the host's own resolver answers names: boxes reach it, and nothing else, at the address of our end.
        Path(f"/proc/sys/net/ipv4/conf/{link}/route_localnet").write_text("1")
    if _iptables():
        for rule in _host_rules(link, network, ways_out, local):
            _output(["iptables", "-w", *rule, "-m", "comment", "--comment", f"foolsgold:{token}"])
        return
    names = f"udp dport 53 ip daddr {local} accept; tcp dport 53 ip daddr {local} accept;" if local else ""
    turn = (
        f'iifname "{link}" udp dport 53 dnat to {local}; iifname "{link}" tcp dport 53 dnat to {local};'
        if local
        else ""
    )
    out = ", ".join(f'"{way}"' for way in ways_out)
    _output(
        ["nft", "-f", "-"],
        f"""table ip {_table(token)} {{
            chain turn {{ type nat hook prerouting priority -100; {turn} }}
            chain mine {{ {names} drop; }}
            chain input {{ type filter hook input priority -10; iifname "{link}" jump mine; }}
            chain forward {{ type filter hook forward priority -10; iifname "{link}" oifname != {{ {out} }} drop;
                iifname "{link}" ip daddr {_LINK_LOCAL} drop; }}
            chain out {{ type nat hook postrouting priority 100; ip saddr {network} masquerade; }}
        }}""",
    )


def _host_rules(link: str, network: str, ways_out: Sequence[str], local: str) -> list[list[str]]:
    """In the order in which they are inserted at the top: the last one ends up first."""
    rules = [["-t", "nat", "-A", "POSTROUTING", "-s", network, "-j", "MASQUERADE"]]
    rules += [["-I", "INPUT", "-i", link, "-j", "DROP"], ["-I", "FORWARD", "-i", link, "-j", "DROP"]]
    rules += [["-I", "FORWARD", "-i", link, "-o", way, "-j", "ACCEPT"] for way in ways_out]
    rules += [["-I", "FORWARD", "-i", link, "-d", _LINK_LOCAL, "-j", "DROP"]]
    rules += [["-I", "FORWARD", "-o", link, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"]]
    for protocol in ("udp", "tcp") if local else ():
        match = ["-i", link, "-p", protocol, "--dport", "53"]
        rules += [["-t", "nat", "-I", "PREROUTING", *match, "-j", "DNAT", "--to-destination", f"{local}:53"]]
        rules += [["-I", "INPUT", *match, "-d", local, "-j", "ACCEPT"]]
    return rules


def close(launcher: Launcher) -> None:
    """Take down this process's router."""
    with _lock:
        router = _routers.pop(launcher.run.token, None)
    if router is not None:
        os.close(router.namespace)
        _remove(launcher.run.token)


def _remove(token: str) -> bool:
    """Remove everything of a run's network from the host; whether there was anything."""
    found = False
    if shutil.which("ip") and Path("/sys/class/net", link_of(token)).exists():
        with suppress(EngineError):  # gone with its namespace in the meantime
            _output(["ip", "link", "delete", link_of(token)])
        found = True
    for rule in _iptables_rules():
        if (
            f'foolsgold:{token}"' in rule[1]
            or rule[1].endswith(f"foolsgold:{token}")
            or f"foolsgold:{token} " in rule[1]
        ):
            words = [word.strip('"') for word in rule[1].split()]
            with suppress(EngineError):
                _output(["iptables", "-w", "-t", rule[0], "-D", *words[1:]])
            found = True
    if shutil.which("nft") and _table(token) in _nft_tables():
        _output(["nft", "delete", "table", "ip", _table(token)])
        found = True
    return found


def _iptables_rules() -> list[tuple[str, str]]:
    if not _iptables():
        return []
    rules = []
    for table in ("filter", "nat"):
        with suppress(EngineError):
            lines = _output(["iptables", "-w", "-t", table, "-S"]).splitlines()
            rules += [(table, line) for line in lines if "foolsgold:" in line]
    return rules


def _nft_tables() -> list[str]:
    if not shutil.which("nft"):
        return []
    with suppress(EngineError):
        return re.findall(r"^table ip (foolsgold_\w+)", _output(["nft", "list", "tables"]), re.MULTILINE)
    return []


def clean(alive: frozenset[str]) -> list[str]:
    """Remove the networks of runs that are not `alive`; their tokens."""
    if os.geteuid() != 0:
        return []
    tokens = {match for _table_name, rule in _iptables_rules() for match in re.findall(r"foolsgold:([0-9a-f-]+)", rule)}
    tokens |= {name.removeprefix("foolsgold_").replace("_", "-") for name in _nft_tables()}
    return [token for token in sorted(tokens - alive) if not leftovers.maker_lives(token) and _remove(token)]


# For ordinary users: a helper for each box, which reaches the outside through the user's own sockets.


def _slirp(launcher: Launcher) -> Lease:
    namespace = launcher.namespace()
    ready_read, ready_write = os.pipe()
    alive_read, alive_write = os.pipe()
    arguments = ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", f"--ready-fd={ready_write}"]
    arguments += [f"--exit-fd={alive_read}", "--netns-type=path"]
    if os.geteuid() != 0:
        arguments.append(f"--userns-path=/proc/{launcher.process.pid}/ns/user")
    helper = None
    try:
        helper = subprocess.Popen(
            [*arguments, f"/proc/self/fd/{namespace}", "tap0"],
            pass_fds=(namespace, ready_write, alive_read),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(ready_write)
        ready_write = -1
        if os.read(ready_read, 1) != b"1":
            stderr = helper.stderr.read().decode("utf-8", "replace").strip() if helper.stderr else ""
            raise EngineError(f"slirp4netns did not start: {stderr}", hint=no_network())
        own = [address["local"] for link in json.loads(_output(["ip", "-j", "addr"])) for address in link["addr_info"]]
        walls = [
            _LINK_LOCAL,
            *(f"{address}/32" for address in own if "." in address and not address.startswith("127.")),
        ]
        ip([f"route add blackhole {wall}" for wall in walls], inside=namespace, user_of=launcher.process.pid)
    except BaseException:
        os.close(namespace)
        os.close(alive_write)
        if helper is not None:
            helper.kill()
            helper.wait()
        raise
    finally:
        for fd in (ready_read, alive_read, ready_write):
            if fd >= 0:
                os.close(fd)
    # A raw socket would get around the routes that block the host's addresses.
    return Lease(namespace, f"nameserver {_SLIRP_DNS}\n", ("CAP_NET_RAW",), helper, alive_write)


# Running the machine's own tools.


def ip(lines: Sequence[str], *, inside: int = -1, needs: Sequence[int] = (), user_of: int = 0) -> None:
    """Run lines of iproute2's ip, in the namespace `inside`; `needs`: descriptors that they name."""
    command = ["ip", "-batch", "-"]
    text = "\n".join(lines) + "\n"
    if inside < 0:
        _output(command, text, needs)
    else:
        run_inside(inside, command, text, needs, user_of)


def run_inside(
    namespace: int,
    command: Sequence[str],
    text: str = "",
    needs: Sequence[int] = (),
    user_of: int = 0,
) -> str:
    enter = ["nsenter", f"--net=/proc/self/fd/{namespace}"]
    if os.geteuid() != 0:
        enter += [f"--user=/proc/{user_of}/ns/user", "--preserve-credentials"]
    return _output([*enter, "--", *command], text, (namespace, *needs))


def _output(command: Sequence[str], text: str = "", descriptors: Sequence[int] = ()) -> str:
    try:
        ran = subprocess.run(
            command, input=text, capture_output=True, text=True, pass_fds=descriptors, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"A box's network could not be made or read: {error}", hint=no_network()) from error
    if ran.returncode != 0:
        said = ran.stderr.strip() or ran.returncode
        raise EngineError(
            f"A box's network could not be made or read: {' '.join(command)} said {said}",
            hint="Root needs CAP_NET_ADMIN for this. Or use --engine docker.",
        )
    return ran.stdout
