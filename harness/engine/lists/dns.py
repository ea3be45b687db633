"""Questions for names and the answers to them, as bytes. Pure."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

_A, _INTERNET = 1, 1
_RESPONSE, _ASKED_FOR_MORE, _MAY_ASK_MORE = 0x8000, 0x0100, 0x0080
_NO_SUCH_NAME = 3
_SECONDS = 30
"""For which an answer may be kept."""
_MOST = 16
"""Addresses in an answer, so that it fits in the smallest datagram."""


@dataclass(frozen=True, slots=True)
class NameQuestion:
    number: int
    flags: int
    name: str
    kind: int
    raw: bytes
    """As it was asked, to be said again in the answer."""

    @property
    def wants_an_address(self) -> bool:
        return self.kind == _A


def question(data: bytes) -> NameQuestion | None:
    """None for whatever is not one question."""
    if len(data) < 17 or len(data) > 600:
        return None
    number, flags, count = struct.unpack_from(">HHH", data)
    if flags & (_RESPONSE | 0x7800) or count != 1:
        return None
    labels, at = [], 12
    while at < len(data) and data[at]:
        length = data[at]
        if length > 63 or at + 1 + length >= len(data):
            return None
        labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
        at += 1 + length
    if at + 5 > len(data) or not labels or sum(map(len, labels)) + len(labels) > 254:
        return None
    kind, space = struct.unpack_from(">HH", data, at + 1)
    if space != _INTERNET:
        return None
    return NameQuestion(number, flags, ".".join(labels).lower(), kind, data[12 : at + 5])


def answer(asked: NameQuestion, addresses: Sequence[str]) -> bytes:
    """There may be no address: the name is there, and has none of this kind."""
    said = [socket.inet_aton(address) for address in addresses[:_MOST]] if asked.wants_an_address else []
    records = b"".join(struct.pack(">HHHIH", 0xC00C, _A, _INTERNET, _SECONDS, 4) + each for each in said)
    return _header(asked, 0, len(said)) + asked.raw + records


def no_such_name(asked: NameQuestion) -> bytes:
    """Nothing that a program would try again later."""
    return _header(asked, _NO_SUCH_NAME, 0) + asked.raw


def _header(asked: NameQuestion, code: int, count: int) -> bytes:
    flags = _RESPONSE | asked.flags & _ASKED_FOR_MORE | _MAY_ASK_MORE | code
    return struct.pack(">HHHHHH", asked.number, flags, 1, count, 0, 0)
