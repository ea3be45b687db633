"""What a patch brings: the program as it is afterwards, of which only the added lines can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from mutator.model import Fixed, SourceKind, Window
from mutator.sources.before import LONGEST, Before
from mutator.sources.languages import language_of
from mutator.sources.piece import Piece
from mutator.sources.python import fragment
from mutator.spelling.diff import Added
from mutator.spelling.window import Parent, WindowBuilder
from mutator.unified_diff import FileDiff, Hunk, read_diff


def diff_pieces(window: Parent, known: Mapping[str, str], before: Before) -> Iterator[Piece]:
    """The whole of each file that the patch fits, else each hunk as the new text it leaves."""
    for file in read_diff(window.text) or ():
        if not any(line.mark == "+" for hunk in file.hunks for line in hunk.lines):
            continue
        base = before.find(file.path, partial(_fits, window, file))
        patched = _patched(window, file, base) if base is not None else None
        if patched is not None and len(patched.text) <= LONGEST:
            language = known.get(file.path, "") or language_of(file.path, patched.text)
            yield Piece(SourceKind.REPLACEMENT, language, file.path, patched, file.path)
            continue
        for hunk in file.hunks:
            if any(line.mark == "+" for line in hunk.lines):
                new = _new_side(window, hunk)
                language = known.get(file.path, "") or language_of(file.path, new.text)
                yield Piece(SourceKind.REPLACEMENT, language, file.path, fragment(new, language), file.path)


def _new_side(window: Parent, hunk: Hunk) -> Window:
    builder = WindowBuilder(window)
    added = Added.to(hunk)
    for line in hunk.lines:
        if line.mark in " +":
            blank = window.text[line.start] not in " +"
            start = line.start if blank else line.start + 1
            builder.zone(added if line.mark == "+" else Fixed(), start)
            builder.plain(start, line.end)
    return builder.window()


def _fits(window: Parent, file: FileDiff, base: str) -> bool:
    return _patched(window, file, base) is not None


def _patched(window: Parent, file: FileDiff, base: str) -> Window | None:
    """The file with every hunk applied; None where one does not fit."""
    lines = base.splitlines(keepends=True) if "\n" in base else [base]
    builder = WindowBuilder(window)
    done = 0
    for hunk in file.hunks:
        old = [_content(window, hunk, index) for index, line in enumerate(hunk.lines) if line.mark in " -"]
        at = _place(lines, old, max(hunk.old_line - 1, 0), done)
        if at is None or any(line.mark == "\\" for line in hunk.lines):
            return None
        _keep(builder, "".join(lines[done:at]), hunk.start)
        added = Added.to(hunk)
        for index, line in enumerate(hunk.lines):
            if line.mark == "+":
                builder.zone(added, line.start + 1)
                builder.plain(line.start + 1, line.end)
            elif line.mark == " ":
                _keep(builder, _content(window, hunk, index), line.start)
        done = at + len(old)
    _keep(builder, "".join(lines[done:]), file.hunks[-1].end)
    return builder.window()


def _content(window: Parent, hunk: Hunk, index: int) -> str:
    line = hunk.lines[index]
    text = window.text[line.start : line.end]
    return text if text[:1] in "\r\n" else text[1:]


def _keep(builder: WindowBuilder, text: str, outer: int) -> None:
    if text:
        builder.fixed(text, outer)


def _place(lines: list[str], old: list[str], expected: int, first: int) -> int | None:
    """Where the old side stands: where the hunk says, else at the only place where it does."""
    if lines[expected : expected + len(old)] == old and expected >= first:
        return expected
    found = [at for at in range(first, len(lines) - len(old) + 1) if lines[at : at + len(old)] == old] if old else []
    return found[0] if len(found) == 1 else None
