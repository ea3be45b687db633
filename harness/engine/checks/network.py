"""The network of a box, and what it must not reach."""

from __future__ import annotations

import socket
import struct

from harness.engine.checks.isolation import _networked
from harness.engine.checks.scene import CheckedEngine, NotMeasured, check, python, text, that


@check
def there_is_no_network_unless_asked_for(scene: CheckedEngine) -> None:
    scene.without_network()
    with scene.box() as box:
        that(text(box, "tail -n +3 /proc/net/dev | cut -d: -f1").split() == ["lo"], "there are interfaces besides lo")


@check
def loopback_works_and_port_80_binds(scene: CheckedEngine) -> None:
    code = (
        "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 80)); s.listen()\n"
        "c = socket.create_connection(('localhost', 80)); a, _ = s.accept(); c.send(b'x'); print(a.recv(1))"
    )
    with scene.box() as box:
        ran = python(box, code)
        that(ran.output.strip() == b"b'x'", repr(ran.output))


@check
def host_loopback_is_out_of_reach(scene: CheckedEngine) -> None:
    _unreachable(scene, "127.0.0.1", network=False)


@check
def host_loopback_is_out_of_reach_with_a_network(scene: CheckedEngine) -> None:
    _unreachable(scene, "127.0.0.1", network=True)


@check
def host_addresses_are_out_of_reach(scene: CheckedEngine) -> None:
    _unreachable(scene, _address_of_this_machine(), network=False)


@check
def host_addresses_are_out_of_reach_with_a_network(scene: CheckedEngine) -> None:
    _unreachable(scene, _address_of_this_machine(), network=True)


def _address_of_this_machine() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))  # sends nothing; shows which address would be used
        except OSError as error:
            raise NotMeasured("this machine has no address but loopback") from error
        return str(probe.getsockname()[0])


def _unreachable(scene: CheckedEngine, address: str, *, network: bool) -> None:
    if not network:
        scene.without_network()
    with socket.socket() as server:
        server.bind((address, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((address, port), 2):
            pass  # or the check would show nothing
        with _networked(scene, network) as box:
            ran = python(box, f"import socket; socket.create_connection(({address!r}, {port}), 2)")
        if ran.status == 0 and network and address != "127.0.0.1":
            scene.excuse("host_addresses_are_out_of_reach_with_a_network")
        that(ran.status not in (0, None), f"{address} of the host answers a box with{'' if network else 'out'} network")


@check
def names_are_answered_where_a_network_is_asked_for(scene: CheckedEngine) -> None:
    query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 2, 1)  # the root's servers
    code = (
        "import socket, re\n"
        "with open('/etc/resolv.conf') as f: server = re.search(r'^nameserver ([0-9.]+)', f.read(), re.M)[1]\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
        f"  s.settimeout(3); s.sendto({query!r}, (server, 53)); assert s.recv(4096)[:2] == b'\\0\\7'\n"
        "print('answered')"
    )
    try:
        exec(compile(code, "<host>", "exec"), {"print": lambda text: None})  # noqa: S102 - the very same on the host
    except Exception as error:
        raise NotMeasured(f"this machine's own nameserver does not answer: {error}") from error
    with _networked(scene, True) as box:
        ran = python(box, code)
    that(ran.output == b"answered\n", repr(ran.output[-300:]))
