"""Answers that the instruction gives away: what the reference writes, found word for word in what the solver reads.

Only what the reference adds counts: a line that the environment has already is nobody's work. Pure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location
from mutator.model import Source, SourceKind

ID = "answer-given-away"
RUN = 4
"""So many tokens in a row say the same in both texts."""
SHARE = 0.6
"""From this share of the reference's own content on, the answer is given away."""
LEAST = 8
"""Fewer distinct words and numbers than this say too little."""
PASSAGES = 6

# A path is one word: naming a file gives nothing away.
_TOKEN = re.compile(r"~?/?[\w.-]*(?:/[\w.-]+)+|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)*|[^\sA-Za-z0-9_`]")
_WORD = re.compile(r"[A-Za-z0-9_]")
_COMMENT = re.compile(r"^\s*(?:#(?!!|include|define|if|endif|pragma)|//|--\s|;|\*|/\*)")
_PRODUCTS = frozenset({SourceKind.HEREDOC, SourceKind.REPLACEMENT, SourceKind.SIBLING, SourceKind.PATCH})
_PUNCTUATION = 0.2
"""A bracket's weight beside a word's."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A line of the reference and the line of the instruction that has it."""

    file: str
    line: int
    text: str
    said: str
    said_line: int


@dataclass(frozen=True, slots=True)
class GivenAway:
    share: float
    """Of the reference's own content, weighted by how rare its words are."""
    lines: int
    """Lines of the reference that count."""
    passages: tuple[Passage, ...]

    @property
    def is_given_away(self) -> bool:
        return self.share >= SHARE


@dataclass(frozen=True, slots=True)
class _Line:
    file: str
    number: int
    text: str
    tokens: tuple[str, ...]


def measure(instruction: str, sources: Sequence[Source], environment: Iterable[str]) -> GivenAway | None:
    """None where the reference writes too little of its own to be told from chance."""
    return _share(instruction, _unknown(_own_lines(sources), environment))


def own_share(text: str, file: str, original: str, known: Iterable[str]) -> GivenAway | None:
    """How much of a file's own lines another text has, whole: between two versions of a program most runs are alike."""
    lines = _unknown(_lines(file, 1, original), known)
    counts = Counter(token for line in lines for token in line.tokens)
    if sum(1 for token in counts if _WORD.match(token)) < LEAST:
        return None
    places: dict[str, tuple[int, str]] = {}
    for number, said in enumerate(text.splitlines(), start=1):
        places.setdefault(_squeezed(said), (number, said.strip()))
    total = sum(counts.values())
    weights = [sum(_weight(token, counts[token], total) for token in line.tokens) for line in lines]
    found = [(line, weight, places.get(_squeezed(line.text))) for line, weight in zip(lines, weights, strict=True)]
    passages = tuple(
        Passage(file, line.number, line.text.strip(), place[1], place[0])
        for line, _, place in found
        if place is not None
    )
    return GivenAway(sum(weight for _, weight, place in found if place) / sum(weights), len(lines), passages)


def _unknown(lines: Iterable[_Line], texts: Iterable[str]) -> list[_Line]:
    left = list(lines)
    own = {_squeezed(line.text) for line in left}
    for text in texts:
        # An environment may be very large, and few of its lines have more to squeeze than their ends.
        known = set(map(str.strip, text.splitlines()))
        known.update([_squeezed(one) for one in known if "  " in one or "\t" in one or not one.isascii()])
        own -= known
    return [line for line in left if _squeezed(line.text) in own]


def _share(instruction: str, lines: Sequence[_Line]) -> GivenAway | None:
    counts = Counter(token for line in lines for token in line.tokens)
    if sum(1 for token in counts if _WORD.match(token)) < LEAST:
        return None
    told = _Told(instruction)
    total = sum(counts.values())
    covered = whole = 0.0
    passages: list[Passage] = []
    for line in lines:
        weights = [_weight(token, counts[token], total) for token in line.tokens]
        marks, where = told.covers(line.tokens)
        part = sum(weight for weight, mark in zip(weights, marks, strict=True) if mark)
        covered += part
        whole += sum(weights)
        if where and part >= 0.5 * sum(weights):
            passages.append(Passage(line.file, line.number, line.text.strip(), told.line(where), where))
    return GivenAway(covered / whole if whole else 0.0, len(lines), tuple(passages))


def given_away_finding(found: GivenAway | None, instruction_file: str) -> Iterator[Finding]:
    if found is None or not found.is_given_away or not found.passages:
        return
    first = found.passages[0]
    evidence = [
        f"solution, {one.file}:{one.line}: {_short(one.text)}\ninstruction, line {one.said_line}: {_short(one.said)}"
        for one in found.passages[:PASSAGES]
    ]
    if len(found.passages) > PASSAGES:
        evidence.append(f"and {len(found.passages) - PASSAGES} more lines")
    yield finding(
        ID,
        f"The instruction gives the answer away: it holds {found.share:.0%} of what the reference writes",
        tuple(evidence),
        Location(instruction_file, first.said_line),
    )


def joined(findings: Sequence[Finding]) -> list[Finding]:
    """What an instruction's text gives away and what its code was paid for are one finding."""
    found: list[Finding] = []
    for one in findings:
        at = next((n for n, each in enumerate(found) if each.id == one.id == ID and _same_file(each, one)), None)
        if at is None:
            found.append(one)
        else:
            found[at] = replace(found[at], evidence=(*one.evidence, *found[at].evidence))
    return found


def _same_file(one: Finding, other: Finding) -> bool:
    return one.place is not None and other.place is not None and one.place.file == other.place.file


def _own_lines(sources: Sequence[Source]) -> Iterator[_Line]:
    """The lines that end up in the box's files; where there are none, the commands."""
    products = [source for source in sources if _is_product(source)]
    scripts = [source for source in sources if source.kind is SourceKind.SCRIPT]
    for source in products or scripts:
        yield from _lines(source.file, source.line, source.text, patch=source.kind is SourceKind.PATCH)


def _lines(file: str, first: int, text: str, *, patch: bool = False) -> Iterator[_Line]:
    for offset, whole in enumerate(text.splitlines()):
        line = whole
        if patch:
            if not line.startswith("+") or line.startswith("+++"):
                continue
            line = line[1:]
        tokens = tuple(_TOKEN.findall(line))
        if len(tokens) < 2 or _COMMENT.match(line) or line.startswith("#!"):
            continue
        yield _Line(file, first + offset, line, tokens)


def _is_product(source: Source) -> bool:
    """What a heredoc feeds to an interpreter is a step, and no product."""
    if source.kind not in _PRODUCTS:
        return False
    return source.kind is SourceKind.PATCH or bool(source.target)


def _weight(token: str, count: int, total: int) -> float:
    rarity = math.log(1 + total / count)
    return rarity if _WORD.match(token) else _PUNCTUATION * rarity


class _Told:
    """The instruction's runs of tokens, and the line on which each begins."""

    def __init__(self, instruction: str) -> None:
        self._lines = instruction.splitlines()
        tokens: list[str] = []
        lines: list[int] = []
        for number, line in enumerate(self._lines, start=1):
            found = _TOKEN.findall(line)
            tokens += found
            lines += [number] * len(found)
        self._runs: dict[tuple[str, ...], int] = {}
        for start in range(len(tokens) - RUN + 1):
            self._runs.setdefault(tuple(tokens[start : start + RUN]), lines[start])
        # A line of its own (a code block, a list item) or a code span may be shorter than a run.
        self._whole: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(self._lines, start=1):
            for text in (line.strip().lstrip("-*> "), *re.findall(r"`([^`]+)`", line)):
                self._whole.setdefault(tuple(_TOKEN.findall(text)), number)

    def covers(self, tokens: tuple[str, ...]) -> tuple[list[bool], int]:
        """Which tokens the instruction has in the same order, and on which line first; 0 for none."""
        whole = self._whole.get(tokens, 0)
        if whole:
            return [True] * len(tokens), whole
        marks = [False] * len(tokens)
        where: Counter[int] = Counter()
        for start in range(len(tokens) - RUN + 1):
            run = tokens[start : start + RUN]
            at = self._runs.get(run, 0)
            if at and sum(1 for token in run if _WORD.match(token)) >= 2:
                marks[start : start + RUN] = [True] * RUN
                where[at] += 1
        return marks, max(where, key=lambda number: (where[number], -number)) if where else 0

    def line(self, number: int) -> str:
        return self._lines[number - 1].strip()


def _squeezed(line: str) -> str:
    return " ".join(line.split())


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."
