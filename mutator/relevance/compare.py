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
Counted = tuple[int, dict[str, int]]
"""How many lines the solution has, and on how many of them each token stands."""


@dataclass(frozen=True, slots=True)
class Link:
    """A requirement that a mutant breaks."""

    requirement: int
    score: float
    evidence: tuple[str, ...]
    """The words that tie the mutant to the sentence, most telling first."""


THRESHOLD = 1.7
"""A weaker link is no link."""
ALONE = 1.3
"""Unless no other sentence comes near it."""
ANCHOR = 0.65
"""What the changed text itself must have in common with a sentence."""
CALLED = 1.4
"""A sentence that has all the words of the function's name."""
HEADED = 1.5
"""What it adds that a sentence begins with the function's name as a command: `RENEW <client>`."""
OF_ANOTHER_HEAD, HEAD_OF_PART, OF_NO_PART = 0.5, 0.6, 0.3
"""Where another command's sentences stand; the head's own line where only a part of it changes, of which others say
more; and that line where it says nothing of the part."""
SAID, SAID_IN_TWO = 0.6, 0.3
"""What it adds that a sentence has all the words of the statement, and where these are only two."""
_MANY_WORDS = 6
BESIDE = 0.3
"""A sentence that says nothing of the changed words themselves, only of what stands around them."""
OF_ANOTHER = 0.5
"""How far a sentence may stay behind the first one. One that speaks of what changes, a bound or an order, goes before
others about the same thing."""
_COMPARED, _MORE = 6, 2
_SEVERAL = 2
"""Other sentences that say the same of a change."""
SHOWN = 5
"""Words of evidence."""

_COUNT = re.compile(r"\d\d?0*(?:\.0+)?|0\.5")
"""A small or round number alone: it stands in many places for many things."""
_YEAR = re.compile(r"(?:19|20)\d\d")
"""Stands in titles and dates."""
_ANYWHERE = frozenset(("~empty", "~refusal"))
"""Concepts that tie nothing by themselves: most conditions are about what is missing or wrong."""


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
    statement: frozenset[str]
    other: Set[int]
    elsewhere: Set[int]
    """The sentences about other files."""
    kind: Set[str]


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
        score, anchor, evidence = self._gathered(seen.near, counted)
        for index in score:
            value = score[index] - _said_twice(evidence[index])
            value = self._standing.weighed(index, value, evidence[index], seen.kind, seen.touched)
            if (seen.touched - _ANYWHERE).isdisjoint(token for _, token in evidence[index]):
                value *= BESIDE
            if seen.only and seen.only not in self._requirements[index].tokens:
                value = 0.0
            if index in seen.elsewhere and not self._names_key(index, seen.touched):
                value *= BESIDE
            score[index] = value
        self._by_heads(seen, score, anchor, evidence)
        headed, statement = seen.named | seen.below, seen.statement
        whole = self._said(statement, score)
        ranked = sorted(
            (
                item
                for item in score.items()
                if item[0] in whole
                or (
                    anchor.get(item[0], 0.0) >= ANCHOR
                    and (self._telling(item[0], evidence[item[0]]) or item[0] in headed)
                )
            ),
            key=lambda item: (-item[1], item[0]),
        )
        if not ranked:
            return ()
        ranked = self._with_more_first(ranked, evidence)
        best = ranked[0][1]
        if self._said_of_many(ranked[0][0], evidence, seen):
            return ()
        if best < THRESHOLD and not (best >= ALONE and (len(ranked) == 1 or best >= 1.5 * ranked[1][1])):
            return ()
        near_enough = [(index, value) for index, value in ranked if value >= OF_ANOTHER * best]
        near_enough.sort(key=lambda item: item[0] in seen.other)
        return tuple(
            Link(index, round(value, 3), self._shown(index, evidence[index])) for index, value in near_enough[:most]
        )

    def _with_more_first(
        self, ranked: list[tuple[int, float]], evidence: Mapping[int, Sequence[tuple[float, str]]]
    ) -> list[tuple[int, float]]:
        """A sentence that has all that ties the first one, and more things besides, goes before it."""
        telling = {
            index: {token for value, token in evidence[index] if value >= SAYS}
            for index, value in ranked[:_COMPARED]
            if value >= OF_ANOTHER * ranked[0][1] and (index == ranked[0][0] or not self._requirements[index].leads)
        }
        first = telling[ranked[0][0]]
        more = [index for index, said in telling.items() if first < said and len(said) >= len(first) + _MORE]
        if not more:
            return ranked
        best = max(more, key=lambda index: len(telling[index]))
        return [(best, ranked[0][1]), *(item for item in ranked if item[0] != best)]

    def _said_of_many(self, index: int, evidence: Mapping[int, Sequence[tuple[float, str]]], seen: Seen) -> bool:
        """Whether all that ties a change to a sentence stands in several others as well."""
        if not seen.part or index in seen.named or index in seen.below or self._standing.makes(index):
            return False
        telling = {
            token
            for value, token in evidence[index]
            if (value >= SAYS or _COUNT.fullmatch(token)) and not token.startswith("~")
        }
        if any(token.startswith("-") or "/" in token or "." in token or token.isupper() for token in telling):
            return False  # An option, a file or a constant is the same wherever it is named.
        others = sum(telling <= self._requirements[other].tokens.keys() for other in evidence if other != index)
        return bool(telling) and others >= _SEVERAL

    def _by_heads(
        self,
        seen: Seen,
        score: dict[int, float],
        anchor: dict[int, float],
        evidence: Mapping[int, Sequence[tuple[float, str]]],
    ) -> None:
        """What is said of the command or function that a change is in, before what is said of others. Of one part of
        it, a sentence below the head's own line says more than that line."""
        below = {
            index
            for index in seen.below & score.keys()
            if any(value >= SAYS and token in seen.touched for value, token in evidence[index])
        }
        for index in score:
            requirement = self._requirements[index]
            if index in below and seen.part:  # What the head itself says is the same for all of them.
                told = sum(value for value, token in evidence[index] if token not in requirement.tokens)
                score[index] -= told * self._standing.weights[index]
            elif seen.called and seen.called.issubset(token for _, token in evidence[index]):
                score[index] *= CALLED
            if (index in below and seen.part) or index in seen.named:
                score[index] += HEADED
                anchor[index] = anchor.get(index, 0.0) + HEADED
            elif requirement.about and seen.part and (seen.named or seen.below):
                score[index] *= OF_ANOTHER_HEAD if requirement.about not in seen.touched else 1.0
            if index in seen.named and seen.part and (requirement.head or seen.large):
                # What only the function's name ties is said of all of it.
                own = any(
                    value >= SAYS and token in seen.touched and not _COUNT.fullmatch(token)
                    for value, token in evidence[index]
                )
                score[index] *= (HEAD_OF_PART if below and requirement.head else 1.0) if own else OF_NO_PART
            elif index not in seen.named and not seen.part and seen.named & score.keys():
                score[index] *= HEAD_OF_PART

    def _gathered(
        self, near: Mapping[str, float], counted: Counted
    ) -> tuple[dict[int, float], dict[int, float], dict[int, list[tuple[float, str]]]]:
        """What each sentence has in common with a change: how much in all, how much of it near, and what."""
        score: dict[int, float] = {}
        anchor: dict[int, float] = {}
        evidence: dict[int, list[tuple[float, str]]] = {}
        for token, nearness in near.items():
            common = _code_rarity(token, counted)
            rarity = self._rarity[token] * nearness
            for index, weight in self._where[token]:
                value = weight * rarity * (common if weight < 2 * WORD else max(common, 0.75))
                if nearness < 0.9 and "/" in token:
                    value *= 0.5
                score[index] = score.get(index, 0.0) + value
                if nearness >= 0.4 and token in self._requirements[index].tokens:
                    anchor[index] = anchor.get(index, 0.0) + value
                evidence.setdefault(index, []).append((value, token))
        return score, anchor, evidence

    def _names_key(self, index: int, touched: Set[str]) -> bool:
        """Whether a sentence gives one of the touched words as a name or a value, and not in passing."""
        tokens = self._requirements[index].tokens
        if any("/" in token for token in tokens):
            return False
        return any(tokens.get(token, 0.0) >= KEY and " " not in token for token in touched)

    def _said(self, statement: frozenset[str], score: dict[int, float]) -> frozenset[int]:
        """Adds to the sentences that have all the words of a statement; the ones that more than two words tie."""
        if not 2 <= len(statement) <= _MANY_WORDS:
            return frozenset()
        tokens = {index: self._requirements[index].tokens.keys() for index, value in score.items() if value}
        said = frozenset(index for index, words in tokens.items() if statement <= words)
        for index in said:
            score[index] += SAID if len(statement) > 2 else SAID_IN_TWO
        return said if len(statement) > 2 else frozenset()

    def _telling(self, index: int, evidence: Sequence[tuple[float, str]]) -> bool:
        """One name, value or pair of words, or two things besides: a single plain word or concept ties nothing."""
        words = {token for _, token in evidence if token.isalpha()}
        apart = [(value, token) for value, token in evidence if not _repeats(token, words)]
        if all(token.startswith("~") for _, token in apart):
            return False
        plain = [(value, token) for value, token in apart if not _COUNT.fullmatch(token) and not _YEAR.fullmatch(token)]
        text, counts = self._requirements[index].text, [token for _, token in apart if _COUNT.fullmatch(token)]
        counted = any(_beside(text, count, token) for count in counts for value, token in plain if value >= SAYS)
        return any(value >= 1.2 and not token.isalpha() for value, token in plain) or (
            sum(value >= SAYS for value, _ in plain) + counted >= 2
            and any(value >= SAYS and not token.startswith("~") for value, token in plain)
        )

    def _shown(self, index: int, evidence: list[tuple[float, str]]) -> tuple[str, ...]:
        words = self._requirements[index].words
        ranked = [token for _, token in sorted(evidence, key=lambda one: (-one[0], one[1]))]
        return tuple(dict.fromkeys(words.get(token, token).removeprefix("~") for token in ranked[:8]))[:SHOWN]


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


def _said_twice(evidence: Sequence[tuple[float, str]]) -> float:
    """What concepts add although the very word is shared as well."""
    words = {token for _, token in evidence if token.isalpha()}
    return sum(0.8 * value for value, token in evidence if _repeats(token, words))


def _repeats(token: str, words: Set[str]) -> bool:
    """Whether it is the concept of a word that is shared itself."""
    return token.startswith("~") and any(token in stated(word) or token in stated(word + "ed") for word in words)
