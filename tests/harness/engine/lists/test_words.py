"""What a list says, what a connection's first bytes say, and questions for names: pure."""

from __future__ import annotations

import ssl
import struct
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.lists import walls
from harness.engine.lists.dns import answer, no_such_name, question
from harness.engine.lists.opening import Opening, opening
from harness.engine.lists.outside import refusal
from harness.engine.lists.reach import Asked, Reach, address_in, to_list


@pytest.mark.parametrize(
    ("entry", "host", "lets"),
    [
        ("example.org", "example.org", True),
        ("example.org", "EXAMPLE.org.", True),
        ("example.org", "www.example.org", False),
        ("example.org", "notexample.org", False),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "notexample.org", False),
        ("*.example.org", "www.example.org.evil.net", False),
        ("example.org", "", False),
        ("203.0.114.7", "203.0.114.7", True),
        ("203.0.114.7", "203.0.114.8", False),
        ("203.0.114.0/24", "203.0.114.8", True),
        ("203.0.114.0/24", "203.0.115.8", False),
        ("203.0.114.7", "::ffff:203.0.114.7", True),
        ("2a00:1450::/32", "[2a00:1450::1]", True),
        ("2a00:1450::/32", "203.0.114.7", False),
        ("*.7", "203.0.114.7", False),
    ],
)
def test_an_entry_lets_through_what_it_says(entry: str, host: str, lets: bool) -> None:
    assert Reach((entry,)).lets(host) is lets


def test_everything_but_nothing() -> None:
    assert Reach(anything=True).lets("any.example")
    assert not Reach(anything=True).lets("")
    assert not Reach().lets("any.example")


@pytest.mark.parametrize(
    ("address", "hosts", "refused"),
    [
        ("203.0.114.7", (), False),
        ("10.1.2.3", (), True),
        ("10.1.2.3", ("10.0.0.0/8",), False),
        ("127.0.0.1", ("127.0.0.0/8",), True),
        ("::ffff:127.0.0.1", ("127.0.0.0/8",), True),
        ("::1", ("::/0",), True),
        ("0.0.0.0", ("0.0.0.0/0",), True),
        ("169.254.169.254", ("0.0.0.0/0",), True),
        ("fe80::1", ("::/0",), True),
        ("224.0.0.1", ("0.0.0.0/0",), True),
        ("100.64.0.1", (), True),
        ("64:ff9b::a9fe:a9fe", ("::/0",), True),
        ("2002:7f00:1::1", ("::/0",), True),
        ("2a00:1450::1", (), False),
    ],
)
def test_what_no_name_may_lead_to(address: str, hosts: tuple[str, ...], refused: bool) -> None:
    found = address_in(address)
    assert found is not None
    assert bool(refusal(found, Reach(hosts))) is refused


def test_a_list_is_written_of_what_was_called() -> None:
    asked = [
        Asked("pypi.org", 0, "dns", True),
        Asked("pypi.org", 443, "tls", True),
        Asked("files.example", 80, "http", True),
        Asked("only-looked-up.example", 0, "dns", True),
        Asked("10.0.0.1", 80, "address", False, "it is at a private address"),
        Asked("203.0.114.7", 80, "address", True),
    ]
    assert to_list(asked) == ("203.0.114.7", "files.example", "pypi.org")


def test_what_the_kernel_refused_is_told_by_its_protocol_and_its_own_is_not() -> None:
    counted = """
*filter
:OUTPUT ACCEPT [7:420]
[2:80] -A OUTPUT -o eth0 -p igmp -j DROP
[3:120] -A OUTPUT ! -d 127.0.0.1/32 -o eth0 -p udp -j REJECT --reject-with icmp-port-unreachable
[0:0] -A OUTPUT ! -d 127.0.0.1/32 -o eth0 -p icmp -j REJECT --reject-with icmp-port-unreachable
[1:40] -A OUTPUT ! -d 127.0.0.1/32 -o eth0 -j REJECT --reject-with icmp-port-unreachable
COMMIT
"""
    assert list(walls.refused(counted)) == ["udp", "other"]


@cache
def hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise AssertionError


def in_records(message: bytes, size: int) -> bytes:
    body = message[5:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)


def request(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (hello("Example.org"), Opening("tls", "example.org")),
        (in_records(hello("example.org"), 7), Opening("tls", "example.org")),
        (hello(None), Opening("tls")),
        (b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", Opening("address")),
        (b"\x15\x03\x01\x00\x02\x01\x00", Opening("address")),
        (request("GET / HTTP/1.1", "Host: example.org"), Opening("http", "example.org")),
        (request("GET / HTTP/1.1", "hOST:  Example.org.:8080 "), Opening("http", "example.org")),
        (b"GET / HTTP/1.1\nHost: example.org\n\n", Opening("http", "example.org")),
        (request("GET http://example.org:81/x HTTP/1.1", "Host: example.org"), Opening("http", "example.org")),
        (request("GET / HTTP/1.1", "Host: [2a00:1450::1]:80"), Opening("http", "2a00:1450::1")),
        (request("GET / HTTP/1.0"), Opening("http")),
        (request("CONNECT example.org:443 HTTP/1.1"), Opening("connect", "example.org", 443, 36)),
        (b"SSH-2.0-OpenSSH\r\n", Opening("address")),
        (b"\x00anything", Opening("address")),
        (b"GET me\r\n\r\n", Opening("address")),
    ],
)
def test_what_first_bytes_say(data: bytes, wanted: Opening) -> None:
    assert opening(data) == wanted


@pytest.mark.parametrize(
    "data",
    [
        request("GET / HTTP/1.1", "Host: example.org", "Host: other.example"),
        request("GET http://other.example/ HTTP/1.1", "Host: example.org"),
        request("GET http://example.org@other.example/ HTTP/1.1", "Host: example.org"),
        request("GET / HTTP/1.1", "Host: example.org, other.example"),
        request("GET / HTTP/1.1", "Host: example.org", " other.example"),
        request("GET / HTTP/1.1", "Host : example.org"),
        request("GET / HTTP/1.1", "Host: example.org\0.other.example"),
        request("CONNECT example.org HTTP/1.1"),
        request("CONNECT /x HTTP/1.1"),
        hello("example.org").replace(b"example.org", b"exam\0le.org"),
        b"GET / HTTP/1.1\r\nX: " + b"x" * (64 << 10),
    ],
)
def test_what_names_several_hosts_or_none_is_for_nobody(data: bytes) -> None:
    found = opening(data)
    assert found is not None
    assert found.broken


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=300).map(lambda data: b"\x16\x03" + data)), st.booleans())
def test_any_bytes_say_something_or_too_little(data: bytes, ended: bool) -> None:
    found = opening(data, ended=ended)
    assert found is not None or not ended


@given(st.integers(min_value=0, max_value=600))
def test_a_beginning_says_too_little_and_never_something_else(size: int) -> None:
    for data in (hello("example.org"), request("GET / HTTP/1.1", "Host: example.org")):
        assert opening(data[:size]) == (opening(data) if size >= len(data) else None)


def asked_for(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def test_a_question_is_read_and_answered() -> None:
    found = question(asked_for("Www.Example.org"))
    assert found is not None
    assert (found.name, found.wants_an_address) == ("www.example.org", True)
    said = answer(found, ["203.0.114.7", "203.0.114.8"])
    assert struct.unpack_from(">HHHH", said) == (7, 0x8180, 1, 2)
    assert said.endswith(bytes([203, 0, 114, 8]))
    assert struct.unpack_from(">HHHH", no_such_name(found)) == (7, 0x8183, 1, 0)
    other = question(asked_for("example.org", 28))
    assert other is not None
    assert struct.unpack_from(">HHHH", answer(other, ["203.0.114.7"])) == (7, 0x8180, 1, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        asked_for("example.org")[:-1],
        asked_for("example.org").replace(b"\0\1\0\0", b"\0\2\0\0", 1),
        b"\0\7\x81\0" + asked_for("example.org")[4:],
        asked_for("example.org")[:12] + b"\xc0\x0c" + asked_for("example.org")[12:],
        asked_for("example.org")[:-1] + b"\3",
        asked_for("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 63),
    ],
)
def test_what_is_no_question_gets_no_answer(data: bytes) -> None:
    assert question(data) is None


@given(st.binary(max_size=80))
def test_any_datagram_is_a_question_or_none(data: bytes) -> None:
    found = question(data)
    assert found is None or answer(found, ["203.0.114.7"])
