"""Where the instruction states a number that the solution says: `0.35` and "35 percent", `8.0 * sig` and "8 sigma"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mutator.relevance.requirements import Requirement, asks, only_mentions, tells

_SAID = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)-?(\d[\d_]*(?:[.,]\d+)*(?:[eE][-+]?\d+)?)(?!\w|\.\d)(\s*(?:%|per ?cent\b))?"
)
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
_CONSTANT = re.compile(r"\s*(?:const |static |final |readonly )*[A-Z][A-Z0-9_]+\s*(?::?=|:)\s*-?[\d._]+;?\s*(?:#|//|$)")
"""A name for a number and nothing else: there is hardly one without a reason."""
_NEAR = 4
"""Words on each side of a number that say what it counts."""
_PREFIX = 3
_FOR_EXAMPLE = re.compile(r"\b(?:e\.g\.|for (?:example|instance)|such as)[^();]*", re.IGNORECASE)
"""What may be otherwise: a number in it binds nobody."""
_COMMON = frozenset(
    "the and for with that this from into have are each all any not but its per one two return exit print".split()
)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SPELLED = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_UNITS[1:10])}))?|({'|'.join(_UNITS)}))( hundred)?"
    rf"(?: point ((?:{'|'.join(_UNITS[:10])})(?: (?:{'|'.join(_UNITS[:10])}))*))?\b",
    re.IGNORECASE,
)


def _in_digits(spelled: re.Match[str]) -> str:
    """`two point one` as 2.1."""
    tens, unit, alone, hundred, point = (group.lower() if group else "" for group in spelled.groups())
    whole = 10 * (_TENS.index(tens) + 2) + (_UNITS.index(unit) if unit else 0) if tens else _UNITS.index(alone)
    digits = "".join(str(_UNITS.index(digit)) for digit in point.split())
    return f"{whole * (100 if hundred else 1)}" + (f".{digits}" if digits else "")


@dataclass(frozen=True, slots=True)
class _Amount:
    requirement: int
    around: tuple[str, ...]
    """The words beside it."""
    bound: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Where an amount is stated."""

    requirement: int
    evidence: tuple[str, ...]
    """The number as the solution writes it, and the words that both have beside it."""


class Amounts:
    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._stated: dict[float, list[_Amount]] = {}
        self._words: dict[int, frozenset[str]] = {}
        self._texts: dict[int, str] = {}
        self._spread: dict[str, bool] = {}
        for requirement in requirements:
            self._read(requirement)

    def _read(self, requirement: Requirement) -> None:
        """But how a solver is graded, or what was so once, is no amount that a solution goes by."""
        text = _SPELLED.sub(_in_digits, requirement.text)
        if tells(text) or only_mentions(text):
            return
        self._words[requirement.index] = _names(text)
        self._texts[requirement.index] = text
        apart = [match.span() for pattern in (_PLACES, _FOR_EXAMPLE) for match in pattern.finditer(text)]
        for match in _SAID.finditer(text):
            if any(start <= match.start() < end for start, end in apart):
                continue
            value = _value(match[1])
            if value is None:
                continue
            before = text[max(match.start() - 60, 0) : match.start()]
            after = text[match.end() : match.end() + 60]
            words = [*_WORD.findall(before)[-_NEAR:], *_WORD.findall(after)[:_NEAR]]
            around = tuple(dict.fromkeys(word for word in words if word.lower() not in _COMMON))
            bound = _BOUND.search(before[-30:]) is not None or _BOUND.match(after.lstrip()) is not None
            self._add(value, _Amount(requirement.index, around, bound and not match[2]))
            if match[2]:
                self._add(round(value / 100, 9), _Amount(requirement.index, around, True))

    def _add(self, value: float, amount: _Amount) -> None:
        self._stated.setdefault(value, []).append(amount)

    def find(self, number: str, line: str, beside: str = "", *, least: int = 1) -> Found | None:
        """The requirement that states this number for what the line is about. `beside`: what else is said there."""
        value = _value(number)
        amounts = self._stated.get(value, ()) if value is not None else ()
        if not amounts or value in _EVERYWHERE or _YEAR.fullmatch(number):
            return None
        given = re.search(rf"[(,]\s*(\w+)\s*=\s*{re.escape(number)}\s*[,)]", line)
        names = _names(given[1]) if given and line.count("=") > _ARGUMENTS else _names(line)
        more = {name for name in _names(beside) if not self._everywhere(name)}
        others = {
            amount.requirement: other
            for other in _CODE.findall(line)
            if other != number and _value(other) not in _EVERYWHERE
            for amount in self._stated.get(_value(other) or 0.0, ())
        }
        compares, constant = _COMPARES.search(line) is not None, _CONSTANT.match(line)
        points: list[float] = [
            2 * sum(_named(word, names) for word in amount.around)
            + any(_named(word, self._words[amount.requirement]) for word in more)
            + (amount.bound and compares)
            + 2 * (is_telling(number) or (len(number.replace(".", "").strip("0")) > 1 and constant is not None))
            + 2 * (amount.requirement in others)
            for amount in amounts
        ]
        points = [point + _ASKS * asks(self._texts[a.requirement]) for point, a in zip(points, amounts, strict=True)]
        best = max(points)
        least = 2 if len(number) == 1 else least
        if best < 2 and (best < least or points.count(best) > _ALIKE):
            return None
        chosen = amounts[points.index(best)]
        shared = [word for word in chosen.around if _named(word, names | frozenset(more))]
        shared += [others[chosen.requirement]] if chosen.requirement in others else []
        enough = len(shared) > (len(number) == 1)
        bounds = chosen.bound and (compares or re.search(rf"= ?{re.escape(number)}\b", line) is not None)  # `burst=4`
        if not (enough or bounds or is_telling(number) or constant):
            return None
        return Found(chosen.requirement, (number, *shared) if enough else (number,))

    def _everywhere(self, name: str) -> bool:
        """Whether so many sentences have a word that it tells none of them from the others."""
        known = self._spread.get(name)
        if known is None:
            count = sum(_named(name, words) for words in self._words.values())
            known = self._spread[name] = count > max(_ALIKE, len(self._words) // 10)
        return known

    def find_any(self, part: str, line: str, beside: str = "") -> Found | None:
        """The requirement that states a number of a part with few."""
        numbers = list(dict.fromkeys(_CODE.findall(part)))
        for number in numbers if len(numbers) <= _FEW_NUMBERS else ():
            if _value(number) in _EVERYWHERE:
                continue
            found = self.find(number, line, beside, least=2)
            if found is not None:
                return found
        return None


_ASKS = 0.5
"""Of sentences that state a number for the same thing, the one that asks for it is meant."""
_FEW_NUMBERS = 3
_YEAR = re.compile(r"(?:19|20)\d\d|0\d")
"""Of dates: it stands in titles, and counts nothing."""
_ARGUMENTS = 2
"""Signs of equality beyond which each argument of a call is about itself."""
_ALIKE = 2
"""Sentences that state a number for the same thing, one of which may be meant."""
_EVERYWHERE = (0.0, 1.0, 2.0)


def _names(text: str) -> frozenset[str]:
    return frozenset(
        piece.lower() for word in _WORD.findall(text) for piece in _PIECES.findall(word) if len(piece) >= _PREFIX
    )


def _named(word: str, names: frozenset[str]) -> bool:
    """`sig` for sigma."""
    begins = word.lower()[:5]
    return any(name.startswith(begins) or begins.startswith(name[:5]) for name in names)


def is_telling(number: str) -> bool:
    """Whether a number of so many digits is hardly there by chance: 780 and 0.125, and neither 0.5 nor 1000."""
    whole, _, fraction = number.replace("_", "").replace(",", "").partition(".")
    digits = (whole + fraction.rstrip("0")).lstrip("0")
    return len(digits) >= _MANY_DIGITS and len(digits.rstrip("0")) > 1


_MANY_DIGITS = 3


def _value(said: str) -> float | None:
    try:
        return float(said.replace("_", "").replace(",", ""))
    except ValueError:
        return None


def is_number(words: str) -> bool:
    return re.fullmatch(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?", words) is not None
