"""Requirements hidden in the tests: a lead from their text, witnessed by the reference under another name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location
from harness.mutants import solution_files
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.model import Step, Task
from harness.task.texts import environment_files, verifier_texts
from harness.testcode.demands import HiddenReport, hidden_requirements
from harness.trial.plan import Replacement
from harness.trial.record import PhaseName
from mutator.model import short_id

MOST = 8
"""Witnesses of a step that are run; the surest kinds of demand come first."""


def reports(task: Task) -> dict[str, HiddenReport]:
    return {step.name: step_hidden(task, step) for step in task.steps}


def attempts(task: Task, found: Mapping[str, HiddenReport]) -> Iterator[Attempt]:
    for step in task.steps:
        witnessed = [lead for lead in found[step.name].leads if lead.witness is not None]
        for lead in witnessed[:MOST]:
            assert lead.witness is not None
            yield Attempt(
                Probe.HIDDEN,
                short_id(lead.id, lead.demand.text, lead.witness.new),
                f"{Probe.HIDDEN}.{lead.demand.kind}",
                lead.witness.sentence,
                step.name,
                because="nobody told the solver the old name",
                replacement=Replacement(lead.witness.files, step.name if len(task.steps) > 1 else None),
                lead=lead,
            )


def findings(attempted: Sequence[Attempted]) -> Iterator[Finding]:
    for one in attempted:
        lead = one.attempt.lead
        if lead is None or not one.rejected or not _works(one):
            continue
        failing = ", ".join(one.outcome.killed_by[:5])
        yield finding(
            "hidden-requirement",
            f"Hidden requirement: {lead.sentence}",
            (
                f"the test says: {lead.demand.code}",
                f"searched: {'; '.join(lead.searched)}",
                f"rejected: the reference in which {one.attempt.sentence}"
                + (f" (failed: {failing})" if failing else ""),
            ),
            Location(lead.demand.file, lead.demand.line),
        )


def _works(one: Attempted) -> bool:
    """Whether the renamed reference works by itself: it runs to its end, and what fails is a test that has the name.
    Else its own parts disagree about the name, and that is what was rejected."""
    lead = one.attempt.lead
    assert lead is not None
    solving = [phase for record in one.records for phase in record.phases if phase.name is PhaseName.SOLVE]
    if any(phase.status != 0 for phase in solving):
        return False
    failing, test = one.outcome.killed_by, lead.demand.test
    # What stands outside the tests, as in a helper that they call, may be any test's.
    return not test.lower().startswith("test") or not failing or any(_is_of(test, name) for name in failing)


def _is_of(test: str, reported: str) -> bool:
    return re.search(rf"(?:^|::|[.\s/]){re.escape(test)}(?![\w.])", reported) is not None


def step_hidden(task: Task, step: Step) -> HiddenReport:
    """Files of tests are named relative to the task folder, those of the solution relative to its own."""
    before = task.steps[: task.steps.index(step) + 1]
    return hidden_requirements(
        {name: text.encode() for name, text in verifier_texts(task, step).items()},
        "\n\n".join(each.instruction for each in before),
        {name: text.encode() for name, text in environment_files(task)},
        solution_files(step.solution) if step.solution is not None else {},
    )
