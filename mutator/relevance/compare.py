"""A change beside every sentence: what they have in common, which one it ties, and whether that is enough."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from mutator.relevance.concepts import stated
from mutator.relevance.requirements import Requirement
from mutator.relevance.standing import SAYS, Standing
from mutator.relevance.tokens import CONTEXT_WEIGHT, KEY, WORD

Where = dict[str, list[tuple[int, float]]]
"""Token -> the sentences that have it, and how telling it is there."""
Said = Sequence[tuple[float, str]]
"""What a sentence has in common with a change: how telling each token of it is."""
Counted = tuple[int, dict[str, int]]
"""How many lines the solution has, and on how many of them each token stands."""


@dataclass(frozen=True, slots=True)
class Link:
    """A requirement that a mutant breaks."""

    requirement: int
    score: float
    evidence: tuple[str, ...]
    """The words that tie the mutant to the sentence, most telling first."""


THRESHOLD, ALONE, CLEARLY = 1.7, 1.3, 1.5
"""A weaker link is no link; unless no other sentence comes near it: the first has so many times what it has."""
LITTLE, LESS = 0.3, 0.5
"""What counts of a sentence that hardly speaks of the change, and of one that others go before."""
CALLED, HEADED, SAID = 1.4, 1.5, 0.5
"""A sentence has all the words of the function's name; it begins with that name, or stands below it: `RENEW <client>`;
it has all the words of the statement."""
_MORE, _SEVERAL = 2, 2
"""Other sentences that say the same of a change."""
STRONG, EVERYWHERE = 1.2, 0.7
"""A name or a value so telling ties a sentence by itself; not one that stands on more than a few lines."""
NEAR = 0.4
SHOWN = 5
"""Words of evidence."""

_COUNT = re.compile(r"\d\d?0*(?:\.0+)?|0\.5")
"""A small or round number alone: it stands in many places for many things."""
_YEAR = re.compile(r"(?:19|20)\d\d")
"""Stands in titles and dates."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A change, as far as sentences are compared with it."""

    near: Mapping[str, float]
    """Token -> how near it is."""
    touched: Set[str]
    called: frozenset[str]
    """The words of the function's name."""
    named: Set[int]
    """The sentences that begin with the function or the command that the change is in."""
    below: Set[int]
    """Those that stand below such a line."""
    part: bool
    """Whether it is a part of that only."""
    large: bool
    """Whether that is of more than a few lines."""
    only: str
    """The concept without which a sentence does not ask for it."""
    statement: frozenset[str]
    """The words of the one statement that is touched."""
    other: Set[int]
    """The sentences that do not speak of what changes, a bound or an order."""
    elsewhere: Set[int]
    """The sentences about other files."""


def where(requirements: Sequence[Requirement]) -> Where:
    """Where each token stands."""
    found: Where = {}
    for requirement in requirements:
        for token, weight in requirement.tokens.items():
            found.setdefault(token, []).append((requirement.index, weight))
        for token, weight in requirement.context.items():
            found.setdefault(token, []).append((requirement.index, weight * CONTEXT_WEIGHT))
    return found


class Comparison:
    """Of changes with the sentences of one instruction."""

    def __init__(self, requirements: Sequence[Requirement], where: Where, standing: Standing) -> None:
        self._requirements = requirements
        self._where = where
        self._standing = standing
        total = math.log(len(requirements) + 2)
        spread = {
            token: sum(1.0 if token in requirements[index].tokens else CONTEXT_WEIGHT for index, _ in said)
            for token, said in where.items()
        }
        self._rarity = {token: max(1.0 - math.log(max(count, 1.0)) / total, 0.05) for token, count in spread.items()}

    def best(self, seen: Seen, most: int, counted: Counted) -> tuple[Link, ...]:
        shared = self._shared(seen.near, counted)
        below = frozenset(index for index in seen.below & shared.keys() if _speaks(shared[index], seen.touched))
        score = {index: self._score(index, said, seen, below) for index, said in shared.items()}
        headed = seen.named | seen.below
        tied = [
            index for index, said in shared.items() if index in headed or self._ties(index, said, seen.near, counted)
        ]
        ranked = sorted(tied, key=lambda index: (-score[index], index))
        if not ranked:
            return ()
        best, *others = (score[index] for index in ranked)
        ranked = self._with_more_first([index for index in ranked if score[index] >= LESS * best], shared)
        if best < THRESHOLD and (best < ALONE or (others and best < CLEARLY * others[0])):
            return ()
        if self._said_of_many(ranked[0], shared, seen):
            return ()
        ranked.sort(key=lambda index: index in seen.other)
        return tuple(Link(index, round(score[index], 3), self._shown(index, shared[index])) for index in ranked[:most])

    def _shared(self, near: Mapping[str, float], counted: Counted) -> dict[int, list[tuple[float, str]]]:
        """What each sentence has in common with a change. What the solution says on many lines says little of one,
        a name still more than a word."""
        shared: dict[int, list[tuple[float, str]]] = {}
        for token, nearness in near.items():
            common = _code_rarity(token, counted)
            for index, weight in self._where[token]:
                telling = max(common, 0.75) if weight >= 2 * WORD else common
                shared.setdefault(index, []).append((weight * self._rarity[token] * nearness * telling, token))
        return shared

    def _score(self, index: int, said: Said, seen: Seen, below: Set[int]) -> float:
        """How much of a change a sentence speaks of."""
        requirement = self._requirements[index]
        if seen.part and index in below:  # What the head itself says is the same for all of them.
            said = [(value, token) for value, token in said if token in requirement.tokens]
        score = sum(value for value, _ in said) - _said_twice(said)
        score = self._standing.weighed(index, score, said, seen.touched)
        if seen.only and seen.only not in requirement.tokens:
            return 0.0
        if seen.touched.isdisjoint(token for _, token in said):
            score *= LITTLE
        if index in seen.elsewhere and not self._gives(index, seen.touched):
            score *= LITTLE
        score = self._by_head(index, score, said, seen, below)
        if len(seen.statement) > 1 and seen.statement <= requirement.tokens.keys():
            score += SAID
        return score

    def _gives(self, index: int, touched: Set[str]) -> bool:
        """Whether a sentence that names no file gives one of the touched words as a name or a value, and not in
        passing."""
        tokens = self._requirements[index].tokens
        if any("/" in token for token in tokens):
            return False
        return any(tokens.get(token, 0.0) >= KEY and " " not in token for token in touched)

    def _by_head(self, index: int, score: float, said: Said, seen: Seen, below: Set[int]) -> float:
        """What is said of the command or function that a change is in, before what is said of others. Of one part of
        it, a sentence below the head's own line says more than that line."""
        requirement = self._requirements[index]
        of_the_part = seen.part and index in below
        if seen.called and seen.called.issubset(token for _, token in said):
            score *= CALLED
        if of_the_part or index in seen.named:
            score += HEADED
        elif seen.part and requirement.about and requirement.about not in seen.touched and (seen.named or seen.below):
            score *= LESS
        if index not in seen.named:
            return score * (LESS if seen.named and not seen.part else 1.0)
        if not seen.part or not seen.large:
            return score
        if not _speaks(said, seen.touched):
            return score * LITTLE  # What only the function's name ties is said of all of it.
        return score * (LESS if below else 1.0)

    def _with_more_first(self, ranked: list[int], shared: Mapping[int, Said]) -> list[int]:
        """A sentence that has all that ties the first one, and more things besides, goes before it."""
        telling = {
            index: {token for value, token in shared[index] if value >= SAYS}
            for index in ranked
            if index == ranked[0] or not self._requirements[index].leads
        }
        first = telling[ranked[0]]
        more = [index for index, tokens in telling.items() if first < tokens and len(tokens) >= len(first) + _MORE]
        if not more:
            return ranked
        best = max(more, key=lambda index: len(telling[index]))
        return [best, *(index for index in ranked if index != best)]

    def _said_of_many(self, index: int, shared: Mapping[int, Said], seen: Seen) -> bool:
        """Whether all that ties a change to a sentence stands in several others as well."""
        if not seen.part or index in seen.named or index in seen.below:
            return False
        telling = {token for value, token in shared[index] if value >= SAYS and not token.startswith("~")}
        if any(token.startswith("-") or "/" in token or "." in token or token.isupper() for token in telling):
            return False  # An option, a file or a constant is the same wherever it is named.
        others = sum(telling <= self._requirements[other].tokens.keys() for other in shared if other != index)
        return bool(telling) and others >= _SEVERAL

    def _ties(self, index: int, said: Said, near: Mapping[str, float], counted: Counted) -> bool:
        """One name or value, or two things of which one is a word: a single plain word or concept ties nothing, and
        neither does what a step only tries or looks at."""
        if all(near[token] < NEAR for _, token in said if not token.startswith("~")):
            return False
        plain = [(value, token) for value, token in said if not _COUNT.fullmatch(token) and not _YEAR.fullmatch(token)]
        if any(
            value >= STRONG and not token.isalpha() and _code_rarity(token, counted) > EVERYWHERE
            for value, token in plain
        ):
            return True
        telling = [token for value, token in plain if value >= SAYS]
        counts = [token for _, token in said if _COUNT.fullmatch(token)]
        text = self._requirements[index].text
        beside = any(_beside(text, count, token) for count in counts for token in telling)
        return len(telling) + beside >= 2 and any(not token.startswith("~") for token in telling)

    def _shown(self, index: int, said: Said) -> tuple[str, ...]:
        words = self._requirements[index].words
        ranked = [token for _, token in sorted(said, key=lambda one: (-one[0], one[1]))]
        return tuple(dict.fromkeys(words.get(token, token).removeprefix("~") for token in ranked[:8]))[:SHOWN]


def _speaks(said: Said, touched: Set[str]) -> bool:
    """Whether a sentence has something to say of the changed words themselves."""
    return any(value >= SAYS and token in touched for value, token in said)


def _code_rarity(token: str, counted: Counted) -> float:
    lines, counts = counted
    count = counts.get(token, 0)
    if count <= 2 or lines < 8:
        return 1.0
    return max(1.0 - math.log(count / 2) / math.log(lines), 0.3)


def _beside(text: str, count: str, word: str) -> bool:
    """Whether a number stands near a word: `dtype (2=int16)`, `a dtype code, where 2 means`."""
    one, other = rf"\b{re.escape(word)}\w*", rf"(?<![\w.]){re.escape(count)}(?![\w.])"
    between = r"\W{1,3}(?:\w+\W{1,3}){0,2}"
    return re.search(f"{one}{between}{other}|{other}{between}{one}", text, re.IGNORECASE) is not None


def _said_twice(said: Said) -> float:
    """What concepts add although the very word is shared as well."""
    words = [token for _, token in said if token.isalpha()]
    concepts = {concept for word in words for each in (word, f"{word}ed") for concept in stated(each)}
    return sum(0.8 * value for value, token in said if token in concepts)
