"""Second stage: the mutants. Which there are, and what each of them is paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from posixpath import basename, dirname

from harness.judging.all_or_nothing import all_or_nothing
from harness.judging.controls import Controls
from harness.judging.idle import is_cut
from harness.judging.outcome import (
    TRANSIENT,
    Baseline,
    Cause,
    Outcome,
    OutcomeKind,
    Shown,
    hang,
    judge,
    settle,
    showing,
    unconfirmed,
)
from harness.judging.reuse import Reuse
from harness.lab.lab import Place
from harness.lab.together import Together
from harness.mutants import StepMutants, diff, mutated_file
from harness.stages.result import AuditSettings, MutantResult
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.plan import Judge, Means, Plan, Replacement, TimeLimits, known_complaints, limits_from
from harness.trial.record import Kind, PhaseName, TrialRecord, Which
from mutator.model import apply_bytes, inverse

PAID = frozenset({OutcomeKind.SURVIVED, OutcomeKind.PARTIAL})
SAME = Outcome(OutcomeKind.EQUIVALENT, "it leaves, to the byte, what the reference leaves, so it was not verified")
_ENOUGH = frozenset({OutcomeKind.KILLED, OutcomeKind.IDLE, OutcomeKind.EQUIVALENT})
"""Outcomes of a single run, of which a sample is run again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What everything after the controls runs under and is held against."""

    against: Baseline
    networks: Networks
    known: frozenset[str]
    """Complaints that the paid reference's log has too."""
    limits: TimeLimits
    """From what the reference took, so that a hang costs seconds."""
    own_limits: TimeLimits
    """The task's own."""
    first_failure: bool = False
    reuse: Reuse = field(default_factory=Reuse)

    def reusing(self, reuse: Reuse) -> Terms:
        return replace(self, reuse=reuse)

    @property
    def prepared(self) -> frozenset[Means]:
        """What a run may take from others of which the tests run in full."""
        return self.reuse.on & {Means.PREPARATION}


def terms_of(controls: Controls, against: Baseline, steps: Sequence[StepMutants], settings: AuditSettings) -> Terms:
    slowest = max(controls.references, key=_busy)
    return Terms(
        replace(against, own=written_by(steps)),
        controls.prepared.networks,
        known_complaints(controls.references[0]),
        limits_from(slowest, floor=settings.floor, factor=settings.factor),
        controls.prepared.limits,
    )


def _busy(record: TrialRecord) -> float:
    return record.seconds_of(PhaseName.SOLVE) + record.seconds_of(PhaseName.VERIFY)


# --- which mutants there are


@dataclass(frozen=True, slots=True)
class Untried:
    """A mutant before its first run."""

    result: MutantResult
    replacement: Replacement


def mutants_of(task: Task, steps: Sequence[StepMutants]) -> Iterator[Untried]:
    for step in steps:
        for chosen in step.selection.chosen:
            mutant = chosen.mutant
            requirement = step.relevance.requirements[chosen.links[0].requirement] if chosen.links else None
            nothing_yet = Outcome(OutcomeKind.ERROR)
            shown = diff(step.files, mutant)
            result = MutantResult(step.step.name, mutant, chosen.links, requirement, shown, nothing_yet, ())
            content = {mutant.file: mutated_file(step.files, mutant)}
            yield Untried(result, Replacement(content, step.step.name if len(task.steps) > 1 else None))


def written_by(steps: Sequence[StepMutants]) -> frozenset[str]:
    """Names of the files that the solution writes, as far as its mutants tell. A package's folder counts as a module:
    that is how it is imported."""
    names: set[str] = set()
    for step in steps:
        for chosen in step.selection.chosen:
            for path in (chosen.mutant.target, chosen.mutant.file):
                names.add(basename(path))
                if basename(path) == "__init__.py":
                    names.add(f"{basename(dirname(path))}.py")
    return frozenset(names)


def reprinted(steps: Sequence[StepMutants]) -> dict[str, bytes]:
    """The mutated files after every mutant was put in and taken out again: the reference's own bytes."""
    found: dict[str, bytes] = {}
    for step in steps:
        for chosen in step.selection.chosen:
            mutant = chosen.mutant
            mutated = mutated_file(step.files, mutant)
            original = apply_bytes(mutated, inverse(step.files[mutant.file], mutant.edits))
            assert original == step.files[mutant.file], f"mutant {mutant.id} cannot be taken back"
            if len(steps) == 1:
                found[mutant.file] = original
    return found


# --- what each of them is paid


async def may_stop_early(place: Place, terms: Terms, controls: Controls) -> Terms:
    """Let the tests stop at the first failure, where all hangs on each of them and it pays the controls the same."""
    if not all_or_nothing(place.task, terms.against):
        return terms
    plan = Plan(
        Kind.NOP,
        "first failure",
        networks=terms.networks,
        limits=terms.limits,
        known=terms.known,
        purpose=Judge(first_failure=True, reuse=terms.prepared),
    )
    async with Together() as group:
        doing_nothing = group.create_task(place.trial(plan, place.urgent))
        solving = group.create_task(place.trial(replace(plan, kind=Kind.REFERENCE), place.urgent))
    nop, paid = doing_nothing.result(), solving.result()
    assert controls.nop is not None
    same = (showing(controls.nop).shown, controls.nop.rewards) == (showing(nop).shown, nop.rewards)
    return replace(terms, first_failure=showing(paid).shown is Shown.PAID and same)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a mutant, and what it shows by itself."""

    record: TrialRecord
    outcome: Outcome


Runs = dict[Which, Ran]


async def try_first(place: Place, untried: Untried, terms: Terms, settings: AuditSettings, rank: int) -> Runs:
    """Every run up to the first that is paid. An error is tried once more, a sample of kills, and a kill of which the
    first failing test does not tell whether anything still works; one that does not end is waited for, alone."""
    runs: Runs = {Which.FIRST: await _run(place, untried, terms, Which.FIRST, rank)}
    first = runs[Which.FIRST].outcome
    if (
        first.cause is Cause.SLOW
        and _own_limit(place.task, terms, runs[Which.FIRST].record) <= settings.controls.longest_hang
    ):
        runs[Which.ALONE] = await _alone(place, untried, terms, settings, rank)
    elif (first.kind is OutcomeKind.ERROR and first.cause in TRANSIENT) or (
        first.kind in _ENOUGH and (sampled(untried, settings) or _cut(runs[Which.FIRST], terms))
    ):
        runs[Which.CONFIRM] = await _run(place, untried, terms, Which.CONFIRM, rank)
    return runs


async def confirm(place: Place, untried: Untried, terms: Terms, runs: Runs, rank: int) -> MutantResult:
    """What was paid is confirmed by two more runs, the first of them plain; what it all comes to."""
    if any(ran.outcome.kind in PAID for ran in runs.values()):
        plain = [which for which in (Which.CONFIRM, Which.REPEAT) if which not in runs]
        more = plain[: 2 - (Which.ALONE in runs)]
        async with Together() as group:
            tasks = {which: group.create_task(_run(place, untried, terms, which, rank)) for which in more}
        runs = runs | {which: task.result() for which, task in tasks.items()}
    ran = [runs[which] for which in Which if which in runs]
    terms.reuse.hold_against([(each.record, each.outcome.kind) for each in ran], untried.result.label)
    return replace(
        untried.result,
        outcome=settle(_outcomes(ran)),
        records=tuple(each.record for each in ran),
        shown=tuple(each.outcome.kind for each in ran),
    )


def _outcomes(ran: Sequence[Ran]) -> list[Outcome]:
    """What leaves what the reference leaves is not taken for a survivor because a plain run was paid."""
    same = any(each.outcome is SAME for each in ran)
    return [SAME if same and each.outcome.kind is OutcomeKind.SURVIVED else each.outcome for each in ran]


def _plan(untried: Untried, terms: Terms, run: Which) -> Plan:
    first = run is Which.FIRST
    return Plan(
        Kind.MUTANT,
        untried.result.label,
        untried.replacement,
        terms.networks,
        terms.limits if first else terms.own_limits,
        terms.known,
        purpose=Judge(
            first_failure=terms.first_failure and first,
            hang=run is Which.ALONE,
            reuse=_reuse(terms, run),
        ),
        run=run,
    )


def _reuse(terms: Terms, run: Which) -> frozenset[Means]:
    """Of what is confirmed one run is plain, and the other is verified too."""
    if run is Which.FIRST:
        return terms.reuse.on
    return terms.reuse.on - {Means.END} if run is Which.REPEAT else frozenset()


async def _run(place: Place, untried: Untried, terms: Terms, run: Which, rank: int) -> Ran:
    record = await place.trial(_plan(untried, terms, run), rank)
    outcome = unconfirmed(judge(record, terms.against))
    if outcome.kind is OutcomeKind.SURVIVED and record.same_as.startswith(Kind.REFERENCE):
        outcome = SAME
    return Ran(record, outcome)


async def _alone(place: Place, untried: Untried, terms: Terms, settings: AuditSettings, rank: int) -> Ran:
    plan = _plan(untried, terms, Which.ALONE)
    reference = Plan(
        Kind.REFERENCE,
        untried.result.label,
        networks=terms.networks,
        limits=terms.own_limits,
        known=terms.known,
        run=Which.ALONE,
    )
    record, beside = await place.alone(plan, reference, rank)
    return Ran(record, hang(record, beside, judge(record, terms.against)))


def _own_limit(task: Task, terms: Terms, record: TrialRecord) -> float:
    """Seconds that the task allows for what did not end."""
    phase = record.timed_out or record.overrun
    assert phase is not None
    step = next(step for step in task.steps if step.name == phase.step)
    if phase.name is PhaseName.VERIFY:
        return terms.own_limits.verify.get(step.name, step.verifier.timeout)
    return terms.own_limits.solve.get(step.name, step.agent_timeout)


def _cut(ran: Ran, terms: Terms) -> bool:
    """Whether it only looks as if nothing were done because its tests stopped at the first failure."""
    untouched = terms.against.untouched
    return (
        terms.first_failure
        and ran.outcome.kind is OutcomeKind.IDLE
        and untouched is not None
        and is_cut(ran.record, untouched)
    )


def sampled(untried: Untried, settings: AuditSettings) -> bool:
    """A seeded sample: the same kills are run again in every run of the same seed."""
    seed = settings.wish.seed
    number = int(sha256(f"{seed}\0{untried.result.mutant.id}".encode()).hexdigest()[:8], 16)
    return number % settings.sampled_kills == 0
