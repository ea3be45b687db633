"""A stratified sample of tasks, the same for the same seed and names wherever it is drawn. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALL = "all"
"""The only stratum of a sample that is not stratified."""


@dataclass(frozen=True, slots=True)
class Stratum:
    name: str
    tasks: int
    sampled: int


def allocate(sizes: Mapping[str, int], sample: int) -> dict[str, int]:
    """How many of each stratum: in proportion to its size, and of each at least two where the sample has room for
    that, because one task shows no spread."""
    total = sum(sizes.values())
    sample = min(sample, total)
    for least in (2, 1, 0):
        given = {name: min(least, size) for name, size in sizes.items()}
        if sum(given.values()) <= sample:
            break
    while sum(given.values()) < sample:
        # The stratum that is farthest below its share, and the first by name of those that are equally far.
        name = max(
            (each for each in sizes if given[each] < sizes[each]),
            key=lambda each: (sizes[each] * sample / total - given[each], [-ord(letter) for letter in each]),
        )
        given[name] += 1
    return given


def drawn(names: Sequence[str], groups: Sequence[str], sample: int, seed: int) -> tuple[set[int], tuple[Stratum, ...]]:
    """The places of the sampled tasks, and the strata in the order of their names. Which tasks of a stratum come first
    depends on the seed and their names alone: a larger sample of the same stratum holds the smaller one."""
    strata: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        strata.setdefault(group, []).append(place)
    given = allocate({name: len(places) for name, places in strata.items()}, sample)
    taken: set[int] = set()
    for name, places in strata.items():
        if given[name]:
            taken.update(sorted(places, key=lambda place: _lot(seed, names[place]))[: given[name]])
    return taken, tuple(Stratum(name, len(strata[name]), given[name]) for name in sorted(strata))


def _lot(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()
