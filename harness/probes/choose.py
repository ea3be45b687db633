"""Which probes a task gets, and what they found: brings them together; how is in each probe's own file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.findings.in_image import Copy
from harness.findings.model import Finding
from harness.mutants import StepMutants
from harness.probes import hidden, preserving, state, words
from harness.probes.conform import findings as conform
from harness.probes.conform.model import TriedClaim
from harness.probes.forge import attempts as forge
from harness.probes.leak import attempts as leak
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay import attempts as fakes
from harness.probes.replay import guess, special
from harness.probes.replay.special import Table
from harness.task.model import Task
from harness.task.texts import environment_files
from harness.testcode.demands import HiddenReport
from harness.trial.end_state import EndState, outputs_of
from harness.trial.image_survey import Survey
from harness.verifier.reward import Rewards

BUDGET: Mapping[Probe, int] = {
    Probe.HIDDEN: 8,
    Probe.PRESERVING: 16,
    Probe.STATE: 24,
    Probe.FORGE: 48,
    Probe.LEAK: 4,
    Probe.WORDS: 3,
}
"""Attempts of each kind that a step gets; they are no part of the mutants' budget."""
OF_OUTPUTS = frozenset({Probe.PRESERVING, Probe.STATE, Probe.LEAK, Probe.REPLAY, Probe.CONFORM})
"""Those that are planned from what the reference leaves."""


def solution_attempts(
    task: Task,
    steps: Sequence[StepMutants],
    probes: Collection[Probe],
    found: Mapping[str, HiddenReport],
    rewards: Rewards,
) -> Iterator[Attempt]:
    """What can be planned from the task's texts and what the reference is paid. Tasks of several steps are probed for
    hidden requirements, read programs and forged rewards only."""
    if Probe.HIDDEN in probes:
        yield from islice(hidden.attempts(task, found), BUDGET[Probe.HIDDEN])
    if Probe.PRESERVING in probes and len(task.steps) == 1:
        for step in steps:
            yield from islice(preserving.of_solution(step), BUDGET[Probe.PRESERVING])
    if Probe.WORDS in probes:
        for step in steps:
            yield from islice(words.attempts(task, step), BUDGET[Probe.WORDS])
    if Probe.FORGE in probes:
        yield from islice(forge.attempts(task, rewards), BUDGET[Probe.FORGE])
    if Probe.LEAK in probes:
        yield from leak.of_instruction(task)


def output_attempts(
    task: Task, steps: Sequence[StepMutants], probes: Collection[Probe], left: EndState | None
) -> Iterator[Attempt]:
    """What can be planned once it is known what the reference leaves."""
    if left is None or len(steps) != 1:
        return
    (step,) = steps
    outputs = outputs_of(left)
    if Probe.PRESERVING in probes:
        yield from islice(preserving.of_outputs(step, outputs), BUDGET[Probe.PRESERVING])
    if Probe.STATE in probes:
        yield from islice(state.attempts(step, outputs, left.processes), BUDGET[Probe.STATE])
    if Probe.REPLAY in probes:
        yield from fakes.attempts(task, step, left)
        data = fakes.data_of(left)
        if not isinstance(data, fakes.NotMade):
            yield from guess.attempts(task, step, data.outputs, [name for name, _ in environment_files(task)])


def asked_for(task: Task, probes: frozenset[Probe], steps: Sequence[StepMutants]) -> frozenset[Probe]:
    """With what the tests themselves give reason for: where they compare with a file that neither they nor the solution
    bring along, whoever works on the task may have the answer before his eyes."""
    compares = bool(probes) and len(steps) == 1 and leak.compares_with_the_image(task, steps[0])
    return probes | {Probe.LEAK} if compares else probes


def needs_outputs(probes: Collection[Probe], steps: Sequence[StepMutants]) -> bool:
    return len(steps) == 1 and not OF_OUTPUTS.isdisjoint(probes)


@dataclass(frozen=True, slots=True)
class InImage:
    """What the image gives away."""

    answers: tuple[Copy, ...] = ()
    tests: tuple[Copy, ...] = ()


def in_image(task: Task, steps: Sequence[StepMutants], left: EndState | None, image: Survey | None) -> InImage:
    if left is None or image is None or len(steps) != 1:
        return InImage()
    answers, tests = leak.copies(task, steps[0], left, image)
    return InImage(tuple(answers), tuple(tests))


def image_attempts(task: Task, found: InImage) -> Iterator[Attempt]:
    yield from islice(leak.of_image(task, found.answers), BUDGET[Probe.LEAK])


SHAPE_PAID = "outputs of the right shape are paid"
INSTRUCTION_PAID = "the instruction's own code is paid"


def unworked(attempted: Sequence[Attempted]) -> Iterator[str]:
    """Which solutions without any work were paid in full, each said once."""
    paid = [one.attempt for one in attempted if one.paid]
    if any(one.operator.startswith(f"{Probe.REPLAY}.shape-") for one in paid):
        yield SHAPE_PAID
    if any(one.probe is Probe.LEAK and one.id == leak.INSTRUCTION for one in paid):
        yield INSTRUCTION_PAID


def probe_findings(
    task: Task,
    attempted: Sequence[Attempted],
    rewards: Rewards,
    given: InImage,
    noticed: Collection[str],
    table: Table | None = None,
    claims: Sequence[TriedClaim] | None = None,
) -> Iterator[Finding]:
    """`noticed`: files whose text was broken in the solution, and a test failed for it."""
    yield from hidden.findings(attempted)
    yield from preserving.findings(attempted)
    yield from state.findings(attempted, "\n".join(step.instruction for step in task.steps), noticed)
    yield from forge.findings(task, attempted, rewards)
    yield from words.findings(task, attempted)
    yield from leak.findings(task, attempted, given.answers, given.tests)
    yield from fakes.findings(attempted)
    yield from special.findings(task, attempted, table)
    yield from guess.findings(attempted)
    yield from conform.findings(task, claims or ())
