"""The requirements hidden in the tests of a task's step."""

from __future__ import annotations

from harness.findings.hidden import HiddenReport, hidden_requirements
from harness.mutants import solution_files
from harness.task.model import Step, Task
from harness.verifier_files import environment_files, verifier_texts


def step_hidden(task: Task, step: Step) -> HiddenReport:
    """Files of tests are named relative to the task folder, those of the solution relative to its own."""
    before = task.steps[: task.steps.index(step) + 1]
    return hidden_requirements(
        {name: text.encode() for name, text in verifier_texts(task, step).items()},
        "\n\n".join(each.instruction for each in before),
        {name: text.encode() for name, text in environment_files(task)},
        solution_files(step.solution) if step.solution is not None else {},
    )
