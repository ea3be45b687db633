"""What a sentence says for itself, before any change is looked at: how much it asks for, and what it begins with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

from mutator.relevance.heads import command, signature
from mutator.relevance.requirements import Requirement, forbids, makes, only_mentions, tells
from mutator.relevance.tokens import stem

LEAD = 0.7
"""A sentence that introduces others stands behind them."""
TOLD = 0.5
"""What is told of the past, or of what one may try, asks for little."""
FORBIDDEN = 0.25
"""So is what says how the work may not be done."""
MAKES = 1.3
"""A sentence that asks for a file, before others that only name it."""
FIRST = 1.25
"""What a sentence begins with is what it asks for: `Sort the results`."""
_FIRST = re.compile(r"[\W\d]*([A-Z][a-z]{2,}) ")
POINTS_BACK, GIVEN = 0.5, 2.0
"""A sentence about what another one names says little by its own words, unless it gives a name or a value itself."""
_POINTS_BACK = re.compile(r"(?:It|They|This|These|Those)\b")
SAYS = 0.25
"""From here on a word has something to say of a change."""
_CASE = re.compile(r"\b(?:if|when|whenever|on|unless|where)\b", re.IGNORECASE)
_ANY_CASE = re.compile(
    r"\b(?:invalid|malformed|corrupt\w*|truncat\w*|bad|unknown|any|every|otherwise|unsupported|fail\w*|errors?)\b",
    re.IGNORECASE,
)
"""What is said of errors of every kind, and not of the one that a sentence with `if` is about."""
Evidence = Sequence[tuple[float, str]]


class Standing:
    """Of every sentence of one instruction."""

    def __init__(self, requirements: Sequence[Requirement]) -> None:
        sizes = [len(requirement.tokens) for requirement in requirements]
        mean = sum(sizes) / max(len(sizes), 1) or 1.0
        self.weights = [
            (LEAD if requirement.leads else 1.0)
            * _asks(requirement.text)
            / (0.5 + 0.5 * min(max(size / mean, 0.6), 4.0))
            for requirement, size in zip(requirements, sizes, strict=True)
        ]
        texts = [requirement.text for requirement in requirements]
        self._points_back = [_POINTS_BACK.match(text) is not None for text in texts]
        self._one_case = [_CASE.search(text) is not None and _ANY_CASE.search(text) is None for text in texts]
        self._firsts = [stem(found[1].lower()) if (found := _FIRST.match(text)) else "" for text in texts]
        self._makes = [makes(text) for text in texts]
        self._own = [signature(text) or command(text) for text in texts]
        self._heads = [frozenset(stem(word.lower()) for word in own.split("_") if word) for own in self._own]
        self._abouts = [requirement.about for requirement in requirements]
        self._about_words = [
            frozenset(stem(word.lower()) for word in about.split("_") if word) for about in self._abouts
        ]

    def makes(self, index: int) -> bool:
        """Whether it begins by asking for something to be made."""
        return self._makes[index]

    def weighed(self, index: int, score: float, evidence: Evidence, kind: Set[str], touched: Set[str]) -> float:
        """The score by what the sentence is. `kind`: what an error has in common with every other."""
        if kind and self._one_case[index] and all(v < SAYS or t in kind for v, t in evidence):
            return 0.0
        score *= self.weights[index]
        if self._points_back[index] and all(value < GIVEN for value, _ in evidence):
            score *= POINTS_BACK
        if self._firsts[index] in touched:
            score *= FIRST
        if self._makes[index] and any("/" in token for _, token in evidence):
            score *= MAKES
        return score

    def begins(self, names: Mapping[str, frozenset[str]]) -> frozenset[int]:
        """The sentences that begin with one of these names as a command or a function."""
        words = {said for said in names.values() if said}
        return frozenset(
            index
            for index, (own, head) in enumerate(zip(self._own, self._heads, strict=True))
            if own in names or head in words
        )

    def below(self, names: Mapping[str, frozenset[str]]) -> frozenset[int]:
        """The sentences that stand below such a line."""
        words = {said for said in names.values() if said}
        return frozenset(
            index
            for index, (about, said) in enumerate(zip(self._abouts, self._about_words, strict=True))
            if about and (about in names or said in words)
        ) - self.begins(names)


def _asks(text: str) -> float:
    if tells(text) or only_mentions(text):
        return TOLD
    return FORBIDDEN if forbids(text) else 1.0
