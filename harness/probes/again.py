"""An attempt of an earlier run, made again from the task: the same label, the same solution."""

from __future__ import annotations

from harness.mutants import Wish, task_mutants
from harness.probes.choose import solution_attempts
from harness.probes.hidden import reports
from harness.probes.model import Attempt, Probe
from harness.task.model import Task
from harness.verifier.reward import Rewards


def attempt_again(task: Task, label: str, rewards: Rewards) -> Attempt | None:
    """None where it is not a solution that can be made from the task's texts alone."""
    probe = Probe(label.partition("/")[0])
    steps = task_mutants(task, Wish(budget=1)) if probe is Probe.PRESERVING else []
    found = reports(task) if probe is Probe.HIDDEN else {}
    return next((one for one in solution_attempts(task, steps, {probe}, found, rewards) if one.label == label), None)
