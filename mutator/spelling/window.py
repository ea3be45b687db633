"""How text is quoted inside other text: each reader decodes a piece into a Window that can write it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mutator.model import Edit, FileText, Fixed, Run, Spelling, Unwritable, Window

Parent = Window | FileText


class WindowBuilder:
    """Collects the runs of a decoded text from left to right."""

    def __init__(self, parent: Parent) -> None:
        self.parent = parent
        self.parts: list[str] = []
        self.length = 0
        self.runs: list[Run] = []
        self.zones: list[tuple[int, Spelling]] = []
        self.opaque: list[tuple[int, int]] = []

    def zone(self, spelling: Spelling, outer: int) -> None:
        """What follows is written in this way, from `outer` on: an anchor even where nothing follows."""
        if not self.zones or self.zones[-1][1] != spelling:
            if self.zones and self.zones[-1][0] == self.length:
                self.zones.pop()
            self.zones.append((self.length, spelling))
        self._run(self.length, 0, outer, 0)

    def plain(self, start: int, end: int) -> None:
        if end > start:
            self._add(self.parent.text[start:end], start, end - start)

    def escape(self, text: str, start: int, end: int) -> None:
        """One character of text that the parent writes with several."""
        self._add(text, start, end - start)

    def expansion(self, start: int, end: int) -> None:
        self.opaque.append((self.length, self.length + end - start))
        self.plain(start, end)

    def include(self, window: Window) -> None:
        """Another piece of the same parent, behind what is there."""
        offset = self.length
        for start, spelling in window.zones:
            if not self.zones or self.zones[-1][1] != spelling:
                self.zones.append((offset + start, spelling))
        for run in window.runs:
            self._run(offset + run.start, run.length, run.outer, run.width)
        self.opaque += [(offset + start, offset + end) for start, end in window.opaque]
        self.parts.append(window.text)
        self.length += len(window.text)

    def fixed(self, text: str, outer: int) -> None:
        """Text that is nowhere written, such as the line end that `echo` adds."""
        self.zones.append((self.length, Fixed()))
        self._run(self.length, len(text), outer, 0)
        self.parts.append(text)
        self.length += len(text)

    def _add(self, text: str, outer: int, width: int) -> None:
        self._run(self.length, len(text), outer, width)
        self.parts.append(text)
        self.length += len(text)

    def _run(self, start: int, length: int, outer: int, width: int) -> None:
        if self.runs:
            last = self.runs[-1]
            touches = last.outer + last.width == outer
            if touches and length == width and last.length == last.width:
                self.runs[-1] = Run(last.start, last.length + length, last.outer, last.width + width)
                return
            if last.length == last.width == 0 and last.start == start:
                self.runs.pop()
        self.runs.append(Run(start, length, outer, width))

    def window(self) -> Window:
        return Window("".join(self.parts), self.parent, tuple(self.runs), tuple(self.zones), tuple(self.opaque))


def spell(window: Window, edit: Edit, escape: Callable[[str], str], *, expands: bool) -> str:
    """The new text with `escape` applied to all but the expansions that it keeps."""
    known = window.opaque_texts
    if not known:
        return escape(edit.new)
    removed = set(window.opaque_in(edit))
    parts: list[str] = []
    done = 0
    for match in _alternatives(tuple(known)).finditer(edit.new):
        name = match[0]
        if not expands:
            if name in removed:
                raise Unwritable(f"{name} cannot expand in this quoting")
            continue
        if name not in removed and window.text.count(name) > known[name]:
            raise Unwritable(f"{name} is both an expansion and plain text here")
        parts += (escape(edit.new[done : match.start()]), name)
        done = match.end()
    parts.append(escape(edit.new[done:]))
    return "".join(parts)


@lru_cache(maxsize=8)
def _alternatives(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the expansions; `$A` is none within `$AB`."""
    ordered = sorted(names, key=len, reverse=True)
    return re.compile("|".join(re.escape(name) + r"(?![A-Za-z0-9_])" * name[-1].isalnum() for name in ordered))


# Parts of a text and lines moved to the left


@dataclass(frozen=True, slots=True)
class Indented:
    """Inside lines that all stand `indent` further to the right."""

    indent: str = ""

    def __call__(self, window: Window, edit: Edit) -> str:
        spelled = edit.new.replace("\n", "\n" + self.indent)
        ends = edit.end == len(window.text) and edit.new.endswith("\n")
        return spelled.removesuffix(self.indent) if ends else spelled


def part_window(parent: Parent, start: int, end: int, indent: str = "") -> Window:
    """parent.text[start:end], each line without its indent."""
    text = parent.text
    builder = WindowBuilder(parent)
    builder.zone(Indented(indent), start)
    position = start
    while position < end:
        newline = text.find("\n", position, end)
        after = end if newline < 0 else newline + 1
        if indent and text.startswith(indent, position):
            position = min(position + len(indent), after)
        builder.plain(position, after)
        position = after
    return builder.window()
