"""Replay: what the reference left and answered, written down, and tried with nothing behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.judging.outcome import Cause, Outcome, OutcomeKind
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.mutants import StepMutants
from harness.probes.again import replays
from harness.probes.model import Attempted
from harness.probes.replay import whole
from harness.probes.replay.attempts import NotMade
from harness.probes.replay.special import Table, table
from harness.stages.attempting import try_all
from harness.stages.mutants import Terms
from harness.trial.end_state import EndState
from harness.trial.plan import Plan, RecordPrograms
from harness.trial.record import Kind, TrialRecord, Which
from harness.trial.standins import RECORDED, Recorded


@dataclass(frozen=True, slots=True)
class Replayed:
    attempted: tuple[Attempted, ...] = ()
    table: Table | None = None
    """None where the tests run nothing of the solution's, or nothing was recorded."""


async def replay(place: Place, step: StepMutants, terms: Terms, left: EndState | None, look: Plan) -> Replayed:
    """`look`: what showed what the reference leaves."""
    made = await _material(place, step, terms, left, look)
    if isinstance(made, NotMade):
        outcome = Outcome(OutcomeKind.ERROR, made.why, cause=Cause.NOT_MADE)
        return Replayed((Attempted(whole.not_made(step), outcome),))
    of, recorded = made
    attempts = await place.think(lambda: list(replays(place.task, step, of, recorded)), IDLE)
    attempted = tuple(await try_all(place, terms, attempts))
    return Replayed(attempted, table(recorded, step.step.instruction) if of.programs else None)


async def _material(
    place: Place, step: StepMutants, terms: Terms, left: EndState | None, look: Plan
) -> tuple[whole.Material, Recorded] | NotMade:
    if left is None:
        return NotMade("it could not be seen what the reference leaves")
    of = await place.think(lambda: whole.material(place.task, step, left), IDLE)
    if isinstance(of, NotMade):
        return of
    again = await place.trial(replace(look, run=Which.CONFIRM), IDLE)
    if why := whole.unsteady(left, again.state):
        return NotMade(why)
    recorded = Recorded()
    if of.programs:
        plan = Plan(
            Kind.REFERENCE,
            RECORDED,
            networks=terms.networks,
            limits=terms.own_limits,
            known=terms.known,
            purpose=RecordPrograms(of.programs, of.watch, reuse=terms.prepared),
        )
        async with Together() as group:
            first = group.create_task(place.trial(plan, IDLE))
            second = group.create_task(place.trial(replace(plan, run=Which.CONFIRM), IDLE))
        records = [_paid(each.result(), terms) for each in (first, second)]
        if why := whole.unrecorded(*records):
            return NotMade(why)
        assert records[0] is not None
        recorded = records[0]
    return NotMade("what it would write is too large") if whole.too_large(of, recorded) else (of, recorded)


def _paid(record: TrialRecord, terms: Terms) -> Recorded | None:
    """What was recorded, where nothing was paid less for it."""
    rewards = record.rewards
    if rewards is None or any(rewards.get(key, 0) < least for key, least in terms.against.reference.items()):
        return None
    return record.recorded
