"""What a patch brings: each hunk as the new text it leaves, of which only the added lines can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mutator.model import Fixed, SourceKind, Window
from mutator.sources.languages import language_of
from mutator.sources.piece import Piece
from mutator.sources.python import fragment
from mutator.spelling.window import Added, Parent, WindowBuilder
from mutator.unified_diff import Hunk, read_diff


def diff_pieces(window: Parent, known: Mapping[str, str]) -> Iterator[Piece]:
    for file in read_diff(window.text) or ():
        for hunk in file.hunks:
            if any(line.mark == "+" for line in hunk.lines):
                new = _new_side(window, hunk)
                language = known.get(file.path, "") or language_of(file.path, new.text)
                yield Piece(SourceKind.REPLACEMENT, language, file.path, fragment(new, language), file.path)


def _new_side(window: Parent, hunk: Hunk) -> Window:
    builder = WindowBuilder(window)
    for line in hunk.lines:
        if line.mark in " +":
            blank = window.text[line.start] not in " +"
            start = line.start if blank else line.start + 1
            builder.zone(Added() if line.mark == "+" else Fixed(), start)
            builder.plain(start, line.end)
    return builder.window()
