"""Delta debugging over the parts of a solution: which of them can be left out, all at once, and are not missed. Pure.

First all that serves one requirement, then halves and smaller pieces, what holds much before what is within it. A
generator: it gives a variant to try and takes the answer.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum

from mutator.model import short_id
from mutator.parts import Cut, Part
from mutator.parts.python import unbound

SHARE = 0.34
"""Of the trials, those that whole requirements may take."""
FINER = 4
"""Into how many pieces one is cut that is missed."""
MOST_TRIMS = 6


class Answer(StrEnum):
    PAID = "paid"
    UNPAID = "unpaid"
    UNKNOWN = "unknown"
    """Its trial could not be measured."""
    NOT_TRIED = "not-tried"
    """The trials have come to their end."""
    NOT_MADE = "not-made"
    """What is left would not parse."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The reference without some of its parts."""

    removed: frozenset[int]
    files: Mapping[str, bytes]
    """Those that change."""
    last: bool = False
    """Of the last pass, in which nothing is taken for granted."""

    @property
    def digest(self) -> str:
        return short_id(*(f"{name}\0{data.hex()}" for name, data in sorted(self.files.items())))


@dataclass(frozen=True, slots=True)
class FoundLeast:
    removed: frozenset[int]
    trials: int
    needed: frozenset[int]
    """Parts of what is left without which this, or this and more, was not paid."""
    untried: frozenset[int]
    """Parts of what is left without which exactly this was never tried, because the trials ended or one could not be
    measured."""
    groups: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """The groups without each of which alone it was paid."""

    @property
    def complete(self) -> bool:
        return not self.untried


Asking = Generator[Variant, Answer, Answer]


class Search:
    def __init__(
        self, cut: Cut, groups: Mapping[int, frozenset[int]], most: int, begin: frozenset[int] = frozenset()
    ) -> None:
        """`begin`: what is known to be missed by nobody, all at once."""
        self.cut, self.groups, self.most = cut, groups, most
        self.removed = begin
        self.trials = 0
        self.unpaid: list[frozenset[int]] = [frozenset(range(len(cut.parts)))]
        """Without all of it nothing is done, which the controls have shown not to be paid."""
        self.answers: dict[str, Answer] = {}
        self.implied: set[int] = set()
        """Parts of what is left that are known to be missed from what was seen of others."""
        self.free = {source: unbound(cut.sources[source].text) for source in cut.holds if self._is_python(source)}

    def _is_python(self, source: str) -> bool:
        return self.cut.sources[source].language == "python"

    def run(self) -> Generator[Variant, Answer, FoundLeast]:
        paid = yield from self._requirements()
        level = [part.index for part in self.cut.parts if part.parent is None]
        while level:
            yield from self._thin(level)
            kept = [index for index in level if index not in self.removed]
            level = [part.index for part in self.cut.parts if part.parent is not None and part.parent in set(kept)]
        yield from self._each_alone()
        left = [part.index for part in self.cut.parts if part.index not in self.removed]
        needed = frozenset(index for index in left if index in self.implied or self._is_unpaid(self._with((index,))))
        untried = frozenset(index for index in left if not self._was_missed(index))
        return FoundLeast(self.removed, self.trials, needed, untried, paid)

    # --- which of them

    def _requirements(self) -> Generator[Variant, Answer, dict[int, frozenset[int]]]:
        """Each by itself, then as many at once as can be missed."""
        paid: dict[int, frozenset[int]] = {}
        limit = int(self.most * SHARE)
        for index, group in self.groups.items():
            if self.trials >= limit:
                break
            if (yield from self._ask(group)) is Answer.PAID:
                paid[index] = group
        together = frozenset().union(*paid.values())
        if len(paid) > 1 and (yield from self._ask(together)) is Answer.PAID:
            self.removed = together
            return paid
        for group in sorted(paid.values(), key=len, reverse=True):
            if (yield from self._ask(self.removed | group)) is Answer.PAID:
                self.removed |= group
        return paid

    def _thin(self, level: Sequence[int]) -> Generator[Variant, Answer, None]:
        """Leave out as many parts of a level as are not missed: first half of them at once, then fewer. The last come
        first, for what is defined before is used by what comes after."""
        left = [index for index in level if index not in self.removed]
        size = max((len(left) + 1) // 2, 1)
        while left:
            done = False
            for start in range((len(left) - 1) // size * size, -1, -size):
                chunk = self._trimmed([index for index in left[start : start + size] if index not in self.removed])
                if not chunk:
                    continue
                answer = yield from self._ask(self._with(chunk))
                if answer is Answer.PAID:
                    self.removed, done = self._with(chunk), True
                elif answer is Answer.NOT_TRIED:
                    return
            left = [index for index in left if index not in self.removed]
            if size == 1 and not done:
                return
            size = max(min(size, len(left)) // FINER, 1)

    def _each_alone(self) -> Generator[Variant, Answer, None]:
        """Whatever is left, one by one, also what something else seems to need, until nothing more can be missed. What
        was missed before may not be any more, now that what used it is gone."""
        done = True
        while done:
            done = False
            self.implied.clear()
            for part in reversed(self.cut.parts):
                if part.index in self.removed:
                    continue
                if self._is_implied(part):
                    self.implied.add(part.index)
                    continue
                answer = yield from self._ask(self._with((part.index,)), last=True)
                if answer is Answer.PAID:
                    self.removed, done = self._with((part.index,)), True
                elif answer is Answer.NOT_TRIED:
                    return

    # --- one of them

    def _ask(self, removed: frozenset[int], *, last: bool = False) -> Asking:
        """Ask only what is not known: not the same text again, nor what lacks all that something unpaid lacks."""
        if removed == self.removed and removed:
            return Answer.PAID
        if removed in self.unpaid or (not last and self._is_unpaid(removed)):
            return Answer.UNPAID
        files = self.cut.without(removed)
        if files is None:
            return Answer.NOT_MADE
        variant = Variant(removed, files, last)
        known = self.answers.get(variant.digest)
        if known is None:
            if self.trials >= self.most:
                return Answer.NOT_TRIED
            self.trials += 1
            known = self.answers[variant.digest] = yield variant
        if known is Answer.UNPAID:
            self.unpaid.append(removed)
        return known

    def _is_unpaid(self, removed: Set[int]) -> bool:
        return any(each <= removed for each in self.unpaid)

    def _with(self, indices: Iterable[int]) -> frozenset[int]:
        return self.removed | self.cut.whole(indices)

    def _was_missed(self, index: int) -> bool:
        """Whether exactly the rest was seen not to be paid without it, or would not parse."""
        removed = self._with((index,))
        if removed in self.unpaid or index in self.implied:
            return True
        files = self.cut.without(removed)
        return files is None or self.answers.get(Variant(removed, files).digest) is Answer.UNPAID

    def _is_implied(self, part: Part) -> bool:
        """Whether what is missed of the rest would stop without it: what defines a name goes with what uses the name,
        and that may not go. A part that holds what is missed was tried once itself, with less left out."""
        removed = self._with((part.index,))
        inside = self.cut.within[part.index]
        if inside:
            asked = any(part.index in each and each <= removed for each in self.unpaid[1:])
            if asked and any(each not in self.removed and self._was_missed(each) for each in inside):
                return True
        missing = self._missing(removed) - self._missing(self.removed)
        if not missing:
            return False
        return any(
            other.index not in removed
            and not self.cut.within[other.index]
            and self._has(other, missing)
            and self._was_missed(other.index)
            for other in self.cut.parts
        )

    def _trimmed(self, chunk: Sequence[int]) -> list[int]:
        """Without the parts that define what the rest of a Python program uses: it would stop there."""
        kept = list(chunk)
        for _ in range(MOST_TRIMS):
            missing = self._missing(self._with(kept))
            if not missing:
                return kept
            fewer = [index for index in kept if not self._has(self.cut.parts[index], missing)]
            if len(fewer) == len(kept):
                return kept
            kept = fewer
        return kept

    def _missing(self, removed: Set[int]) -> frozenset[str]:
        texts = self.cut.texts(removed) or {}
        found = (unbound(text) - self.free[source] for source, text in texts.items() if source in self.free)
        return frozenset().union(*found)

    def _has(self, part: Part, names: frozenset[str]) -> bool:
        """Or uses: whether it has one of the names."""
        return not names.isdisjoint(re.findall(r"\w+", self.cut.text(part)))
