"""No way round a list gets through, on both engines; each is shown to get through where nothing holds it."""

from __future__ import annotations

import json
import os
import shlex
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest

from harness.engine.contract import BoxSpec, Command, Engine, Healthcheck, Member, Recipe, Until
from harness.engine.lists import outside
from harness.engine.lists.reach import Asked, Reach
from harness.engine.services import Companion, opened
from harness.errors import EngineError
from tests.conftest import RecipeOf

LISTED, UNLISTED, REBINDS = "listed.example", "unlisted.example", "rebinds.example"
"""On the list are the first and the last."""
LISTED_AT, UNLISTED_AT, PRIVATE_AT = "203.0.114.21", "203.0.114.22", "10.11.12.13"

PRELUDE = """
import fcntl, json, os, socket, ssl, struct, subprocess, sys, urllib.request
globals().update(FACTS)
socket.setdefaulttimeout(3)
def tcp(host, port, data=b"hello", family=socket.AF_INET):
    with socket.socket(family) as s:
        s.settimeout(7); s.connect((host, port)); s.sendall(data)
        got = b""
        while more := s.recv(999): got += more
        return got
def udp(host, port, data=b"hello"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1.5); s.connect((host, port)); s.send(data); return s.recv(999)
def get(name, *more):
    return "\\r\\n".join([f"GET / HTTP/1.1", f"Host: {name}", *more, "", ""]).encode()
def hello(name):
    context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    try: context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError: return out.read()
def question(name):
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + labels + b"\\0" + struct.pack(">HH", 1, 1)
def wrong(got): return b"wrong" in (got or b"")
"""
WAYS = {
    "raw_address": "wrong(tcp(UNLISTED_AT, 80, b'raw'))",
    "raw_address_in_an_url": "wrong(tcp(UNLISTED_AT, 80, get(UNLISTED_AT)))",
    "raw_address_of_a_listed_host": "tcp(LISTED_AT, 80, b'raw')",
    "another_port_without_a_name": "tcp(LISTED_AT, 22, b'SSH-2.0-any\\r\\n')",
    "another_port_in_the_host_header": "tcp(UNLISTED_AT, 8080, get(UNLISTED + ':80'))",
    "dns_of_another_resolver": "udp(HOST, UDP_PORT, question('data.' + UNLISTED))",
    "dns_by_tcp_of_another_resolver": "wrong(tcp(UNLISTED_AT, 53, b'\\0\\x30' + question('data.' + UNLISTED)))",
    "data_in_the_labels_of_a_name": "socket.gethostbyname('c2VjcmV0.' + UNLISTED)",
    "data_below_a_listed_name": "socket.gethostbyname('c2VjcmV0.' + LISTED)",
    "server_name_that_is_not_listed": "tcp(LISTED_AT, 443, hello(UNLISTED))",
    "server_name_that_lies": "wrong(tcp(UNLISTED_AT, 443, hello(LISTED)))",
    "no_server_name": "tcp(UNLISTED_AT, 443, hello(None))",
    "hello_in_small_pieces": "tcp_slowly(LISTED_AT, 443, hello(UNLISTED))",
    "host_header_that_is_not_listed": "tcp(LISTED_AT, 80, get(UNLISTED))",
    "host_header_that_lies": "wrong(tcp(UNLISTED_AT, 80, get(LISTED)))",
    "host_header_unlike_the_server_name": "wrong(tcp(LISTED_AT, 443, hello(LISTED) + get(UNLISTED)))",
    "two_host_headers": "tcp(LISTED_AT, 80, get(LISTED, 'Host: ' + UNLISTED))",
    "address_in_the_request_line": "tcp(LISTED_AT, 80, get(LISTED).replace(b' / ', f' http://{UNLISTED}/ '.encode()))",
    "redirect": "wrong(urllib.request.urlopen(f'http://{LISTED}/redirect').read())",
    "connect": "wrong(tcp(LISTED_AT, 3128, f'CONNECT {UNLISTED}:443 HTTP/1.1\\r\\n\\r\\n'.encode() + get(UNLISTED)))",
    "connect_to_a_listed_host_and_another_name": (
        "wrong(tcp(LISTED_AT, 3128, f'CONNECT {LISTED}:443 HTTP/1.1\\r\\n\\r\\n'.encode() + hello(UNLISTED)))"
    ),
    "proxy_variables": (
        "os.environ.update(http_proxy=f'http://{UNLISTED_AT}:3128', https_proxy=f'http://{UNLISTED_AT}:3128')"
        " or wrong(urllib.request.urlopen(f'http://{UNLISTED}/').read())"
    ),
    "no_proxy_variables": (
        "[os.environ.pop(k) for k in list(os.environ) if 'proxy' in k.lower()] == 0"
        " or wrong(urllib.request.urlopen(f'http://{UNLISTED_AT}/').read())"
    ),
    "ipv6": "tcp('2001:db8::1', 80, family=socket.AF_INET6)",
    "ipv6_that_is_ipv4": "wrong(tcp('::ffff:' + UNLISTED_AT, 80, get(UNLISTED), family=socket.AF_INET6))",
    "udp": "udp(HOST, UDP_PORT)",
    "quic": "udp(LISTED_AT, 443, b'\\xc0\\0\\0\\0\\1' + bytes(1195))",
    "icmp": "ping(HOST)",
    "another_protocol": "sctp(HOST)",
    "the_hosts_loopback": "b'host' in tcp('127.0.0.1', TCP_PORT)",
    "the_hosts_own_address": "b'host' in tcp(HOST, TCP_PORT, get(HOST))",
    "the_hosts_address_by_slirp": "tcp('10.0.2.2', TCP_PORT, get('10.0.2.2'))",
    "the_hosts_address_by_docker": "tcp('172.17.0.1', TCP_PORT, get('172.17.0.1'))",
    "the_nameservers_other_ports": "tcp('198.18.0.1', 80, get('198.18.0.1'))",
    "link_local": "tcp('169.254.169.254', 80, get('169.254.169.254'))",
    "a_name_at_a_private_address": "wrong(tcp(LISTED_AT, 80, get(REBINDS)))",
    "packets_of_its_own_making": "packet()",
    "taking_the_interface_down": "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'eth0', 0)) is not None",
    "another_route": "run('ip', 'route', 'replace', 'default', 'dev', 'lo')",
    "other_rules": "run('iptables', '-F') or run('nft', 'flush', 'ruleset')",
    "a_namespace_of_its_own": "run('unshare', '-Urn', 'ip', 'link', 'set', 'eth0', 'netns', '1')",
}
MORE = """
def tcp_slowly(host, port, data):
    with socket.create_connection((host, port)) as s:
        for at in range(0, len(data), 99): s.sendall(data[at:at + 99])
        return s.recv(99)
def ping(host):
    try: s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    except PermissionError: s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with s:
        s.settimeout(1.5); s.sendto(b"\\x08\\0\\xf7\\xfd\\0\\1\\0\\1", (host, 0)); return s.recv(99)
def sctp(host):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 132) as s:
        s.settimeout(1.5); s.sendto(bytes(40), (host, 0)); return True
def packet():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        text = b"hello"; size = 28 + len(text)
        head = struct.pack(">BBHHHBBH4s4s", 69, 0, size, 1, 0, 64, 17, 0, bytes(4), socket.inet_aton(HOST))
        return s.sendto(head + struct.pack(">HHHH", 5353, UDP_PORT, 8 + len(text), 0) + text, (HOST, 0)) and "sent"
def run(*words):
    return subprocess.run(words, capture_output=True).returncode == 0
"""
TRY = """
for way, code in WAYS.items():
    sys.stdout.flush()
    if os.fork() == 0:
        try: got = eval(code)
        except Exception as e: said = f"held: {e!r}"
        else: said = f"THROUGH: {got!r}" if got else f"held: {got!r}"
        print(json.dumps([way, said]), flush=True)
        os._exit(0)
    os.wait()
"""
NO_HARM = {"taking_the_interface_down", "another_route", "other_rules", "a_namespace_of_its_own"}
"""Not tried on the host."""
ON_HOST = {
    "dns_of_another_resolver", "udp", "icmp", "the_hosts_loopback", "the_hosts_own_address",
    "packets_of_its_own_making",
}  # fmt: skip
"""Get through on the host itself. The others get through to whom a box may reach that has no list but the relay."""
NOWHERE = {
    "ipv6", "quic", "another_protocol", "the_hosts_address_by_slirp", "the_hosts_address_by_docker", "link_local",
    "the_nameservers_other_ports", "server_name_that_lies", "host_header_that_lies", "two_host_headers",
    "address_in_the_request_line", "host_header_unlike_the_server_name", "a_name_at_a_private_address",
}  # fmt: skip
"""Lead nowhere from this machine either, or are for nobody whatever the list says: that they hold is shown by who was
called."""


class Answer(socketserver.BaseRequestHandler):
    """Says whose it is, and redirects where it is asked to."""

    def handle(self) -> None:
        server: Any = self.server
        self.request.settimeout(90)
        data = self.request.recv(99_999)
        server.heard.append(data)
        if b"/hold" in data:
            self.request.sendall(server.name.encode())
            self.request.recv(1)
            return
        where = f"HTTP/1.1 302 Found\r\nLocation: http://{UNLISTED}/\r\nContent-Length: 0\r\n\r\n"
        body = f"HTTP/1.1 200 OK\r\nContent-Length: {len(server.name)}\r\n\r\n{server.name}"
        self.request.sendall((where if b"/redirect" in data else body).encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, name: str, address: str) -> None:
        super().__init__((address, 0), Answer)
        self.name = name
        self.heard: list[bytes] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def at(self) -> tuple[str, int]:
        return str(self.server_address[0]), int(self.server_address[1])


@dataclass
class World:
    right: Server
    wrong: Server
    facts: dict[str, object]


@contextmanager
def the_world() -> Iterator[World]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.254", 9))  # sends nothing; shows which address would be used
        host = str(probe.getsockname()[0])
    with ExitStack() as stack:
        right, wrong, own = (
            stack.enter_context(Server(name, address))
            for name, address in (("right", "127.0.0.1"), ("wrong", "127.0.0.1"), ("host", "0.0.0.0"))
        )
        for each in (right, wrong, own):
            stack.callback(each.shutdown)
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind((host, 0))
        threading.Thread(target=_echo, args=(datagrams,), daemon=True).start()
        for name, address, server in (
            (LISTED, LISTED_AT, right), (UNLISTED, UNLISTED_AT, wrong), (REBINDS, PRIVATE_AT, wrong),
            (f"c2vjcmv0.{LISTED}", "203.0.114.23", wrong), (f"c2vjcmv0.{UNLISTED}", "203.0.114.24", wrong),
        ):  # fmt: skip
            stack.enter_context(outside.standing_for(name, address, server.at))
        facts = {
            "LISTED": LISTED, "UNLISTED": UNLISTED, "REBINDS": REBINDS, "LISTED_AT": LISTED_AT,
            "UNLISTED_AT": UNLISTED_AT, "HOST": host, "TCP_PORT": own.at[1], "UDP_PORT": datagrams.getsockname()[1],
        }  # fmt: skip
        yield World(right, wrong, facts)


def _echo(datagrams: socket.socket) -> None:
    try:
        while True:
            data, sender = datagrams.recvfrom(9999)
            datagrams.sendto(data, sender)
    except OSError:
        return


def tried(world: World, ways: Iterable[str]) -> str:
    """A program that tries them, each in a process of its own."""
    wanted = {way: WAYS[way] for way in ways}
    return f"FACTS = {json.dumps(world.facts)}\nWAYS = {wanted!r}\n{PRELUDE}{MORE}{TRY}"


def read(output: bytes) -> dict[str, str]:
    said = dict(json.loads(line) for line in output.decode().splitlines())
    assert not any("NameError" in text or "SyntaxError" in text for text in said.values()), said
    return said


@dataclass(frozen=True)
class Tried:
    said: dict[str, str]
    asked: tuple[Asked, ...]
    wrong_heard: tuple[bytes, ...]
    looked_up: frozenset[str]
    """Names that this machine was asked for."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with the_world() as made:
        yield made


def listing(engine: Engine, recipe: Recipe, reach: Reach) -> BoxSpec:
    return BoxSpec(engine.build(recipe), network=True, reach=reach, user="root", entrypoint=())


def try_all(engine: Engine, world: World, reach: Reach, ways: Iterable[str], recipe: Recipe) -> Tried:
    looked_up: set[str] = set()
    resolve = outside.addresses_of

    async def watched(name: str) -> list[str]:
        looked_up.add(name)
        return await resolve(name)

    world.wrong.heard.clear()
    spec = listing(engine, recipe, reach)
    with patch.object(outside, "addresses_of", watched), engine.open(spec) as box:
        ran = box.run(Command(("python3", "-c", tried(world, ways)), 200))
        assert ran.status == 0, ran.output
        return Tried(read(ran.output), box.asked(), tuple(world.wrong.heard), frozenset(looked_up))


_held: dict[str, Tried] = {}


@pytest.fixture
def held(engine: Engine, engine_name: str, world: World, recipe_of: RecipeOf) -> Tried:
    """What came of all ways, in a box that has the list."""
    if engine_name not in _held:
        recipe = recipe_of("FROM debian:bookworm-slim\n")
        _held[engine_name] = try_all(engine, world, Reach((LISTED, REBINDS)), WAYS, recipe)
    return _held[engine_name]


@pytest.mark.parametrize("way", WAYS)
def test_a_way_round_gets_nowhere(held: Tried, way: str) -> None:
    assert held.said[way].startswith("held"), held.said[way]


def test_nobody_else_heard_anything_and_what_was_refused_is_told(held: Tried) -> None:
    assert held.wrong_heard == ()
    assert held.looked_up == {LISTED, REBINDS}
    assert {one.host for one in held.asked if one.let} == {LISTED}
    # For whom, the kernel does not say; nothing is sent by IPv6, which leads nowhere.
    assert {one.how for one in held.asked if not one.host} == {"udp", "icmp", "other"}
    refused = {one.host for one in held.asked if not one.let}
    below = {f"c2vjcmv0.{LISTED}", f"c2vjcmv0.{UNLISTED}"}
    assert refused >= {UNLISTED, UNLISTED_AT, LISTED_AT, REBINDS, "169.254.169.254", "10.0.2.2", "198.18.0.1", *below}


@pytest.mark.bwrap
def test_they_get_through_where_everything_is_let_through(
    bwrap_engine: Engine, world: World, recipe_of: RecipeOf
) -> None:
    """So it is the list that holds them."""
    ways = [way for way in WAYS if way not in NO_HARM | ON_HOST | NOWHERE]
    tried = try_all(bwrap_engine, world, Reach(anything=True), ways, recipe_of("FROM debian:bookworm-slim\n"))
    assert {way: said for way, said in tried.said.items() if not said.startswith("THROUGH")} == {}


def test_they_get_through_on_the_host(world: World) -> None:
    ran = subprocess.run([sys.executable, "-c", tried(world, ON_HOST)], capture_output=True, timeout=90, check=False)
    said = read(ran.stdout)
    may = ON_HOST if os.geteuid() == 0 else ON_HOST - {"packets_of_its_own_making", "icmp"}
    assert {way: text for way, text in said.items() if way in may and not text.startswith("THROUGH")} == {}


def test_a_service_is_no_relay(engine: Engine, recipe_of: RecipeOf, world: World) -> None:
    image = engine.build(recipe_of("FROM debian:bookworm-slim\n"))
    relay = (
        "import socket\n"
        "s = socket.create_server(('127.0.0.1', 7000))\n"
        "while True:\n"
        "  c = s.accept()[0]; data = c.recv(999)\n"
        "  try:\n"
        f"    out = socket.create_connection(('{UNLISTED_AT}', 80), 5); out.sendall(data); c.sendall(out.recv(99))\n"
        "  except OSError: pass\n"
        "  c.close()\n"
    )
    spec = BoxSpec(image, network=True, reach=Reach((LISTED,)), user="root", mounts=(), entrypoint=())
    main = Companion(spec, Member("main", shares=True))
    side = Companion(replace(spec, command=("python3", "-c", relay)), Member("side", shares=True))
    world.wrong.heard.clear()
    code = (
        "import socket, time\n"
        "for _ in range(200):\n"
        "  try: s = socket.create_connection(('127.0.0.1', 7000)); break\n"
        "  except OSError: time.sleep(.05)\n"
        f"s.sendall(b'GET / HTTP/1.1\\r\\nHost: {UNLISTED}\\r\\n\\r\\n'); print('said', s.recv(99))"
    )
    with opened(engine, [main, side], "main", limit=60) as box:
        ran = box.run(Command(("python3", "-c", code), 30))
        assert ran.output == b"said b''\n"
        assert [one.host for one in box.asked()] == [UNLISTED]
    assert world.wrong.heard == []


def test_a_connection_ends_when_its_host_is_taken_off_the_list(
    engine: Engine, recipe_of: RecipeOf, world: World
) -> None:
    code = (
        "import socket\n"
        f"s = socket.create_connection(('{LISTED_AT}', 80))\n"
        f"s.sendall(b'GET /hold HTTP/1.1\\r\\nHost: {LISTED}\\r\\n\\r\\n')\n"
        "assert s.recv(99) == b'right'\n"
        "open('/tmp/open', 'w').close()\n"
        "last = s.recv(99)\n"
        "open('/tmp/.closed', 'w').write(repr(last))\n"
        "import os; os.rename('/tmp/.closed', '/tmp/closed')\n"
    )
    wait = "for i in $(seq 600); do [ -e /tmp/{0} ] && exec cat /tmp/{0}; sleep 0.05; done; exit 1"
    spec = listing(engine, recipe_of("FROM debian:bookworm-slim\n"), Reach((LISTED,)))
    with engine.open(spec) as box:
        box.run(Command(("sh", "-c", f"python3 -c {shlex.quote(code)} >/tmp/log 2>&1 &"), 30))
        assert box.run(Command(("sh", "-c", wait.format("open")), 60)).status == 0
        assert box.run(Command(("test", "-e", "/tmp/closed"), 30)).status == 1
        box.allow(Reach())
        assert box.run(Command(("sh", "-c", wait.format("closed")), 60)).output == b"b''"


def test_a_containers_own_program_finds_its_list(engine: Engine, recipe_of: RecipeOf, world: World) -> None:
    code = (
        "import socket, time\n"
        f"s = socket.create_connection(('{LISTED}', 80))\n"
        f"s.sendall(b'GET / HTTP/1.1\\r\\nHost: {LISTED}\\r\\n\\r\\n')\n"
        "said = s.recv(999)[-5:]\n"
        "open('/tmp/.said', 'wb').write(said)\n"
        "import os; os.rename('/tmp/.said', '/tmp/said'); time.sleep(600)\n"
    )
    wait = "for i in $(seq 600); do [ -e /tmp/said ] && exec cat /tmp/said; sleep 0.05; done; exit 1"
    spec = replace(
        listing(engine, recipe_of("FROM debian:bookworm-slim\n"), Reach((LISTED,))), command=("python3", "-c", code)
    )
    with engine.open(spec) as box:
        assert box.run(Command(("sh", "-c", wait), 60)).output == b"right"
        assert (LISTED, 80) in {(one.host, one.port) for one in box.asked()}


@pytest.mark.bwrap
def test_services_with_networks_of_their_own_keep_to_the_list_too(
    bwrap_engine: Engine, recipe_of: RecipeOf, world: World
) -> None:
    image = bwrap_engine.build(recipe_of("FROM debian:bookworm-slim\n"))
    spec = BoxSpec(image, network=True, reach=Reach((LISTED,)), user="root", mounts=(), entrypoint=())
    # What is closed with something unread is reset.
    serve = (
        "import socket; s = socket.create_server(('', 7000))\n"
        "while True: c = s.accept()[0]; c.recv(99); c.sendall(b'side'); c.close()"
    )
    side = Companion(
        replace(spec, command=("python3", "-c", serve)),
        Member("side"),
        check=Healthcheck("python3 -c \"import socket; socket.create_connection(('localhost', 7000))\"", interval=0.05),
    )
    code = (
        f"{PRELUDE.replace('globals().update(FACTS)', '')}\n"
        f"heard = tcp('{LISTED}', 80, get('{LISTED}'))[-5:], tcp('{UNLISTED_AT}', 80, get('{UNLISTED}'))\n"
        "print(tcp('side', 7000), *heard)"
    )
    world.wrong.heard.clear()
    with opened(
        bwrap_engine, [Companion(spec, Member("main"), {"side": Until.HEALTHY}), side], "main", limit=60
    ) as box:
        assert box.run(Command(("python3", "-c", code), 30)).output == b"b'side' b'right' b''\n"
    assert world.wrong.heard == []


@pytest.mark.docker
def test_on_docker_they_are_refused(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    image = docker_engine.build(recipe_of("FROM debian:bookworm-slim\n"))
    with pytest.raises(EngineError, match="networks of its own keeps to no list"):
        docker_engine.group([Member("main")], image, network=True, internal=frozenset(), reach=Reach((LISTED,)))
