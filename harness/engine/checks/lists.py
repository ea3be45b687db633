"""Networks with a list of hosts. A server of this process stands for the hosts outside."""

from __future__ import annotations

import secrets
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from harness.engine.checks.scene import CheckedEngine, NotMeasured, check, python, that
from harness.engine.contract import Box, BoxSpec, Healthcheck, Member, Until
from harness.engine.lists import outside
from harness.engine.lists.reach import Reach
from harness.engine.services import Companion, opened

_LISTED, _UNLISTED = "203.0.114.7", "203.0.114.8"
"""Addresses of the public internet, which nobody calls: they are answered here."""
_CALL = (
    "import socket, sys\n"
    "def call(host, data, port=80):\n"
    "  try:\n"
    "    with socket.create_connection((host, port), 8) as s: s.sendall(data); return s.recv(99).decode()\n"
    "  except OSError as e: return type(e).__name__\n"
    "def get(host, name=None): return call(host, f'GET / HTTP/1.1\\r\\nHost: {name or host}\\r\\n\\r\\n'.encode())\n"
)


class _Answer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(8)
        self.request.recv(999)
        self.request.sendall(b"here")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def _two_hosts() -> Iterator[tuple[str, str]]:
    """Names that nobody else has: of the host that is listed, and of the one that is not."""
    word = secrets.token_hex(4)
    listed, unlisted = f"listed-{word}.example", f"unlisted-{word}.example"
    with ExitStack() as stack:
        server = stack.enter_context(_Server(("127.0.0.1", 0), _Answer))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stack.callback(server.shutdown)
        address = ("127.0.0.1", int(server.server_address[1]))
        stack.enter_context(outside.standing_for(listed, _LISTED, address))
        stack.enter_context(outside.standing_for(unlisted, _UNLISTED, address))
        yield listed, unlisted


@contextmanager
def _box(scene: CheckedEngine, *hosts: str) -> Iterator[Box]:
    _measurable(scene)
    spec = BoxSpec(scene.image, network=True, reach=Reach(hosts), user="root", entrypoint=())
    with scene.engine.open(spec) as box:
        yield box


def _measurable(scene: CheckedEngine) -> None:
    if why := scene.engine.no_lists():
        raise NotMeasured(why)


def _says(box: Box, code: str) -> list[str]:
    ran = python(box, _CALL + code)
    that(ran.status == 0, repr(ran.output[-300:]))
    return ran.output.decode("utf-8", "replace").split()


@check
def a_list_lets_its_hosts_through_and_tells_what_else_was_asked_for(scene: CheckedEngine) -> None:
    with _two_hosts() as (listed, unlisted), _box(scene, listed) as box:
        said = _says(box, f"print(get({listed!r}), get({unlisted!r}))")
        that(said == ["here", "gaierror"], f"the listed host and another said {said}")
        asked = {(one.host, one.how, one.let) for one in box.asked()}
        wanted = {(listed, "dns", True), (listed, "http", True), (unlisted, "dns", False)}
        that(asked == wanted, f"it told {sorted(asked)}")


@check
def there_is_no_way_round_a_list(scene: CheckedEngine) -> None:
    udp = (
        "def udp(host, port):\n"
        "  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
        "    s.settimeout(1)\n"
        "    try: s.connect((host, port)); s.send(b'x'); return s.recv(9)\n"
        "    except OSError: return 'nothing'\n"
    )
    with _two_hosts() as (listed, unlisted), _box(scene, listed) as box:
        said = _says(
            box,
            f"{udp}print(get({_UNLISTED!r}), get({_LISTED!r}), get({_LISTED!r}, {unlisted!r}), "
            f"call({_LISTED!r}, b'raw', 22) or 'nothing', get('169.254.169.254') or 'nothing', "
            f"udp({_LISTED!r}, 443), udp({_UNLISTED!r}, 53), get({_UNLISTED!r}, {listed!r}))",
        )
        # A lie about the name gets the host that is named.
        that(said[-1] == "here" and "here" not in said[:-1], f"the ways round said {said}")


@check
def a_list_changes_while_its_box_lives(scene: CheckedEngine) -> None:
    with _two_hosts() as (listed, unlisted), _box(scene, listed) as box:
        code = f"print(get({listed!r}), get({unlisted!r}))"
        for hosts, wanted in (((unlisted,), ["gaierror", "here"]), ((), ["gaierror"] * 2), ((listed,), ["here"])):
            box.allow(Reach(hosts))
            said = _says(box, code)
            that(said[: len(wanted)] == wanted, f"with {hosts or 'no hosts'} they said {said}")


@check
def services_keep_to_one_list_and_one_namespace(scene: CheckedEngine) -> None:
    _measurable(scene)
    scene.must_have_python()
    with _two_hosts() as (listed, unlisted):
        code = f"{_CALL}open('/dev/shm/said', 'w').write(get({listed!r}) + get({unlisted!r}))\n"
        code += (
            "s = socket.create_server(('127.0.0.1', 7000))\n"
            "while True:\n"
            "  c = s.accept()[0]; c.sendall(open('/dev/shm/said', 'rb').read()); c.close()\n"
        )
        reach = Reach((listed,))
        spec = BoxSpec(scene.image, network=True, reach=reach, user="root", mounts=(), entrypoint=())
        side = Companion(
            BoxSpec(
                scene.image, network=True, reach=reach, user="root", mounts=(), entrypoint=(),
                command=("python3", "-c", code),
            ),
            Member("side", shares=True),
            check=Healthcheck("test -s /dev/shm/said", interval=0.05, timeout=5.0, retries=400),
        )  # fmt: skip
        main = Companion(spec, Member("main", shares=True), {"side": Until.HEALTHY})
        with opened(scene.engine, [main, side], "main", limit=60) as box:
            said = _says(box, "print(call('127.0.0.1', b'', 7000))")
            that(said == ["heregaierror"], f"of the listed host and another the service heard {said}")
            that(any(one.host == unlisted for one in box.asked()), "what the service asked for is not told")
