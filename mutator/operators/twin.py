"""A stand-in for a text in which bytes and characters have the same offsets, as tree-sitter's parsers need."""

from __future__ import annotations

import re

_FOREIGN = re.compile(r"[^\x00-\x7f]")


def ascii_twin(text: str) -> bytes:
    """Every character beyond ASCII becomes an `x`, which may stand wherever a letter, a text or a comment may."""
    return (text if text.isascii() else _FOREIGN.sub("x", text)).encode("ascii")
