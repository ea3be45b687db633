"""One task: from its survivors to tests that catch them, proven, and the fewest of them.

    observe the reference -> cases -> what each right and each wrong solution does in them -> pins -> tests -> proof

Nothing that was not seen counts: a trial that did not come to its end tells nothing of a test.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.harden.all_cases import asks_for_programs, cases_of, pins_of, unambiguous
from harness.harden.brought import beside_tests, has_data
from harness.harden.cases import reduced
from harness.harden.choosing import Seens, allowed_pins, by_case, catches, smallest, steady
from harness.harden.function_cases import fewer_steps
from harness.harden.function_pins import Answers, answers_of
from harness.harden.model import BoxCase, Pin, Survivor, Written
from harness.harden.proving import ProofTrials, Proven, Trialed, fewest, prove
from harness.harden.shell_calls import functions_of
from harness.harden.shell_writing import with_shell_tests, write_shell_test
from harness.harden.sides import Sides, sides
from harness.harden.tests_of import ExtendedFile, extendable, instruction_of, last_step
from harness.harden.trials import JUDGED, PATIENCE, WATCHED, Right, Spent, Trials, results_of, seens_of, with_cases
from harness.harden.writing import Style, as_program, style_of, with_tests, write_test
from harness.judging.controls import ControlSettings
from harness.judging.outcome import Shown, baseline, showing
from harness.judging.stated import StatedOutput, read_stated
from harness.lab.lab import Place
from harness.mutants import StepMutants, Wish, task_mutants
from harness.probes.choose import output_attempts, solution_attempts
from harness.probes.model import Attempt, Probe
from harness.stages.controls import run_controls
from harness.stages.mutants import Terms, terms_of
from harness.stages.result import AuditSettings
from harness.stages.verdict import sound
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.task.texts import environment_files, verifier_texts
from harness.trial.plan import Observe, Purpose
from harness.trial.record import TrialRecord
from harness.trial.watching.calls import Observed

LESS = 1
"""How often the inputs of the chosen cases lose one thing."""
PROOF = 40
"""Trials that the proof may take besides those of the survivors."""
CHOICES = 3
"""How many cases tell the same survivors apart, before any is asked of what is right."""
ROUNDS = 3
"""Tests that are thrown away are written otherwise so often."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of one task."""

    survivors: tuple[Survivor, ...]
    controls: ControlSettings
    rights: tuple[Right, ...] = ()
    times: int = 5
    """Runs of the reference that prove a test."""
    budget: int = 400
    """The most trials."""
    unstated: bool = False
    """Keep tests that pin what the instruction does not state."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ProvenTest:
    """A test, and what was shown of it."""

    test: Written
    proof: Proven


@dataclass(frozen=True, slots=True)
class ToldApart:
    """What tells a survivor from the reference."""

    how: str
    says: str
    sides: Sides
    reason: str = ""
    """Why it is in no test; '' where it is in one."""
    unstated: bool = False
    """It pins what the instruction does not state."""


@dataclass
class Hardened:
    """What came of one task."""

    task: Task
    why: str = ""
    """Why it was left as it is; '' where tests were written."""
    path: str = ""
    """The file that has the new tests."""
    before: str = ""
    after: str = ""
    script: str = ""
    """Of a task whose tests cannot be extended: the tests that would be, as a program of their own."""
    kept: list[ProvenTest] = field(default_factory=list)
    thrown: list[ProvenTest] = field(default_factory=list)
    told: dict[str, ToldApart] = field(default_factory=dict)
    """Survivor -> what tells it apart, in a test or in none."""
    alike: dict[str, str] = field(default_factory=dict)
    """Survivors that nothing told apart, with what was tried."""
    untried: dict[str, str] = field(default_factory=dict)
    """Survivors that could not be held against the reference, with the reason."""
    caught: dict[str, list[str]] = field(default_factory=dict)
    """Survivor -> names of the tests that catch it."""
    trials: int = 0
    nop_unpaid: bool = True
    spent: bool = False
    """The budget ended it."""
    data: dict[str, bytes] = field(default_factory=dict)
    """Input of new tests that is no text, by its path beside the tests."""
    internal: str = ""
    """The trace, where foolsgold itself failed on this task."""

    @property
    def text(self) -> str:
        return self.after or self.before


@dataclass(frozen=True)
class Known:
    """What is known of the task before anything is written."""

    stated: StatedOutput
    place: ExtendedFile
    steps: list[StepMutants]
    tried: Mapping[str, int]
    """How many cases of each kind."""
    programs: bool
    """The instruction or the tests name a program that solving leaves: then files alone do not tell what is alike."""
    pins: list[Pin]
    """Steady on everything that is right."""
    reference: Seens
    wrong: Mapping[str, Sequence[Seens]]
    attempts: tuple[Attempt, ...]


def names_of_versions(task: Task) -> list[str]:
    """Of the task as it is, and of it with the tests of each round: what is remembered of one is not the other's."""
    return [task.name, *(f"{task.name}, tests {number}" for number in range(ROUNDS))]


async def harden_task(place: Place, wanted: Wanted, beside: Callable[[Task], Place], scratch: Path) -> Hardened:
    """`beside`: a place in the lab for another version of the task."""
    task = place.task
    if not wanted.survivors:
        return Hardened(task, "nothing wrong was paid")
    texts = verifier_texts(task, last_step(task))
    found = extendable(task, texts)
    controls = await run_controls(place, wanted.controls)
    against = baseline(controls.references, controls.nop, controls.hollow)
    result = Hardened(task, trials=len(controls.references) + 2)
    if not sound(controls) or against is None:
        result.why = (
            "its controls are not sound here and now, so nothing can be shown: `foolsgold check` says what is wrong"
        )
        return result
    steps = await place.think(lambda: task_mutants(task, Wish(budget=1)))
    terms = terms_of(controls, against, steps, AuditSettings())
    trials = Trials(place, terms, wanted.budget)
    if isinstance(found, str):
        result.why = f"its tests cannot be extended: {found}"
        found = ExtendedFile("", "", pytest=False)
        if last_step(task).verifier.separate is not None:
            return result
    result.path, result.before = found.path, found.text
    try:
        known = await _observe(trials, wanted, steps, found)
        if known is None:
            result.why = "the reference could not be observed: its box has no Python, or lacks find and sha256sum"
        elif not result.why:
            await _write(trials, wanted, known, result, beside, scratch)
        else:
            result.script = _script(wanted, known)
            _witnesses(wanted, known, result)
    except Spent:
        result.spent = True
    result.trials += wanted.budget - trials.left
    return result


# --- what is seen


async def _observe(trials: Trials, wanted: Wanted, steps: list[StepMutants], found: ExtendedFile) -> Known | None:
    place = trials.place
    task = place.task
    place.doing("observing the reference")
    (record,) = await trials.all([trials.reference("harden", Observe(texts=True))])
    observed = record.observed
    if observed is None or observed.left is None:
        return None
    environment = dict(environment_files(task))
    stated = read_stated(instruction_of(task), environment.values())
    cases = await place.think(lambda: cases_of(task, observed, environment, found, wanted.seed))
    place.doing(f"{len(cases)} cases")
    first, second = await _both(trials, cases)
    if first is None or second is None:
        return None
    right = [first, second]
    cases = unambiguous(cases, right)
    answers = answers_of(cases, first, found.text) if found.pytest else Answers()
    candidates = [pin for case in cases if case.id in first for pin in pins_of(case, stated, first, answers)]
    pins = steady(candidates, right)
    wrong = await _survivors(trials, wanted, cases, {})
    seen = await _with_less(trials, wanted, _Seen(cases, pins, right, wrong, answers), stated)
    cases, pins, right, wrong = seen.cases, seen.pins, seen.right, seen.wrong
    tried = Counter(case.kind for case in cases)
    # Only what may become a test has to be asked of what is right.
    worth = await place.think(partial(_worth, pins, wrong))
    cases = [case for case in cases if case.id in worth]
    pins = [pin for pin in pins if pin.case.id in worth]
    attempts = await place.think(lambda: _variants(task, steps, trials.terms, observed))
    right = [*right, *await _other_right(trials, wanted, cases)]
    programs = asks_for_programs(task, observed, stated)
    pins = steady(pins, right)
    return Known(stated, found, steps, tried, programs, pins, right[0], wrong, tuple(attempts))


@dataclass
class _Seen:
    cases: list[BoxCase]
    pins: list[Pin]
    right: list[Seens]
    wrong: dict[str, list[Seens]]
    answers: Answers


async def _with_less(trials: Trials, wanted: Wanted, seen: _Seen, stated: StatedOutput) -> _Seen:
    """Together with the cases that have less in their input, and tell the same apart."""
    cost = len(wanted.survivors) + 2
    for _ in range(LESS):
        less = [other for case in _chosen(seen) for other in (*reduced(case), *fewer_steps(case))]
        if not less or trials.left < PROOF + 3 * cost:
            break
        first, second = await _both(trials, less)
        if first is None or second is None:
            break
        new = [pin for case in less if case.id in first for pin in pins_of(case, stated, first, seen.answers)]
        seen = _Seen(
            [*seen.cases, *less],
            [*seen.pins, *steady(new, [first, second])],
            [{**seen.right[0], **first}, {**seen.right[1], **second}],
            await _survivors(trials, wanted, less, seen.wrong),
            seen.answers,
        )
    return seen


async def _other_right(trials: Trials, wanted: Wanted, cases: Sequence[BoxCase]) -> list[Seens]:
    """What right solutions of the user's do. What right variants do is for the proof to show: they rarely refuse."""
    plans = [trials.right(one, "cases", with_cases(cases)) for one in wanted.rights]
    records = await trials.all(plans)
    return [seens for record in records if record.trouble is None and (seens := seens_of(record)) is not None]


async def _both(trials: Trials, cases: Sequence[BoxCase]) -> tuple[Seens | None, Seens | None]:
    """The reference twice, the second time in another order and on a machine of another name."""
    number = trials.run
    plans = [
        trials.reference(f"cases {number}", with_cases(cases), 1),
        trials.reference(f"cases {number + 1}", with_cases(cases[::-1]), 2),
    ]
    first, second = await trials.all(plans)
    return seens_of(first), seens_of(second)


async def _survivors(
    trials: Trials, wanted: Wanted, cases: Sequence[BoxCase], known: Mapping[str, Sequence[Seens]]
) -> dict[str, list[Seens]]:
    """What each survivor does in these cases, too."""
    label = f"cases {trials.run}"
    plans = [trials.survivor(one, label, with_cases(cases, PATIENCE)) for one in wanted.survivors]
    found: dict[str, list[Seens]] = {}
    for one, record in zip(wanted.survivors, await trials.all(plans), strict=True):
        before: Seens = known[one.label][0] if known.get(one.label) else {}
        seens = {**before, **(seens_of(record) or {})}
        found[one.label] = [seens] if seens else []
    return found


def _chosen(seen: _Seen) -> list[BoxCase]:
    """The cases that would become tests."""
    caught = {pin: found for pin in seen.pins if not pin.unstated and (found := catches(pin, seen.wrong))}
    ids = {pin.case.id for pin in smallest(caught)}
    return [case for case in seen.cases if case.id in ids]


def _worth(pins: Sequence[Pin], wrong: Mapping[str, Sequence[Seens]]) -> set[str]:
    """The cases of the fewest pins that tell all apart, and of the fewest of the others: one may be thrown away."""
    caught = {pin: labels for pin in pins if (labels := catches(pin, wrong))}
    cases: set[str] = set()
    for stated in (True, False):
        for _ in range(CHOICES):
            rest = {
                pin: labels
                for pin, labels in caught.items()
                if pin.case.id not in cases and not (stated and pin.unstated)
            }
            cases |= {pin.case.id for pin in smallest(rest)}
    return cases


def _paid(record: TrialRecord) -> bool:
    return showing(record).shown is Shown.PAID


def _variants(task: Task, steps: list[StepMutants], terms: Terms, observed: Observed) -> list[Attempt]:
    wished = frozenset({Probe.PRESERVING})
    return [
        *solution_attempts(task, steps, wished, {}, terms.against.reference),
        *output_attempts(task, steps, wished, observed.left),
    ]


# --- what is written


async def _write(
    trials: Trials,
    wanted: Wanted,
    known: Known,
    result: Hardened,
    beside: Callable[[Task], Place],
    scratch: Path,
) -> None:
    survivors = {one.label: one for one in wanted.survivors}
    allowed = allowed_pins(_said_there(known), unstated=wanted.unstated)
    thrown: set[tuple[str, str]] = set()
    kept: list[ProvenTest] = []
    for number in range(ROUNDS):
        done = {label for each in kept for label in each.proof.catches}
        open_ = {label: seens for label, seens in known.wrong.items() if label not in done}
        caught = {pin: found for pin in allowed if pin.key not in thrown and (found := catches(pin, open_))}
        if not caught:
            break
        written = _tests(smallest(caught), survivors, known.place, [each.test.name for each in kept])
        text = _extended(known.place, [*(each.test for each in kept), *written])
        data = beside_tests(known.place.path, [*(each.test for each in kept), *written])
        path = _folder(trials.place.task, known.place.path, text, data, scratch / f"round-{number}")
        try:
            evidence = await _prove(trials, wanted, known, path, beside, number)
        except Spent:
            result.spent = True
            break  # what was proven before stays proven
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)
        kept, refused = _judged([*(each.test for each in kept), *written], evidence)
        result.thrown += refused
        thrown |= {pin.key for each in refused for pin in each.test.pins}
        result.nop_unpaid = not any(one.paid for one in evidence.nop)
        if not refused:
            break
    names = fewest({each.test.name: each.proof for each in kept})
    result.kept = [each for each in kept if each.test.name in names]
    for each in result.kept:
        for label in each.proof.catches:
            result.caught.setdefault(label, []).append(each.test.name)
    if result.kept:
        result.after = _extended(known.place, [each.test for each in result.kept])
        result.data = beside_tests(known.place.path, [each.test for each in result.kept])
    else:
        result.why = "no test could be written that is proven"
    _witnesses(wanted, known, result)


def _said_there(known: Known) -> list[Pin]:
    """What can be said in the language of the task's tests."""
    return [pin for pin in known.pins if pin.sh and not has_data(pin.case)] if known.place.script else known.pins


def _extended(place: ExtendedFile, tests: Sequence[Written]) -> str:
    return with_shell_tests(place.text, tests) if place.script else with_tests(place.text, tests)


def _script(wanted: Wanted, known: Known) -> str:
    """What tells the survivors from the reference as a Python program: it is run where the task was solved."""
    alone = [pin for pin in known.pins if not has_data(pin.case)]
    allowed = allowed_pins(alone, unstated=wanted.unstated)
    caught = {pin: found for pin in allowed if (found := catches(pin, known.wrong))}
    written = _tests(smallest(caught), {one.label: one for one in wanted.survivors}, known.place, [])
    return as_program(written) if written else ""


def _tests(
    chosen: Mapping[Pin, frozenset[str]], survivors: Mapping[str, Survivor], place: ExtendedFile, taken: Iterable[str]
) -> list[Written]:
    style = _style(place)
    write = write_shell_test if place.script else write_test
    used = list(taken)
    written = []
    for case, pins in by_case(chosen):
        labels = sorted(frozenset().union(*pins.values()))
        stated = Counter(survivors[label].requirement for label in labels if survivors[label].requirement)
        requirement = stated.most_common(1)[0][0] if stated else ""
        test = write(case, list(pins), labels, requirement, style, used)
        used.append(test.name)
        written.append(test)
    return written


def _judged(tests: Sequence[Written], evidence: ProofTrials) -> tuple[list[ProvenTest], list[ProvenTest]]:
    proofs = [ProvenTest(test, prove(test, evidence)) for test in tests]
    return [each for each in proofs if not each.proof.refused], [each for each in proofs if each.proof.refused]


def _folder(task: Task, changed: str, text: str, data: Mapping[str, bytes], target: Path) -> Path:
    folder = target / task.path.name
    shutil.copytree(task.path, folder, symlinks=True)
    (folder / changed).write_text(text, encoding="utf-8")
    for path, content in data.items():
        (folder / path).write_bytes(content)
    return folder


async def _prove(
    trials: Trials, wanted: Wanted, known: Known, folder: Path, beside: Callable[[Task], Place], number: int
) -> ProofTrials:
    [read] = discover([folder])
    assert not isinstance(read, Unusable), read.problems
    images = trials.place.task.environment.recipe.images
    named = replace(read, name=names_of_versions(trials.place.task)[number + 1])
    place = beside(named.on_images(images).run_by(trials.place.task.runner))
    try:
        await place.take()
        await place.build("harden")
        proof = trials.elsewhere(place)
        proof.place.doing("proving new tests")
        evidence = await _evidence(proof, wanted, known, JUDGED)
        new = [one for one in evidence.reference if one.results]
        if known.place.pytest and (not new or not _all_named(evidence, known)):
            evidence = await _evidence(proof, wanted, known, WATCHED)
        trials.left = proof.left
        return evidence
    finally:
        place.leave()


def _all_named(evidence: ProofTrials, known: Known) -> bool:
    """Whether the verifier's report has every test of the file, those that pass among them."""
    names = style_of(known.place.text, pytest=True).names
    mine = {name for name in names if name.startswith("test_")}
    return any(mine <= set(one.results) for one in evidence.reference)


async def _evidence(trials: Trials, wanted: Wanted, known: Known, purpose: Purpose) -> ProofTrials:
    references = [trials.reference(f"proof {number}", purpose, number + 3) for number in range(wanted.times)]
    first = await trials.all(references[:1])
    if not results_of(first[0]):  # nothing is told of single tests: the rest would tell nothing either
        return ProofTrials([_trialed("the reference", first[0])])
    plans = [*references[1:], trials.nop("proof", purpose)]
    plans += [trials.survivor(one, "proof", purpose) for one in wanted.survivors]
    plans += [trials.attempt(one, "proof", purpose) for one in known.attempts]
    plans += [trials.right(one, "proof", purpose) for one in wanted.rights]
    records = iter([*first, *await trials.all(plans)])
    evidence = ProofTrials()
    evidence.reference = [_trialed("the reference", next(records)) for _ in references]
    evidence.nop = [_trialed("doing nothing", next(records))]
    for one in wanted.survivors:
        record = next(records)
        evidence.survivors[one.label] = [_trialed(one.sentence, record)] if record.trouble is None else []
    for attempt in known.attempts:
        record = next(records)
        # Whether an unsure one is right is for the task's own tests to say.
        own = {name: passed for name, passed in results_of(record).items() if name in _own_names(known)}
        # A shell script does not say which of its own checks failed.
        right = not known.place.script and all(own.values())
        if record.trouble is None and (attempt.sure or right):
            evidence.variants.append(_trialed(attempt.sentence, record))
    evidence.rights = [_trialed(one.name, next(records)) for one in wanted.rights]
    return evidence


def _own_names(known: Known) -> frozenset[str]:
    return _style(known.place).names if known.place.text else frozenset()


def _style(place: ExtendedFile) -> Style:
    if place.script:
        return Style(pytest=False, double_quotes=False, names=functions_of(place.text))
    return style_of(place.text, pytest=place.pytest)


def _trialed(what: str, record: TrialRecord) -> Trialed:
    return Trialed(what, results_of(record), _paid(record))


# --- what is left over


def _witnesses(wanted: Wanted, known: Known, result: Hardened) -> None:
    """What tells each survivor apart, in a test or in none; or what was tried."""
    last = last_step(result.task).name
    earlier = {one.label for one in wanted.survivors if one.step and one.step != last}
    for label, seens in known.wrong.items():
        if not seens or not known.tried:
            continue  # what was not seen to the end is not said to be alike
        if label in result.caught:
            written = [pin for each in result.kept if label in each.proof.catches for pin in each.test.pins]
            found = [pin for pin in written if label in catches(pin, {label: seens})]
        else:
            found = [pin for pin in known.pins if label in catches(pin, {label: seens})]
        if found:
            result.told[label] = _told_apart(known, result, label, found)
        elif label not in result.caught and label in earlier:
            result.untried[label] = "it is of an earlier step, and only what the last one leaves was looked at"
        elif label not in result.caught and known.programs and not known.tried.keys() - {"look"}:
            result.untried[label] = "what the tests give its programs is not known, so none of them was run"
        elif label not in result.caught:
            names = {
                "own": "own tests on other input",
                "run": "runs",
                "call": "calls",
                "look": "look at files",
                "ask": "requests",
            }
            tried = ", ".join(f"{known.tried[kind]} {name}" for kind, name in names.items() if known.tried.get(kind))
            result.alike[label] = tried


_KINDS = {
    "own": "own tests on other input",
    "run": "runs",
    "call": "calls",
    "look": "look at files",
    "ask": "requests",
}


def _told_apart(known: Known, result: Hardened, label: str, found: Sequence[Pin]) -> ToldApart:
    best = min(found, key=lambda pin: (bool(pin.unstated), pin.case.cost + pin.weight))
    reason = "" if label in result.caught else result.why or "no test of it could be proven"
    if reason and best.unstated:
        reason = f"pins-unstated: {best.unstated}"
    seen = sides(best.case, known.reference[best.case.id], known.wrong[label][0][best.case.id])
    return ToldApart(best.case.how, best.says, seen, reason, bool(reason and best.unstated))
