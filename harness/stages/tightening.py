"""After the mutants: runs in which loose assertions write down what they look at. None of them is judged.

Only where a survivor breaks what is stated: without one nothing could be confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest

from harness.findings.permissive import Tightened, Witness
from harness.lab.lab import Place
from harness.lab.together import Together
from harness.mutants import StepMutants, mutated_file
from harness.probes import preserving, vacuous
from harness.probes.model import Attempt, Attempted, Probe
from harness.stages.mutants import Terms
from harness.stages.result import MutantResult
from harness.task.model import Step, Task
from harness.task.texts import verifier_texts
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.tighten import Tightening, tightened
from harness.trial.plan import Plan, Replacement, TightenTests
from harness.trial.record import Kind, Which
from harness.trial.watching.noted import Notes

MOST_WITNESSES = 6
MOST_RIGHT = 3


async def tighten(
    place: Place,
    steps: Sequence[StepMutants],
    terms: Terms,
    tried: Sequence[MutantResult],
    attempted: Sequence[Attempted],
) -> Tightened:
    task = place.task
    witnesses = list(islice(_witnesses(tried), MOST_WITNESSES))
    if not witnesses:
        return Tightened()
    files, assertions = await place.think(lambda: rewritten(task))
    if not any(assertions.values()):
        return Tightened()
    purpose = TightenTests(files, reuse=terms.prepared)

    async def notes(plan: Plan) -> Notes:
        return (await place.trial(plan, place.urgent)).notes or Notes(False)

    def plan(kind: Kind, label: str, replacement: Replacement | None = None, run: Which = Which.FIRST) -> Plan:
        return Plan(
            kind,
            label,
            replacement or Replacement(),
            terms.networks,
            terms.own_limits,
            terms.known,
            purpose=purpose,
            run=run,
        )

    place.doing("tightening assertions")
    first = await notes(plan(Kind.REFERENCE, "tight"))
    if not first.noted:
        return Tightened()
    files_of = {each.step.name: each.files for each in steps}
    right = list(_right(steps, attempted)) if len(task.steps) == 1 else []
    async with Together() as group:
        second = group.create_task(notes(plan(Kind.REFERENCE, "tight", run=Which.REPEAT)))
        others = [
            group.create_task(notes(_of_attempt(plan(Kind.PROBE, f"tight/{each.label}"), each))) for each in right
        ]
        of_witnesses = [
            group.create_task(notes(plan(Kind.MUTANT, one.label, _replacement(task, one, files_of))))
            for one in witnesses
        ]
    passed = frozenset(first.passed)
    return Tightened(
        assertions,
        (first.values(), second.result().values()),
        [each.result().values() for each in others if passed <= frozenset(each.result().passed)],
        [
            Witness(one.mutant, one.step, one.requirement, ran.result().values())
            for one, ran in zip(witnesses, of_witnesses, strict=True)
            if one.requirement is not None
        ],
    )


def rewritten(task: Task) -> tuple[dict[str, dict[str, bytes]], dict[str, list[Tightening]]]:
    """(step -> path below /tests -> the rewritten test, step -> its assertions)."""
    files: dict[str, dict[str, bytes]] = {}
    assertions: dict[str, list[Tightening]] = {}
    for step in task.steps:
        texts = verifier_texts(task, step)
        inside = dict(_below_tests(task, step, texts))
        if not vacuous.uses_pytest(texts) or step.verifier.owns_tests:
            continue
        tests, _ = read_test_files({name: texts[name] for name in inside})
        written, found = tightened(tests, texts)
        files[step.name] = {inside[name]: text.encode() for name, text in written.items()}
        assertions[step.name] = found
    return files, assertions


def _below_tests(task: Task, step: Step, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Files that lie in the box as they lie in the task, byte for byte."""
    for name, text in texts.items():
        path = task.path / name
        folder = next((each for each in step.verifier.folders if path.is_relative_to(each)), None)
        if folder is not None and path.is_file() and path.read_bytes() == text.encode():
            yield name, path.relative_to(folder).as_posix()


def _witnesses(tried: Sequence[MutantResult]) -> Iterator[MutantResult]:
    """Survivors that break what is stated: one of every requirement before a second of any."""
    groups: dict[tuple[str, int], list[MutantResult]] = {}
    for one in tried:
        if one.survived and one.requirement is not None:
            groups.setdefault((one.step, one.requirement.index), []).append(one)
    for together in zip_longest(*groups.values()):
        yield from (one for one in together if one is not None)


def _replacement(task: Task, one: MutantResult, files: Mapping[str, Mapping[str, bytes]]) -> Replacement:
    content = {one.mutant.file: mutated_file(files[one.step], one.mutant)}
    return Replacement(content, one.step if len(task.steps) > 1 else None)


def _right(steps: Sequence[StepMutants], attempted: Sequence[Attempted]) -> Iterator[Attempt]:
    """Right solutions that are written otherwise: those that were paid, or the surest where none was tried."""
    mine = [one for one in attempted if one.attempt.probe is Probe.PRESERVING and one.attempt.sure]
    if mine:
        yield from islice((one.attempt for one in mine if one.paid), MOST_RIGHT)
        return
    for step in steps:
        made = (one for one in preserving.of_solution(step) if one.sure and one.replacement.files)
        yield from islice(made, MOST_RIGHT)


def _of_attempt(plan: Plan, attempt: Attempt) -> Plan:
    return Plan(
        plan.kind,
        plan.label,
        attempt.replacement,
        plan.networks,
        plan.limits,
        plan.known,
        attempt.circumstances,
        plan.purpose,
        plan.run,
    )
