"""Parts of a solution, and the solution without some of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from mutator.model import ByteEdit, Edit, Source, Unwritable, apply, apply_bytes


class PartKind(StrEnum):
    FILE = "file"
    STEP = "step"
    """A command of a shell script."""
    FUNCTION = "function"
    """Or a class."""
    STATEMENT = "statement"
    """Or a directive, a line of a configuration, a hunk of a patch."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part as a language's own reader finds it."""

    kind: PartKind
    edits: tuple[Edit, ...]
    """Ascending and disjoint; what stands there instead, if anything, says nothing."""
    suite: int = -1
    """The list of statements that may not become empty; -1 where it may, or where the edits leave something there."""
    filler: str = ""
    """What stands in for the first member of a suite that has lost all of them."""
    ending: tuple[Edit, ...] = ()
    """What goes instead where all that is behind it in its suite goes too: with the comma before it, not the next."""


@dataclass(frozen=True, slots=True)
class Part:
    index: int
    kind: PartKind
    source: str
    """The id of the source; the file's name for a whole file."""
    file: str
    edits: tuple[Edit, ...]
    """In the source's text; none for a whole file."""
    bytes: tuple[ByteEdit, ...]
    """The same in the file."""
    parent: int | None
    """The smallest part that this one is within."""
    said: str
    """Its first line."""
    suite: tuple[str, int] | None = None
    filler: str = ""
    ending: tuple[Edit, ...] = ()


AnyEdit = TypeVar("AnyEdit", Edit, ByteEdit)
Holds = Callable[[str], bool]
"""Whether a source's text is still of its language."""

_CODE = re.compile(r"^\s*(?!(?:#(?!!)|//|--(?:\s|$)|/\*|\*/|\*\s))\S")


@dataclass(frozen=True)
class Cut:
    files: Mapping[str, bytes]
    parts: tuple[Part, ...]
    """Each behind the one that it is within."""
    sources: Mapping[str, Source]
    holds: Mapping[str, Holds]

    @cached_property
    def within(self) -> Mapping[int, tuple[int, ...]]:
        """Part -> all parts within it."""
        found: dict[int, list[int]] = {part.index: [] for part in self.parts}
        for part in self.parts:
            for above in self.above(part.index):
                found[above].append(part.index)
        return {index: tuple(inside) for index, inside in found.items()}

    def above(self, index: int) -> Iterator[int]:
        at = self.parts[index].parent
        while at is not None:
            yield at
            at = self.parts[at].parent

    @cached_property
    def depths(self) -> Sequence[int]:
        return [sum(1 for _ in self.above(part.index)) for part in self.parts]

    def whole(self, indices: Iterable[int]) -> frozenset[int]:
        """These and all that is within them."""
        return frozenset(each for index in indices for each in (index, *self.within[index]))

    def outermost(self, removed: Set[int]) -> list[Part]:
        """The removed parts that are within no other removed one."""
        return [self.parts[index] for index in sorted(removed) if removed.isdisjoint(self.above(index))]

    def without(self, removed: Set[int]) -> dict[str, bytes] | None:
        """The changed files; None where what is left does not parse any more, or cannot be written."""
        texts = self.texts(removed)
        if texts is None or not all(self.holds[source](text) for source, text in texts.items()):
            return None
        parts = self.outermost(removed)
        instead = self._instead(parts, removed)
        by_file: dict[str, list[ByteEdit]] = {}
        for part in parts:
            written = part.bytes
            if part.index in instead:
                try:
                    written = self.sources[part.source].rewrite(instead[part.index])
                except Unwritable:
                    return None
            by_file.setdefault(part.file, []).extend(written)
        files: dict[str, bytes] = {}
        for file, changes in by_file.items():
            made = together(changes)
            if made is None:
                return None
            files[file] = apply_bytes(self.files[file], made)
        return files

    def texts(self, removed: Set[int]) -> dict[str, str] | None:
        """The sources that lose something and are still there, as they become; None where two changes cross."""
        parts = self.outermost(removed)
        instead = self._instead(parts, removed)
        by_source: dict[str, list[Edit]] = {}
        for part in parts:
            if part.edits:
                by_source.setdefault(part.source, []).extend(instead.get(part.index, part.edits))
        found: dict[str, str] = {}
        for source, of_source in by_source.items():
            joined = together(of_source)
            if joined is None:
                return None
            found[source] = apply(self.sources[source].text, joined)
        return found

    def _instead(self, parts: Sequence[Part], removed: Set[int]) -> dict[int, tuple[Edit, ...]]:
        """Parts whose edits are others here: the first member of a suite that has lost all of them, for which something
        stands in, and those with nothing of their suite left behind them."""
        emptied = {suite for suite, members in self._suites.items() if members <= removed}
        found: dict[int, tuple[Edit, ...]] = {}
        for part in parts:
            if part.suite is None:
                continue
            if part.ending:
                if all(each in removed for each in self._suites[part.suite] if each > part.index):
                    found[part.index] = part.ending
            elif part.suite in emptied:
                emptied.remove(part.suite)
                found[part.index] = _filled(part, part.filler)
        return found

    @cached_property
    def _suites(self) -> Mapping[tuple[str, int], frozenset[int]]:
        found: dict[tuple[str, int], set[int]] = {}
        for part in self.parts:
            if part.suite is not None:
                found.setdefault(part.suite, set()).add(part.index)
        return {suite: frozenset(members) for suite, members in found.items()}

    def text(self, part: Part) -> str:
        """What goes with it."""
        if not part.edits:
            return self.files[part.file].decode("utf-8", "replace")
        text = self.sources[part.source].text
        return "\n".join(text[edit.start : edit.end] for edit in part.edits)

    def gone(self, removed: Set[int]) -> dict[str, list[ByteEdit]]:
        """File -> what of it goes, in its bytes."""
        found: dict[str, list[ByteEdit]] = {}
        for part in self.outermost(removed):
            found.setdefault(part.file, []).extend(part.bytes)
        return {file: list(together(edits) or ()) for file, edits in found.items()}


def _filled(part: Part, filler: str) -> tuple[Edit, ...]:
    return (replace(part.edits[0], new=filler), *part.edits[1:])


def together(edits: Iterable[AnyEdit]) -> tuple[AnyEdit, ...] | None:
    """All edits at once: one within another goes with it. None where two cross each other and say something."""
    kept: list[AnyEdit] = []
    for edit in sorted(edits, key=lambda each: (each.start, -each.end)):
        last = kept[-1] if kept else None
        if last is None or edit.start >= last.end:
            kept.append(edit)
        elif edit.end > last.end:
            if edit.new or last.new:
                return None
            kept[-1] = replace(last, end=edit.end)
    return tuple(kept)


def code_lines(text: str) -> int:
    """Lines that are neither blank nor a comment."""
    return sum(1 for line in text.splitlines() if _CODE.match(line))
