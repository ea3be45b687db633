"""Beside the mutants: attempts whose right answer is known, and a look at what the tests reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

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
from harness.probes.conform.model import TriedClaim
from harness.probes.hidden import reports
from harness.probes.least.model import Least, WorkSize, whole_size
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay import attempts as fakes
from harness.probes.replay.special import Table
from harness.stages.attempting import try_all
from harness.stages.conforming import conform
from harness.stages.least import SharedPattern, find_least
from harness.stages.mutants import Terms
from harness.stages.replaying import Replayed, replay
from harness.stages.result import AuditSettings
from harness.task.texts import verifier_texts
from harness.testcode.demands import HiddenReport
from harness.trial.plan import OUTPUTS, LeftBehind, Plan, SurveyImage, WatchTests
from harness.trial.record import Kind, TrialRecord, Which


@dataclass(frozen=True, slots=True)
class OfOutputs:
    """What was found out from what the reference leaves."""

    attempted: tuple[Attempted, ...] = ()
    given: InImage = field(default_factory=InImage)
    table: Table | None = None
    """What the tests run of the solution's programs, where that was written down."""
    claims: tuple[TriedClaim, ...] | None = None
    """What came of the instruction's claims; None where nobody tried them."""


@dataclass(frozen=True, slots=True)
class Probed:
    attempted: tuple[Attempted, ...] = ()
    """In the order of their labels."""
    hidden: Mapping[str, HiddenReport] | None = None
    """None where nobody looked."""
    outputs: OfOutputs = field(default_factory=OfOutputs)
    watched: Mapping[Kind, TrialRecord] = field(default_factory=dict)
    """The runs in which the tests were watched; they are never judged."""
    least: Least | None = None
    """None where nobody looked for it."""
    size: WorkSize | None = None
    """Of the whole reference."""


async def run_probes(
    place: Place, steps: Sequence[StepMutants], terms: Terms, settings: AuditSettings, pattern: SharedPattern
) -> Probed:
    """`pattern`: the reference as it was observed, for whoever needs it."""
    wanted = Probe.HIDDEN in settings.probes
    # Reading the tests takes one processor a while; the mutants need not wait for it.
    hidden = await place.think(partial(reports, place.task)) if wanted else None
    async with Together() as group:
        of_solution = group.create_task(_of_solution(place, steps, terms, settings, hidden or {}))
        of_outputs = group.create_task(_of_outputs(place, steps, terms, settings))
        watched = group.create_task(_watch(place, terms, settings))
        least = group.create_task(_least(place, steps, terms, settings, pattern))
        size = group.create_task(_size(place, steps))
    outputs = of_outputs.result()
    found = least.result()
    others = found.attempted if found is not None else ()
    every = sorted([*of_solution.result(), *outputs.attempted, *others], key=lambda one: one.attempt.label)
    return Probed(tuple(every), hidden, outputs, watched.result(), found, size.result())


async def _least(
    place: Place, steps: Sequence[StepMutants], terms: Terms, settings: AuditSettings, pattern: SharedPattern
) -> Least | None:
    if Probe.LEAST not in settings.probes or not steps:
        return None
    return await find_least(place, steps, terms, settings.least_trials, pattern)


async def _size(place: Place, steps: Sequence[StepMutants]) -> WorkSize:
    return await place.think(lambda: whole_size(steps), IDLE)


async def _of_solution(
    place: Place,
    steps: Sequence[StepMutants],
    terms: Terms,
    settings: AuditSettings,
    hidden: Mapping[str, HiddenReport],
) -> list[Attempted]:
    def plan() -> list[Attempt]:
        return list(solution_attempts(place.task, steps, settings.probes, hidden, terms.against.reference))

    return await try_all(place, terms, await place.think(plan))


async def _of_outputs(place: Place, steps: Sequence[StepMutants], terms: Terms, settings: AuditSettings) -> OfOutputs:
    """What the reference leaves has to be known before it is planned what is done to it."""
    probes = await place.think(lambda: asked_for(place.task, settings.probes, steps), IDLE)
    if not needs_outputs(probes, steps):
        return OfOutputs()
    look = Plan(Kind.REFERENCE, OUTPUTS, networks=terms.networks, purpose=LeftBehind(contents=True))
    left = (await place.trial(look, IDLE)).state
    attempts = await place.think(lambda: list(output_attempts(place.task, steps, probes, left)), IDLE)
    given = InImage()
    if Probe.LEAK in probes:
        survey = Plan(Kind.NOP, "image", networks=terms.networks, purpose=SurveyImage())
        image = (await place.trial(survey, IDLE)).image
        given = await place.think(lambda: in_image(place.task, steps, left, image), IDLE)
        attempts += image_attempts(place.task, given)
    attempted = await try_all(place, terms, attempts)
    if left is not None and any(one.paid and one.attempt.probe is Probe.REPLAY for one in attempted):
        again = await place.trial(replace(look, run=Which.CONFIRM), IDLE)
        attempted = fakes.judged(attempted, left, again.state)
    replayed = await replay(place, steps[0], terms, left, look) if Probe.REPLAY in probes else Replayed()
    claims = await conform(place, steps[0], terms, left, look) if Probe.CONFORM in probes else None
    return OfOutputs((*attempted, *replayed.attempted), given, replayed.table, claims)


async def _watch(place: Place, terms: Terms, settings: AuditSettings) -> dict[Kind, TrialRecord]:
    """None where no test is pytest's."""
    texts = (verifier_texts(place.task, step) for step in place.task.steps)
    if Probe.VACUOUS not in settings.probes or not any(vacuous.uses_pytest(each) for each in texts):
        return {}
    watched = WatchTests(reuse=terms.prepared)
    plans = [
        Plan(kind, "look", networks=terms.networks, limits=terms.own_limits, known=terms.known, purpose=watched)
        for kind in (Kind.REFERENCE, Kind.NOP)
    ]
    async with Together() as group:
        trials = {plan.kind: group.create_task(place.trial(plan, IDLE)) for plan in plans}
    return {kind: trial.result() for kind, trial in trials.items()}


async def plainly(place: Place, terms: Terms, probed: Probed) -> Probed:
    """Run again what took anything from others, now that nothing is taken any more."""
    taken = [one.attempt for one in probed.attempted if any(record.reused for record in one.records)]
    again = {one.attempt.label: one for one in await try_all(place, terms, taken)}
    # What was told that something is missed may have been told wrongly: less may be enough.
    least = replace(probed.least, complete=False) if probed.least is not None else None
    attempted = tuple(again.get(one.attempt.label, one) for one in probed.attempted)
    return replace(probed, attempted=attempted, least=least)
