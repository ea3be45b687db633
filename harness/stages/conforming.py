"""The reference against its own instruction: every claim that can be tried, and what is broken tried once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.lab.lab import IDLE, Place
from harness.mutants import StepMutants
from harness.probes.conform.claims import claims
from harness.probes.conform.judge import command, in_box, judged
from harness.probes.conform.model import Check, ClaimState, StatedClaim, TriedClaim
from harness.stages.mutants import Terms
from harness.trial.end_state import EndState
from harness.trial.plan import Plan, TryClaims
from harness.trial.record import Kind, Which
from harness.trial.watching.calls import Call

LABEL = "claims"


async def conform(
    place: Place, step: StepMutants, terms: Terms, left: EndState | None, look: Plan
) -> tuple[TriedClaim, ...]:
    """`look`: what showed what the reference leaves."""
    found = await place.think(lambda: claims(step.step.instruction), IDLE)
    if left is None or not found:
        return tuple(TriedClaim(one, ClaimState.NOT_TRIED, "it could not be seen what is left") for one in found)
    first = judged(found, left, await _calls(place, terms, in_box(found, left), Which.FIRST))
    suspects = [one.claim for one in first if one.state is ClaimState.BROKEN]
    if not suspects:
        return tuple(first)
    again = (await place.trial(replace(look, run=Which.CONFIRM), IDLE)).state or EndState()
    second = judged(suspects, again, await _calls(place, terms, in_box(suspects, again), Which.CONFIRM))
    confirmed = {one.claim for one in second if one.state is ClaimState.BROKEN}
    return tuple(_settled(one, confirmed) for one in first)


async def _calls(place: Place, terms: Terms, wanted: Sequence[StatedClaim], run: Which) -> Mapping[Check, Call]:
    if not wanted:
        return {}
    plan = Plan(
        Kind.REFERENCE,
        LABEL,
        networks=terms.networks,
        limits=terms.own_limits,
        purpose=TryClaims(tuple(command(one.check) for one in wanted)),
        run=run,
    )
    said = (await place.trial(plan, IDLE)).claims or ()
    return {one.check: call for one, call in zip(wanted, said, strict=False)}


def _settled(one: TriedClaim, confirmed: set[StatedClaim]) -> TriedClaim:
    if one.state is not ClaimState.BROKEN or one.claim in confirmed:
        return one
    return replace(one, state=ClaimState.NOT_TRIED, how=f"{one.how}: broken once, and not a second time")
