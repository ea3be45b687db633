"""Beside the mutants: attempts whose right answer is known, and a look at what the tests reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from harness.judging.outcome import TRANSIENT, Outcome, OutcomeKind, judge, settle, unconfirmed
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.mutants import StepMutants
from harness.probes import vacuous
from harness.probes.choose import (
    InImage,
    asked_for,
    image_attempts,
    in_image,
    needs_outputs,
    output_attempts,
    solution_attempts,
)
from harness.probes.hidden import reports
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay import attempts as replay
from harness.stages.mutants import Terms
from harness.stages.result import AuditSettings
from harness.task.texts import verifier_texts
from harness.testcode.demands import HiddenReport
from harness.trial.plan import Judge, LeftBehind, Means, Plan, SurveyImage, WatchTests
from harness.trial.record import Kind, TrialRecord, Which


@dataclass(frozen=True, slots=True)
class Probed:
    attempted: tuple[Attempted, ...] = ()
    """In the order of their labels."""
    hidden: Mapping[str, HiddenReport] | None = None
    """None where nobody looked."""
    given: InImage = field(default_factory=InImage)
    watched: Mapping[Kind, TrialRecord] = field(default_factory=dict)
    """The runs in which the tests were watched; they are never judged."""


async def run_probes(place: Place, steps: Sequence[StepMutants], terms: Terms, settings: AuditSettings) -> Probed:
    wanted = Probe.HIDDEN in settings.probes
    # Reading the tests takes one processor a while; the mutants need not wait for it.
    hidden = await place.think(partial(reports, place.task)) if wanted else None
    async with Together() as group:
        of_solution = group.create_task(_of_solution(place, steps, terms, settings, hidden or {}))
        of_outputs = group.create_task(_of_outputs(place, steps, terms, settings))
        watched = group.create_task(_watch(place, terms, settings))
    attempted, given = of_outputs.result()
    every = sorted([*of_solution.result(), *attempted], key=lambda one: one.attempt.label)
    return Probed(tuple(every), hidden, given, watched.result())


async def _of_solution(
    place: Place,
    steps: Sequence[StepMutants],
    terms: Terms,
    settings: AuditSettings,
    hidden: Mapping[str, HiddenReport],
) -> list[Attempted]:
    def plan() -> list[Attempt]:
        return list(solution_attempts(place.task, steps, settings.probes, hidden, terms.against.reference))

    return await _try_all(place, terms, await place.think(plan))


async def _of_outputs(
    place: Place, steps: Sequence[StepMutants], terms: Terms, settings: AuditSettings
) -> tuple[list[Attempted], InImage]:
    """What the reference leaves has to be known before it is planned what is done to it."""
    probes = await place.think(lambda: asked_for(place.task, settings.probes, steps), IDLE)
    if not needs_outputs(probes, steps):
        return [], InImage()
    look = Plan(Kind.REFERENCE, "outputs", networks=terms.networks, purpose=LeftBehind(contents=True))
    left = (await place.trial(look, IDLE)).state
    attempts = await place.think(lambda: list(output_attempts(place.task, steps, probes, left)), IDLE)
    given = InImage()
    if Probe.LEAK in probes:
        survey = Plan(Kind.NOP, "image", networks=terms.networks, purpose=SurveyImage())
        image = (await place.trial(survey, IDLE)).image
        given = await place.think(lambda: in_image(place.task, steps, left, image), IDLE)
        attempts += image_attempts(place.task, given)
    attempted = await _try_all(place, terms, attempts)
    if left is not None and any(one.paid and one.attempt.probe is Probe.REPLAY for one in attempted):
        again = await place.trial(replace(look, run=Which.CONFIRM), IDLE)
        attempted = replay.judged(attempted, left, again.state)
    return attempted, given


async def _watch(place: Place, terms: Terms, settings: AuditSettings) -> dict[Kind, TrialRecord]:
    """None where no test is pytest's."""
    texts = (verifier_texts(place.task, step) for step in place.task.steps)
    if Probe.VACUOUS not in settings.probes or not any(vacuous.uses_pytest(each) for each in texts):
        return {}
    plans = [
        Plan(kind, "look", networks=terms.networks, limits=terms.own_limits, known=terms.known, purpose=WatchTests())
        for kind in (Kind.REFERENCE, Kind.NOP)
    ]
    async with Together() as group:
        trials = {plan.kind: group.create_task(place.trial(plan, IDLE)) for plan in plans}
    return {kind: trial.result() for kind, trial in trials.items()}


async def _try_all(place: Place, terms: Terms, attempts: Sequence[Attempt]) -> list[Attempted]:
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
    """What was paid for a guess is looked at once more, however it came about."""
    return frozenset() if attempt.probe is Probe.REPLAY else terms.reuse.on & {Means.END}


async def plainly(place: Place, terms: Terms, probed: Probed) -> Probed:
    """Run again what took anything from others, now that nothing is taken any more."""
    taken = [one.attempt for one in probed.attempted if any(record.reused for record in one.records)]
    again = {one.attempt.label: one for one in await _try_all(place, terms, taken)}
    return replace(probed, attempted=tuple(again.get(one.attempt.label, one) for one in probed.attempted))


def _again(attempt: Attempt, outcome: Outcome) -> bool:
    if outcome.kind is OutcomeKind.ERROR:
        return outcome.cause in TRANSIENT
    return outcome.kind is not (OutcomeKind.SURVIVED if attempt.must_be_paid else OutcomeKind.KILLED)
