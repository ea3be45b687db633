"""What a sentence belongs to: the command or the function whose line of the instruction stands above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COMMAND = re.compile(r"[*_`\s]*([A-Z][A-Z_]{2,}|(?<=`)[a-z]{3,})\b(?=[`*_]|\s+<|\s+\[|\s*:|\s+[—–-]|\s+[a-z])")
_SIGNATURE = re.compile(r"[*_`\s]*(?:\w+\.)?([A-Za-z_]\w{2,})\([^)]*\)")


def command(text: str) -> str:
    """The command that a sentence begins with: `RENEW <client>`."""
    found = _COMMAND.match(text)
    return found[1] if found else ""


def signature(text: str) -> str:
    """The function that a sentence begins with: `renew(client)`."""
    found = _SIGNATURE.match(text)
    return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sentence stands."""

    text: str
    heading: str
    block: int
    """Which paragraph, item or row it is part of."""
    depth: int
    """How far that is indented; a paragraph less than an item."""


def abouts(sentences: Iterable[Placed]) -> Iterator[str]:
    """For each sentence, in their order, the name that the head above it gives; empty where it is under none."""
    head: Placed | None = None
    name, block = "", -1
    for sentence in sentences:
        inside = (
            head is not None
            and sentence.heading == head.heading
            and (sentence.block == head.block or sentence.depth > head.depth)
        )
        if not inside:
            head, name = None, ""
        if head is None and sentence.block != block:
            name = signature(sentence.text) or command(sentence.text)
            head = sentence if name else None
        block = sentence.block
        yield signature(sentence.text) or name
