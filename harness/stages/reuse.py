"""Between the controls and the mutants: what the tests install is kept, and it is shown on the controls that trials
which go on from there end the same."""

from __future__ import annotations

from dataclasses import replace

from harness.judging.controls import Controls
from harness.judging.reuse import Reuse, differs, saving
from harness.lab.lab import Place
from harness.lab.together import Together
from harness.stages.mutants import Terms
from harness.stages.result import AuditSettings
from harness.trial.plan import Judge, Plan
from harness.trial.record import Kind, PhaseName

LEAST = 0.2
"""Seconds of a trial that it has to save."""
FEWEST, SHORTEST = 5, 1.0
"""Mutants, and seconds that the reference's verification takes: below that, showing it takes longer than it saves."""


async def may_reuse(place: Place, controls: Controls, terms: Terms, settings: AuditSettings, mutants: int) -> Reuse:
    if not settings.reuse:
        return Reuse(why_not="it was not asked for")
    if mutants < FEWEST or controls.references[0].seconds_of(PhaseName.VERIFY) < SHORTEST:
        return Reuse(why_not="it would save nothing: the tests are quick, or there are few variants")
    ready = await place.make_ready(terms.networks)
    if isinstance(ready, str):
        return Reuse(why_not=ready)
    reuse = Reuse(True, "", ready.preparation.statements, ready.kept.size, ready.seconds)
    plain = [one for one in (controls.references[0], controls.nop, controls.hollow) if one is not None]
    plan = Plan(
        Kind.REFERENCE,
        "reuse",
        networks=terms.networks,
        limits=terms.own_limits,
        known=terms.known,
        purpose=Judge(reuse=True),
    )
    async with Together() as group:
        trials = [group.create_task(place.trial(replace(plan, kind=one.kind), place.urgent)) for one in plain]
    reuse.proof = tuple(trial.result() for trial in trials)
    reuse.saves = saving(plain, reuse.proof)
    for one, other in zip(plain, reuse.proof, strict=True):
        difference = differs(one, other)
        if difference:
            reuse.on = False
            reuse.why_not = f"the {one.kind} control did not end the same: {difference}"
    if reuse.on and reuse.saves < LEAST:
        reuse.on, reuse.why_not = False, "it would save nothing: installing is quick"
    return reuse
