"""The words of the mutator: sources, edits, operators, mutants.

A `Source` is a piece of a solution as its own language sees it (`text`), with the way back to the exact bytes of
the real file. Operators look at `text` only and propose `Edit`s in its coordinates; `Source.rewrite` turns them
into byte edits of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
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


@dataclass(frozen=True)
class Window:
    """How a source's text lies in the text around it (or, with no parent, in the file's bytes).

    `pieces` are (start in text, start in parent, length) runs, ascending, where both agree one to one except that
    escapes and stripped tabs fall between runs. `encode` writes new text as the parent must spell it.
    """

    pieces: tuple[tuple[int, int, int], ...]
    encode: Callable[[str], str] | None = None
    parent: Window | None = None

    @cached_property
    def _starts(self) -> list[int]:
        return [piece[0] for piece in self.pieces]

    def outward(self, start: int, end: int) -> tuple[int, int]:
        """The parent's span that holds text[start:end], escapes and stripped tabs within it included."""
        return self._offset(start, at_end=False), self._offset(end, at_end=True) if end > start else self._offset(
            start, at_end=False
        )

    def _offset(self, position: int, *, at_end: bool) -> int:
        """At a seam between two runs an end belongs to the run before it, a start to the run after it."""
        index = bisect_right(self._starts, position) - 1
        if at_end and index > 0 and self._starts[index] == position:
            index -= 1
        start, outer, length = self.pieces[max(index, 0)]
        return outer + min(position - start, length)


@dataclass(frozen=True)
class Source:
    """One mutable piece of a solution."""

    file: str
    """Path of the real file, relative to the solution folder, with forward slashes."""
    kind: SourceKind
    language: str
    """python, shell, nginx, json, yaml, toml, ini, csv, env, systemd, cron, dockerfile, sql, javascript, typescript,
    go, rust, c, cpp, java, ruby, perl, awk, sed, diff, or text."""
    target: str
    """The path it becomes in the box, where that is known: /app/server.py."""
    text: str
    window: Window
    encoding: str
    """Of the real file: utf-8 or latin-1 (which takes any bytes)."""
    line: int
    """1-based line of the file on which the text begins."""
    label: str = ""
    """Tells apart sources of one file: `heredoc:/app/server.py`, `script`, `inline:python`, with #2 for the second."""

    @property
    def id(self) -> str:
        return f"{self.file}:{self.label}" if self.label else self.file


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


def short_id(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:10]
