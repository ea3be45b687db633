"""Pins of bytes that are no text, where the instruction says what they are, byte for byte. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.harden.inside_pins import PinMaker
from harness.harden.model import Pin, Read, Seen

LONGEST = 600
_STATED = re.compile(
    r"\bbyte[- ]?(?:identical|exact|for[- ]byte|perfect)|\bbit[- ]exact|\bexact(?:ly the same)? bytes"
    r"|\bsame (?:stdout )?bytes|\b(?:little|big)[- ]endian\b|\b[ui]\d{1,2}\b|\buint\d{1,2}|\bLE\b|\bBE\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\bcompress|\bgzip|\bzlib (?:stream|data)|\bdeflate|\bencrypt|\bsalt\b|\bnonce\b|\bdigital(?:ly)? sign",
    re.IGNORECASE,
)
"""Of such data many forms are right."""


def _unstated(maker: PinMaker) -> str:
    if maker.stated.many or _OPEN.search(maker.stated.instruction):
        return "one of several right answers"
    return "" if _STATED.search(maker.stated.instruction) else "each byte of it"


def data_pins(maker: PinMaker, data: str) -> Iterator[Pin]:
    """What a program prints; each character of `data` is a byte."""
    written = data.encode("latin-1")
    if len(written) <= LONGEST:

        def holds(seen: Seen) -> bool:
            return bool(seen.get("data", seen["out"]) == data)

        says = f"it prints the bytes {written[:30].hex(' ')}" + (" ..." if len(written) > 30 else "")
        yield maker.pin(says, [f"assert result.stdout == {written!r}"], holds, 12, _unstated(maker))


def digest_pins(maker: PinMaker, place: str, name: str, read: Read, digest: str, why: str) -> Iterator[Pin]:
    """`place`: the file as an expression."""
    kind, _, value = digest.partition(" ")
    yield maker.pin(
        f"{name} has the bytes of which the {kind} begins with {value[:12]}",
        [f"assert hashlib.{kind}({place}.read_bytes()).hexdigest() == {value!r}"],
        lambda seen: read(seen) == digest,
        16,
        why or _unstated(maker),
        ["hashlib", "pathlib"],
    )
