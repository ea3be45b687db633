"""A notebook's code cells, each a program of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mutator.model import SourceKind
from mutator.sources.piece import Piece
from mutator.spelling.json import json_strings_window
from mutator.spelling.window import Parent

_DECODER = json.JSONDecoder()


def notebook_pieces(window: Parent, target: str) -> Iterator[Piece]:
    """In the order of the text; none where it is no notebook."""
    try:
        document = json.loads(window.text)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return
    language = _language(document)
    position = window.text.find('"cells"')
    for cell in document["cells"]:
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, str):
            source = [source]
        if not isinstance(source, list) or not all(isinstance(line, str) for line in source):
            continue
        spans = _spans(window.text, position, source)
        if spans is None:
            continue
        position = spans[-1][1] if spans else position
        cut = json_strings_window(window, spans)
        if cell.get("cell_type") == "code" and cut is not None and cut.text.strip():
            yield Piece(SourceKind.INLINE, language, target, cut, "cell")


def _language(document: dict[str, object]) -> str:
    metadata = document.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = kernel.get("language") or kernel.get("name") if isinstance(kernel, dict) else None
    said = name.lower() if isinstance(name, str) else "python"
    return "python" if said.startswith("python") else {"ir": "r"}.get(said, said)


def _spans(text: str, position: int, lines: list[str]) -> list[tuple[int, int]] | None:
    """Where the next `source` with these lines stands: cells come in order, keys within one in any."""
    while (position := text.find('"source"', position)) >= 0:
        position += len('"source"')
        at = text.find(":", position) + 1
        spans: list[tuple[int, int]] = []
        for line in lines:
            at = text.find('"', at)
            try:
                value, end = _DECODER.raw_decode(text, at)
            except ValueError:
                break
            if value != line:
                break
            spans.append((at, end))
            at = end
        if len(spans) == len(lines):
            return spans
    return None
