"""The controls of a task: the reference several times, doing nothing, and a hollow solution.

What is worth knowing about a task before a single mutant is run. The pieces are separate steps so that a schedule can
run many tasks' trials side by side: `prepare` builds and settles the network with the first reference run, `remaining`
says what else to run, and `finish` puts the records together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

from harness.engine.contract import Engine, Progress, silent
from harness.errors import FoolsgoldError
from harness.judging.controls import Controls, ControlSettings, Prepared
from harness.judging.outcome import Cause, Shown, showing
from harness.task.model import Task
from harness.task.network import Networks, plan_network
from harness.trial.build import build
from harness.trial.plan import Built, Plan, TimeLimits, Turn, known_complaints
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from harness.verifier.log import Evidence

AGAIN = "1 again"
"""Label of the first reference run's repetition without a network."""


RunTrial = Callable[[Built, Plan], TrialRecord]
"""One trial of a task; a run that remembers its trials puts its own in the place of `run_trial`."""


def prepare(
    engine: Engine,
    task: Task,
    settings: ControlSettings,
    *,
    cancel: threading.Event | None = None,
    turn: Turn = nullcontext,
    progress: Progress = silent,
    run: RunTrial | None = None,
) -> Prepared:
    """Build, and run the reference with each network the task allows until it is paid."""
    plan = plan_network(task, settings.network)
    start = time.monotonic()
    try:
        with turn():
            built = build(engine, task, progress)
    except FoolsgoldError as error:
        return Prepared(task, None, error, time.monotonic() - start, plan, plan.tries[0])
    limits = _limits(task, settings.timeout_factor)

    def reference(networks: Networks, label: str = "1") -> TrialRecord:
        progress("reference, run 1" + (" with a network" if networks.any else ""))
        trial = Plan(Kind.REFERENCE, label, networks=networks, limits=limits)
        if run is not None:
            return run(built, trial)
        return run_trial(engine, task, built, trial, cancel=cancel, turn=turn)

    without, most = plan.tries[0], plan.tries[-1]
    first = reference(without)
    if without == most or _paid(first):
        return Prepared(task, built, None, built.seconds, plan, without, reference=first, limits=limits)
    second = reference(most)
    if _paid(second) and not _blames_the_network(first):
        # Nothing in its log says why it failed without: it may be luck, and not the network, that was missing.
        third = reference(without, AGAIN)
        if _paid(third):
            return Prepared(task, built, None, built.seconds, plan, without, None, third, (first, second), limits)
    return Prepared(task, built, None, built.seconds, plan, most, first, second, limits=limits)


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
) -> Iterator[Plan]:
    """Every control but the first reference."""
    labels = [(Kind.REFERENCE, str(number)) for number in range(2, settings.repeat + 1)]
    labels.append((Kind.NOP, ""))
    if any(step.solution is not None for step in task.steps):
        labels.append((Kind.HOLLOW, ""))
    for kind, label in labels:
        yield Plan(kind, label, networks=networks, limits=limits, known=known)


def finish(prepared: Prepared, records: list[TrialRecord]) -> Controls:
    """The records in any order, as they came in."""
    first = [*prepared.earlier, prepared.reference] if prepared.reference is not None else []
    references = first + sorted((r for r in records if r.kind is Kind.REFERENCE), key=lambda record: int(record.label))
    offline = prepared.offline.seconds if prepared.offline is not None else 0.0
    return Controls(
        prepared,
        tuple(references),
        next((record for record in records if record.kind is Kind.NOP), None),
        next((record for record in records if record.kind is Kind.HOLLOW), None),
        round(prepared.build_seconds + offline + sum(r.seconds for r in first + records), 3),
    )


def run_controls(
    engine: Engine, task: Task, settings: ControlSettings, *, cancel: threading.Event | None = None
) -> Controls:
    """All of a task's controls, one after the other."""
    prepared = prepare(engine, task, settings, cancel=cancel)
    built = prepared.built
    if built is None:
        return finish(prepared, [])
    return finish(
        prepared, [run_trial(engine, task, built, plan, cancel=cancel) for plan in remaining(prepared, settings)]
    )
