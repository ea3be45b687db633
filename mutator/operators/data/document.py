"""One model of data for every format: containers of entries, each entry with the span of its value and of its loss."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"
    NULL = "null"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ROW = "row"
    OTHER = "other"


@dataclass(slots=True)
class Entry:
    name: str
    """The key, or the position in a sequence."""
    kind: Kind
    start: int
    end: int
    """The whole entry: key, separator and value."""
    value: tuple[int, int]
    loss: tuple[int, int] = (0, 0)
    """What to delete so that the entry is gone and the rest still stands."""


@dataclass(slots=True)
class Container:
    kind: Kind
    path: str
    """`server.ports` or `rows[2]`; empty for the document itself."""
    depth: int
    entries: list[Entry] = field(default_factory=list)
    removable: bool = True
    """Whether the last entry may go (an empty container is legal here)."""

    def name_of(self, entry: Entry) -> str:
        if self.kind is Kind.MAPPING:
            return f"{self.path}.{entry.name}" if self.path else entry.name
        return f"{self.path}[{entry.name}]" if self.path else f"item {int(entry.name) + 1}"


@dataclass(slots=True)
class Document:
    text: str
    language: str
    containers: list[Container] = field(default_factory=list)


def settle(container: Container, text: str, *, by_line: bool) -> None:
    """Fill in each entry's loss: its lines where it has them to itself and `by_line` says that they are all there is to
    it; else up to the next sibling, the last one from the end of the one before."""
    entries = container.entries
    for index, entry in enumerate(entries):
        lines = own_lines(text, entry) if by_line else None
        if lines is not None:
            entry.loss = lines
        elif index + 1 < len(entries):
            entry.loss = (entry.start, entries[index + 1].start)
        elif index:
            entry.loss = (entries[index - 1].end, entry.end)
        else:
            entry.loss = (entry.start, entry.end)


_AFTER = re.compile(r"[ \t]*(?:#[^\n]*)?(\n|\Z)")


def own_lines(text: str, entry: Entry) -> tuple[int, int] | None:
    """The lines that an entry has to itself."""
    begins = text.rfind("\n", 0, entry.start) + 1
    after = _AFTER.match(text, entry.end)
    if after is None or not after[1] or text[begins : entry.start].strip(" \t"):
        return None
    return begins, after.end()
