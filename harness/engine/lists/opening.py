"""What a connection's first bytes say about the host that they are for: TLS's server name, HTTP's host. Pure.

The bytes come from a box, so they may be anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

MOST = 64 << 10
"""Bytes within which a connection has to say what it is."""

How = Literal["tls", "http", "connect", "address"]
_METHOD = re.compile(rb"[A-Z]{1,16} ")
_BEGINS = re.compile(rb"[A-Z]{0,16}\Z")
_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*", re.IGNORECASE)
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME = 22, 1, 0


@dataclass(frozen=True, slots=True)
class Opening:
    how: How
    host: str = ""
    """'' where nothing names one: then the address that was called counts."""
    port: int = 0
    """Of `connect`: the port asked for."""
    length: int = 0
    """Of `connect`: how many of the bytes are its request."""
    broken: str = ""
    """It names several hosts or none that can be one, and is for nobody."""


class _Short(Exception):
    pass


def opening(data: bytes, *, ended: bool = False) -> Opening | None:
    """None where more bytes are needed. `ended`: there will be no more."""
    try:
        found = _opening(data)
    except _Short:
        found = None
    if found is None and (ended or len(data) >= MOST):
        return Opening("address", broken="" if ended else "it does not say in its first bytes what it is")
    return found


def _opening(data: bytes) -> Opening | None:
    if data[:1] == bytes([_HANDSHAKE]) and data[1:2] in (b"", b"\x03"):
        return _tls(data)
    if _METHOD.match(data):
        return _http(data)
    return None if _BEGINS.match(data) else Opening("address")


# HTTP


def _http(data: bytes) -> Opening | None:
    end = _END.search(data)
    if end is None:
        return None
    first, *lines = data[: end.start()].decode("latin-1").replace("\r\n", "\n").split("\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/"):
        return Opening("address")
    headers = [line.partition(":") for line in lines]
    if any(not name or name != name.strip() for name, _, _ in headers):
        return Opening("http", broken="its headers are no headers")
    hosts = {value.strip() for name, _, value in headers if name.lower() == "host"}
    if method == "CONNECT":
        host, port = _authority(target)
        if not host or not port:
            return Opening("connect", broken="it names no host and port to connect to")
        return Opening("connect", host, port, end.end())
    found = re.match(r"[a-z][a-z0-9+.-]*://([^/?#]*)", target, re.IGNORECASE)
    if found:
        hosts.add(found[1].rpartition("@")[2])
    names = {_authority(host)[0].lower().rstrip(".") for host in hosts}
    if not names or names == {""} == hosts:
        return Opening("http")
    if len(names) > 1 or "" in names:
        return Opening("http", broken="it names several hosts, or none that can be one")
    return Opening("http", names.pop())


def _authority(text: str) -> tuple[str, int]:
    """(host, port) of `host:port`; '' where it is neither a name nor an address, 0 where no port is said."""
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?", text, re.IGNORECASE)
    if not found:
        return "", 0
    host = found[1].strip("[]")
    is_name = _NAME.fullmatch(host.rstrip(".")) is not None or ":" in host
    return (host if is_name else ""), int(found[2] or 0)


# TLS


def _tls(data: bytes) -> Opening | None:
    hello = _handshake(data)
    if hello[0] != _CLIENT_HELLO:
        return Opening("address")
    extensions = _Bytes(_Bytes(hello[4:]).client_hello())
    names = []
    while extensions.left:
        kind, content = extensions.number(2), extensions.block(2)
        if kind == _SERVER_NAME:
            names += _Bytes(content).server_names()
    if not names:
        return Opening("tls")
    name = names[0].decode("latin-1")
    if len(names) > 1 or not _NAME.fullmatch(name.rstrip(".")):
        return Opening("tls", broken="its hello names several hosts, or none that can be one")
    return Opening("tls", name.lower().rstrip("."))


def _handshake(data: bytes) -> bytes:
    """The first message, which may come in several records."""
    records, message = _Bytes(data), b""
    while True:
        if records.number(1) != _HANDSHAKE:
            return b"\0"
        records.number(2)
        message += records.block(2)
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4]):
            return message[: 4 + int.from_bytes(message[1:4])]


class _Bytes:
    """Reads numbers and blocks one after the other; raises _Short where there are too few bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _Short
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self, size: int) -> bytes:
        """With its length before it, a number of `size` bytes."""
        return self.take(self.number(size))

    def client_hello(self) -> bytes:
        """Its extensions."""
        self.take(2 + 32)
        self.block(1)
        self.block(2)
        self.block(1)
        return self.block(2) if self.left else b""

    def server_names(self) -> list[bytes]:
        entries, found = _Bytes(self.block(2)), []
        while entries.left:
            kind, name = entries.number(1), entries.block(2)
            if kind == 0:
                found.append(name)
        return found
