"""From a mutant's first runs to its result: confirmed, compared with the reference, and observed."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
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
    left: Mapping[str, Shared[Reference | None]]
    """Step -> what the reference leaves when it is solved, looked at when the first mutant asks."""
    pattern: Shared[Pattern | None]
    """What it does where the tests run it, likewise."""
    watcher: Watcher | None = None

    @classmethod
    def beside(
        cls, group: Together, place: Place, terms: Terms, steps: list[StepMutants], watcher: Watcher | None = None
    ) -> Settling:
        left = {step.step.name: Shared(group, partial(reference_left, place, terms, step.step.name)) for step in steps}
        return cls(place, terms, steps, left, Shared(group, partial(reference_observed, place, terms)), watcher)

    async def reference(self) -> Reference | None:
        """What the reference of a single step leaves, where anybody looked."""
        only = next(iter(self.left.values())) if len(self.left) == 1 else None
        return await only() if only is not None and only.asked else None

    async def result(self, mutant: Untried, first: Runs | Awaitable[Runs], rank: int) -> MutantResult:
        """While a survivor is confirmed it is looked at what it leaves; what it leaves or does otherwise than the
        reference is looked at when it is confirmed."""
        runs = await first if isinstance(first, Awaitable) else first
        survives = any(ran.outcome.kind is OutcomeKind.SURVIVED for ran in runs.values())
        async with Together() as group:
            confirming = group.create_task(confirm(self.place, mutant, self.terms, runs, rank))
            looking = None
            if survives:
                label, step, replacement = mutant.result.label, mutant.result.step, mutant.replacement
                looking = group.create_task(left_behind(self.place, self.terms, Kind.MUTANT, label, step, replacement))
        result = confirming.result()
        if self.watcher is not None:
            self.watcher.tried(self.place.task.name, result.outcome)
        if looking is not None:
            result = await compared(result, looking.result(), self.left[mutant.result.step])
        if looking is None or not result.survived or len(self.place.task.steps) > 1:
            return result
        return await with_effect(self.place, self.terms, result, mutant.replacement, self.steps, self.pattern)
