"""Which variants run, and when it is enough: all of them in their order, or, where an audit may stop early, in an order
drawn by lot until their verdict can hardly change any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from harness.judging.outcome import COUNTED
from harness.judging.strength import weight
from harness.judging.sure import BetsOnAll, Sureness, interval_of_all
from harness.stages.mutants import Untried
from harness.stages.result import AuditSettings, MutantResult
from harness.stages.verdict import judged


class Enough:
    """Of one task. What counts are the results up to the last of them, in the order of the lot: those that ran ahead
    when it was enough are left out, so that the same seed gives the same results on any machine."""

    def __init__(self, mutants: Sequence[Untried], settings: AuditSettings, ahead: int) -> None:
        """`ahead`: how many may run before it is known whether they are needed."""
        self._settings = settings
        self._early = settings.until_sure
        self._ahead = ahead
        ranks = range(len(mutants))
        self._order = sorted(ranks, key=lambda rank: _lot(settings, mutants[rank])) if self._early else list(ranks)
        self.place = {rank: place for place, rank in enumerate(self._order)}
        """A variant's rank in the order of choice -> in that of its trials."""
        self._results: dict[int, MutantResult] = {}
        self._stated = [each.result.requirement is not None for each in mutants]
        self._bets = BetsOnAll([judged(each.result).requirement for each in mutants], settings.thresholds)
        self._moved = asyncio.Event()
        self._enough = False

    async def turn(self, rank: int) -> bool:
        """Wait until it may run; False where it is enough without it."""
        while not self._enough and self._early and self.place[rank] >= len(self._bets.ran) + self._ahead:
            await self._moved.wait()
        return not self._enough

    def put(self, rank: int, result: MutantResult) -> None:
        self._results[self.place[rank]] = result
        while self._early and not self._enough and len(self._bets.ran) in self._results:
            self._take(len(self._bets.ran))
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _take(self, place: int) -> None:
        self._enough = self._bets.add(judged(self._results[place]), stated=self._stated[self._order[place]])

    def not_after_all(self) -> None:
        """What it was concluded from did not hold: every variant counts."""
        self._enough, self._early = False, False

    @property
    def counted(self) -> list[int]:
        """The ranks of the variants that count, in the order of choice."""
        return sorted(self._order[: len(self._bets.ran)] if self._enough else self._order)

    @property
    def sureness(self) -> Sureness | None:
        if not self._enough:
            return None
        sure = self._settings.thresholds.sure
        found = [weight(one.outcome) if one.outcome.kind in COUNTED else None for one in self._bets.ran]
        return Sureness(len(self._bets.ran), len(self._order), sure, *interval_of_all(found, len(self._order), sure))


def _lot(settings: AuditSettings, mutant: Untried) -> str:
    return sha256(f"{settings.wish.seed}\0until sure\0{mutant.result.label}".encode()).hexdigest()
