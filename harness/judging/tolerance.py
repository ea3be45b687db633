"""The tolerance that an instruction states for numbers, and whether two texts differ in numbers within it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_STATED = re.compile(
    r"(?:(?:\u00b1|\+/-|\+-)[ ]?(?:max(?:imum)? )?"
    r"|\bwithin (?:an? |the )?(?:(?:relative |absolute |maximum )?(?:error|tolerance|margin|accuracy) of )?"
    r"|\btolerances?[ :=]+(?:(?:of|is|are|within|at most|up to|must be|below) )*"
    r"|\baccura\w+ (?:to|of|within) (?:within )?"
    r"|\b(?:error|deviation|differ|differs|difference)s? (?:\w+ ){0,3}?"
    r"(?:at most|below|less than|under|no more than|up to|within|exceed|<=?|by) (?:at most |more than |no more than )?)"
    rf"(?P<number>{_NUMBER})[ ]?(?P<unit>%|percent\b|\w+)?",
    re.IGNORECASE,
)
_DECIMALS = re.compile(r"\b(?P<number>\d|one|two|three|four|five|six)[ -](?:decimal|digits after)", re.IGNORECASE)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_OTHER_UNITS = re.compile(
    r"(?:s|sec\w*|min\w*|hours?|h|ms|days?|weeks?|lines?|words?|char\w*|bytes?|kb|mb|gb|tokens?|attempts?|tries|items?|"
    r"steps?|files?|requests?|times?)$",
    re.IGNORECASE,
)
"""What is limited in such a sentence is no number of an output."""
_IN_TEXT = re.compile(rf"(?<![\w.]){_NUMBER}(?![\w])")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be from the right one; whichever is stated."""

    absolute: float | None = None
    relative: float | None = None
    rounded: bool = False
    """One may be the other with fewer decimals."""

    def allows(self, right: float, given: float) -> bool:
        away = abs(right - given)
        # What cannot be written in binary is no difference.
        by_size = self.relative is not None and away <= self.relative * abs(right) * (1 + 1e-9)
        return by_size or (self.absolute is not None and away <= self.absolute * (1 + 1e-9))

    def __str__(self) -> str:
        words = [f"{self.relative * 100:g} %"] if self.relative is not None else []
        return " or ".join([*words, *([f"{self.absolute:g}"] if self.absolute is not None else [])])


def stated_tolerance(instruction: str) -> Tolerance | None:
    """The narrowest that is stated of each kind, so that none is allowed too much."""
    absolute: list[float] = []
    relative: list[float] = []
    for found in _STATED.finditer(instruction):
        unit, number = found["unit"] or "", abs(float(found["number"]))
        if _OTHER_UNITS.match(unit) or not number:
            continue
        if unit.lower() in ("%", "percent"):
            relative.append(number / 100)
        elif re.search(r"relative|rtol", instruction[max(0, found.start() - 20) : found.end()], re.IGNORECASE):
            relative.append(number)
        else:
            absolute.append(number)
    for found in _DECIMALS.finditer(instruction):
        word = found["number"].lower()
        absolute.append(0.5 * 10.0 ** -(_WORDS.get(word) or int(word)))
    if not absolute and not relative:
        return None
    return Tolerance(min(absolute, default=None), min(relative, default=None))


ROUNDED = Tolerance(rounded=True)


def _is_rounded(one: str, other: str) -> bool:
    """Whether the one with fewer decimals, of which it has some, is the other one rounded."""
    places = min(len(text.partition(".")[2]) for text in (one, other))
    plain = all(re.fullmatch(r"-?\d+\.\d+", text) for text in (one, other))
    return plain and abs(float(one) - float(other)) <= 0.5 * 10.0**-places * (1 + 1e-6)


def differ_within(right: str, given: str, tolerance: Tolerance) -> bool:
    """Whether the two texts are the same but for numbers, and each of these is as near as it must be."""
    if _IN_TEXT.sub("#", right).split() != _IN_TEXT.sub("#", given).split():
        return False
    pairs = list(zip(_IN_TEXT.findall(right), _IN_TEXT.findall(given), strict=True))
    if tolerance.rounded and all(one == other for one, other in pairs):
        return right == given
    return all(
        one == other or (tolerance.rounded and _is_rounded(one, other)) or tolerance.allows(float(one), float(other))
        for one, other in pairs
    )
