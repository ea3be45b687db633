"""From a solution's files and sources to its parts, each with the one that it is within."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mutator.model import ByteEdit, Counted, Source, SourceKind, Unwritable, Window
from mutator.operators.code.dialects import DIALECTS
from mutator.parts import data, programs, python, shell
from mutator.parts.model import Cut, Holds, Part, PartKind, Piece
from mutator.shell.syntax import balanced, plain

MOST = 3000
"""Parts of a solution; of a larger one only files and steps are told apart."""
LARGEST = 400_000
"""Characters of a source that is cut; no person wrote a longer one by hand."""


def cut_solution(files: Mapping[str, bytes], sources: Sequence[Source], script: str) -> Cut:
    """`script` is run, so it is no part that could go as a whole."""
    found = [
        Part(0, PartKind.FILE, name, name, (), (ByteEdit(0, len(data), b""),), None, name)
        for name, data in files.items()
        if name != script and data
    ]
    holds: dict[str, Holds] = {}
    by_id = {source.id: source for source in sources}
    for source in sources:
        if source.kind in (SourceKind.REPLACEMENT, SourceKind.PRINTED) or len(source.text) > LARGEST:
            continue
        if _is_counted(source):
            continue  # the whole patch is a source of its own
        pieces = pieces_of(source)
        if pieces:
            holds[source.id] = holds_of(source)
            found += _written(source, pieces)
    if len(found) > MOST:
        found = [part for part in found if part.kind in (PartKind.FILE, PartKind.STEP)]
    return Cut(files, tuple(_nested(found)), by_id, holds)


def pieces_of(source: Source) -> list[Piece]:
    text, language = source.text, source.language
    if language == "python":
        return python.python_pieces(text)
    if language == "shell":
        return shell.shell_pieces(text)
    if language == "nginx":
        return programs.nginx_pieces(text)
    if language == "diff":
        return programs.diff_pieces(text)
    if language == "sql":
        return programs.sql_pieces(text)
    if language in data.LANGUAGES:
        return data.data_pieces(text, language)
    if language in DIALECTS:
        return programs.program_pieces(text, language)
    return programs.line_pieces(text) if language in programs.BY_LINE else []


def holds_of(source: Source) -> Holds:
    text, language = source.text, source.language
    if language == "python":
        return python.python_holds
    if language == "shell":
        faults, whole = shell.shell_holds(text), balanced(plain(text))
        return lambda left: shell.still_holds(left, faults, whole)
    if language == "nginx":
        return programs.nginx_holds
    if language == "diff":
        return programs.diff_holds
    if language in data.LANGUAGES:
        return lambda left: data.data_holds(left, language)
    if language in DIALECTS and language != "sql":
        count = programs.program_faults(text, language)
        return lambda left: programs.program_holds(left, language, count)
    return lambda _left: True


def _written(source: Source, pieces: Sequence[Piece]) -> list[Part]:
    found: list[Part] = []
    for piece in pieces:
        try:
            written = source.rewrite(piece.edits)
        except Unwritable:
            continue
        text = source.text[piece.edits[0].start : piece.edits[0].end]
        lines = (line.strip(" \t,") for line in text.splitlines() if not _is_remark(line))
        said = next(filter(None, lines), "")
        suite = (source.id, piece.suite) if piece.suite >= 0 else None
        found.append(
            Part(
                0, piece.kind, source.id, source.file, piece.edits, written, None, said, suite, piece.filler,
                piece.ending,
            )
        )  # fmt: skip
    return found


def _is_remark(line: str) -> bool:
    return line.lstrip().startswith("#")


def _is_counted(source: Source) -> bool:
    window = source.window
    while isinstance(window, Window):
        if any(isinstance(spelling, Counted) for _, spelling in window.zones):
            return True
        window = window.parent
    return False


def _nested(parts: Sequence[Part]) -> list[Part]:
    """In the order of the files, each behind the one that it is within; of two with the same extent the first."""
    ordered = sorted(parts, key=lambda part: (part.file, part.bytes[0].start, -_extent(part)))
    found: list[Part] = []
    seen: set[tuple[str, tuple[ByteEdit, ...]]] = set()
    open_parts: list[Part] = []
    for part in ordered:
        if (part.file, part.bytes) in seen:
            continue
        seen.add((part.file, part.bytes))
        open_parts = [each for each in open_parts if each.file == part.file and _reach(each) > part.bytes[0].start]
        around = [each for each in open_parts if _holds_part(each, part)]
        parent = min(around, key=_extent).index if around else None
        made = replace(part, index=len(found), parent=parent)
        found.append(made)
        open_parts.append(made)
    return found


def _extent(part: Part) -> int:
    return sum(edit.end - edit.start for edit in part.bytes)


def _reach(part: Part) -> int:
    return part.bytes[-1].end


def _holds_part(outer: Part, inner: Part) -> bool:
    return all(any(one.start <= each.start and each.end <= one.end for one in outer.bytes) for each in inner.bytes)
