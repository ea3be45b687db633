"""The words of the mutator: sources, edits, operators, mutants.

A `Source` is a piece of a solution as its own language sees it (`text`), with the way back to the exact bytes of
the real file. Operators look at `text` only and propose `Edit`s in its coordinates; `Source.rewrite` turns them
into byte edits of the file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any, Protocol


class FaultClass(StrEnum):
    """What kind of wrong solution a mutant stands for."""

    MISSING_FLAG = "missing-flag"
    SWAPPED_MAPPING = "swapped-mapping"
    NOOP_GUARD = "noop-guard"
    DROPPED_STEP = "dropped-step"
    HOLLOW_FUNCTION = "hollow-function"
    CONFIG_LOOSENED = "config-loosened"
    DROPPED_OUTPUT = "dropped-output"
    CORRUPTED_OUTPUT = "corrupted-output"
    WRONG_TARGET = "wrong-target"
    WRONG_PERMISSION = "wrong-permission"
    WRONG_LOGIC = "wrong-logic"
    BOUNDARY = "boundary"
    ARITHMETIC = "arithmetic"
    WRONG_ORDER = "wrong-order"
    ERROR_HANDLING = "error-handling"
    WRONG_VALUE = "wrong-value"
    MESSAGE = "message"
    NONE = "none"
    """Behaviour is preserved: a fair verifier pays."""


class Tier(StrEnum):
    """Coarse before fine: how sure any reasonable verifier is to notice."""

    COARSE = "coarse"
    MEDIUM = "medium"
    FINE = "fine"


class SourceKind(StrEnum):
    SCRIPT = "script"
    """solve.sh or solution.sh itself, or one command of solution.yaml."""
    HEREDOC = "heredoc"
    INLINE = "inline"
    """`python -c`, `awk '...'`, `sed '...'` and their like."""
    PRINTED = "printed"
    """echo or printf redirected to a file."""
    SIBLING = "sibling"
    """A file that the script copies, runs or patches with."""
    PATCH = "patch"
    REPLACEMENT = "replacement"
    """The new text of a search-and-replace in an inline program."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]` of a source by `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class ByteEdit:
    """Replace `data[start:end]` of a file by `new`."""

    start: int
    end: int
    new: bytes


class Unwritable(ValueError):
    """The replacement cannot be said at this place (a quote the shell cannot carry there, a foreign encoding)."""


class Spelling(Protocol):
    """How text is written at a place of its parent: quoting, escapes, what ends it. Equal where it is one quoting."""

    def __call__(self, window: Window, edit: Edit) -> str:
        """`edit.new` as the parent must spell it, or Unwritable."""
        ...


class Counted(ABC):
    """A spelling of places whose length is counted elsewhere in the parent, as a patch counts its lines."""

    __slots__ = ()

    @abstractmethod
    def reach(self, parent: Window | FileText, edit: Edit) -> Edit:
        """The parent's edit, together with the count."""


@dataclass(frozen=True)
class FileText:
    """A whole file as text: the outermost window, whose parent is the file's bytes."""

    text: str
    encoding: str = "utf-8"
    skipped: int = 0
    """Bytes of a byte order mark before the text."""

    def outward(self, edit: Edit) -> ByteEdit:
        try:
            new = edit.new.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Unwritable(f"{self.encoding} has no {error.object[error.start]!r}") from error
        return ByteEdit(self._offset(edit.start), self._offset(edit.end), new)

    def _offset(self, position: int) -> int:
        if self._blocks is None:
            return self.skipped + position
        block = position // _BLOCK
        return self.skipped + self._blocks[block] + len(self.text[block * _BLOCK : position].encode(self.encoding))

    @cached_property
    def _blocks(self) -> list[int] | None:
        """The byte offset of every block of characters; None where a character is a byte."""
        if self.encoding == "latin-1" or self.text.isascii():
            return None
        offsets = [0]
        for start in range(0, len(self.text), _BLOCK):
            offsets.append(offsets[-1] + len(self.text[start : start + _BLOCK].encode(self.encoding)))
        return offsets


_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """text[start:start+length] stands at parent[outer:outer+width]: one to one where both are as long, else an
    escape. Between runs the parent may hold what the text does not show: quotes, stripped tabs, continued lines."""

    start: int
    length: int
    outer: int
    width: int


@dataclass(frozen=True)
class Window:
    """A text that lies within another one, perhaps quoted or escaped there."""

    text: str
    parent: Window | FileText
    runs: tuple[Run, ...]
    """Ascending, covering the text; at least one."""
    zones: tuple[tuple[int, Spelling], ...]
    """(start in text, how it is written from there on), ascending from 0."""
    opaque: tuple[tuple[int, int], ...] = ()
    """Spans whose value only the running shell knows (`$PORT` in an unquoted heredoc), shown as they are written."""

    def outward(self, edit: Edit) -> ByteEdit:
        return self.parent.outward(self.widen(edit))

    def widen(self, edit: Edit) -> Edit:
        """The same change in the parent's text."""
        for start, end in self._opaque_near(edit):
            if start < edit.start < end or start < edit.end < end:
                raise Unwritable("inside an expansion of the shell")
        inserts = edit.start == edit.end
        first = self._zone(edit.start, at_end=False)
        # An insertion at the seam before something fixed belongs to what is before it.
        before = inserts and isinstance(self.zones[first][1], Fixed)
        if before:
            first = self._zone(edit.start, at_end=True)
        last = first if inserts else self._zone(edit.end, at_end=True)
        spelling = self.zones[first][1]
        if self.zones[last][1] != spelling or any(isinstance(z, Fixed) for _, z in self.zones[first : last + 1]):
            raise Unwritable("across two ways of quoting")
        start = self.outer(edit.start, at_end=before)
        # Where quoting changes, an end stays before the quote; else it takes what the parent holds between runs
        # (the next line's stripped indent) with it.
        end = start if inserts else self.outer(edit.end, at_end=self.seam(edit.end))
        made = Edit(start, end, spelling(self, edit))
        return spelling.reach(self.parent, made) if isinstance(spelling, Counted) else made

    def seam(self, position: int) -> bool:
        """Whether the way of quoting begins anew there."""
        index = bisect_left(self._zone_starts, position)
        return index < len(self.zones) and self._zone_starts[index] == position

    def _zone(self, position: int, *, at_end: bool) -> int:
        """At a seam an end belongs to the zone before it, a start to the zone after it."""
        index = (bisect_left if at_end else bisect_right)(self._zone_starts, position) - 1
        return max(index, 0)

    def outer(self, position: int, *, at_end: bool = False) -> int:
        """Where a position of the text lies in the parent's."""
        run = self.runs[max((bisect_left if at_end else bisect_right)(self._run_starts, position) - 1, 0)]
        inside = position - run.start
        if run.length == run.width:
            return run.outer + min(inside, run.length)
        return run.outer if inside <= 0 else run.outer + run.width

    def _opaque_near(self, edit: Edit) -> tuple[tuple[int, int], ...]:
        low = max(bisect_left(self._opaque_starts, edit.start) - 1, 0)
        return self.opaque[low : bisect_right(self._opaque_starts, edit.end)]

    def opaque_in(self, edit: Edit) -> list[str]:
        """The expansions that the edit takes away."""
        return [self.text[s:e] for s, e in self._opaque_near(edit) if edit.start <= s and e <= edit.end]

    @cached_property
    def opaque_texts(self) -> dict[str, int]:
        """How often each expansion stands in the text."""
        counts: dict[str, int] = {}
        for start, end in self.opaque:
            counts[self.text[start:end]] = counts.get(self.text[start:end], 0) + 1
        return counts

    @cached_property
    def _run_starts(self) -> list[int]:
        return [run.start for run in self.runs]

    @cached_property
    def _zone_starts(self) -> list[int]:
        return [start for start, _ in self.zones]

    @cached_property
    def _opaque_starts(self) -> list[int]:
        return [start for start, _ in self.opaque]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A spelling of what cannot be changed here, such as the line end that `echo` adds."""

    def __call__(self, window: Window, edit: Edit) -> str:
        raise Unwritable("not written in the script")


@dataclass(frozen=True)
class Source:
    """One mutable piece of a solution."""

    file: str
    """Path of the real file, relative to the solution folder, with forward slashes."""
    kind: SourceKind
    language: str
    """python, shell, nginx, json, yaml, toml, ini, csv, env, systemd, cron, dockerfile, sql, javascript, typescript,
    go, rust, c, cpp, java, ruby, perl, awk, sed, jq, diff, or text; another name where no family speaks it."""
    target: str
    """The path it becomes in the box, where that is known: /app/server.py."""
    window: Window | FileText
    line: int
    """1-based line of the file on which the text begins."""
    label: str = ""
    """Tells apart sources of one file: `heredoc:/app/server.py`, `script`, `inline:python`, with #2 for the second."""

    @property
    def text(self) -> str:
        """The piece as its own language sees it: what operators read, and edit by offsets in it."""
        return self.window.text

    @property
    def id(self) -> str:
        return f"{self.file}:{self.label}" if self.label else self.file

    def rewrite(self, edits: Iterable[Edit]) -> tuple[ByteEdit, ...]:
        """The edits (ascending, disjoint) in the bytes of the real file, or Unwritable."""
        made = tuple(self._outward(edit) for edit in edits)
        if any(after.start < before.end for before, after in pairwise(made)):
            raise Unwritable("two changes meet in what counts them")
        return made

    def _outward(self, edit: Edit) -> ByteEdit:
        try:
            return self.window.outward(edit)
        except Unwritable:
            # Lines that go with the line end before them leave the same text, and the last line end where it is.
            start, end = edit.start, edit.end
            if edit.new or not 0 < start < end or self.text[start - 1] != "\n" or self.text[end - 1] != "\n":
                raise
            return self.window.outward(Edit(start - 1, end - 1, ""))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an operator proposes: one clear fault, as the least edit."""

    edits: tuple[Edit, ...]
    """Ascending and disjoint."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Fills the operator's sentence template."""
    scope: str = ""
    """The function, class or block it is in, for spreading a budget: `Limiter.allow`."""
    check: tuple[int, int] | None = None
    """The smallest part of the text whose re-parse proves the whole still parses; None is all of it."""
    tier: Tier | None = None
    """Where it differs from the operator's own."""
    stills: tuple[int, int] | None = None
    """The part of the text that has no effect any more, where that is all the fault is and more than the edits take
    away: what follows an early end, the body of a branch that is never taken."""
    stated: str = ""
    """The words that are changed, or one of which the instruction must state (a line each), where it is worth a look
    only then."""


class Tree(Protocol):
    """A parsed source, made once and shared by every operator of its family."""

    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A source text and every mutant the operator makes of it, in order: documentation and test at once."""

    before: str
    after: tuple[str, ...]
    language: str = ""
    """Where the operator has several."""
    instruction: str = ""
    """Of the task, where the operator looks at it."""


@dataclass(frozen=True, slots=True)
class Operator:
    id: str
    """`family.name`, kebab-case, stable."""
    fault: FaultClass
    tier: Tier
    languages: frozenset[str]
    sentence: str
    """A str.format template over Candidate.fields: "{flag} is accepted and ignored"."""
    propose: Callable[[Any], Iterator[Candidate]]
    """Tree -> candidates, in the order of the text. Never raises."""
    examples: tuple[Example, ...]
    skips: frozenset[SourceKind] = frozenset()
    """Kinds of source in which its mutants cannot matter: what solve.sh itself prints is read by nobody."""


class Family(Protocol):
    """Operators that share a parser."""

    name: str
    languages: frozenset[str]
    operators: tuple[Operator, ...]

    def parse(self, text: str, language: str) -> Any | None:
        """None where the text is not of that language: there is then nothing to mutate."""
        ...

    def valid(self, tree: Any, candidate: Candidate) -> bool:
        """Whether the text still parses with the candidate applied."""
        ...


@dataclass(frozen=True, slots=True)
class Mutant:
    """One deliberately broken variant of the reference."""

    id: str
    """Ten hex digits of what it changes, not where in the file: survives edits elsewhere."""
    operator: str
    fault: FaultClass
    tier: Tier
    source: str
    file: str
    target: str
    scope: str
    line: int
    """1-based, in the real file."""
    edits: tuple[ByteEdit, ...]
    sentence: str
    before: str
    """The touched lines of the source as they are, and as they become: enough for a small diff."""
    after: str
    digest: str
    """Of the mutated text, for telling duplicates."""
    stilled: str = ""
    """The part of the source that has no effect any more, where that is all the fault is: two with the same are one."""
    never_called: str = ""
    """The one function that is called nowhere any more, where that is all the effect: two with the same are one."""
    stated: str = ""
    """`Candidate.stated`."""
    ruins: bool = False
    """So much of the solution has no effect any more that it is as broken as doing nothing."""
    blunt: bool = False
    """Everything breaks at once, or nothing that shows: no verifier is told from another by it."""
    unlikely: bool = False
    """Hardly anybody makes this mistake, or next to nothing works with it: it stands behind the others."""
    refuses: bool = False
    """It changes when an error is raised, or that one is."""
    changes: tuple[Edit, ...] = ()
    """The edits in the source's own text; empty where a mutant was not made from one."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def apply(text: str, edits: tuple[Edit, ...]) -> str:
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (text[done : edit.start], edit.new)
        done = edit.end
    parts.append(text[done:])
    return "".join(parts)


def apply_bytes(data: bytes, edits: tuple[ByteEdit, ...]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for edit in edits:
        parts += (data[done : edit.start], edit.new)
        done = edit.end
    parts.append(data[done:])
    return b"".join(parts)


def inverse(data: bytes, edits: tuple[ByteEdit, ...]) -> tuple[ByteEdit, ...]:
    """The edits that turn the mutated bytes back into `data`."""
    back: list[ByteEdit] = []
    moved = 0
    for edit in edits:
        start = edit.start + moved
        back.append(ByteEdit(start, start + len(edit.new), data[edit.start : edit.end]))
        moved += len(edit.new) - (edit.end - edit.start)
    return tuple(back)


def short_id(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:10]
