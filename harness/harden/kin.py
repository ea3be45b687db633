"""Words that an instruction lists side by side: where an input has one of them, another may stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any

from harness.harden.brought import json_document
from harness.harden.model import BoxCase

Kin = Mapping[str, Sequence[str]]
"""A word -> those that are listed beside it."""
_WORD = r"[\"'`]?[A-Za-z][\w-]*[\"'`]?"
_BETWEEN = r", ?(?:and |or )?|/| and | or |\|"
_LIST = re.compile(rf"(?<![\w/.~-]){_WORD}(?:(?:{_BETWEEN}){_WORD})+(?![\w/])(?=\s*[.,;:)\]}}\n]|\s*$)")
_NUMBERED = re.compile(r"(?:[\"'`]?\d+[\"'`]? ?= ?[\"'`]?[A-Za-z][\w-]*[\"'`]?[,;/ ]*){2,}")
"""`0=hole 1=written`."""
_NAMED = re.compile(r"= ?[\"'`]?([A-Za-z][\w-]*)")
LEAST = 3
"""Of a list that is taken for one: two words that are joined are a sentence's."""


def kin_in(instruction: str) -> Kin:
    found: dict[str, dict[str, None]] = {}
    lists = [[part.strip("\"'`") for part in re.split(_BETWEEN, listed[0])] for listed in _LIST.finditer(instruction)]
    lists = [words for words in lists if len(set(words)) >= LEAST]
    lists += [_NAMED.findall(listed[0]) for listed in _NUMBERED.finditer(instruction)]
    for words in lists:
        for word in words:
            found.setdefault(word, {}).update(dict.fromkeys(other for other in words if other != word))
    return {word: tuple(others) for word, others in found.items()}


def with_kin(value: Any, kin: Kin) -> Iterator[tuple[str, str, Any]]:
    """The word, the one in its place, and the document, one place at a time."""
    if isinstance(value, str):
        for other in kin.get(value, ()):
            yield value, other, other
    elif isinstance(value, dict):
        for key, each in value.items():
            for old, new, inside in with_kin(each, kin):
                yield old, new, {**value, key: inside}
    elif isinstance(value, list):
        for at, each in enumerate(value):
            for old, new, inside in with_kin(each, kin):
                yield old, new, [*value[:at], inside, *value[at + 1 :]]


SOME = 0.3


def some_kin(value: Any, kin: Kin, rng: Random) -> Any:
    """The document with others in place of some of those words."""
    if isinstance(value, str) and value in kin:
        return rng.choice(kin[value]) if rng.random() < SOME else value
    if isinstance(value, dict):
        return {key: some_kin(each, kin, rng) for key, each in value.items()}
    if isinstance(value, list):
        return [some_kin(each, kin, rng) for each in value]
    return value


# --- what such a word goes with


def well_formed(own: Iterable[BoxCase], kin: Kin) -> Callable[[BoxCase], bool]:
    """Whether the objects of a case's JSON have what every object of the tests has that has the same such word at the
    same key, and lists are as long as each other that are so in all of the tests. `own`: the tests' own cases."""
    always: dict[tuple[str, str], frozenset[str]] = {}
    own = list(own)
    bound = _bound(own)
    for case in own:
        for found, words in _objects(case, kin):
            for word in words:
                always[word] = always.get(word, frozenset(found)) & found.keys()

    def holds(case: BoxCase) -> bool:
        if any(len(one | other) > 1 for one, other in _pairs(case, bound)):
            return False
        return all(
            always.get(word, frozenset()) <= found.keys() for found, words in _objects(case, kin) for word in words
        )

    return holds


def _objects(case: BoxCase, kin: Kin) -> Iterator[tuple[Mapping[str, Any], list[tuple[str, str]]]]:
    for text in _texts(case):
        for found in _inside(json_document(text)):
            yield found, [(key, each) for key, each in found.items() if isinstance(each, str) and each in kin]


def _texts(case: BoxCase) -> list[str]:
    """What a program is given."""
    if case.kind != "run":
        return []
    return [case.body["stdin"], *(str(file["text"]) for file in case.body["files"])]


def _inside(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _inside(each)


# --- lists that are as long as each other

Place = tuple[str, ...]
MOST_PLACES = 60
ANY = "[]"
"""In a place: whatever is in the list that is there."""


def _bound(own: Sequence[BoxCase]) -> set[tuple[Place, Place]]:
    """Pairs of places whose lists are of one length in each of these cases, and of more than one item in some."""
    every = [_lengths(case) for case in own]
    places = sorted(set().union(*every))[:MOST_PLACES]
    found: set[tuple[Place, Place]] = set()
    for one, other in combinations(places, 2):
        both = [lengths[one] | lengths[other] for lengths in every if one in lengths and other in lengths]
        if both and all(len(each) == 1 for each in both) and any(max(each) > 1 for each in both):
            found.add((one, other))
    return found


def _lengths(case: BoxCase) -> dict[Place, set[int]]:
    """Place of its documents -> the lengths of the lists that are there."""
    found: dict[Place, set[int]] = {}

    def gather(place: Place, value: Any) -> None:
        if isinstance(value, list):
            found.setdefault(place, set()).add(len(value))
            for each in value:
                gather((*place, ANY), each)
        elif isinstance(value, dict):
            for key, each in value.items():
                gather((*place, key), each)

    for number, text in enumerate(_texts(case)):
        gather((str(number),), json_document(text))
    return found


def _pairs(case: BoxCase, bound: Iterable[tuple[Place, Place]]) -> Iterator[tuple[set[int], set[int]]]:
    lengths = _lengths(case)
    for one, other in bound:
        if one in lengths and other in lengths:
            yield lengths[one], lengths[other]
