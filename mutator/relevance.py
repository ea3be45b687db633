"""Which stated requirements a mutant breaks: tokens of what it changes, looked up in the instruction.

No model and no word list of any domain: flags, paths, numbers with units, identifiers, code spans and plain words,
each weighted by how specific its kind is and how rare it is among the instruction's sentences.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mutator.model import Mutant


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence, list item, table row or code line of the instruction."""

    index: int
    text: str
    line: int
    heading: str
    tokens: Mapping[str, float]
    """Token -> specificity of its kind."""


@dataclass(frozen=True, slots=True)
class Link:
    requirement: int
    score: float
    evidence: tuple[str, ...]
    """The tokens that tie the mutant to the sentence, most telling first."""


_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)]|\(?[a-z][.)])\s+(?=\S)")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z`\"'(\[*_-])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|no|fig|incl|resp)\.$", re.IGNORECASE)

_SPAN = re.compile(r"(`+)(.+?)\1")
_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|(?<![A-Za-z0-9])'([^'\n]{1,80})'(?![A-Za-z0-9])")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_PATH = re.compile(r"(?<![\w.])(?:~|\.{1,2})?/[\w.@%+~-]+(?:/[\w.@%+~-]+)*|\b[\w-]+\.[a-z][a-z0-9]{0,5}\b")
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)*)\s?(%|r/s|r/m|[kmgt]i?b\b|ms\b|s\b|sec\b|seconds?\b|minutes?\b|hours?\b|days?\b|bytes?\b"
    r"|requests?\b|rows?\b|lines?\b|chars?\b|characters?\b|times?\b|[kmgt]\b|x\b)?",
    re.IGNORECASE,
)
_RATE = re.compile(r"(?<![\w.])(\d+)\s+\w+\s+(?:per|a|an|each|every)\s+(second|minute)\b", re.IGNORECASE)
_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z_][A-Za-z0-9_]*)*")
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")

_WORD_NUMBERS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"twenty": "20", "thirty": "30", "fifty": "50", "sixty": "60", "hundred": "100", "thousand": "1000"}

_STOP = frozenset(
    """a about above after all also an and any are as at be because been before being below between both but by can
    could did do does done each either else end for from get given has have having here how if in into is it its just
    let like may might more most must need no nor not now of off on once one only or other our out over own per same
    shall should so some such than that the their them then there these they this those through to too under until up
    upon use used uses using via was we were what when where whether which while who will with within without would
    you your file files task system write create make ensure following provide implement exists contain contains
    def return self true false none null import str int len print class else elif try except with lambda echo then fi
    done esac function var const let new end""".split()
)

FLAG, PATH, CODE, QUOTE, UNIT, STATUS, NUMBER, DIGIT, CONSTANT, NAME, WORD = (
    5.0, 4.0, 4.0, 3.5, 3.0, 3.0, 2.0, 0.7, 3.5, 3.0, 1.0
)  # fmt: skip
THRESHOLD = 1.0
"""A link weaker than one plain word that occurs in a single sentence is no link."""


def requirements(instruction: str) -> tuple[Requirement, ...]:
    """The instruction's sentences, in order. Headings are context, not requirements."""
    found: list[Requirement] = []
    heading = ""
    for text, line, is_code, is_heading in _units(instruction):
        if is_heading:
            heading = text
            continue
        tokens = tokens_of(text, code=is_code)
        if tokens:
            found.append(Requirement(len(found), text, line, heading, tokens))
    return tuple(found)


def _units(instruction: str) -> list[tuple[str, int, bool, bool]]:
    """(text, line, from a code block, heading) of every sentence-like unit."""
    units: list[tuple[str, int, bool, bool]] = []
    paragraph: list[str] = []
    began = 1
    fenced = False

    def flush() -> None:
        if not paragraph:
            return
        joined = "\n".join(paragraph)
        offset = 0
        for sentence in sentences(joined):
            at = joined.find(sentence, offset)
            offset = at + len(sentence)
            units.append((" ".join(sentence.split()), began + joined.count("\n", 0, at), False, False))
        paragraph.clear()

    for number, line in enumerate(instruction.splitlines(), start=1):
        if _FENCE.match(line):
            flush()
            fenced = not fenced
            continue
        if fenced:
            if line.strip():
                units.append((line.strip(), number, True, False))
            continue
        heading = _HEADING.match(line)
        if heading:
            flush()
            units.append((heading[1], number, False, True))
            continue
        if not line.strip():
            flush()
            continue
        if _ITEM.match(line) or _ROW.match(line):
            flush()
            line = _ITEM.sub("", line)
        if not paragraph:
            began = number
        paragraph.append(line.strip())
    flush()
    return units


def sentences(text: str) -> list[str]:
    """Sentences of a paragraph; a code span or an abbreviation never ends one."""
    masked = _SPAN.sub(lambda match: "x" * len(match[0]), text)
    parts: list[str] = []
    start = 0
    for match in _END.finditer(masked):
        if _ABBREVIATION.search(masked[start : match.start()]):
            continue
        parts.append(text[start : match.start()].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def tokens_of(text: str, *, code: bool = False) -> dict[str, float]:
    """Every token of a text with the weight of its kind. `code`: the text is code, so bare names count as names."""
    tokens: dict[str, float] = {}

    def add(token: str, weight: float) -> None:
        if token and tokens.get(token, 0.0) < weight:
            tokens[token] = weight

    for match in _SPAN.finditer(text):
        inner = match[2].strip()
        add(inner, CODE)
        for token, weight in _literal_tokens(inner).items():
            add(token, weight)
    for match in _QUOTED.finditer(text):
        inner = match[1] or match[2] or ""
        add(inner, QUOTE)
    for token, weight in _literal_tokens(text).items():
        add(token, weight)
    for match in _IDENTIFIER.finditer(text):
        name = match[0]
        named = code or "_" in name.strip("_") or (name[1:] != name[1:].lower() and name != name.upper())
        if named and len(name) > 1 and name.lower() not in _STOP:
            add(name, NAME)
        for word in _WORD.findall(name):
            lowered = word.lower()
            if lowered in _WORD_NUMBERS:
                add(_WORD_NUMBERS[lowered], NUMBER)
            if len(lowered) > 2 and lowered not in _STOP:
                add(stem(lowered), WORD)
    return tokens


def _literal_tokens(text: str) -> dict[str, float]:
    tokens: dict[str, float] = {}
    for match in _FLAG.finditer(text):
        tokens[match[0]] = FLAG
    for match in _PATH.finditer(text):
        path = match[0].rstrip(".")
        tokens[path] = PATH
        tokens.setdefault(path.rsplit("/", 1)[-1], NAME)
    for match in _CONSTANT.finditer(text):
        tokens[match[0]] = CONSTANT
    for match in _RATE.finditer(text):
        tokens[f"{match[1]}r/{match[2][0].lower()}"] = UNIT
    for match in _NUMBER.finditer(text):
        digits, unit = match[1].replace(",", ""), (match[2] or "").lower()
        if unit:
            tokens[digits + (unit.removesuffix("s") if len(unit) > 2 and unit.isalpha() else unit)] = UNIT
        if len(digits) == 1:
            tokens.setdefault(digits, DIGIT if digits in "01" else 2 * DIGIT)
        else:
            status = len(digits) == 3 and digits[0] in "12345"
            tokens.setdefault(digits, STATUS if status else NUMBER)
    return tokens


def stem(word: str) -> str:
    """Enough to make plural, past and -ing forms of a word agree; nothing cleverer."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word[: -len(ending)]
            return base + "y" if ending in ("ies", "ied") else base.removesuffix("e")
    return word.removesuffix("e")


class Relevance:
    """Looks mutants up in one instruction, or in any other set of texts."""

    def __init__(self, instruction: str | Sequence[Requirement]) -> None:
        self.requirements = requirements(instruction) if isinstance(instruction, str) else tuple(instruction)
        spread = Counter(token for requirement in self.requirements for token in requirement.tokens)
        total = max(len(self.requirements), 1)
        self._rarity = {token: math.log(1 + total / count) / math.log(1 + total) for token, count in spread.items()}
        self._where: dict[str, list[int]] = {}
        for requirement in self.requirements:
            for token in requirement.tokens:
                self._where.setdefault(token, []).append(requirement.index)
        self._abbreviated = _abbreviations(token for token in self._where if token.isalpha() and token.islower())
        self._zone = lru_cache(maxsize=4096)(lambda text, code: tokens_of(text, code=code))

    def links(self, mutant: Mutant, most: int = 3) -> tuple[Link, ...]:
        """The sentences the mutant bears on, strongest first; within half of the strongest, at most `most`."""
        score: dict[int, float] = {}
        evidence: dict[int, list[tuple[float, str]]] = {}
        for token, nearness in self._tokens(mutant).items():
            for index in self._where.get(token, ()):
                weight = self.requirements[index].tokens[token] * self._rarity[token] * nearness
                score[index] = score.get(index, 0.0) + weight
                evidence.setdefault(index, []).append((weight, token))
        ranked = sorted(score.items(), key=lambda item: (-item[1], item[0]))
        if not ranked or ranked[0][1] < THRESHOLD:
            return ()
        best = ranked[0][1]
        return tuple(
            Link(index, round(value, 3), tuple(token for _, token in sorted(evidence[index], reverse=True)[:5]))
            for index, value in ranked[:most]
            if value >= max(THRESHOLD, best / 2)
        )

    def score(self, links: Sequence[Link]) -> float:
        return links[0].score if links else 0.0

    def _tokens(self, mutant: Mutant) -> dict[str, float]:
        """Token -> how near it is to the change: in it, in its sentence, beside it, in the name around it."""
        before, after = self._zone(mutant.before, True), self._zone(mutant.after, True)
        near: dict[str, float] = {}
        zones = (
            (before.keys() ^ after.keys(), 1.0),
            (self._zone(mutant.sentence, False).keys(), 0.6),
            (self._zone(mutant.scope, True).keys(), 0.5),
            (before.keys() & after.keys(), 0.3),
            (self._zone(mutant.target, False).keys(), 0.15),
        )
        for tokens, nearness in zones:
            for token in tokens:
                near.setdefault(token, nearness)
                if token not in self._where and token in self._abbreviated:
                    near.setdefault(self._abbreviated[token], nearness / 2)
        return near


def _abbreviations(words: Iterable[str]) -> dict[str, str]:
    """`req` for request, `addr` for address: a beginning that only one word of the instruction has."""
    found: dict[str, str] = {}
    for word in words:
        for length in range(3, len(word)):
            short = word[:length]
            found[short] = "" if short in found else word
    return {short: word for short, word in found.items() if word}
