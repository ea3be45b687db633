"""How every probe tries its attempts: once, and once more where that would be held against the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.judging.outcome import TRANSIENT, Outcome, OutcomeKind, judge, settle, unconfirmed
from harness.judging.reuse import NOTHING
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.probes.model import Attempt, Attempted, Probe
from harness.stages.mutants import Terms
from harness.trial.plan import Judge, Means, Plan
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
        purpose=Judge(reuse=_reuse(attempt, terms)),
    )
    records = [await place.trial(plan, IDLE)]
    first = unconfirmed(judge(records[0], terms.against))
    outcomes = [first]
    if _again(attempt, first):
        confirm = replace(plan, limits=terms.own_limits, run=Which.CONFIRM, purpose=Judge())
        records.append(await place.trial(confirm, IDLE))
        outcomes.append(unconfirmed(judge(records[1], terms.against)))
        terms.reuse.hold_against(
            [(record, one.kind) for record, one in zip(records, outcomes, strict=True)], plan.label
        )
    return Attempted(attempt, settle(outcomes), tuple(records))


def _reuse(attempt: Attempt, terms: Terms) -> frozenset[Means]:
    """What was paid for a guess is looked at once more, however it came about. A forged solution may lie in wait for
    the tests' installers."""
    if attempt.probe is Probe.REPLAY:
        return NOTHING
    waits = attempt.probe is Probe.FORGE or attempt.circumstances.around
    return terms.reuse.on & (frozenset({Means.END}) if waits else frozenset({Means.END, Means.PREPARATION}))


def _again(attempt: Attempt, outcome: Outcome) -> bool:
    if outcome.kind is OutcomeKind.ERROR:
        return outcome.cause in TRANSIENT
    return outcome.kind is not (OutcomeKind.SURVIVED if attempt.must_be_paid else OutcomeKind.KILLED)
