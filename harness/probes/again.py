"""An attempt of an earlier run, made again from the task: the same label, the same solution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.mutants import StepMutants, Wish, task_mutants
from harness.probes.choose import output_attempts, solution_attempts
from harness.probes.hidden import reports
from harness.probes.model import Attempt, Probe
from harness.probes.replay import blind, whole
from harness.probes.replay.attempts import NotMade
from harness.task.model import Task
from harness.trial.end_state import EndState
from harness.trial.standins import Recorded
from harness.verifier.reward import Rewards


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """What that run saw of the reference."""

    left: EndState | None = None
    recorded: Recorded | None = None


def attempt_again(task: Task, label: str, rewards: Rewards, seen: SeenBefore = SeenBefore()) -> Attempt | None:
    """None where it is not a solution that can be made from the task's texts and what was seen."""
    probe = Probe(label.partition("/")[0])
    if probe is Probe.REPLAY:
        made = _replays(task, seen)
    else:
        steps = task_mutants(task, Wish(budget=1)) if probe is Probe.PRESERVING else []
        found = reports(task) if probe is Probe.HIDDEN else {}
        made = solution_attempts(task, steps, {probe}, found, rewards)
    return next((one for one in made if one.label == label), None)


def _replays(task: Task, seen: SeenBefore) -> Iterator[Attempt]:
    steps = task_mutants(task, Wish(budget=1))
    if seen.left is None or len(steps) != 1:
        return
    yield from output_attempts(task, steps, {Probe.REPLAY}, seen.left)
    yield from replays(task, steps[0], whole.material(task, steps[0], seen.left), seen.recorded)


def replays(
    task: Task, step: StepMutants, of: whole.Material | NotMade, recorded: Recorded | None
) -> Iterator[Attempt]:
    """What the reference left, written again."""
    if isinstance(of, NotMade) or (of.programs and recorded is None):
        return
    yield whole.attempt(task, step, of, recorded or Recorded())
    alike = blind.attempt(task, step, of, recorded or Recorded())
    if alike is not None:
        yield alike
