"""Third stage: a survivor that leaves what the reference leaves is no wrong solution.

Where a state tells nothing, because it differs from run to run or lives on in a service, survivors stay survivors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from harness.judging.outcome import Outcome, OutcomeKind
from harness.lab.lab import Place
from harness.lab.together import Together
from harness.stages.mutants import Terms
from harness.stages.result import MutantResult
from harness.trial.end_state import EndState, same, unsteady
from harness.trial.plan import LeftBehind, Plan, Replacement
from harness.trial.record import Kind

EQUIVALENT = Outcome(OutcomeKind.EQUIVALENT, "it leaves exactly the files and processes that the reference leaves")


@dataclass(frozen=True, slots=True)
class Reference:
    """What the reference leaves, and in which paths that differs from run to run."""

    state: EndState
    unsteady: frozenset[str]


async def left_behind(
    place: Place, terms: Terms, kind: Kind, label: str, step: str = "", replacement: Replacement | None = None
) -> EndState | None:
    """`step`: the one whose solving is meant, where there are several. From there on all is the reference's."""
    look = LeftBehind(step=step if len(place.task.steps) > 1 else "")
    plan = Plan(kind, label, replacement or Replacement(), terms.networks, terms.limits, frozenset(), purpose=look)
    # A look at the reference's doings follows, for which every survivor waits.
    return (await place.trial(plan, place.urgent)).state


async def reference_left(place: Place, terms: Terms, step: str) -> Reference | None:
    """Two looks; None where they tell nothing: what sidecars have in their memory shows nowhere."""
    if place.task.environment.sidecars:
        return None
    async with Together() as group:
        looks = [
            group.create_task(left_behind(place, terms, Kind.REFERENCE, f"state {number}", step)) for number in (1, 2)
        ]
    first, second = (look.result() for look in looks)
    aside = unsteady(first, second) if first is not None and second is not None else None
    return Reference(first, aside) if first is not None and aside is not None else None


async def compared(
    result: MutantResult, state: EndState | None, reference: Callable[[], Awaitable[Reference | None]]
) -> MutantResult:
    if state is None or not result.survived:
        return result
    left = await reference()
    if left is not None and same(left.state, state, left.unsteady):
        return replace(result, outcome=EQUIVALENT)
    return replace(result, left=state)
