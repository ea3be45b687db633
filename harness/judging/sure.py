"""Whether the verdict of a task can still change: evidence from variants that run in an order drawn by lot. Pure.

Of so many variants some have run. Against each share that would make another verdict a bet is held, whose stake grows
as that share looks wrong: if the share were true, the stake would ever reach 20 in one of 20 tasks at most, however
often one looks. That is why an audit may stop at any moment it likes, which repeated intervals would not allow.
(Drawn without putting back: what is left to be drawn bounds the share as well, so that a stake may become certain.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.judging.outcome import COUNTED, OutcomeKind
from harness.judging.strength import Judged, Strength, Thresholds, Verdict, strength, verdict, weight

FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
"""Of the most that may be staked; their mean is one stake."""
SHARES = tuple(share / 100 for share in range(1, 100))
"""Held against, for the interval."""


_MOST = 1e30


@dataclass
class Bet:
    """Against a detected share of at most `level` of all that count, or with `above` False of at least `level`."""

    level: float
    above: bool
    of: int
    """How many there are to be drawn, those among them that will not count."""
    stakes: list[float] = field(default_factory=lambda: [1.0] * len(FRACTIONS))
    drawn: int = 0
    total: float = 0.0
    best: float = 1.0
    """The highest that the stake ever was."""

    def draw(self, found: float | None) -> None:
        """How much of a variant was detected; None for one that does not count."""
        value = 0.0 if found is None else (found - self.level) * (1 if self.above else -1)
        least = -self.level if self.above else self.level - 1
        # In the middle of what is left, were the share just `level`.
        middle = -self.total / (self.of - self.drawn)
        room = max(middle - least, 1e-12)
        self.stakes = [
            min(_MOST, stake * max(0.0, 1 + fraction * (value - middle) / room))
            for stake, fraction in zip(self.stakes, FRACTIONS, strict=True)
        ]
        self.drawn += 1
        self.total += value
        self.best = max(self.best, math.fsum(self.stakes) / len(self.stakes))
        if self.total + (self.of - self.drawn) * least > 1e-9:
            self.best = math.inf

    def won(self, error: float) -> bool:
        return self.best >= 1 / error


class BetsOnAll:
    """What the variants that ran, one after the other, say of all of them."""

    def __init__(self, requirements: Sequence[str | None], thresholds: Thresholds) -> None:
        """Of each variant that there is the stated requirement that it breaks, None for nothing that is stated."""
        self.ran: list[Judged] = []
        self._thresholds, self._of = thresholds, len(requirements)
        stated = sum(one is not None for one in requirements)
        self._requirements = len({one for one in requirements if one is not None})
        adequate, strong = thresholds.adequate, thresholds.strong
        self._weak, self._not_weak = Bet(adequate, False, self._of), Bet(adequate, True, self._of)
        self._not_strong, self._strong = Bet(strong, False, self._of), Bet(strong, True, self._of)
        self._unstated = Bet(thresholds.stated, False, stated) if stated else None
        self._stated = Bet(thresholds.stated, True, stated) if stated else None

    def add(self, one: Judged, *, stated: bool) -> bool:
        """Whether the variants that have not run can hardly change the verdict any more. `stated`: whether it was
        counted among those that break a requirement when it was chosen."""
        self.ran.append(one)
        counts = one.outcome.kind in COUNTED
        found = weight(one.outcome) if counts else None
        for bet in (self._weak, self._not_weak, self._not_strong, self._strong):
            bet.draw(found)
        for own in (self._unstated, self._stated):
            if own is not None and stated:
                own.draw(found if one.requirement is not None else None)
        numbers = strength(self.ran)
        word, _ = verdict(numbers, self._thresholds)
        return len(self.ran) < self._of and self._settles(word, numbers)

    def _settles(self, word: Verdict, numbers: Strength) -> bool:
        thresholds = self._thresholds
        error = (1 - thresholds.sure) / 3  # of three shares, one side each may be refuted wrongly
        tried, errors = sum(numbers.by_outcome.values()), numbers.by_outcome.get(OutcomeKind.ERROR, 0)
        if errors > thresholds.errors / 2 * tried:
            return False
        if word is Verdict.WEAK:
            return self._weak.won(error)
        if word is Verdict.ADEQUATE:
            below = self._not_strong.won(error) or (self._unstated is not None and self._unstated.won(error))
            return self._not_weak.won(error) and below
        if word is Verdict.STRONG:
            spread = numbers.requirements_caught >= thresholds.spread * self._requirements
            return spread and self._strong.won(error) and (self._stated is None or self._stated.won(error))
        return False


def interval_of_all(found: Sequence[float | None], of: int, sure: float) -> tuple[float, float]:
    """Of the detected share of all `of`, from those that were drawn, in their order; it holds whenever one stops."""
    error = (1 - sure) / 2
    low, high = 0.0, 1.0
    for share in SHARES:
        below, above = Bet(share, True, of), Bet(share, False, of)
        for one in found:
            below.draw(one)
            above.draw(one)
        if below.won(error):
            low = max(low, share)
        if above.won(error):
            high = min(high, share)
    return low, max(low, high)


@dataclass(frozen=True, slots=True)
class Sureness:
    """That an audit stopped before all variants had run, because its verdict could hardly change any more."""

    ran: int
    of: int
    sure: float
    """How sure: the share of tasks whose word all variants would not have changed."""
    low: float
    high: float
    """The detected share of all of them lies between these, as surely."""
