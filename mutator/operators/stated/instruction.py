"""What an instruction states, as far as an operator needs it: numbers with the side on which they bound, their unit and
the words around them; names and values that occur; whether a second run is spoken of."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from mutator.relevance import Requirement, requirements


class Side(StrEnum):
    """Which way a stated number bounds what is asked for."""

    EXACT = "exact"
    LEAST = "least"
    MOST = "most"


@dataclass(frozen=True, slots=True)
class Number:
    text: str
    side: Side
    unit: str
    """As written behind it, in lower case: `seconds`, `mb`, `%`, `decimal`; empty without one."""
    words: frozenset[str]
    """The content words of its clause, stemmed."""
    sentence: str


_LEAST = re.compile(
    r"(?:at least|minimum(?: of)?|min\.?|no (?:fewer|less|shorter|lower) than|not (?:fewer|less) than|(?:more|greater|larger"
    r"|longer|higher|older) than|exceed(?:s|ing)?|above|over|>=|≥|>)\s*(?:the )?[`*\"']*$",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?:at most|maximum(?: of)?|max\.?|no (?:more|longer|greater|later) than|not (?:exceed|more than)|up to|(?:fewer|less"
    r"|shorter|lower|smaller) than|under|below|within|limited to|limit (?:of|to|is)|capped at|<=|≤|<)\s*(?:the )?[`*\"']*$",
    re.IGNORECASE,
)
_AND_MORE = re.compile(
    r"^[`*\"']*\s*(?:\w+\s+)?(?:or (?:more|greater|above|longer|higher)|minimum\b|\+)", re.IGNORECASE
)
_AND_LESS = re.compile(
    r"^[`*\"']*\s*(?:\w+\s+)?(?:or (?:fewer|less|below|shorter|lower)|max(?:imum)?\b)", re.IGNORECASE
)
NUMBER = re.compile(r"(?<![\w.$#/\\])(?<!\d[-:,])\d+(?:\.\d+)?(?![\d]|\.\d|[-:/]\d)")
_UNIT = re.compile(
    r"^[`*\"']*[\s-]?(%|percent|(?:kilo|mega|giga)?bytes?|[kmg]i?b|bits?|ms|milliseconds?|s|secs?|seconds?|min(?:ute)?s?|hours?|days?|weeks?"
    r"|months?|years?|decimals?|decimal places|digits?|characters?|chars?|lines?|rows?|times|retries|attempts?|requests?)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z`\"'*(\-])|\n\s*\n|\n(?=\s*(?:[-*+|>#]|\d+[.)])\s?)")
_LIST_NUMBER = re.compile(r"(?m)^(\s*)(?:\d+[.)]|#+\s*\d+[.)]?)(?=\s)")
_WORD = re.compile(r"[A-Za-z][a-z]{2,}|[A-Z]{3,}")
_STOP = frozenset(
    "the and for with that this from are must should will each all any not its your you can when which than has have into"
    " least most more less than exactly set use using value file line number name given following return returns data self"
    " should first second print true false none int str len range app run test output input".split()
)


def content_words(text: str) -> frozenset[str]:
    """Words worth comparing, cut out of names too, without their commonest endings."""
    return frozenset(
        stem for word in _WORD.findall(text) if (stem := _stem(word.lower())) not in _STOP and word.lower() not in _STOP
    )


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].removesuffix("e")
    return word.removesuffix("e")


def _side(before: str, after: str) -> Side:
    """`not exceed` holds `exceed`, `no less than` holds `less than`: what begins earlier says more."""
    least, most = _LEAST.search(before), _MOST.search(before)
    if least and most:
        return Side.LEAST if least.start() < most.start() else Side.MOST
    if least or _AND_MORE.match(after):
        return Side.LEAST
    return Side.MOST if most or _AND_LESS.match(after) else Side.EXACT


class Instruction:
    """One instruction's text, asked again and again by the operators of every source."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._said: dict[str, bool] = {}

    def says(self, word: str) -> bool:
        """Whether a name or value stands in the instruction as a whole."""
        if len(word) < 2 or not re.search(r"\w", word):
            return False
        if word not in self._said:
            pattern = rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)"
            self._said[word] = word in self.text and re.search(pattern, self.text) is not None
        return self._said[word]

    def speaks(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        plain = _LIST_NUMBER.sub(lambda match: match[1] + "-", self.text)
        return tuple(part.strip() for part in _SENTENCE_END.split(plain) if part and part.strip())

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        return requirements(self.text)

    @cached_property
    def numbers(self) -> dict[str, tuple[Number, ...]]:
        """Every number by its text, as often as it is stated."""
        found: dict[str, list[Number]] = {}
        for number in self._numbers():
            found.setdefault(number.text, []).append(number)
        return {text: tuple(several) for text, several in found.items()}

    def _numbers(self) -> Iterator[Number]:
        for sentence in self.sentences:
            for match in NUMBER.finditer(sentence):
                before, after = sentence[max(match.start() - 40, 0) : match.start()], sentence[match.end() :][:40]
                side = _side(before, after)
                unit = _UNIT.match(after)
                near = sentence[max(match.start() - 80, 0) : match.end() + 80]
                words = content_words(near)
                yield Number(match[0], side, unit[1].lower() if unit else "", words, " ".join(sentence.split()))
