"""One task: from its survivors to tests that catch them, proven, and the fewest of them.

    observe the reference -> cases -> what each right and each wrong solution does in them -> pins -> tests -> proof

A task of several steps is hardened step by step: what is of a step is to be caught by its own tests, and what none of
them catches by the last one's. Nothing that was not seen counts: a trial that did not come to its end tells nothing of
a test.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.harden.all_cases import asks_for_programs, cases_of, formed_as_the_tests, pins_of, unambiguous
from harness.harden.brought import beside_tests, has_data
from harness.harden.cases import reduced
from harness.harden.choosing import Seens, allowed_pins, by_case, catches, smallest, steady
from harness.harden.function_cases import fewer_steps
from harness.harden.function_pins import Answers, answers_of
from harness.harden.model import BoxCase, Pin, Survivor, Written
from harness.harden.proof_trials import ROUNDS, prove_in_trials, style_in
from harness.harden.proving import ProofTrials, fewest, prove
from harness.harden.results import Hardened, Known, ProvenTest, Wanted
from harness.harden.shell_writing import with_shell_tests, write_shell_test
from harness.harden.tests_of import ExtendedFile, extendable, instruction_of
from harness.harden.trials import PATIENCE, Spent, Trials, seens_of
from harness.harden.witnesses import witnesses
from harness.harden.writing import as_program, with_tests, write_test
from harness.judging.outcome import baseline
from harness.judging.stated import StatedOutput, read_stated
from harness.lab.lab import Place
from harness.mutants import StepMutants, Wish, task_mutants
from harness.probes.choose import output_attempts, solution_attempts
from harness.probes.model import Attempt, Probe
from harness.stages.controls import run_controls
from harness.stages.mutants import Terms, terms_of
from harness.stages.result import AuditSettings
from harness.stages.verdict import sound
from harness.task.model import Step, Task
from harness.task.texts import environment_files, verifier_texts
from harness.trial.plan import Observe
from harness.trial.watching.calls import Observed

LESS = 1
"""How often the inputs of the chosen cases lose one thing."""
PROOF = 40
"""Trials that the proof may take besides those of the survivors."""
CHOICES = 3
"""How many cases tell the same survivors apart, before any is asked of what is right."""


@dataclass(frozen=True)
class StepPart:
    """One step of a task, the only one of most, whose tests are to catch more."""

    step: Step
    number: int
    survivors: tuple[Survivor, ...]
    observed: Observed
    found: ExtendedFile
    why: str
    """Why its tests cannot be extended; '' where they can."""


@dataclass(frozen=True)
class Work:
    """What all steps share."""

    trials: Trials
    wanted: Wanted
    steps: list[StepMutants]
    beside: Callable[[Task], Place]
    """A place in the lab for another version of the task."""
    scratch: Path
    whys: list[str] = field(default_factory=list)
    """Why a step has no new test."""
    unwritten: list[Written] = field(default_factory=list)
    """What would be tests where they cannot be extended."""


async def harden_task(place: Place, wanted: Wanted, beside: Callable[[Task], Place], scratch: Path) -> Hardened:
    """`beside`: a place in the lab for another version of the task."""
    task = place.task
    if not wanted.survivors:
        return Hardened(task, "nothing wrong was paid")
    controls = await run_controls(place, wanted.controls)
    against = baseline(controls.references, controls.nop, controls.hollow)
    result = Hardened(task, trials=len(controls.references) + 2)
    if not sound(controls) or against is None:
        result.why = (
            "its controls are not sound here and now, so nothing can be shown: `foolsgold check` says what is wrong"
        )
        return result
    steps = await place.think(lambda: task_mutants(task, Wish(budget=1)))
    trials = Trials(place, terms_of(controls, against, steps, AuditSettings()), wanted.budget)
    work = Work(trials, wanted, steps, beside, scratch)
    try:
        place.doing("observing the reference")
        (record,) = await trials.all([trials.reference("harden", Observe(texts=True))])
        seen = [*record.observed_before, *([record.observed] if record.observed is not None else [])]
        for part in parts_of(wanted, result, {one.step: one for one in seen}):
            await _harden_part(work, part, result)
    except Spent:
        result.spent = True
    if not result.kept:
        result.why = "; ".join(dict.fromkeys(filter(None, work.whys))) or "no test could be written that is proven"
        result.script = as_program(work.unwritten) if work.unwritten else ""
    result.trials += wanted.budget - trials.left
    return result


UNSEEN = "the reference could not be observed: its box has no Python, or lacks find and sha256sum"


def parts_of(wanted: Wanted, result: Hardened, observed: Mapping[str, Observed]) -> Iterator[StepPart]:
    """Each step with what it is to catch: what is of the step, and in the last one what none before it has caught."""
    task = result.task
    for number, step in enumerate(task.steps):
        last = step is task.steps[-1]
        mine = tuple(
            one
            for one in wanted.survivors
            if one.step == step.name or (last and one.label not in result.caught and one.label not in result.told)
        )
        if not mine:
            continue
        found = extendable(verifier_texts(task, step))
        seen = observed.get(step.name, Observed())
        nothing = ExtendedFile("", "", pytest=False)
        why = (
            f"its tests cannot be extended: {found}"
            if isinstance(found, str)
            else ""
            if seen.left is not None
            else UNSEEN
        )
        yield StepPart(step, number, mine, seen, nothing if isinstance(found, str) else found, why)


async def _harden_part(work: Work, part: StepPart, result: Hardened) -> None:
    if part.observed.left is None:
        work.whys.append(part.why)
        return
    work.trials.step = part.step.name
    known = await _observe(work, part)
    if known is None:
        work.whys.append(UNSEEN)
        return
    if part.why:
        work.unwritten.extend(_unwritten(work.wanted, known))
    why = part.why or await _write(work, part, known, result)
    work.whys.append(why)
    witnesses(known, result, why)


# --- what is seen


async def _observe(work: Work, part: StepPart) -> Known | None:
    trials, wanted, place = work.trials, work.wanted, work.trials.place
    task, observed, found = place.task, part.observed, part.found
    environment = dict(environment_files(task))
    stated = read_stated(instruction_of(task, part.step), environment.values())
    cases = await place.think(lambda: cases_of(task, part.step, observed, environment, found, wanted.seed))
    place.doing(f"{len(cases)} cases")
    first, second = await _both(trials, cases)
    if first is None or second is None:
        return None
    right = [first, second]
    cases = unambiguous(cases, right)
    answers = answers_of(cases, first, found.text) if found.pytest else Answers()
    candidates = [pin for case in cases if case.id in first for pin in pins_of(case, stated, first, answers)]
    pins = steady(candidates, right)
    wrong = await _survivors(trials, part.survivors, cases, {})
    seen = await _with_less(trials, part.survivors, _Seen(cases, pins, right, wrong, answers), stated)
    cases, pins, right, wrong = seen.cases, seen.pins, seen.right, seen.wrong
    tried = Counter(case.kind for case in cases)
    # Only what may become a test has to be asked of what is right.
    worth = await place.think(partial(_worth, pins, wrong))
    cases = [case for case in cases if case.id in worth]
    pins = [pin for pin in pins if pin.case.id in worth]
    attempts = await place.think(lambda: _variants(task, work.steps, trials.terms, observed))
    right = [*right, *await _other_right(trials, wanted, cases)]
    programs = asks_for_programs(task, part.step, observed, stated)
    pins = steady(pins, right)
    return Known(
        part.step, part.survivors, stated, found, work.steps, tried, programs, pins, right[0], wrong, tuple(attempts)
    )


@dataclass
class _Seen:
    cases: list[BoxCase]
    pins: list[Pin]
    right: list[Seens]
    wrong: dict[str, list[Seens]]
    answers: Answers


async def _with_less(trials: Trials, survivors: Sequence[Survivor], seen: _Seen, stated: StatedOutput) -> _Seen:
    """Together with the cases that have less in their input, and tell the same apart."""
    cost = len(survivors) + 2
    for _ in range(LESS):
        less = [other for case in _chosen(seen) for other in (*reduced(case), *fewer_steps(case))]
        less = formed_as_the_tests(less, seen.cases, stated.instruction)
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
            await _survivors(trials, survivors, less, seen.wrong),
            seen.answers,
        )
    return seen


async def _other_right(trials: Trials, wanted: Wanted, cases: Sequence[BoxCase]) -> list[Seens]:
    """What right solutions of the user's do. What right variants do is for the proof to show: they rarely refuse."""
    plans = [trials.right(one, "cases", trials.cases(cases)) for one in wanted.rights]
    records = await trials.all(plans)
    return [seens for record in records if record.trouble is None and (seens := seens_of(record)) is not None]


async def _both(trials: Trials, cases: Sequence[BoxCase]) -> tuple[Seens | None, Seens | None]:
    """The reference twice, the second time in another order and on a machine of another name."""
    number = trials.run
    plans = [
        trials.reference(f"cases {number}", trials.cases(cases), 1),
        trials.reference(f"cases {number + 1}", trials.cases(cases[::-1]), 2),
    ]
    first, second = await trials.all(plans)
    return seens_of(first), seens_of(second)


async def _survivors(
    trials: Trials, survivors: Sequence[Survivor], cases: Sequence[BoxCase], known: Mapping[str, Sequence[Seens]]
) -> dict[str, list[Seens]]:
    """What each survivor does in these cases, too."""
    label = f"cases {trials.run}"
    plans = [trials.survivor(one, label, trials.cases(cases, PATIENCE)) for one in survivors]
    found: dict[str, list[Seens]] = {}
    for one, record in zip(survivors, await trials.all(plans), strict=True):
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


def _variants(task: Task, steps: list[StepMutants], terms: Terms, observed: Observed) -> list[Attempt]:
    wished = frozenset({Probe.PRESERVING})
    return [
        *solution_attempts(task, steps, wished, {}, terms.against.reference),
        *output_attempts(task, steps, wished, observed.left),
    ]


# --- what is written


async def _write(work: Work, part: StepPart, known: Known, result: Hardened) -> str:
    """Why nothing is written; '' where something is."""
    trials, path = work.trials, part.found.path
    allowed = allowed_pins(_said_there(known), unstated=work.wanted.unstated)
    thrown: set[tuple[str, str]] = set()
    kept: list[ProvenTest] = []
    taken = [each.test.name for each in result.kept]
    for number in range(ROUNDS):
        done = {label for each in kept for label in each.proof.catches}
        open_ = {label: seens for label, seens in known.wrong.items() if label not in done}
        caught = {pin: found for pin in allowed if pin.key not in thrown and (found := catches(pin, open_))}
        if not caught:
            break
        written = _tests(smallest(caught), known, [*taken, *(each.test.name for each in kept)])
        tests = [*(each.test for each in kept), *written]
        folder = work.scratch / f"round-{part.number}-{number}"
        try:
            version = part.number * ROUNDS + number
            changed = _changed(trials.place.task, result, part.found, tests, folder)
            evidence = await prove_in_trials(trials, work.wanted, known, changed, work.beside, version)
        except Spent:
            result.spent = True
            break  # what was proven before stays proven
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        kept, refused = _judged(tests, evidence, path)
        result.thrown += refused
        thrown |= {pin.key for each in refused for pin in each.test.pins}
        result.nop_unpaid = result.nop_unpaid and not any(one.paid for one in evidence.nop)
        if not refused:
            break
    names = fewest({each.test.name: each.proof for each in kept})
    kept = [each for each in kept if each.test.name in names]
    for each in kept:
        for label in each.proof.catches:
            result.caught.setdefault(label, []).append(each.test.name)
    if not kept:
        return "no test could be written that is proven"
    result.kept += kept
    tests = [each.test for each in kept]
    result.changed[path] = (part.found.text, _extended(part.found, tests))
    result.data |= beside_tests(path, tests)
    return ""


def _changed(task: Task, result: Hardened, found: ExtendedFile, tests: Sequence[Written], target: Path) -> Path:
    """The task's folder with these tests, and with those that other steps have got already."""
    folder = target / task.path.name
    shutil.copytree(task.path, folder, symlinks=True)
    texts = {**{path: after for path, (_, after) in result.changed.items()}, found.path: _extended(found, tests)}
    for path, text in texts.items():
        (folder / path).write_text(text, encoding="utf-8")
    for path, content in (result.data | beside_tests(found.path, tests)).items():
        (folder / path).write_bytes(content)
    return folder


def _said_there(known: Known) -> list[Pin]:
    """What can be said in the language of the task's tests."""
    if not known.place.script:
        return known.pins
    return [pin for pin in known.pins if pin.sh and not has_data(pin.case) and not pin.case.body.keys() & _PYTHON_ONLY]


_PYTHON_ONLY = {"places", "outputs", "times", "data"}
"""Of a case: what is not said in shell."""


def _extended(place: ExtendedFile, tests: Sequence[Written]) -> str:
    return with_shell_tests(place.text, tests) if place.script else with_tests(place.text, tests)


def _unwritten(wanted: Wanted, known: Known) -> list[Written]:
    """What tells the survivors from the reference, for a Python program that is run where the task was solved."""
    alone = [pin for pin in known.pins if not has_data(pin.case)]
    allowed = allowed_pins(alone, unstated=wanted.unstated)
    caught = {pin: found for pin in allowed if (found := catches(pin, known.wrong))}
    return _tests(smallest(caught), known, [])


def _tests(chosen: Mapping[Pin, frozenset[str]], known: Known, taken: Iterable[str]) -> list[Written]:
    style = style_in(known.place)
    survivors = {one.label: one for one in known.survivors}
    write = write_shell_test if known.place.script else write_test
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


def _judged(tests: Sequence[Written], evidence: ProofTrials, path: str) -> tuple[list[ProvenTest], list[ProvenTest]]:
    proofs = [ProvenTest(test, prove(test, evidence), path) for test in tests]
    return [each for each in proofs if not each.proof.refused], [each for each in proofs if each.proof.refused]
