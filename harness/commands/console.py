"""The terminal: tables and sentences on stdout, errors on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Literal, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.check import Checked, CheckRun
from harness.dataset.model import AnyTask, Packed
from harness.errors import FoolsgoldError
from harness.findings.controls import Standing
from harness.findings.files import place_of
from harness.findings.model import Finding, Severity
from harness.judging.controls import Controls
from harness.judging.outcome import Shown, showing
from harness.task.model import ProblemSeverity as ProblemSeverity
from harness.trial.record import TrialRecord
from harness.untrusted import shown
from harness.verifier.reward import Rewards

_STYLE = {
    Severity.ERROR: "bold red",
    Severity.UNMEASURED: "bold yellow",
    Severity.WARNING: "yellow",
    Severity.NOTE: "dim",
    Standing.GOOD: "green",
    Standing.BELOW_BAR: "red",
    Standing.UNMEASURED: "yellow",
}

WARNINGS_SHOWN = 5
"""Warnings of one kind that are shown; a dataset may have hundreds."""
_GRAVE = (Severity.ERROR, Severity.UNMEASURED)


def printer(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """A console that prints text unchanged: no markup, no highlighting, and no wrapping unless it is a terminal."""
    stream = stream or sys.stdout
    # Lines are only wrapped for a terminal.
    if width is None and not stream.isatty():
        width = 1000
    return Console(file=stream, highlight=False, markup=False, width=width, color_system=colors())


def colors() -> Literal["auto"] | None:
    """NO_COLOR also turns bold and dim off, because people who set it want no escape codes in the text."""
    return None if os.environ.get("NO_COLOR") else "auto"


def cell(text: str, style: str = "") -> Text:
    """Text from a task, with control characters made visible, so that a log cannot move the cursor."""
    return Text(shown(text, keep="\n"), style=style)


# --- check


def check_table(checked: Sequence[Checked]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("task", "builds", "reference", "nop", "hollow", "seconds", "standing"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")
    for one in checked:
        table.add_row(*(cell(text) for text in row(one)[:-1]), Text(one.standing, _STYLE[one.standing]))
    return table


def row(one: Checked) -> tuple[str, ...]:
    """A task's row in the table of `check`."""
    controls = one.controls
    if controls is None:
        return (one.task.name, "-", "-", "-", "-", "-", one.standing)
    builds = "no" if controls.prepared.built is None else _fidelity(controls)
    return (
        one.task.name,
        builds,
        _reference(controls),
        _control(controls.nop),
        _control(controls.hollow),
        f"{controls.seconds:.1f}",
        one.standing,
    )


def _fidelity(controls: Controls) -> str:
    assert controls.prepared.built is not None
    fidelity = controls.prepared.built.main.fidelity
    return "yes" if fidelity == "image" else f"yes ({fidelity})"


def _reference(controls: Controls) -> str:
    if not controls.references:
        return "-"
    words = [_control(record) for record in controls.references]
    counts = {word: words.count(word) for word in dict.fromkeys(words)}
    return ", ".join(f"{word} x{count}" if len(words) > 1 else word for word, count in counts.items())


def _control(record: TrialRecord | None) -> str:
    if record is None:
        return "-"
    found = showing(record)
    if found.shown in (Shown.ERROR, Shown.TIMEOUT):
        return found.shown
    return _rewards(record.rewards) if record.rewards is not None else "no reward"


def _rewards(rewards: Rewards) -> str:
    if list(rewards) == ["reward"]:
        return f"{rewards['reward']:g}"
    return " ".join(f"{key}={value:g}" for key, value in rewards.items()) or "{}"


def print_check(run: CheckRun, console: Console, *, quiet: bool = False) -> None:
    """With `quiet`, a line for each task that is not good, and the sum."""
    if quiet:
        for one in run.checked:
            if one.standing is not Standing.GOOD:
                why = "; ".join(finding.title for finding in one.findings if finding.severity in _GRAVE)
                console.print(cell(f"{one.task.name}: {one.standing}: {why}"))
        console.print(cell(summary(run)))
        return
    console.print(check_table(run.checked))
    shown = [(one, finding) for one in run.checked for finding in one.findings]
    if shown:
        console.print()
    for _, finding in shown:
        print_finding(finding, console)
    for one in run.checked:
        if one.internal:
            console.print(cell(one.internal))
    console.print()
    console.print(cell(summary(run)))


def print_finding(finding: Finding, console: Console) -> None:
    line = Text.assemble((f"{finding.severity}", _STYLE[finding.severity]), f" [{finding.id}] ")
    line.append_text(cell(f"{finding.task}: {finding.title}"))
    console.print(line)
    inner: list[str] = []
    if finding.place is not None:
        inner.append(f"at {finding.place}")
    inner += [f"| {line}" for part in finding.evidence for line in part.splitlines()]
    if finding.advice:
        inner.append(finding.advice)
    if finding.severity in _GRAVE and finding.command:
        inner.append(f"again: {finding.command}")
    for part in inner:
        console.print(Padding(cell(part), (0, 0, 0, 4), expand=False))


def print_warnings(tasks: Sequence[AnyTask], console: Console) -> None:
    """Warnings about the tasks' files, before anything runs; the first few of each kind."""
    seen: dict[str, int] = {}
    for task in tasks:
        if isinstance(task, Packed):
            continue
        for problem in task.problems:
            if problem.severity is ProblemSeverity.ERROR:
                continue
            seen[problem.code] = seen.get(problem.code, 0) + 1
            if seen[problem.code] <= WARNINGS_SHOWN:
                line = Text.assemble(("warning", _STYLE[Severity.WARNING]), f" [{problem.code}] ")
                line.append_text(cell(f"{task.name}: {problem.message}"))
                line.append_text(cell(f" ({place_of(task, problem)})"))
                console.print(line)
    for code, count in seen.items():
        if count > WARNINGS_SHOWN:
            console.print(
                cell(f"warning [{code}] {count - WARNINGS_SHOWN} more; `foolsgold check --json` has them all")
            )


def summary(run: CheckRun) -> str:
    standings = [one.standing for one in run.checked]
    total = len(standings)
    words = [
        f"{total} task{'' if total == 1 else 's'} checked on {run.engine} in {run.seconds:.1f} s",
        f"{standings.count(Standing.GOOD)} good",
        f"{standings.count(Standing.BELOW_BAR)} below the bar",
        f"{standings.count(Standing.UNMEASURED)} unmeasured",
    ]
    return ", ".join(words) + "."


def print_error(error: FoolsgoldError, console: Console) -> None:
    console.print(cell(f"foolsgold: {error.message}", "bold red"))
    if error.hint:
        console.print(cell(error.hint))
