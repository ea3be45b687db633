"""The whole program: what happens to a task, in order.

    controls -> mutants, each tried and what was paid confirmed -> probes -> the reference once more -> verdict

All of it on a copy made when the task begins. One coroutine a task, one job a trial; `lab` says who runs them and
remembers every trial that has ended, so that a run can end at any moment and go on later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.dataset.duplicates import SeenTasks, TaskCopy
from harness.dataset.model import AnyTask, Packed
from harness.errors import OUT_OF_FILES, FoolsgoldError
from harness.findings.texts import text_findings
from harness.judging.controls import Controls
from harness.judging.outcome import Baseline, baseline
from harness.lab.lab import IDLE, Lab, Place
from harness.lab.together import Together, side_by_side
from harness.lab.workers import Pending
from harness.mutants import StepMutants, Wish, task_mutants
from harness.stages.controls import at_the_end, repeated, run_controls
from harness.stages.enough import Enough
from harness.stages.equivalence import Reference
from harness.stages.events import Watcher
from harness.stages.mutants import (
    Runs,
    Terms,
    Untried,
    may_stop_early,
    mutants_of,
    reprinted,
    sampled,
    terms_of,
    try_first,
)
from harness.stages.probing import Probed, plainly, run_probes
from harness.stages.proposed import to_try, told_apart
from harness.stages.result import Audited, AuditSettings, MutantResult, mutant_json
from harness.stages.reuse import MadeAhead, and_repeated, at_first, last_on_kept, may_reuse, still_the_same
from harness.stages.settling import Settling
from harness.stages.tightening import tighten
from harness.stages.verdict import (
    Examined,
    internal_error,
    of_the_start,
    sound,
    unusable,
    verdict_of,
    verdict_of_controls,
)
from harness.task.model import Task, Unusable
from harness.trial.plan import Plan, Replacement
from harness.trial.record import Kind, TrialRecord, Which


async def audit(
    tasks: Iterable[AnyTask],
    settings_of: Callable[[Task], AuditSettings],
    lab: Lab,
    watcher: Watcher,
    command: Callable[[AnyTask], str],
    seen: SeenTasks | None = None,
) -> AsyncIterator[Audited | TaskCopy]:
    """Each task's result as it ends. `command` is what audits the task again. What is another task again, as far as
    `seen` looks, is not audited."""

    places: dict[str, Place] = {}

    async def one(given: AnyTask) -> Audited | TaskCopy:
        known: Task | Unusable = given.unread() if isinstance(given, Packed) else given
        try:
            async with lab.in_order:
                task = known = await lab.unpacked(given) if isinstance(given, Packed) else given
                again = await lab.think(partial(seen.copy_of, task)) if seen and isinstance(task, Task) else None
            if isinstance(task, Unusable):
                return unusable(task, command(task))
            if again is not None:
                lab.discard(task)
                return TaskCopy(given, *again)
            place = places[task.name] = lab.place(task)
            taken = await place.take()
            if isinstance(taken, Unusable):
                return unusable(taken, command(task))
            audited = await audit_task(place, settings_of(task), watcher, command(task))
            return of_the_start(audited, await place.changes(), command(task))
        except FoolsgoldError:
            raise  # the run cannot go on
        except Exception as error:
            if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
                raise  # nor then
            at = places.get(known.name)
            return internal_error(at.task if at is not None else known, error, command(known))

    async for audited in side_by_side(one, tasks, lab.most_tasks):
        yield audited  # whoever keeps it may still read the task's files
        if audited.task.name in places:
            places.pop(audited.task.name).leave()


async def audit_task(place: Place, settings: AuditSettings, watcher: Watcher, command: str) -> Audited:
    task, think = place.task, place.think
    said = think(partial(text_findings, task, command), IDLE)
    made = think(partial(_make_mutants, task, settings.wish), IDLE)
    ahead = MadeAhead(place, settings, made)

    controls, terms, steps, mutants = await _to_the_mutants(place, settings, made, ahead)
    if terms is None:
        return verdict_of_controls(controls, await said.by(place.urgent), settings, command)
    proposed = await think(partial(to_try, task, steps, mutants, settings.proposed or ()))
    everything = [*mutants, *proposed.untried]
    place.lab.memory.put_mutants(task.name, [(each.result.label, mutant_json(each.result)) for each in everything])
    watcher.planned(task.name, len(everything))
    async with Together() as group:
        group.create_task(may_reuse(place, controls, terms, settings, mutants, ahead))
        stopping = group.create_task(may_stop_early(place, terms, controls)) if settings.first_failure else None
    terms = stopping.result() if stopping is not None else terms

    enough = Enough(mutants, settings, 2 * place.lab.workers.turns)

    ran = await _run_all(place, mutants, proposed.untried, terms, steps, settings, enough, watcher)
    tried = [result for rank in enough.counted if (result := ran.settled[rank]) is not None]
    still_the_same(controls, terms, [*tried, *ran.others], ran.last_on_kept)
    if terms.reuse.disagreed:
        controls = await repeated(place, controls, settings.controls)
        if _against(controls) is None:
            return verdict_of_controls(controls, await said.by(place.urgent), settings, command)
        enough.not_after_all()
        ran = await _plainly(place, mutants, proposed.untried, ran, terms, steps, settings)
        tried = [result for result in ran.settled if result is not None]
    examined = Examined(
        task,
        settings,
        controls,
        terms.against.reference,
        await said.by(place.urgent),
        steps,
        tried,
        ran.probed,
        *ran.last,
        terms.reuse,
        await tighten(place, steps, terms, tried, ran.probed.attempted),
        enough.sureness,
        told_apart(proposed, ran.others, tried, ran.reference) if settings.proposed is not None else None,
    )
    return await think(partial(verdict_of, examined, command))


@dataclass(frozen=True)
class _Ran:
    """What everything came to that runs beside each other."""

    settled: Sequence[MutantResult | None]
    """In the order of choice; None where the others were enough."""
    others: Sequence[MutantResult]
    """What somebody else wrote."""
    probed: Probed
    last: tuple[TrialRecord, TrialRecord | None]
    """The reference at the end, and its run before in which something could not be fetched."""
    reference: Reference | None
    """What it leaves, where anybody looked."""
    last_on_kept: TrialRecord | None = None
    """The reference at the end on what later trials took from others, where they did."""


async def _run_all(
    place: Place,
    mutants: Sequence[Untried],
    others: Sequence[Untried],
    terms: Terms,
    steps: list[StepMutants],
    settings: AuditSettings,
    enough: Enough,
    watcher: Watcher,
) -> _Ran:
    async with Together() as group:
        settling = Settling.beside(group, place, terms, steps, watcher)
        firsts = [
            group.create_task(_try(place, mutant, terms, settings, rank, enough)) for rank, mutant in enumerate(mutants)
        ]
        tries = [
            group.create_task(_settle(settling, mutant, first, rank, enough))
            for rank, (mutant, first) in enumerate(zip(mutants, firsts, strict=True))
        ]
        probes = group.create_task(run_probes(place, steps, terms, settings, settling.pattern))
        await asyncio.wait([*firsts, probes])
        # After the mutants: they are the same with others' variants and without.
        besides = [
            group.create_task(settling.result(one, try_first(place, one, terms, settings, rank), rank))
            for rank, one in enumerate(others)
        ]
        if besides:
            await asyncio.wait(besides)
        # What is paid is no kill, and so nothing that the last reference vouches for: it need not be confirmed yet.
        last = group.create_task(at_the_end(place, _identity(steps, terms), settings.controls))
        on_kept = group.create_task(last_on_kept(place, terms))
    settled, rest = [each.result() for each in tries], [each.result() for each in besides]
    return _Ran(settled, rest, probes.result(), last.result(), await settling.reference(), on_kept.result())


def _make_mutants(task: Task, wish: Wish) -> tuple[list[StepMutants], list[Untried]]:
    steps = task_mutants(task, wish)
    return steps, list(mutants_of(task, steps))


async def _to_the_mutants(
    place: Place,
    settings: AuditSettings,
    made: Pending[tuple[list[StepMutants], list[Untried]]],
    ahead: MadeAhead,
) -> tuple[Controls, Terms | None, list[StepMutants], list[Untried]]:
    """The controls, and what everything after them runs under: None where they are not sound. Nothing goes on before
    it is known which mutants there are."""
    controls = await run_controls(place, await place.think(partial(at_first, place.task, settings)), ahead)
    against = _against(controls)
    if against is None:
        return await repeated(place, controls, settings.controls), None, [], []
    place.doing("making mutants")
    steps, mutants = await made.by(place.urgent)
    controls, reuse = await and_repeated(place, controls, settings, ahead)
    against = _against(controls)
    if against is None:
        return controls, None, [], []
    return controls, terms_of(controls, against, steps, settings).reusing(reuse), steps, mutants


def _against(controls: Controls) -> Baseline | None:
    """What everything after the controls is held against; None where they are not sound."""
    return baseline(controls.references, controls.nop, controls.hollow) if sound(controls) else None


async def _try(
    place: Place, mutant: Untried, terms: Terms, settings: AuditSettings, rank: int, enough: Enough
) -> Runs | None:
    """Those that are run again plainly come first: that takes longest."""
    if not await enough.turn(rank):
        return None
    return await try_first(place, mutant, terms, settings, 0 if sampled(mutant, settings) else enough.place[rank])


async def _settle(
    settling: Settling, mutant: Untried, first: asyncio.Task[Runs | None], rank: int, enough: Enough
) -> MutantResult | None:
    """What a mutant comes to; None where the others were enough."""
    runs = await first
    if runs is None:
        return None
    result = await settling.result(mutant, runs, enough.place[rank])
    enough.put(rank, result)
    return result


async def _plainly(
    place: Place,
    mutants: Sequence[Untried],
    others: Sequence[Untried],
    ran: _Ran,
    terms: Terms,
    steps: list[StepMutants],
    settings: AuditSettings,
) -> _Ran:
    """Run again what reused anything, now that nothing is reused any more, and what was left out."""

    async def again(rank: int, mutant: Untried, known: MutantResult | None) -> MutantResult:
        if known is not None and not any(record.reused for record in known.records):
            return known
        return await settling.result(mutant, try_first(place, mutant, terms, settings, rank), rank)

    probed = await plainly(place, terms, ran.probed)
    async with Together() as group:
        settling = Settling.beside(group, place, terms, steps)
        each = zip([*mutants, *others], [*ran.settled, *ran.others], strict=True)
        tries = [group.create_task(again(rank, *one)) for rank, one in enumerate(each)]
    settled = [one.result() for one in tries]
    last = await at_the_end(place, _identity(steps, terms, "last again"), settings.controls)
    known = await settling.reference() or ran.reference
    return _Ran(settled[: len(mutants)], settled[len(mutants) :], probed, last, known)


def _identity(steps: list[StepMutants], terms: Terms, label: str = "last") -> Plan:
    """The reference written by the machinery that writes mutants: were the tests, the machine and the way into the box
    the same at the end?"""
    written = Replacement(reprinted(steps))
    return Plan(Kind.IDENTITY, label, written, terms.networks, terms.own_limits, terms.known, run=Which.LAST)
