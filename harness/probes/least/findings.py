"""What the least that is paid says about a task."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.probes.least.model import Least, StatedWork
from harness.task.model import Task
from harness.task.texts import relative

SHOWN = 6
MUCH = 0.5
"""Of the lines: where no more than that is enough, it is worth a note although nothing that is stated is seen to go."""
_SAID = 160


def findings(task: Task, least: Least | None) -> Iterator[Finding]:
    """More than a note only where a stated requirement is visibly gone; the rest may be work that nobody asked for."""
    if least is None or not least.measured or not least.label:
        return
    visible = [one for one in least.lost if one.visible]
    if not visible and least.enough.lines > MUCH * least.whole.lines:
        return
    title = (
        f"Paid for less than the work: {least.enough.lines} of {least.whole.lines} lines of the reference are enough"
    )
    if visible:
        many = len(visible)
        title += f", and {many} stated requirement{'s are' if many > 1 else ' is'} gone"
    evidence = [_enough(least), *(_gone(one) for one in visible[:SHOWN])]
    if len(visible) > SHOWN:
        evidence.append(f"and {len(visible) - SHOWN} more")
    perhaps = [one for one in least.lost if not one.visible]
    evidence += [f'perhaps gone as well: "{_said(one)}" (line {one.requirement.line})' for one in perhaps[:SHOWN]]
    step = next(each for each in task.steps if each.name == least.step)
    yield finding(
        "paid-for-less",
        title,
        tuple(evidence),
        Location(relative(task, step.instruction_file), visible[0].requirement.line) if visible else None,
        severity=Severity.WARNING if visible else Severity.NOTE,
    )


def _enough(least: Least) -> str:
    runs = len(least.attempted[0].records)
    said = f"paid in full in {runs} runs, {least.trials} trials in all ({least.label}); "
    if least.complete:
        return f"{said}whatever else of it is left out is missed"
    return f"{said}the trials ended before every part of it was tried, so less may be enough"


def _gone(one: StatedWork) -> str:
    where = f"line {one.requirement.line}); without it alone paid as well ({one.label})"
    said = f'the instruction says: "{_said(one)}" ({where}'
    if one.effect is not None:
        return f"{said}: {one.effect.input}: expected {one.effect.expected}, got {one.effect.got}"
    return f"{said}: nothing is left of {', '.join(f'`{word}`' for word in one.words)}"


def _said(one: StatedWork) -> str:
    text = " ".join(one.requirement.text.split())
    return text if len(text) <= _SAID else f"{text[: _SAID - 1]}…"
