"""What a sentence says for itself, before any change is looked at: how much it asks for, and what it begins with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

from mutator.relevance.heads import command, signature
from mutator.relevance.requirements import Requirement, forbids, only_mentions, tells
from mutator.relevance.tokens import stem

LEAD = 0.7
"""A sentence that introduces others stands behind them."""
TOLD = 0.5
"""What is told of the past, or of what one may try, asks for little."""
FORBIDDEN = 0.25
"""So is what says how the work may not be done."""
FIRST = 1.25
"""What a sentence begins with is what it asks for: `Sort the results`."""
_FIRST = re.compile(r"[\W\d]*([A-Z][a-z]{2,}) ")
POINTS_BACK, GIVEN = 0.5, 2.0
"""A sentence about what another one names says little by its own words, unless it gives a name or a value itself."""
_POINTS_BACK = re.compile(r"(?:It|They|This|These|Those)\b")
SAYS = 0.25
"""From here on a word has something to say of a change."""
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
        self._firsts = [stem(found[1].lower()) if (found := _FIRST.match(text)) else "" for text in texts]
        self._own = [signature(text) or command(text) for text in texts]
        self._heads = [frozenset(stem(word.lower()) for word in own.split("_") if word) for own in self._own]
        self._abouts = [requirement.about for requirement in requirements]
        self._about_words = [
            frozenset(stem(word.lower()) for word in about.split("_") if word) for about in self._abouts
        ]

    def weighed(self, index: int, score: float, evidence: Evidence, touched: Set[str]) -> float:
        """The score by what the sentence is."""
        score *= self.weights[index]
        if self._points_back[index] and all(value < GIVEN for value, _ in evidence):
            score *= POINTS_BACK
        if self._firsts[index] in touched:
            score *= FIRST
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
