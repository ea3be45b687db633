"""The entries of JSON, YAML, TOML and HCL: a key with its value, an element of a list, one within another."""

from __future__ import annotations

from collections.abc import Iterator

from mutator.model import Edit
from mutator.operators.data import structured
from mutator.operators.data.document import Container, Document, own_lines
from mutator.parts.model import PartKind, Piece

LANGUAGES = frozenset({"json", "yaml", "toml", "hcl"})
MOST_ENTRIES = 200
"""Of one mapping or list; nobody wrote a longer one entry by entry."""


def data_pieces(text: str, language: str) -> list[Piece]:
    document = structured.read(text, language) if text.strip() else None
    if document is None:
        return []
    found: list[Piece] = []
    for number, container in enumerate(document.containers):
        if len(container.entries) <= MOST_ENTRIES:
            found += _entries(document, container, number)
    return found


def _entries(document: Document, container: Container, number: int) -> Iterator[Piece]:
    """One that shares its lines takes along what parts it from the next one; with nothing behind it, what parts it from
    the one before."""
    before = -1
    for entry in container.entries:
        alone = document.language != "json" and own_lines(document.text, entry) is not None
        at_end = Edit(before if before >= 0 else entry.start, entry.end, "")
        yield Piece(PartKind.STATEMENT, (Edit(*entry.loss, ""),), number, ending=() if alone else (at_end,))
        before = entry.end


def data_holds(text: str, language: str) -> bool:
    return not text.strip() or structured.errors(text, language) == 0
