"""From a mutant's first runs to its result: confirmed, compared with the reference, and observed."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

from harness.judging.outcome import OutcomeKind
from harness.lab.lab import Place
from harness.lab.together import Shared, Together
from harness.mutants import StepMutants
from harness.stages.effects import Pattern, reference_observed, with_effect
from harness.stages.equivalence import Reference, compared, left_behind, reference_left
from harness.stages.events import Watcher
from harness.stages.mutants import Runs, Terms, Untried, confirm
from harness.stages.result import MutantResult
from harness.trial.record import Kind


@dataclass(frozen=True)
class Settling:
    place: Place
    terms: Terms
    steps: list[StepMutants]
    left: Shared[Reference | None]
    """What the reference leaves, looked at when the first mutant asks."""
    pattern: Shared[Pattern | None]
    """What it does where the tests run it, likewise."""
    watcher: Watcher | None = None

    @classmethod
    def beside(
        cls, group: Together, place: Place, terms: Terms, steps: list[StepMutants], watcher: Watcher | None = None
    ) -> Settling:
        left = Shared(group, partial(reference_left, place, terms))
        return cls(place, terms, steps, left, Shared(group, partial(reference_observed, place, terms)), watcher)

    async def reference(self) -> Reference | None:
        """What the reference leaves, where anybody looked."""
        return await self.left() if self.left.asked else None

    async def result(self, mutant: Untried, first: Runs | Awaitable[Runs], rank: int) -> MutantResult:
        """While a survivor is confirmed it is looked at what it leaves; what it leaves or does otherwise than the
        reference is looked at when it is confirmed."""
        runs = await first if isinstance(first, Awaitable) else first
        survives = any(ran.outcome.kind is OutcomeKind.SURVIVED for ran in runs.values())
        async with Together() as group:
            confirming = group.create_task(confirm(self.place, mutant, self.terms, runs, rank))
            looking = None
            if survives and len(self.place.task.steps) == 1:
                label, replacement = mutant.result.label, mutant.replacement
                looking = group.create_task(left_behind(self.place, self.terms, Kind.MUTANT, label, replacement))
        result = confirming.result()
        if self.watcher is not None:
            self.watcher.tried(self.place.task.name, result.outcome)
        result = await compared(result, looking.result() if looking is not None else None, self.left)
        if looking is None or not result.survived:
            return result
        return await with_effect(self.place, self.terms, result, mutant.replacement, self.steps, self.pattern)
