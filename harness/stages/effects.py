"""After equivalence: what a survivor does otherwise than the reference, and whether that matters.

Only survivors are observed, and the reference twice where there are any. A run in which the recorder changed what is
paid tells nothing of what the tests called.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from harness.judging.effects import About, Measured, measure
from harness.judging.outcome import Outcome, OutcomeKind
from harness.judging.varied import varied
from harness.lab.lab import IDLE, Place
from harness.mutants import StepMutants
from harness.stages.mutants import Terms
from harness.stages.result import MutantResult
from harness.trial.end_state import NOISE
from harness.trial.plan import Observe, Plan, Replacement
from harness.trial.record import Kind, TrialRecord
from harness.trial.watching.calls import Observed
from mutator.model import FaultClass

_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
FOLLOWING = 400
"""Characters after a changed text that belong to it: what a check does when it refuses."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The reference as it was observed, and what every survivor is observed doing."""

    first: Observed
    second: Observed
    purpose: Observe


async def reference_observed(
    place: Place, terms: Terms, *, texts: bool = False, paths: tuple[str, ...] = ()
) -> Pattern | None:
    """None where nothing could be seen. `texts`: also of tests that are a program of their own. `paths`: what is looked
    at besides what the reference leaves."""
    observe = Observe(paths=paths, texts=texts, reuse=terms.prepared)
    first = _seen(await _observe(place, terms, Kind.REFERENCE, "observed 1", observe), terms)
    if first is None:
        return None
    entries = first.left.entries if first.left is not None else {}
    files = [path for path, entry in entries.items() if entry.startswith(("f ", "l "))]
    besides = varied(first.calls or (), files, place.task.steps[0].instruction)
    changed = (path for path in entries if not NOISE.search(path))
    purpose = Observe(besides, (*changed, *paths), texts, reuse=observe.reuse)
    second = _seen(await _observe(place, terms, Kind.REFERENCE, "observed 2", purpose), terms)
    return Pattern(first, second, purpose) if second is not None else None


async def with_effect(
    place: Place,
    terms: Terms,
    result: MutantResult,
    replacement: Replacement,
    steps: list[StepMutants],
    pattern: Callable[[], Awaitable[Pattern | None]],
) -> MutantResult:
    """The survivor with its effect; or out of the score, where it differs in nothing that matters."""
    reference = await pattern()
    if reference is None:
        return replace(result, effect=Measured())
    about = about_of(result, next(each for each in steps if each.step.name == result.step))
    found, _ = await effect_of(place, terms, Kind.MUTANT, result.label, replacement, about, reference)
    if place.task.environment.sidecars:
        # What it told its sidecars may be in their memory alone.
        found = replace(found, harmless="")
    if found.harmless:
        return replace(result, outcome=Outcome(OutcomeKind.HARMLESS, found.harmless), effect=found)
    return replace(result, effect=found)


async def effect_of(
    place: Place, terms: Terms, kind: Kind, label: str, replacement: Replacement, about: About, reference: Pattern
) -> tuple[Measured, bool]:
    """What a solution does otherwise than the reference, and whether it leaves anything else than that at all."""
    seen = _seen(await _observe(place, terms, kind, label, reference.purpose, replacement), terms)
    if seen is None:
        return Measured(), False
    found = await place.think(lambda: measure(reference.first, reference.second, seen, about))
    return found, _leaves_other(reference, seen)


def _leaves_other(reference: Pattern, seen: Observed) -> bool:
    """In paths that two runs of the reference leave the same."""
    first, second, other = reference.first.left, reference.second.left, seen.left
    if first is None or second is None or other is None:
        return False
    if first.beside == second.beside != other.beside:
        return True
    paths = {path for path in {*first.entries, *second.entries, *other.entries} if not NOISE.search(path)}
    steady = (path for path in paths if first.entries.get(path) == second.entries.get(path))
    return any(first.entries.get(path) != other.entries.get(path) for path in steady)


async def _observe(
    place: Place, terms: Terms, kind: Kind, label: str, purpose: Observe, replacement: Replacement | None = None
) -> TrialRecord:
    plan = Plan(
        kind, label, replacement or Replacement(), terms.networks, terms.own_limits, terms.known, purpose=purpose
    )
    # Every survivor waits for the reference's.
    return await place.trial(plan, place.urgent if kind is Kind.REFERENCE else IDLE)


def _seen(record: TrialRecord, terms: Terms) -> Observed | None:
    seen = record.observed
    if seen is None or (seen.left is None and seen.calls is None):
        return None
    paid = record.rewards is not None and all(
        record.rewards.get(key, 0) >= least for key, least in terms.against.reference.items()
    )
    return seen if paid else replace(seen, after=None, calls=None, besides=())


def about_of(result: MutantResult, step: StepMutants) -> About:
    mutant = result.mutant
    text = step.files[mutant.file]
    start, end = mutant.edits[0].start, mutant.edits[-1].end
    start = text.rfind(b"\n", 0, start) + 1
    removed, after = text[start:end], text[start : end + FOLLOWING]
    return About(
        step.step.instruction,
        removed.decode("utf-8", "replace"),
        after.decode("utf-8", "replace"),
        mutant.target or "",
        frozenset(_OPTION.findall(mutant.sentence)),
        mutant.fault in (FaultClass.NOOP_GUARD, FaultClass.ERROR_HANDLING),
    )
