"""One task's attempts: its controls, then each solution from elsewhere, judged and observed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from hashlib import sha256

from harness.attempts.by_step import (
    StepPattern,
    compared_in_steps,
    in_steps,
    leaves_the_same,
    left_in_the_end,
    observation,
    reference_in_steps,
    unseen_removals,
)
from harness.attempts.missed import Missed, missed, named_paths, there_or_not
from harness.attempts.model import (
    CannotBeRun,
    InSteps,
    OnReference,
    RecordedEnd,
    Submission,
    TheReference,
    WholeSolution,
)
from harness.errors import FoolsgoldError
from harness.findings.controls import control_findings
from harness.findings.internal import trace_of
from harness.judging.controls import Controls, ControlSettings
from harness.judging.effects import About, Effect, differences
from harness.judging.kill_matrix import results
from harness.judging.outcome import TRANSIENT, Cause, Outcome, OutcomeKind, baseline, judge, settle, unconfirmed
from harness.judging.stated import StatedOutput, read_stated
from harness.lab.lab import Place
from harness.lab.together import Shared, Together
from harness.mutants import solution_files, task_mutants
from harness.stages.controls import run_controls
from harness.stages.effects import Pattern, reference_observed
from harness.stages.mutants import Terms, terms_of
from harness.stages.result import AuditSettings
from harness.stages.verdict import sound
from harness.task.model import Solution, Task, Unusable
from harness.task.texts import environment_texts
from harness.trial.actions import Actions, Carry, RunLine, WriteFile
from harness.trial.end_state import EndState
from harness.trial.plan import Judge, Observe, Plan, Purpose, Replacement
from harness.trial.record import Kind, TrialRecord, Which
from harness.trial.watching.calls import Observed
from harness.verifier.reward import Rewards
from harness.verifier.test_report import BAD, TestStatus
from mutator.relevance import Relevance
from mutator.unified_diff import WillNotApply, patched_files


class Fate(StrEnum):
    """What became of a solution from elsewhere."""

    PAID = "paid"
    PARTLY = "partly"
    REFUSED = "refused"
    FLAKY = "flaky"
    """Its runs disagree."""
    UNMEASURED = "unmeasured"
    ASTRAY = "astray"
    """Done again, it did not end where the recorded one did: nothing is judged by it."""
    UNREADABLE = "unreadable"
    """It cannot be run at all."""


JUDGED = frozenset({Fate.PAID, Fate.PARTLY, Fate.REFUSED})
_FATES = {
    OutcomeKind.SURVIVED: Fate.PAID,
    OutcomeKind.PARTIAL: Fate.PARTLY,
    OutcomeKind.KILLED: Fate.REFUSED,
    OutcomeKind.IDLE: Fate.REFUSED,
    OutcomeKind.TIMEOUT: Fate.REFUSED,
    OutcomeKind.FLAKY: Fate.FLAKY,
}


@dataclass(frozen=True, slots=True)
class OtherTest:
    """A test that came to something else when the attempt was recorded; '' is a test that was not reported."""

    name: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One solution from elsewhere, and what came of it."""

    submission: Submission
    fate: Fate
    why: str = ""
    rewards: Rewards | None = None
    idle: bool = False
    """Refused just as doing nothing is."""
    failing: tuple[str, ...] = ()
    """Tests that did not pass."""
    same_end: bool = False
    """It leaves exactly what the reference leaves."""
    seen: bool = False
    """It was seen at work, and so were its differences."""
    unseen: str = ""
    """What of it was not seen, and why, where that is known."""
    effect: Effect | None = None
    """The plainest difference from the reference, stated or not."""
    harmless: str = ""
    """Why no difference matters, where that is so."""
    missed: tuple[Missed, ...] = ()
    double_of: str = ""
    """The id of another one of the same content, whose result it has."""
    tests: Mapping[str, str] = field(default_factory=dict)
    """What became of each test in a run that shows what it came to."""
    other_tests: tuple[OtherTest, ...] = ()
    """Tests that came to something else when it was recorded, though it was paid the same."""
    trials: int = 0


@dataclass(frozen=True, slots=True)
class TaskAttempts:
    task: Task | Unusable
    results: tuple[AttemptResult, ...]
    why_not: str = ""
    """Why none was run."""
    paid: Rewards | None = None
    """What the reference is paid."""
    internal: str = ""


class NotToBeRun(Exception):
    """Why a solution cannot be run on this task."""


async def attempts_of_task(
    place: Place, submissions: Sequence[Submission], controls: ControlSettings, *, observes: bool = True
) -> TaskAttempts:
    """`observes`: see what they do otherwise than the reference, and not only whether they are paid."""
    task = place.task
    found = await run_controls(place, controls)
    against = baseline(found.references, found.nop, found.hollow)
    if not sound(found) or against is None:
        return _none(task, submissions, _unsound(found))
    settings = AuditSettings(controls=controls)
    steps = await place.think(partial(task_mutants, task, settings.wish))
    terms = terms_of(found, against, steps, settings)
    instruction = task.steps[0].instruction
    stated = await place.think(lambda: read_stated(instruction, _texts(task)))
    first: dict[str, Submission] = {}
    for each in submissions:
        first.setdefault(_sameness(each), each)
    async with Together() as group:
        judging = _Judging(
            place,
            terms,
            Shared(group, partial(reference_observed, place, terms, texts=True, paths=named_paths(instruction))),
            Shared(group, partial(reference_in_steps, place, terms)),
            stated,
            Relevance(instruction),
            observes,
        )
        tries = {
            digest: group.create_task(judging.one(each, rank)) for rank, (digest, each) in enumerate(first.items())
        }
    results = []
    for each in submissions:
        result = tries[_sameness(each)].result()
        if result.submission is not each:
            result = replace(result, submission=each, double_of=result.submission.id, trials=0)
        results.append(_held_against(result, each.recorded))
    return TaskAttempts(task, tuple(results), paid=against.reference)


def _sameness(each: Submission) -> str:
    """Two with the same text are one solution, and one run of it will do."""
    files = sorted((path, _digest_of(data)) for path, data in each.recorded.files.items())
    return f"{each.digest} {files}"


def _none(task: Task | Unusable, submissions: Sequence[Submission], why: str) -> TaskAttempts:
    return TaskAttempts(task, tuple(AttemptResult(each, Fate.UNMEASURED, why) for each in submissions), why)


def broken(task: Task | Unusable, submissions: Sequence[Submission], error: Exception) -> TaskAttempts:
    """Something of foolsgold's own failed."""
    if isinstance(error, FoolsgoldError):
        return _none(task, submissions, error.message)
    return replace(_none(task, submissions, "an error of foolsgold's own ended it"), internal=trace_of(error))


def _unsound(controls: Controls) -> str:
    said = [each.title for each in control_findings(controls)]
    return f"its controls are not sound: {said[0]}" if said else "its controls are not sound"


def _texts(task: Task) -> list[str]:
    return list(environment_texts(task))


@dataclass(frozen=True)
class _Judging:
    place: Place
    terms: Terms
    pattern: Shared[Pattern | None]
    by_step: Shared[Mapping[str, StepPattern] | None]
    """Of a task of several steps, where `pattern` is of none."""
    stated: StatedOutput
    relevance: Relevance
    observes: bool

    async def one(self, each: Submission, rank: int) -> AttemptResult:
        task = self.place.task
        try:
            how = await self.place.think(lambda: way_of(task, each))
        except NotToBeRun as why:
            return AttemptResult(each, Fate.UNREADABLE, str(why))
        first = await self._trial(each, how, Judge(), Which.FIRST, rank)
        observed = None
        if self.observes and _fate(self._outcome(first)) in JUDGED:
            observed = await self._observe(each, how, rank)
        records = [first]
        if observed is not None and _fate(self._outcome(observed)) is _fate(self._outcome(first)):
            records.append(observed)
        elif first.trouble is None or self._outcome(first).cause in TRANSIENT:
            # What only the recorder changed says nothing of the solution, and so it is run plainly once more.
            records.append(await self._trial(each, how, Judge(), Which.CONFIRM, rank))
        outcome = settle([self._outcome(record) for record in records])
        result = AttemptResult(
            each,
            _fate(outcome),
            outcome.why,
            next((record.rewards for record in records if record.rewards is not None), None),
            outcome.kind is OutcomeKind.IDLE,
            outcome.killed_by,
            tests=next((found for record in records if (found := results(record))), {}),
            trials=len(records) + (observed is not None and observed not in records),
        )
        if result.fate not in JUDGED:
            return result
        if not self.observes:
            other = _files_astray(each.recorded, None)
            return replace(result, fate=Fate.ASTRAY, why=other) if other else result
        if observed is None:
            observed = await self._observe(each, how, rank)
            result = replace(result, trials=result.trials + 1)
        return await self._seen_to_do(result, observed)

    async def _observe(self, each: Submission, how: Way, rank: int) -> TrialRecord:
        if has_steps(self.place.task):
            return await self._trial(each, how, observation(self.place.task), Which.FIRST, rank)
        pattern = await self.pattern()
        return await self._trial(each, how, pattern.purpose if pattern is not None else Observe(), Which.FIRST, rank)

    async def _seen_to_do(self, result: AttemptResult, record: TrialRecord) -> AttemptResult:
        if has_steps(self.place.task):
            return await self._seen_in_steps(result, record)
        pattern = await self.pattern()
        state = record.observed.left if record.observed is not None else None
        if other := _files_astray(result.submission.recorded, state):
            return replace(result, fate=Fate.ASTRAY, why=other)
        if pattern is None:
            return result
        if state is not None and leaves_the_same(pattern, state):
            return replace(result, same_end=True, seen=True)
        seen = self._seen(record, result)
        if seen is None:
            return result
        about = About(self.place.task.steps[0].instruction, "", "")
        return await self.place.think(lambda: self._compared(result, pattern, seen, about))

    async def _seen_in_steps(self, result: AttemptResult, record: TrialRecord) -> AttemptResult:
        alike = (self._outcome(record).kind is OutcomeKind.SURVIVED) == (result.fate is Fate.PAID)
        seen = in_steps(record, whole=alike)
        if other := _files_astray(result.submission.recorded, left_in_the_end(seen)):
            return replace(result, fate=Fate.ASTRAY, why=other)
        patterns = await self.by_step()
        if patterns is None:
            return replace(result, unseen="the reference's steps could not be seen at work")
        found = await self.place.think(lambda: compared_in_steps(patterns, seen))
        if found.same_end:
            return replace(result, same_end=True, seen=True)
        best = found.found[0] if found.found else None
        effect = Effect(best.input, best.expected, best.got, len(found.found) - 1) if best is not None else None
        return replace(
            result,
            seen=found.whole,
            effect=effect,
            harmless=found.harmless,
            missed=() if found.harmless else found.missed,
            unseen=found.unseen,
        )

    def _seen(self, record: TrialRecord, result: AttemptResult) -> Observed | None:
        """What was seen, if it was paid as it was when nobody looked."""
        seen = record.observed
        if seen is None or (seen.left is None and seen.calls is None):
            return None
        if (self._outcome(record).kind is OutcomeKind.SURVIVED) != (result.fate is Fate.PAID):
            return replace(seen, after=None, calls=None, besides=())
        return seen

    def _compared(self, result: AttemptResult, pattern: Pattern, seen: Observed, about: About) -> AttemptResult:
        found, harmless = differences(pattern.first, pattern.second, seen, about)
        kept = there_or_not(pattern.first, pattern.second, seen, named_paths(about.instruction))
        if kept:
            found, harmless = [*found, *(each for each in kept if all(each.path != one.path for one in found))], ""
        best = found[0] if found else None
        effect = Effect(best.input, best.expected, best.got, len(found) - 1) if best is not None else None
        broke = () if harmless else tuple(missed(found, self.stated, self.relevance))
        complete = seen.calls is not None and pattern.first.calls is not None and not unseen_removals(pattern, seen)
        return replace(result, seen=complete, effect=effect, harmless=harmless, missed=broke)

    def _outcome(self, record: TrialRecord) -> Outcome:
        return unconfirmed(judge(record, self.terms.against))

    async def _trial(self, each: Submission, how: Way, purpose: Purpose, which: Which, rank: int) -> TrialRecord:
        terms = self.terms
        plan = Plan(
            Kind.ATTEMPT,
            f"{each.id} {each.digest[:12]}",  # a run that goes on with other solutions remembers none of the old ones
            how.replacement,
            terms.networks,
            terms.own_limits,
            terms.known,
            actions=how.actions,
            by_step=how.by_step,
            purpose=purpose,
            run=which,
        )
        return await self.place.trial(plan, rank)


def _fate(outcome: Outcome) -> Fate:
    if outcome.cause is Cause.NOT_MADE or outcome.cause is Cause.UNSUPPORTED:
        return Fate.UNREADABLE
    return _FATES.get(outcome.kind, Fate.UNMEASURED)


# --- where the recorded one ended


def _held_against(result: AttemptResult, recorded: RecordedEnd) -> AttemptResult:
    """Whether it was paid now as it was then, and if so, whether each test came to the same."""
    if recorded.rewards is None or result.fate not in {*JUDGED, Fate.FLAKY, Fate.UNMEASURED}:
        return result
    if result.rewards is not None and _same_rewards(recorded.rewards, result.rewards):
        return replace(result, other_tests=tuple(_other_tests(recorded.tests, result.tests)))
    if result.fate is Fate.UNMEASURED:
        return result
    then, now = _said(recorded.rewards), _said(result.rewards)
    return replace(result, fate=Fate.ASTRAY, why=f"it was paid {then} when it was recorded, and {now} now", missed=())


def _other_tests(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[OtherTest]:
    """By their whole names, or by their last parts where one of the two has no more of any. Where none is in both,
    they are named by different rules, and nothing is told."""
    if not then.keys() & now.keys():
        then, now = _by_last_part(then), _by_last_part(now)
    if not then.keys() & now.keys():
        return
    # Terminal-Bench has these two words for all that may become of a test.
    coarse = set(then.values()) <= {TestStatus.PASSED, TestStatus.FAILED}
    for name in sorted({*then, *now}):
        before, after = then.get(name, ""), now.get(name, "")
        fails = [status in BAD for status in (before, after)]
        alike = before == after or all(fails) or (coarse and before and after and not any(fails))
        if not alike:
            yield OtherTest(name, before, after)


def _by_last_part(tests: Mapping[str, str]) -> dict[str, str]:
    """Without those that share it."""
    last = Counter(name.rpartition("::")[2] for name in tests)
    return {end: status for name, status in tests.items() if last[end := name.rpartition("::")[2]] == 1}


def _same_rewards(one: Rewards, other: Rewards) -> bool:
    return one.keys() == other.keys() and all(math.isclose(one[key], other[key], abs_tol=1e-6) for key in one)


def _said(rewards: Rewards | None) -> str:
    if rewards is None:
        return "nothing"
    if list(rewards) == ["reward"]:
        return f"{rewards['reward']:g}"
    return ", ".join(f"{key} {value:g}" for key, value in sorted(rewards.items())) or "nothing"


def _files_astray(recorded: RecordedEnd, state: EndState | None) -> str:
    if not recorded.files:
        return ""
    if state is None:
        return "what it left cannot be seen, so nobody knows whether it ended where the recorded one did"
    for path, content in sorted(recorded.files.items()):
        entry = state.entries.get(path, "")
        if not entry.startswith("f "):
            return f"{path} is not among what it left, and was when it was recorded"
        if _digest_of(content) not in entry.split(" "):
            return f"{path} has another content than when it was recorded"
    return ""


def _digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


# --- how it is run


@dataclass(frozen=True, slots=True)
class Way:
    """How a solution from elsewhere is run: files in place of the reference's, or actions; or either by step."""

    replacement: Replacement = field(default_factory=Replacement)
    actions: Actions | None = None
    by_step: Mapping[str, Replacement | Actions] = field(default_factory=dict)


def has_steps(task: Task) -> bool:
    return len(task.steps) > 1 or task.steps[0].name != ""


_SCRIPTS = ("solve.sh", "solution.sh", "solution.yaml")


def way_of(task: Task, each: Submission) -> Way:
    """Raises NotToBeRun."""
    match each.handed:
        case CannotBeRun(why):
            raise NotToBeRun(why)
        case TheReference():
            return Way()
    if has_steps(task):
        return _way_by_steps(task, each.handed)
    solution = task.steps[0].solution
    match each.handed:
        case InSteps():
            raise NotToBeRun("it is done in several steps, and the task has one")
        case Actions() as actions:
            return Way(actions=actions)
        case WholeSolution(files):
            return _whole(files, solution)
        case OnReference(diff):
            if solution is None:
                raise NotToBeRun("the task has no reference solution that a diff could change")
            changed = on_reference(solution_files(solution), diff, solution.folder.name)
            return Way(Replacement(changed, alone=True))


def _way_by_steps(task: Task, handed: WholeSolution | OnReference | Actions | InSteps) -> Way:
    names = {step.name: f"steps/{step.name}/solution/" for step in task.steps}
    match handed:
        case Actions(each):
            if each:
                raise NotToBeRun("the task has several steps, and it does not say in which of them it is done")
            return Way(actions=handed)
        case InSteps(steps):
            unknown = [name for name in steps if name not in names]
            if unknown:
                raise NotToBeRun(f"the task has no step {unknown[0]}")
            nothing = Actions((), Carry.NOTHING)
            return Way(by_step={name: steps.get(name, nothing) for name in names})
        case OnReference(diff):
            own = {f"{names[s.name]}{path}": data for s in task.steps if s.solution for path, data in _own(s.solution)}
            files: Mapping[str, bytes] = on_reference(own, diff, "")
        case WholeSolution(files):
            pass
    by_step: dict[str, Replacement | Actions] = {}
    for step in task.steps:
        below = names[step.name]
        mine = {path.removeprefix(below): data for path, data in files.items() if path.startswith(below)}
        if not mine:
            raise NotToBeRun(f"it has nothing in {below}, and the task has that step")
        way = _whole(mine, step.solution)
        by_step[step.name] = way.actions or replace(way.replacement, step=step.name)
    return Way(by_step=by_step)


def _own(solution: Solution) -> Iterable[tuple[str, bytes]]:
    return solution_files(solution).items()


def _whole(files: Mapping[str, bytes], solution: Solution | None) -> Way:
    wanted = solution.script.name if solution is not None else "solve.sh"
    script = next((name for name in (wanted, *_SCRIPTS) if name in files), None)
    if script is None:
        raise NotToBeRun(f"it has no {wanted}")
    if solution is not None and (script == wanted or {script, wanted} <= {"solve.sh", "solution.sh"}):
        renamed = {wanted if name == script else name: data for name, data in files.items()}
        return Way(Replacement(renamed, alone=True))
    if script == "solution.yaml":
        raise NotToBeRun("it is typed into a terminal, as only a task whose own solution is typed can")
    target = solution.target if solution is not None else "/solution"
    writes = tuple(WriteFile(f"{target}/{name}", data, 0o755) for name, data in sorted(files.items()))
    return Way(actions=Actions((*writes, RunLine(f"bash {target}/{script}")), Carry.NOTHING))


def on_reference(own: Mapping[str, bytes], diff: str, folder: str) -> dict[str, bytes]:
    """The reference's files with the diff applied. Raises NotToBeRun."""
    try:
        return patched_files(own, diff, folder)
    except WillNotApply as error:
        raise NotToBeRun(str(error)) from error
