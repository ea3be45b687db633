"""Where the instruction states a number that the solution says: `0.35` and "35 percent", `8.0 * sig` and "8 sigma"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mutator.relevance.requirements import Requirement, tells

_SAID = re.compile(r"(?<![\w.])-?(\d[\d_]*(?:[.,]\d+)*(?:[eE][-+]?\d+)?)(?!\w|\.\d)(\s*(?:%|per ?cent\b))?")
_CODE = re.compile(r"(?<![\w.\[])(\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]]|\.\d)")
_PLACES = re.compile(
    r"\b(?:bytes?|offsets?|bits?|columns?)\s+\d+(?:\s*(?:to|-)\s*\d+)?|^\s*\d+(?:\s*(?:to|-)\s*\d+)?:", re.IGNORECASE
)
"""Where a field lies, and not how much of anything."""
_WORD = re.compile(r"[A-Za-z]{3,}")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_BOUND = re.compile(
    r"\b(?:at (?:least|most)|more than|less than|fewer than|greater than|exceed\w*|above|below|up to|within|over|under"
    r"|older than|longer than|minimum|maximum|limit\w*|threshold|between|first|last|top|exactly|every|per)\b|[<>≤≥]",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"[<>]=?|\b(?:min|max|range|clip|clamp)\(|-(?:ge|gt|le|lt) |\[:|\[-")
_NEAR = 4
"""Words on each side of a number that say what it counts."""
_PREFIX = 3
_COMMON = frozenset("the and for with that this from into have are each all any not but its per one two".split())


@dataclass(frozen=True, slots=True)
class _Amount:
    requirement: int
    around: frozenset[str]
    """The beginnings of the words beside it."""
    bound: bool


class Amounts:
    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._stated: dict[float, list[_Amount]] = {}
        for requirement in requirements:
            self._read(requirement)

    def _read(self, requirement: Requirement) -> None:
        """But how a solver is graded, or what was so once, is no amount that a solution goes by."""
        text = requirement.text
        if tells(text):
            return
        places = [match.span() for match in _PLACES.finditer(text)]
        for match in _SAID.finditer(text):
            if any(start <= match.start() < end for start, end in places):
                continue
            value = _value(match[1])
            if value is None:
                continue
            before = text[max(match.start() - 60, 0) : match.start()]
            after = text[match.end() : match.end() + 60]
            words = [*_WORD.findall(before)[-_NEAR:], *_WORD.findall(after)[:_NEAR]]
            around = frozenset(word.lower()[:5] for word in words if word.lower() not in _COMMON)
            bound = _BOUND.search(before[-30:]) is not None or _BOUND.match(after.lstrip()) is not None
            amount = _Amount(requirement.index, around, bound and not match[2])
            self._stated.setdefault(value, []).append(amount)
            if match[2]:
                self._stated.setdefault(round(value / 100, 9), []).append(_Amount(requirement.index, around, True))

    def find(self, number: str, line: str, *, least: int = 1) -> int | None:
        """The requirement that states this number for what the line is about."""
        value = _value(number)
        amounts = self._stated.get(value, ()) if value is not None else ()
        if not amounts or value in _EVERYWHERE:
            return None
        names = {
            piece.lower() for word in _WORD.findall(line) for piece in _PIECES.findall(word) if len(piece) >= _PREFIX
        }
        telling = len(number.replace(".", "").strip("0")) > 2
        compares = _COMPARES.search(line) is not None
        points = [
            2 * sum(any(_same(name, word) for name in names) for word in amount.around)
            + (amount.bound and compares)
            + 2 * telling
            for amount in amounts
        ]
        best = max(points)
        least = 2 if len(number) == 1 else least
        alone = points.count(best) <= _ALIKE
        return amounts[points.index(best)].requirement if best > 1 or (best >= least and alone) else None

    def find_any(self, part: str, line: str) -> tuple[str, int] | None:
        """A number of a part with few, and the requirement that states it."""
        numbers = list(dict.fromkeys(_CODE.findall(part)))
        for number in numbers if len(numbers) <= _FEW_NUMBERS else ():
            if _value(number) in _EVERYWHERE:
                continue
            found = self.find(number, line, least=2)
            if found is not None:
                return number, found
        return None


_FEW_NUMBERS = 3
_ALIKE = 2
"""Sentences that state a number for the same thing, one of which may be meant."""
_EVERYWHERE = (0.0, 1.0, 2.0)


def _same(name: str, word: str) -> bool:
    """`sig` for sigma."""
    return name.startswith(word) or word.startswith(name[:5])


def _value(said: str) -> float | None:
    try:
        return float(said.replace("_", "").replace(",", ""))
    except ValueError:
        return None


def is_number(words: str) -> bool:
    return re.fullmatch(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?", words) is not None
