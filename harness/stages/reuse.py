"""Beside the controls and behind them: what later trials may take from others instead of doing it again. It is shown
on the controls that they end the same with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.judging.controls import Controls, ControlSettings, Prepared
from harness.judging.outcome import Shown, showing
from harness.judging.reuse import Reuse, differs, ends_differ, saving
from harness.lab.lab import Place
from harness.lab.together import Together
from harness.lab.workers import Pending
from harness.mutants import StepMutants
from harness.stages.controls import repeated
from harness.stages.mutants import Terms, Untried
from harness.stages.result import AuditSettings, MutantResult
from harness.task.model import Task
from harness.testcode.beginning import beginning_of
from harness.trial.ends import quick
from harness.trial.plan import Begun, Judge, Means, Plan, Ready, known_complaints
from harness.trial.record import Kind, PhaseName, TrialRecord, Which
from harness.trial.recording import preparation_in

LEAST = 0.2
"""Seconds of a trial that it has to save."""
REPETITION = "2"
"""Label of the controls that show that the preparation can be kept: that of the reference's first repetition, which it
is."""
FEWEST_RUNS, FEWEST, SHORTEST = 3, 5, 1.0
"""Runs that would prepare themselves, the reference's repetitions among them; mutants for which a beginning is kept;
and seconds that what is kept has to take: below that, showing it takes longer than it saves."""


def at_first(task: Task, settings: AuditSettings) -> ControlSettings:
    """The controls that run before it is known whether the tests' preparation can be kept: where it may be, the
    reference's repetitions wait for that."""
    waits = settings.reuse and preparation_in(task) is not None
    return replace(settings.controls, repeat=1) if waits else settings.controls


class MadeAhead:
    """What is kept for later trials, made beside the other controls; and the controls run on the tests' preparation,
    before it is known whether they have to end like that."""

    def __init__(
        self, place: Place, settings: AuditSettings, made: Pending[tuple[list[StepMutants], list[Untried]]]
    ) -> None:
        self._place, self._settings, self._made = place, settings, made
        self._again = Plan(Kind.REFERENCE)
        self.why_not = "it was not asked for"
        self.ready: Pending[Ready | str] | None = None
        self.begun: Pending[Begun | str] | None = None
        self.tried: tuple[TrialRecord, ...] = ()
        """On the preparation: the controls, and all of the reference's repetitions."""

    async def begin(self, prepared: Prepared) -> None:
        if not self._settings.reuse or prepared.reference is None:
            return
        self.why_not = "the reference was not paid"
        first = (*prepared.earlier, prepared.reference)[0]
        if showing(first).shown is not Shown.PAID:
            return
        _, mutants = await self._made.by(self._place.urgent)
        repeat = self._settings.controls.repeat
        if not mutants or len(mutants) + repeat - 1 < FEWEST_RUNS:
            self.why_not = "there are few variants"
            return
        self.why_not = ""
        known, networks = known_complaints(first), prepared.networks
        self._again = replace(self._again, networks=networks, limits=prepared.limits, known=known)
        if first.seconds_of(PhaseName.VERIFY) >= SHORTEST:
            self.ready = self._place.make_ready(networks)
        if len(mutants) >= FEWEST and first.seconds_of(PhaseName.SOLVE) >= SHORTEST:
            most = await self._place.think(lambda: _shared(self._place.task, mutants))
            self.begun = self._place.make_beginning(networks, most) if most else None

    async def go_on(self) -> None:
        if self.ready is None or isinstance(await self.ready, str):
            return
        again = replace(self._again, purpose=Judge(reuse=frozenset({Means.PREPARATION})))
        kinds = [Kind.REFERENCE, Kind.NOP]
        if any(step.solution is not None for step in self._place.task.steps):
            kinds.append(Kind.HOLLOW)
        plans = [replace(again, kind=kind, label=REPETITION) for kind in kinds]
        plans += [replace(again, label=str(number)) for number in range(3, self._settings.controls.repeat + 1)]
        async with Together() as group:
            trials = [group.create_task(self._place.trial(plan, self._place.urgent)) for plan in plans]
        self.tried = tuple(trial.result() for trial in trials)


async def and_repeated(
    place: Place, controls: Controls, settings: AuditSettings, ahead: MadeAhead
) -> tuple[Controls, Reuse]:
    """Whether the tests' preparation can be used, and the reference's repetitions: on what was kept where the controls
    end the same with it."""
    reuse = Reuse()
    if ahead.why_not:
        reuse.why_not = dict.fromkeys(Means, ahead.why_not)
    else:
        await _preparation(reuse, controls, ahead)
    how = Judge(reuse=reuse.on)
    return await repeated(place, controls, settings.controls, ahead.tried, how), reuse


async def may_reuse(
    place: Place,
    controls: Controls,
    terms: Terms,
    settings: AuditSettings,
    mutants: Sequence[Untried],
    ahead: MadeAhead,
) -> None:
    """What else may be reused."""
    reuse = terms.reuse
    if not settings.reuse or not mutants:
        return
    _end(reuse, controls)
    reuse.verifies = controls.references[0].seconds_of(PhaseName.VERIFY) - reuse.saves * (Means.PREPARATION in reuse.on)
    await _beginning(reuse, place, controls, terms, mutants, ahead)


def _end(reuse: Reuse, controls: Controls) -> None:
    """Of one end is one verdict: the controls left some end more than once."""
    if any(map(quick, controls.references)):
        reuse.refuse(Means.END, "it would save nothing: the solution and the tests are quick")
    elif why := ends_differ(list(_plain(controls))):
        reuse.refuse(Means.END, why)
    else:
        reuse.on |= {Means.END}


async def _preparation(reuse: Reuse, controls: Controls, ahead: MadeAhead) -> None:
    if ahead.ready is None:
        reuse.refuse(Means.PREPARATION, "it would save nothing: the tests are quick")
        return
    ready = await ahead.ready
    if isinstance(ready, str):
        reuse.refuse(Means.PREPARATION, ready)
        return
    reuse.statements, reuse.size, reuse.seconds = ready.preparation.statements, ready.kept.size, ready.seconds
    plain = [one for one in (controls.references[0], controls.nop, controls.hollow) if one is not None]
    tried = {record.kind: record for record in ahead.tried if record.label == REPETITION}
    proof = tuple(tried[one.kind] for one in plain)
    reuse.proof += ahead.tried
    reuse.saves = saving(plain, proof)
    for one, other in zip(plain, proof, strict=True):
        difference = differs(one, other)
        if difference:
            reuse.refuse(Means.PREPARATION, f"the {one.kind} control did not end the same: {difference}")
            return
    if reuse.saves < LEAST:
        reuse.refuse(Means.PREPARATION, "it would save nothing: installing is quick")
        return
    reuse.proof = proof  # the other repetitions are what would have run anyway
    reuse.on |= {Means.PREPARATION}


async def _beginning(
    reuse: Reuse, place: Place, controls: Controls, terms: Terms, mutants: Sequence[Untried], ahead: MadeAhead
) -> None:
    """Its proof verifies in full: what the beginning leaves is all that is not as in a plain run."""
    reference = controls.references[0]
    if len(mutants) < FEWEST:
        reuse.refuse(Means.BEGINNING, "there are few variants")
        return
    if reference.seconds_of(PhaseName.SOLVE) < SHORTEST:
        reuse.refuse(Means.BEGINNING, "it would save nothing: the solution is quick")
        return
    begun = await ahead.begun if ahead.begun is not None else "the variants change its first statements"
    if isinstance(begun, str):
        reuse.refuse(Means.BEGINNING, begun)
        return
    reuse.seconds += begun.seconds
    if max(begun.saves.values()) < LEAST:
        reuse.refuse(Means.BEGINNING, "it would save nothing: what the variants do not change is quick")
        return
    plan = replace(_again(terms), label=f"beginning {begun.token}", purpose=Judge(reuse=frozenset({Means.BEGINNING})))
    proof = await place.trial(plan, place.urgent)
    reuse.proof += (proof,)
    difference = differs(reference, proof)
    if difference:
        reuse.refuse(Means.BEGINNING, f"the reference control did not end the same: {difference}")
    else:
        reuse.beginning, reuse.begins = begun.statements, begun.saves
        reuse.on |= {Means.BEGINNING}


def _shared(task: Task, mutants: Sequence[Untried]) -> int:
    """With how many of the solution's first statements some variants go on that have them as they are."""
    solution = task.steps[0].solution
    if solution is None:
        return 0
    name = solution.script.relative_to(solution.folder).as_posix()
    beginning = beginning_of(solution.script.read_bytes().decode("utf-8", "surrogateescape"))
    if beginning is None:
        return 0
    texts = [one.replacement.files[name] for one in mutants if one.replacement.files.keys() == {name}]
    shared = sorted((beginning.shared(text.decode("utf-8", "surrogateescape")) for text in texts), reverse=True)
    few = shared[min(FEWEST, len(shared)) - 1] if shared else 0
    return (shared[0] if shared else 0) if few and beginning.upto(few) else 0


async def last_on_kept(place: Place, terms: Terms) -> TrialRecord | None:
    """The reference once more on what was kept when the audit began, which may have grown too old for the tests."""
    lasting = terms.reuse.on - {Means.END}
    plan = replace(_again(terms), purpose=Judge(reuse=lasting), run=Which.LAST)
    return await place.trial(plan, place.urgent) if lasting else None


def still_the_same(controls: Controls, terms: Terms, tried: Sequence[MutantResult], last: TrialRecord | None) -> None:
    """When all have run: what left the same has to have come to the same, and so has the reference on what was kept."""
    reuse = terms.reuse
    reuse.hold_together((record, kind) for one in tried for record, kind in zip(one.records, one.shown, strict=True))
    if last is not None and reuse.on:
        reuse.proof += (last,)
        difference = differs(controls.references[0], last) if last.reused else ""
        if difference:
            reuse.give_up("the reference", f"at its end the reference did not end the same: {difference}")


def _again(terms: Terms) -> Plan:
    return Plan(Kind.REFERENCE, "reuse", networks=terms.networks, limits=terms.own_limits, known=terms.known)


def _plain(controls: Controls) -> Iterator[TrialRecord]:
    yield from controls.references
    yield from (one for one in (controls.nop, controls.hollow) if one is not None)
