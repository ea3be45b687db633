"""`foolsgold audit`: controls, mutants, trials, strength and findings of many tasks side by side.

Each task goes through the same stages, and the pool runs whatever is ready, the most telling first: controls before
mutants, and each task's first mutants before any task's second ones.

    prepare -> controls -> mutants -> confirmations -> the reference once more -> result

Every finished trial is in the store before anything is made of it, so a run can end at any moment and go on later.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from posixpath import basename, dirname
from typing import Any

from harness import __version__
from harness.engine.choose import call_off
from harness.engine.contract import Engine
from harness.errors import FoolsgoldError
from harness.findings.controls import Standing, control_findings, standing
from harness.findings.given_away import joined
from harness.findings.model import Finding, Severity
from harness.findings.mutants import mutant_findings
from harness.findings.texts import text_findings
from harness.judging.all_or_nothing import all_or_nothing
from harness.judging.controls import Controls, Prepared
from harness.judging.kill_matrix import Matrix, failing
from harness.judging.outcome import Baseline, Cause, Outcome, OutcomeKind, Shown, baseline, judge, settle, showing
from harness.judging.strength import Strength, Verdict, strength, verdict
from harness.lab.store import Store
from harness.lab.workers import Once, Pool
from harness.mutants import StepMutants, diff, mutated_file, task_mutants
from harness.probes import vacuous
from harness.probes.choose import (
    InImage,
    image_attempts,
    in_image,
    needs_outputs,
    output_attempts,
    probe_findings,
    solution_attempts,
)
from harness.probes.hidden import reports as hidden_reports
from harness.probes.model import Attempt, Attempted, Probe
from harness.stages.controls import finish, others, prepare, remaining
from harness.stages.result import Audited, AuditRun, AuditSettings, MutantResult, Watcher
from harness.stages.verdict import (
    control_verdict,
    judged,
    kill_matrix,
    mutant_json,
    noticed_paths,
    seen,
    test_findings,
    unusable,
)
from harness.task.model import Task, Unusable
from harness.task.network import Networks, plan_network
from harness.task.texts import verifier_texts
from harness.testcode.assertions.lead import Lead
from harness.testcode.demands import HiddenReport
from harness.trial.end_state import State, same, unsteady
from harness.trial.plan import Built, Plan, Replacement, TimeLimits, known_complaints, limits_from
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.trial.runner import run_trial
from harness.verifier.reward import Rewards
from mutator.model import apply_bytes, inverse

FIRST, BESIDE, CONFIRM, AGAIN, LAST, STATE, LOOK = "1", "beside", "2", "3", "last", "state", "look"
"""Which run of a trial: the first, one beside the first reference, the plain confirmation, one more for flakiness, the
reference at the end, a look at what solving leaves behind, and one at what the tests reach."""


Keep = Callable[[int, Audited], None]
Say = Callable[[Task | Unusable], str]


def audit(
    engine: Engine,
    tasks: Sequence[Task | Unusable],
    settings: AuditSettings,
    store: Store,
    *,
    jobs: int,
    watcher: Watcher,
    command: Say,
    options: Mapping[str, Any],
    settings_of: Callable[[Task], AuditSettings] | None = None,
) -> AuditRun:
    """Audit every task, with `settings` or its own. Ctrl-C ends it within a moment; what was done is in the store."""
    start = time.monotonic()
    done: dict[int, Audited] = {}

    def keep(order: int, audited: Audited) -> None:
        done[order] = audited
        watcher.done(audited)

    pool = Pool(jobs)
    for order, task in enumerate(tasks):
        if isinstance(task, Unusable):
            keep(order, unusable(task, command(task)))
        else:
            own = settings_of(task) if settings_of else settings
            _TaskAudit(order, task, engine, own, store, pool, watcher, command(task), keep).start()
    interrupted = False
    try:
        pool.wait()
    except KeyboardInterrupt:
        interrupted = True
        pool.cancel.set()
        engine.close()
        call_off(0.0)
    finally:
        pool.stop(1.0)
    finished = dict(done)
    left = tuple(
        task
        for order, task in enumerate(tasks)
        if interrupted and order not in finished and not isinstance(task, Unusable)
    )
    return AuditRun(
        engine.name,
        settings,
        options,
        tuple(finished[order] for order in sorted(finished)),
        left,
        round(time.monotonic() - start, 3),
    )


class _Interrupted(Exception):
    """The run is being stopped: nothing more is made of this task."""


@dataclass
class _Tried:
    """One mutant under way."""

    result: MutantResult
    replacement: Replacement
    under_way: set[str] = field(default_factory=set)
    beside: bool = False
    """The reference's last run need not wait for it."""
    runs: dict[str, tuple[TrialRecord, Outcome]] = field(default_factory=dict)
    look: Once[State | None] | None = None
    """At what it leaves behind, once it survived."""


@dataclass
class _Probing:
    """One attempt of a probe under way."""

    attempt: Attempt
    records: list[TrialRecord] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


CONTROLS, PROBES = -1, 1 << 30


class _TaskAudit:
    """One task on its way through the stages. Its jobs run on the pool's threads; `_lock` guards what they share."""

    def __init__(
        self,
        order: int,
        task: Task,
        engine: Engine,
        settings: AuditSettings,
        store: Store,
        pool: Pool,
        watcher: Watcher,
        command: str,
        keep: Keep,
    ) -> None:
        self.order, self.task, self.engine, self.settings = order, task, engine, settings
        self.store, self.pool, self.watcher, self.command, self.keep = store, pool, watcher, command, keep
        self._lock = threading.Lock()
        self._stored: dict[tuple[str, str, str], TrialRecord] | None = None
        self._left = 0
        self._controls: list[TrialRecord] = []
        self._early: dict[tuple[Kind, str], Once[TrialRecord]] = {}
        self._hung = False
        """The first reference did."""
        self._over = False
        """Its result is there: no further job of it has anything to do."""
        self.prepared: Prepared | None = None
        self.controls: Controls | None = None
        self.against: Baseline | None = None
        self.limits = TimeLimits()
        self.known: frozenset[str] = frozenset()
        self.first_failure = False
        self.last: TrialRecord | None = None
        self._looking = False
        self._states: list[State | None] = []
        self._uncompared: list[_Tried] = []
        self._beside = 1
        """What is to be done before the result is, besides what the reference's last run waits for: first of all it."""
        self.steps: list[StepMutants] = []
        self.tried: list[_Tried] = []
        self.probed: list[Attempted] = []
        self.hidden: Mapping[str, HiddenReport] | None = None
        self.watched: dict[Kind, TrialRecord] = {}
        self.looked = vacuous.NOT_ASKED
        self.given = InImage()
        self._said = Once(partial(text_findings, task, command))
        self._mutants = Once(partial(task_mutants, task, settings.wish))
        self._demands = Once(partial(hidden_reports, task))

    def start(self) -> None:
        self._submit(CONTROLS, self._prepare)

    # --- stages

    def _read(self) -> None:
        """What needs no trial, while the first of them runs; whoever needs it hears of what went wrong."""
        with suppress(Exception):
            self._said()
            self._mutants()
            if Probe.HIDDEN in self.settings.probes:
                self._demands()

    def _prepare(self) -> None:
        self.prepared = prepare(
            self.engine,
            self.task,
            self.settings.controls,
            cancel=self.pool.cancel,
            turn=self.pool.turn,
            progress=lambda line: self.watcher.doing(self.task.name, line),
            run=self._first,
        )
        plans = remaining(self.prepared, self.settings.controls)
        self._left = len(plans)
        if not plans:
            self._judge_controls()
        for plan in plans:
            self._submit(CONTROLS, partial(self._control, plan))

    def _first(self, built: Built, plan: Plan) -> TrialRecord:
        """A reference that settles what the others run with. Where its network is settled, they run beside it."""
        settings = self.settings.controls
        if not self._early and len(plan_network(self.task, settings.network).tries) == 1:
            for other in others(self.task, settings, plan.networks, plan.limits):
                early = self._early[other.kind, other.label] = Once(partial(self._remembered, built, other, BESIDE))
                # A reference that hangs costs its whole limit: only a processor that has nothing else to do repeats it
                # before it is known whether the first one ends.
                self._submit(PROBES if other.kind is Kind.REFERENCE else CONTROLS, early)
        record = self._remembered(built, plan, FIRST)
        self._hung = showing(record).shown is Shown.TIMEOUT
        return record

    @contextmanager
    def _turn(self, plan: Plan, run: str) -> Iterator[None]:
        with self.pool.turn():
            if self._hung and run == BESIDE and plan.kind is Kind.REFERENCE:
                raise _Interrupted  # a reference that hung is not repeated
            yield

    def _ran_beside(self, plan: Plan) -> TrialRecord | None:
        """That trial, unless its log has complaints that the first reference's, too, has."""
        early = self._early.get((plan.kind, plan.label))
        record = early() if early is not None else None
        return None if record is None or known_complaints(record) & plan.known else record

    def _control(self, plan: Plan) -> None:
        record = self._ran_beside(plan) or self._trial(plan, FIRST)
        with self._lock:
            self._controls.append(record)
            self._left -= 1
            last = self._left == 0
        if last:
            self._judge_controls()

    def _judge_controls(self) -> None:
        assert self.prepared is not None
        self._check_interrupt()
        self.controls = finish(self.prepared, self._controls)
        findings = control_findings(self.controls, self.command)
        self.against = baseline(self.controls.references, self.controls.nop)
        if standing(findings) is not Standing.GOOD or self.against is None:
            self._report(*control_verdict(findings), findings)
            return
        self.known = known_complaints(self.controls.references[0])
        self.limits = limits_from(
            _slowest(self.controls.references), floor=self.settings.floor, factor=self.settings.factor
        )
        self._plan()

    def _plan(self) -> None:
        self.watcher.doing(self.task.name, "making mutants")
        self.steps = self._mutants()
        assert self.against is not None
        self.against = replace(self.against, own=written_by(self.steps))
        for step in self.steps:
            for chosen in step.selection.chosen:
                mutant = chosen.mutant
                requirement = step.relevance.requirements[chosen.links[0].requirement] if chosen.links else None
                nothing_yet = Outcome(OutcomeKind.ERROR)
                shown = diff(step.files, mutant)
                result = MutantResult(step.step.name, mutant, chosen.links, requirement, shown, nothing_yet, ())
                content = {mutant.file: mutated_file(step.files, mutant)}
                name = step.step.name if len(self.task.steps) > 1 else None
                self.tried.append(_Tried(result, Replacement(content, name)))
        self.store.put_mutants(self.task.name, [(_label(tried), mutant_json(tried.result)) for tried in self.tried])
        self.watcher.planned(self.task.name, len(self.tried))
        if self.settings.first_failure and all_or_nothing(self.task, self.against):
            self._submit(CONTROLS, self._try_first_failure)
        else:
            self._try_all()

    def _try_first_failure(self) -> None:
        """Stopping early must not change what the controls are paid."""
        plan = Plan(Kind.NOP, "first failure", networks=self.networks, known=self.known, first_failure=True)
        nop = self._trial(replace(plan, limits=self.limits), FIRST)
        paid = self._trial(replace(plan, kind=Kind.REFERENCE), FIRST)
        assert self.controls is not None
        assert self.controls.nop is not None
        before, now = showing(self.controls.nop), showing(nop)
        self.first_failure = showing(paid).shown is Shown.PAID and (before.shown, self.controls.nop.rewards) == (
            now.shown,
            nop.rewards,
        )
        self._try_all()

    def _try_all(self) -> None:
        """Everything whose right answer the controls have settled: the mutants, and after them the probes."""
        left = needs_outputs(self.settings.probes, self.steps)
        looks = self._looks()
        self._left = len(self.tried) + 1 + left + len(looks)
        # Reading the tests takes one processor a while; the mutants need not wait for it.
        self._submit(CONTROLS, self._probe_solutions)
        for position, tried in enumerate(self.tried):
            tried.under_way.add(FIRST)
            self._submit(position, partial(self._try, tried, position, FIRST))
        if left:
            self._submit(PROBES, self._probe_outputs)
        for kind in looks:
            self._submit(PROBES, partial(self._look_at_tests, kind))

    def _looks(self) -> tuple[Kind, ...]:
        """The solutions on which the tests are watched: none where no test is pytest's."""
        texts = (verifier_texts(self.task, step) for step in self.task.steps)
        wanted = Probe.VACUOUS in self.settings.probes and any(vacuous.uses_pytest(each) for each in texts)
        return (Kind.REFERENCE, Kind.NOP) if wanted else ()

    def _look_at_tests(self, kind: Kind) -> None:
        """Never judged: a plugin that watches the tests is in the box."""
        assert self.prepared is not None
        plan = Plan(kind, LOOK, networks=self.networks, limits=self.prepared.limits, known=self.known, look=True)
        record = self._trial(plan, LOOK)
        with self._lock:
            self.watched[kind] = record
        self._one_done()

    def _probe_solutions(self) -> None:
        probes = self.settings.probes
        if Probe.HIDDEN in probes:
            self.hidden = self._demands()
        self._try_attempts(list(solution_attempts(self.task, self.steps, probes, self.hidden or {}, self._paid)))

    def _probe_outputs(self) -> None:
        """What the reference leaves is known now: plan what is done to it."""
        plan = Plan(Kind.REFERENCE, "outputs", networks=self.networks, observe=True, keep_outputs=True)
        left = self._trial(plan, STATE).state
        attempts = list(output_attempts(self.steps, self.settings.probes, left))
        if Probe.LEAK in self.settings.probes:
            image = self._trial(Plan(Kind.NOP, "image", networks=self.networks, survey=True), STATE).image
            self.given = in_image(self.task, self.steps, left, image)
            attempts += image_attempts(self.task, self.given)
        self._try_attempts(attempts)

    def _try_attempts(self, attempts: Sequence[Attempt]) -> None:
        with self._lock:
            self._left += len(attempts)
        for attempt in attempts:
            self._submit(PROBES, partial(self._probe, _Probing(attempt), FIRST))
        self._one_done()

    def _probe(self, probing: _Probing, run: str) -> None:
        """A probe's first run, and a second one where it would be held against the task."""
        assert self.prepared is not None
        assert self.against is not None
        attempt = probing.attempt
        plan = Plan(
            Kind.PROBE,
            attempt.label,
            attempt.replacement,
            networks=self.networks,
            limits=self.prepared.limits if run != FIRST else self.limits,
            known=self.known,
            circumstances=attempt.circumstances,
        )
        record = self._trial(plan, run)
        probing.records.append(record)
        probing.outcomes.append(judge(record, self.against))
        kind = probing.outcomes[-1].kind
        expected = kind is OutcomeKind.SURVIVED if attempt.must_be_paid else kind is OutcomeKind.KILLED
        again = probing.outcomes[-1].cause in _TRANSIENT if kind is OutcomeKind.ERROR else not expected
        if run == FIRST and again:
            self._submit(PROBES, partial(self._probe, probing, CONFIRM))
            return
        with self._lock:
            self.probed.append(Attempted(attempt, settle(probing.outcomes), tuple(probing.records)))
        self._one_done()

    def _one_done(self) -> None:
        with self._lock:
            self._left -= 1
            last = self._left == 0
            if last:
                self._submit(CONTROLS, self._last)
                self._look_at_reference()

    def _try(self, tried: _Tried, position: int, run: str) -> None:
        """One run of a mutant, and more where one run is not enough."""
        assert self.prepared is not None
        assert self.against is not None
        plain = run != FIRST
        plan = Plan(
            Kind.MUTANT,
            _label(tried),
            tried.replacement,
            networks=self.prepared.networks,
            limits=self.prepared.limits if plain else self.limits,
            known=self.known,
            first_failure=self.first_failure and not plain,
        )
        record = self._trial(plan, run)
        outcome = judge(record, self.against)
        with self._lock:
            tried.runs[run] = record, outcome
            more = [one for one in _next_runs(run, outcome, self._sampled(tried)) if one not in tried.under_way]
            tried.under_way.update(more)
            if outcome.kind is OutcomeKind.SURVIVED and tried.look is None and len(self.task.steps) == 1:
                self._look_at(tried)
            settled = len(tried.runs) == len(tried.under_way)
            if settled:
                records, outcomes = zip(*(tried.runs[one] for one in sorted(tried.runs)), strict=True)
                tried.result = replace(tried.result, outcome=settle(outcomes), records=records)
                if tried.result.survived:
                    self._uncompared.append(tried)
                    self._compare()
            # Whatever its other runs show, what was paid at first is no kill, and so not what the last run vouches for.
            no_kill = run == FIRST and not settled and outcome.kind in _PAID
            if no_kill:
                tried.beside = True
                self._beside += 1
        if settled:
            self.watcher.tried(self.task.name, tried.result.outcome)
        if no_kill or (settled and not tried.beside):
            self._one_done()
        elif settled:
            self._one_beside()
        # Behind the reference's last run, should that wait for nothing else.
        for each in more:
            self._submit(position, partial(self._try, tried, position, each))

    def _look_at(self, tried: _Tried) -> None:
        """What a survivor leaves, while it is confirmed. With the lock held."""
        tried.look = Once(partial(self._state, Kind.MUTANT, _label(tried), tried.replacement))
        self._beside += 1
        self._submit(PROBES, partial(self._looked_at, tried.look))
        self._look_at_reference()

    def _looked_at(self, look: Once[State | None]) -> None:
        look()
        self._one_beside()

    def _look_at_reference(self) -> None:
        """What the reference leaves, twice, for survivors to be compared with. It is short work for the processors that
        its last run leaves free. Once per task; with the lock held."""
        if self._left or self._looking or not any(tried.look for tried in self.tried):
            return
        self._looking = True
        self._beside += 2
        for number in (1, 2):
            self._submit(PROBES, partial(self._look, f"state {number}"))

    def _look(self, label: str) -> None:
        state = self._state(Kind.REFERENCE, label, Replacement())
        with self._lock:
            self._states.append(state)
            self._compare()
        self._one_beside()

    def _compare(self) -> None:
        """Survivors that leave what the reference leaves are no wrong solutions. Where a state tells nothing, because
        it differs from run to run or lives on in a service, survivors stay survivors. With the lock held."""
        if len(self._states) < 2:
            return
        first, second = self._states
        aside = unsteady(first, second) if first is not None and second is not None else None
        if first is not None and aside is not None:
            self._beside += len(self._uncompared)
            for tried in self._uncompared:
                self._submit(PROBES, partial(self._compare_state, tried, first, aside))
        self._uncompared.clear()

    def _compare_state(self, tried: _Tried, reference: State, aside: frozenset[str]) -> None:
        assert tried.look is not None
        state = tried.look()
        with self._lock:
            if state is not None and same(reference, state, aside):
                why = "it leaves exactly the files and processes that the reference leaves"
                tried.result = replace(tried.result, outcome=Outcome(OutcomeKind.EQUIVALENT, why))
        self._one_beside()

    def _one_beside(self) -> None:
        with self._lock:
            self._beside -= 1
            last = self._beside == 0
        if last:
            self._judge()

    def _state(self, kind: Kind, label: str, replacement: Replacement) -> State | None:
        plan = Plan(kind, label, replacement, networks=self.networks, limits=self.limits, observe=True)
        return self._trial(plan, STATE).state

    @property
    def _paid(self) -> Rewards:
        """What the reference is paid."""
        assert self.against is not None
        return self.against.reference

    @property
    def networks(self) -> Networks:
        assert self.prepared is not None
        return self.prepared.networks

    def _sampled(self, tried: _Tried) -> bool:
        """A seeded sample: the same kills are run again in every run of the same seed."""
        seed = self.settings.wish.seed
        number = int(sha256(f"{seed}\0{tried.result.mutant.id}".encode()).hexdigest()[:8], 16)
        return number % self.settings.sampled_kills == 0

    def _last(self) -> None:
        """The reference once more, written by the machinery that writes mutants: were the tests, the machine and the
        way into the box the same at the end?"""
        assert self.prepared is not None
        plan = Plan(
            Kind.IDENTITY,
            LAST,
            Replacement(reprinted(self.steps)),
            networks=self.networks,
            limits=self.prepared.limits,
            known=self.known,
        )
        self.last = self._trial(plan, LAST)
        self._one_beside()

    def _judge(self) -> None:
        record = self.last
        assert record is not None
        tried = tuple(tried.result for tried in self.tried)
        found = strength([judged(result) for result in tried])
        assert self.controls is not None
        findings = list(control_findings(self.controls, self.command))
        found_matrix = kill_matrix(self.controls, tried)
        texts = "\n".join(text for step in self.task.steps for text in verifier_texts(self.task, step).values())
        findings += mutant_findings(self.task, [seen(result) for result in tried], found_matrix, texts, self.command)
        permissive, leads = test_findings(self.task, tried, self.command)
        findings += permissive
        more, leads = self._test_runs(tried, found_matrix, leads)
        findings += [replace(one, task=self.task.name, command=self.command) for one in more]
        self.probed.sort(key=lambda one: one.attempt.label)
        findings += [
            replace(one, task=self.task.name, command=self.command)
            for one in probe_findings(self.task, self.probed, self._paid, self.given, noticed_paths(tried))
        ]
        if showing(record).shown is not Shown.PAID:
            why = showing(record).why or "it was paid less than in full"
            findings.append(
                Finding(
                    "reference-not-paid-at-the-end",
                    self.task.name,
                    Severity.UNMEASURED,
                    "The reference was paid before the mutants ran and is not any more, so their kills are void.",
                    (why,),
                    advice="Look for state that outlives a box (the date, a remote service), then run the audit again.",
                    command=self.command,
                )
            )
            why = "the reference was not paid at the end, so the kills are void"
            self._report(Verdict.UNMEASURED, why, findings, found, tried, record, leads)
            return
        word, why = verdict(found, self.settings.thresholds)
        self._report(word, why, findings, found, tried, record, leads)

    def _test_runs(
        self, tried: Sequence[MutantResult], found: Matrix | None, leads: Sequence[Lead]
    ) -> tuple[list[Finding], list[Lead]]:
        """What the tests were seen to do, and the leads that this makes no fact of."""
        if Probe.VACUOUS not in self.settings.probes:
            return [], list(leads)
        assert self.controls is not None
        reference, nop = self.controls.references[-1], self.controls.nop
        watched = self.watched.get(Kind.REFERENCE), self.watched.get(Kind.NOP)
        self.looked = vacuous.looked_at(*watched, reference, nop) if self.watched else vacuous.NO_PYTEST
        others = [one for one in (nop, self.controls.hollow) if one is not None]
        others += [record for result in tried for record in result.records]
        noticed = {name for record in others for name in failing(record)}
        never = found.vacuous if found is not None else ()
        return vacuous.of_task(self.task, self.looked, reference, nop, noticed, never, leads)

    # --- trials

    def _trial(self, plan: Plan, run: str) -> TrialRecord:
        assert self.prepared is not None
        assert self.prepared.built is not None
        return self._remembered(self.prepared.built, plan, run)

    def _remembered(self, built: Built, plan: Plan, run: str) -> TrialRecord:
        """The trial from the store where it is there, else run now and stored."""
        task, pool = self.task, self.pool
        with self._lock:
            if self._stored is None:
                self.store.begin_task(task.name, task.digest, self._setting(built))
                self._stored = self.store.trials(task.name)
                # After the controls: mostly there is a processor then that has no more of them to run.
                self._submit(PROBES, self._read)
        key = f"{run}{'+net' if plan.networks.any else ''}{'+x' if plan.first_failure else ''}"
        known = self._stored.get((plan.kind, plan.label, key))
        if known is not None:
            return known
        self.watcher.doing(task.name, f"{plan.kind} {plan.label}".strip())
        record = run_trial(self.engine, task, built, plan, cancel=pool.cancel, turn=partial(self._turn, plan, run))
        self._check_interrupt()
        self.store.put_trial(record, key)
        return record

    def _setting(self, built: Built) -> str:
        """What a stored trial depends on besides the task and the solution: another one of these, and it runs again."""
        images = [built.main.id, *(image.id for _, image in sorted(built.verifiers.items()))]
        controls = self.settings.controls
        return "\n".join([__version__, self.engine.name, *images, controls.network, f"{controls.timeout_factor:g}"])

    # --- the pool

    def _submit(self, order: int, job: Callable[[], object]) -> None:
        def guarded() -> None:
            try:
                if not self._over:
                    job()
            except _Interrupted:
                pass
            except FoolsgoldError:
                raise
            except Exception as error:
                if not self.pool.cancel.is_set():
                    self._fail(error)

        self.pool.submit(order, guarded)

    def _check_interrupt(self) -> None:
        if self.pool.cancel.is_set():
            raise _Interrupted

    def _fail(self, error: Exception) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        finding = Finding(
            "internal-error",
            self.task.name,
            Severity.UNMEASURED,
            f"foolsgold itself failed: {type(error).__name__}: {error}",
            advice="Please report it with the traceback that is printed below.",
            command=self.command,
        )
        why = "foolsgold itself failed"
        self.keep(
            self.order,
            Audited(self.task, Verdict.UNMEASURED, why, findings=(finding,), internal=traceback.format_exc()),
        )

    def _report(
        self,
        word: Verdict,
        why: str,
        findings: Sequence[Finding],
        found: Strength | None = None,
        tried: tuple[MutantResult, ...] = (),
        last: TrialRecord | None = None,
        leads: Sequence[Lead] = (),
    ) -> None:
        self._check_interrupt()
        self._over = True
        findings = joined([*self._said(), *findings])
        seconds = (self.controls.seconds if self.controls else 0.0) + sum(
            record.seconds for result in tried for record in result.records
        )
        order = list(Severity)
        ranked = tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))
        self.keep(
            self.order,
            Audited(
                self.task,
                word,
                why,
                self.controls,
                tuple(self.steps),
                tried,
                found,
                ranked,
                tuple(self.probed),
                self.hidden,
                self.looked,
                tuple(leads),
                last,
                round(seconds, 3),
                thresholds=self.settings.thresholds,
            ),
        )


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


def _label(tried: _Tried) -> str:
    step, ident = tried.result.step, tried.result.mutant.id
    return f"{step}/{ident}" if step else ident


_PAID = frozenset({OutcomeKind.SURVIVED, OutcomeKind.PARTIAL})
_TRANSIENT = frozenset({Cause.ENGINE, Cause.MACHINE, Cause.NO_REWARD, Cause.NEVER_RAN})


def _next_runs(run: str, outcome: Outcome, sampled: bool) -> tuple[str, ...]:
    """What a mutant needs after a run. An error is tried once more; what was paid is confirmed by two plain runs; of
    kills a sample is, by one."""
    paid = outcome.kind in _PAID
    if run == FIRST:
        transient = outcome.kind is OutcomeKind.ERROR and outcome.cause in _TRANSIENT
        if transient or (sampled and outcome.kind is OutcomeKind.KILLED):
            return (CONFIRM,)
        return (CONFIRM, AGAIN) if paid else ()
    return (AGAIN,) if run == CONFIRM and paid else ()


def _slowest(references: Sequence[TrialRecord]) -> TrialRecord:
    def busy(record: TrialRecord) -> float:
        return record.seconds_of(PhaseName.SOLVE) + record.seconds_of(PhaseName.VERIFY)

    return max(references, key=busy)
