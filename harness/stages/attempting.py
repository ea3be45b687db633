"""How every probe tries its attempts: once, and once more where that would be held against the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.judging.outcome import TRANSIENT, Outcome, OutcomeKind, judge, settle, unconfirmed
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.probes.model import Attempt, Attempted
from harness.stages.mutants import Terms
from harness.trial.plan import Plan
from harness.trial.record import Kind, Which


async def try_all(place: Place, terms: Terms, attempts: Sequence[Attempt]) -> list[Attempted]:
    async with Together() as group:
        tried = [group.create_task(_try(place, terms, attempt)) for attempt in attempts]
    return [each.result() for each in tried]


async def _try(place: Place, terms: Terms, attempt: Attempt) -> Attempted:
    """A first run, and a second one where it would be held against the task."""
    plan = Plan(
        Kind.PROBE,
        attempt.label,
        attempt.replacement,
        terms.networks,
        terms.limits,
        terms.known,
        circumstances=attempt.circumstances,
    )
    records = [await place.trial(plan, IDLE)]
    first = unconfirmed(judge(records[0], terms.against))
    outcomes = [first]
    if _again(attempt, first):
        records.append(await place.trial(replace(plan, limits=terms.own_limits, run=Which.CONFIRM), IDLE))
        outcomes.append(unconfirmed(judge(records[1], terms.against)))
    return Attempted(attempt, settle(outcomes), tuple(records))


def _again(attempt: Attempt, outcome: Outcome) -> bool:
    if outcome.kind is OutcomeKind.ERROR:
        return outcome.cause in TRANSIENT
    return outcome.kind is not (OutcomeKind.SURVIVED if attempt.must_be_paid else OutcomeKind.KILLED)
