"""A source read beside its instruction: the language's own tree, and the parts of the text in which a value counts."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mutator.model import Candidate, Edit, Example, Family, FaultClass, Operator, SourceKind, Tier
from mutator.operators.python.tree import PythonTree
from mutator.operators.shell.document import Script
from mutator.operators.stated.instruction import Instruction
from mutator.sources.shell import unwrap


@dataclass
class Told:
    """What an operator of this family sees."""

    text: str
    language: str
    instruction: Instruction
    family: Family
    """Whose language it is, and which says whether a mutant still parses."""
    tree: Any

    @property
    def shell(self) -> Script | None:
        return self.tree if isinstance(self.tree, Script) else None

    @property
    def python(self) -> PythonTree | None:
        return self.tree if isinstance(self.tree, PythonTree) else None

    @cached_property
    def plain(self) -> str:
        """The text in which values are looked for: what is a source of its own within it is blank."""
        return self.shell.plain if self.shell else self.text

    @cached_property
    def _quiet(self) -> list[tuple[int, int]]:
        found = _comments(self.language).finditer(self.plain)
        pages = self.language in _PAGES
        spans = [each.span() for each in found if each["quiet"] or (pages and "\n" in each["string"])]
        spans += [match.span() for match in _MESSAGE.finditer(self.plain) if self.language != "shell"]
        if self.shell is not None:
            spans += _elsewhere(self.shell)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def counts(self, start: int, end: int) -> bool:
        """Whether what stands there does something: no comment, no message, no program that is read by itself."""
        index = bisect_right(self._quiet, (start, len(self.text)))
        before = self._quiet[index - 1] if index else (0, 0)
        after = self._quiet[index] if index < len(self._quiet) else (len(self.text) + 1, 0)
        return before[1] <= start and end <= after[0]

    def line(self, start: int, end: int) -> str:
        """The line around a place, for a sentence."""
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", end)
        said = " ".join(self.text[first : last if last >= 0 else len(self.text)].split())
        if len(said) > 70:
            at = max(len(" ".join(self.text[first:start].split())) - 30, 0)
            said = ("…" if at else "") + said[at : at + 68].strip() + ("…" if at + 68 < len(said) else "")
        return said

    def context(self, start: int) -> str:
        """The line, and the last line before it that is indented less: the key or function that it stands under."""
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", start)
        line = self.text[first : last if last >= 0 else len(self.text)]
        return f"{line} {self.above(first, len(line) - len(line.lstrip()))}"

    def above(self, first: int, indent: int) -> str:
        """The header that a line at this indent stands under."""
        while indent and first > 0:
            before = self.text.rfind("\n", 0, first - 1) + 1
            line = self.text[before : first - 1]
            if line.strip() and len(line) - len(line.lstrip()) < indent:
                return line.strip()
            first = before
        return ""

    def scope(self, start: int) -> str:
        """The function, as far as the language tells."""
        first = self.text.rfind("\n", 0, start) + 1
        names = [match["name"] or match["shell"] for match in _FUNCTION.finditer(self.plain, 0, first)]
        return names[-1] if names and self.language in ("python", "shell", "javascript", "go", "rust") else ""


_FUNCTION = re.compile(r"(?m)^(?:async )?(?:def|function|func|fn|class) (?P<name>\w+)|^(?P<shell>\w+)\s*\(\)\s*\{")
_HASH = re.compile(r"""(?P<string>"(?:\\.|[^"\\\n])*"|'[^'\n]*')|(?P<quiet>(?:(?<=\s)|^)\#[^\n]*)""", re.MULTILINE)
_PYTHON = re.compile(
    r'''(?P<quiet>(?<=[:\n])[ \t\n]*[rub]?"""(?:.|\n)*?"""|(?<=[:\n])[ \t\n]*[rub]?\'\'\'(?:.|\n)*?\'\'\'|\#[^\n]*)'''
    r'''|(?P<string>"""(?:.|\n)*?"""|\'\'\'(?:.|\n)*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')'''
)
_SLASH = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)|(?P<quiet>//[^\n]*|/\*(?:.|\n)*?\*/)"""
)
_DASH = re.compile(r"""(?P<string>'(?:''|[^'])*')|(?P<quiet>--[^\n]*|/\*(?:.|\n)*?\*/)""")
_NONE = re.compile(r"(?P<quiet>(?!))")
_MESSAGE = re.compile(
    r"(?m)^[ \t]*(?:print|logger\.\w+|logging\.\w+|log\.\w+|console\.\w+|fmt\.Print\w*|e?println!|raise|throw|puts)\b[^\n]*"
)
"""Lines that only tell something."""


_PAGES = frozenset({"go", "javascript", "typescript", "tsx"})
"""A text of several lines there is a page of help, or a template."""


def _comments(language: str) -> re.Pattern[str]:
    if language == "python":
        return _PYTHON
    if language in ("javascript", "typescript", "tsx", "go", "rust", "c", "cpp", "java", "kotlin", "csharp", "php"):
        return _SLASH
    if language == "sql":
        return _DASH
    return _NONE if language in ("json", "jsonl", "csv", "sed", "text", "diff") else _HASH


_PROGRAMS = frozenset(
    "sed awk gawk jq python python3 perl ruby node bash sh zsh php psql mysql sqlite3 grep egrep".split()
)


def _elsewhere(script: Script) -> Iterator[tuple[int, int]]:
    """Texts in quotes that are sources of their own, and what is only printed."""
    for command in script.commands:
        words = script.words(command)
        name = words[unwrap(words)] if words and unwrap(words) < len(words) else ""
        name = name.rpartition("/")[2]
        if name in ("echo", "printf") or (name in _PROGRAMS and name not in ("grep", "egrep")):
            yield from (
                span for span, word in zip(command.words, words, strict=True) if word[:1] in "'\"" or name == "echo"
            )


Proposal = Callable[[Told], Iterator[Candidate]]
StatedExample = tuple[str, str, str, tuple[str, ...]]
"""(language, instruction, before, after)."""


def operator(
    id: str,  # noqa: A002  # the word of the contract
    fault: FaultClass,
    tier: Tier,
    languages: frozenset[str],
    sentence: str,
    *examples: StatedExample,
    skips: frozenset[SourceKind] = frozenset(),
) -> Callable[[Proposal], Operator]:
    """Make an operator of a generator that sees the instruction; what changes nothing is left out here, once."""

    def make(propose: Proposal) -> Operator:
        def sound(told: Told) -> Iterator[Candidate]:
            return (each for each in propose(told) if any(told.text[e.start : e.end] != e.new for e in each.edits))

        made = tuple(Example(before, after, language, said) for language, said, before, after in examples)
        return Operator(id, fault, tier, languages, sentence, sound, made, skips)

    return make


def change(told: Told, start: int, end: int, new: str, /, **fields: str) -> Candidate:
    """One span replaced, with the least part of the text that proves it; `old`, `new` and `line` are told by itself."""
    edit = Edit(start, end, new)
    fields = {"old": told.text[start:end], "new": new, "line": told.line(start, end), **fields}
    check = _command_around(told.shell, edit) if told.shell is not None else None
    return Candidate((edit,), fields, told.scope(start), check)


def _command_around(script: Script, edit: Edit) -> tuple[int, int] | None:
    around = [each for each in script.commands if each.start <= edit.start and edit.end <= each.end]
    least = min(around, key=lambda each: each.end - each.start, default=None)
    return (least.start, least.end) if least else None
