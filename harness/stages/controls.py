"""First stage: the controls. The reference several times, doing nothing, and a hollow solution.

What is worth knowing about a task before a single mutant is run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from harness.errors import FoolsgoldError
from harness.judging.controls import Controls, ControlSettings, Prepared
from harness.judging.outcome import Cause, Shown, not_fetched, showing
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.lab.workers import Pending
from harness.task.model import Task
from harness.task.network import NetworkPlan, Networks, plan_network
from harness.task.texts import verifier_texts
from harness.testcode.beyond import fetches
from harness.trial.plan import Built, Judge, Plan, Replacement, TimeLimits, known_complaints
from harness.trial.record import Kind, TrialRecord, Which
from harness.verifier.log import Evidence

AGAIN = "1 again"
"""Label of the first reference run's repetition without a network."""

PLAINLY = Judge()
Beside = dict[tuple[Kind, str], Pending[TrialRecord]]
"""Controls that were begun beside the first reference."""


class Meanwhile(Protocol):
    """What else runs beside the other controls once the reference's network is settled."""

    async def begin(self, prepared: Prepared) -> None:
        """Before they are begun."""
        ...

    async def go_on(self) -> None:
        """Beside them, to its end."""
        ...


async def run_controls(place: Place, settings: ControlSettings, meanwhile: Meanwhile | None = None) -> Controls:
    """Build, run the reference until its network is settled, and the other controls."""
    plan = plan_network(place.task, settings.network)
    start = time.monotonic()
    try:
        built = await place.build(f"{settings.network}\n{settings.timeout_factor:g}")
    except FoolsgoldError as error:
        return _together(Prepared(place.task, None, error, time.monotonic() - start, plan, plan.tries[0]), [])
    plan = plan_network(place.task, settings.network, built.no_network, built.always_network, built.no_lists)
    limits = _limits(place.task, settings.timeout_factor)
    first = place.begin(_reference(plan.tries[0], limits), place.urgent)
    beside: Beside = {}
    fetching = None
    if len(plan.tries) == 1:  # nothing that the first reference could settle for the others
        beside = _begin_beside(place, settings, plan.tries[0], limits)
    elif place.lab.workers.turns > 1 and await place.think(lambda: _may_fetch(place.task)):
        fetching = place.begin(_reference(plan.tries[-1], limits), IDLE)
    prepared = await _settle_network(place, built, plan, limits, await first, fetching)
    if prepared.reference is not None and showing(prepared.reference).shown is Shown.TIMEOUT:
        for key in [key for key in beside if key[0] is Kind.REFERENCE]:
            await _give_up(beside.pop(key))
        settled = _reference(prepared.networks, limits)
        prepared = replace(prepared, reference=await in_time(place, settled, prepared.reference, settings))
    async with Together() as group:
        if meanwhile is not None:
            await meanwhile.begin(prepared)
            group.create_task(meanwhile.go_on())
        wanted = remaining(prepared, settings)
        trials = [group.create_task(_control(place, each, beside, prepared, settings)) for each in wanted]
        for key in beside.keys() - {(each.kind, each.label) for each in wanted}:
            group.create_task(_give_up(beside[key]))
    return _together(prepared, [trial.result() for trial in trials])


async def repeated(
    place: Place, controls: Controls, settings: ControlSettings, ran: Sequence[TrialRecord] = (), how: Judge = PLAINLY
) -> Controls:
    """Run the reference as often as is asked for, `how` from now on; `ran`: such runs that there are already. Those
    that ran otherwise, but for plain ones, no longer count."""
    prepared = controls.prepared
    there = {record.label: record for record in ran if (record.kind, record.purpose) == (Kind.REFERENCE, how.name)}
    there |= {record.label: record for record in controls.references if not record.reused}
    plans = [replace(one, purpose=how) for one in remaining(prepared, settings) if one.kind is Kind.REFERENCE]
    async with Together() as group:
        trials = {
            plan.label: group.create_task(_control(place, plan, {}, prepared, settings))
            for plan in plans
            if plan.label not in there
        }
    there |= {label: trial.result() for label, trial in trials.items()}
    others = [one for one in (controls.nop, controls.hollow) if one is not None]
    return _together(prepared, [*(there[plan.label] for plan in plans), *others])


def _begin_beside(place: Place, settings: ControlSettings, networks: Networks, limits: TimeLimits) -> Beside:
    """A reference that hangs costs its whole limit: only a processor that has nothing else to do repeats it before it
    is known whether the first one ends."""
    begun: Beside = {}
    for each in others(place.task, settings, networks, limits, run=Which.BESIDE):
        begun[each.kind, each.label] = place.begin(each, IDLE if each.kind is Kind.REFERENCE else place.urgent)
    return begun


async def _control(
    place: Place, plan: Plan, beside: Beside, prepared: Prepared, settings: ControlSettings
) -> TrialRecord:
    """The trial that ran beside the first reference, unless its log has complaints that the reference's, too, has.
    Where the reference itself does not end, what the others do decides nothing."""
    early = beside.get((plan.kind, plan.label))
    record = await early.by(place.urgent) if early is not None else None
    if record is None or known_complaints(record) & plan.known:
        record = await place.trial(plan, place.urgent)
    ends = prepared.reference is not None and showing(prepared.reference).shown is not Shown.TIMEOUT
    return await in_time(place, plan, record, settings) if ends else record


async def in_time(place: Place, plan: Plan, record: TrialRecord, settings: ControlSettings) -> TrialRecord:
    """A control that did not end runs once more while nothing else does but one trial beside it: that the machine was
    busy is no fault of the task."""
    if showing(record).shown is not Shown.TIMEOUT:
        return record
    slow = record.overrun or record.timed_out
    if slow is None or slow.limit > settings.longest_hang:
        return record
    other = Kind.REFERENCE if plan.kind is Kind.NOP else Kind.NOP
    company = replace(plan, kind=other, label=f"beside {plan.kind} {plan.label}".rstrip(), replacement=Replacement())
    again, _ = await place.alone(replace(plan, run=Which.ALONE), replace(company, run=Which.ALONE), place.urgent)
    return again


async def at_the_end(place: Place, plan: Plan, settings: ControlSettings) -> tuple[TrialRecord, TrialRecord | None]:
    """The last control, and the run of it that does not count: what could not be fetched once is no change of the
    task's, and not what voids every kill."""
    record = await in_time(place, plan, await place.trial(plan, place.urgent), settings)
    if not not_fetched(record, plan.known):
        return record, None
    again = replace(plan, label=f"{plan.label}, fetched again")
    return await in_time(place, again, await place.trial(again, place.urgent), settings), record


async def _give_up(pending: Pending[TrialRecord]) -> None:
    """Call it off; an error that it has ended with already is an error all the same."""
    waiting = asyncio.ensure_future(pending)
    await asyncio.sleep(0)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting


def _reference(networks: Networks, limits: TimeLimits, label: str = "1") -> Plan:
    return Plan(Kind.REFERENCE, label, networks=networks, limits=limits)


async def _settle_network(
    place: Place,
    built: Built,
    plan: NetworkPlan,
    limits: TimeLimits,
    first: TrialRecord,
    fetching: Pending[TrialRecord] | None,
) -> Prepared:
    """Run the reference with each network that the task allows until it is paid. `fetching`: the run with a network,
    where it was begun beside the first."""
    task, without, most = place.task, plan.tries[0], plan.tries[-1]
    if without == most or _paid(first):
        if fetching is not None:
            await _give_up(fetching)
        return Prepared(task, built, None, built.seconds, plan, without, reference=first, limits=limits)
    second = await (fetching or place.begin(_reference(most, limits), place.urgent)).by(place.urgent)
    if _paid(second) and not _blames_the_network(first):
        # Nothing in its log says why it failed without: it may be luck, and not the network, that was missing.
        third = await place.trial(_reference(without, limits, AGAIN), place.urgent)
        if _paid(third):
            return Prepared(task, built, None, built.seconds, plan, without, None, third, (first, second), limits)
    return Prepared(task, built, None, built.seconds, plan, most, first, second, limits=limits)


def _may_fetch(task: Task) -> bool:
    """Whether the reference's run without a network is likely to fail: a processor that has nothing else to do runs it
    with one beside that."""
    scripts = [step.solution.script for step in task.steps if step.solution is not None]
    texts = [text for step in task.steps for name, text in verifier_texts(task, step).items() if name.endswith(".sh")]
    return any(map(fetches, [*texts, *(script.read_text("utf-8", "replace") for script in scripts)]))


def _paid(record: TrialRecord) -> bool:
    return showing(record).shown is Shown.PAID


def _blames_the_network(record: TrialRecord) -> bool:
    return any(step.signs or step.solve_proof.evidence is not Evidence.NOTHING for step in record.steps)


def _limits(task: Task, factor: float) -> TimeLimits:
    if factor == 1.0:
        return TimeLimits()
    return TimeLimits(
        {step.name: step.agent_timeout * factor for step in task.steps},
        {step.name: step.verifier.timeout * factor for step in task.steps},
    )


_HOPELESS = frozenset({Cause.UNSUPPORTED, Cause.NO_SOLUTION, Cause.HEALTHCHECK, Cause.SETUP})


def remaining(prepared: Prepared, settings: ControlSettings) -> tuple[Plan, ...]:
    """What is still to run. A reference that hung, or that cannot run at all, is not repeated."""
    if prepared.built is None or prepared.reference is None:
        return ()
    first = showing(prepared.reference)
    if first.shown is Shown.ERROR and first.cause in _HOPELESS:
        return ()

    known = known_complaints(prepared.reference) if first.shown is Shown.PAID else frozenset()
    plans = others(prepared.task, settings, prepared.networks, prepared.limits, known)
    return tuple(one for one in plans if one.kind is not Kind.REFERENCE or first.shown is not Shown.TIMEOUT)


def others(
    task: Task,
    settings: ControlSettings,
    networks: Networks,
    limits: TimeLimits,
    known: frozenset[str] = frozenset(),
    run: Which = Which.FIRST,
) -> Iterator[Plan]:
    """Every control but the first reference."""
    labels = [(Kind.REFERENCE, str(number)) for number in range(2, settings.repeat + 1)]
    labels.append((Kind.NOP, ""))
    if any(step.solution is not None for step in task.steps):
        labels.append((Kind.HOLLOW, ""))
    for kind, label in labels:
        yield Plan(kind, label, networks=networks, limits=limits, known=known, run=run)


def _together(prepared: Prepared, records: Sequence[TrialRecord]) -> Controls:
    first = [*prepared.earlier, prepared.reference] if prepared.reference is not None else []
    offline = prepared.offline.seconds if prepared.offline is not None else 0.0
    return Controls(
        prepared,
        (*first, *(record for record in records if record.kind is Kind.REFERENCE)),
        next((record for record in records if record.kind is Kind.NOP), None),
        next((record for record in records if record.kind is Kind.HOLLOW), None),
        round(prepared.build_seconds + offline + sum(record.seconds for record in [*first, *records]), 3),
    )
