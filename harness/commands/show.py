"""`foolsgold show`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.untrusted import shown, visible


@click.command
@click.argument("run", type=AnyPath())
@click.argument("what", metavar="[TASK|MUTANT]", default="")
def show(run: Path, what: str) -> int:
    """List the findings of a run and the broken variants that were paid, a line each, the weakest task first.

    With a task's name it shows only that task. With the id of a mutant or probe it shows its change, what it breaks,
    and the results of the tests. The beginning of an id is enough. If several tasks share an id, put the task's name
    before it.

    \b
    Examples:
      foolsgold show foolsgold-run
      foolsgold show foolsgold-run my-task
      foolsgold show foolsgold-run 9ade5e163a
      foolsgold show foolsgold-run forge/reward-daemon
    """
    from harness.report.read import read_report
    from harness.report.whole import whole

    with whole(run):
        click.echo(shown_of(read_report(run), what, run))
    return ExitCode.OK


def shown_of(report: dict[str, Any], what: str, run: Path | None = None) -> str:
    """What a name refers to: a task's whole name first, then an id, then the beginning of a task's name. `run`: its
    folder, which has more than the report."""
    from harness.report.listing import run_listing, task_listing, task_named

    if not what:
        return run_listing(report)
    task = task_named(report, what)
    if task is not None and task["name"] == what:
        return task_listing(report, task)
    try:
        return _shown(report, what, run)
    except UsageError:
        if task is None:
            raise
        return task_listing(report, task)


def _shown(report: dict[str, Any], name: str, run: Path | None) -> str:
    from harness.commands.probes import find_probe, show_probe
    from harness.report.read import find_mutant
    from harness.report.words import effect_lines

    probe = find_probe(report, name)
    if probe is not None:
        return show_probe(probe, run)
    task, found = find_mutant(report, name)
    place = f"{visible(found['path'])}:{found['line']}"
    lines = [
        f"{visible(found['ref'])}: {visible(found['sentence'])}",
        f"task {visible(task['name'])}, {place}, {_maker(found)}",
        f"outcome: {found['outcome']}" + (f" ({visible(found['why'])})" if found["why"] else ""),
    ]
    if found["requirement"]:
        lines.append(
            f"the instruction says, line {found['requirement']['line']}: {visible(found['requirement']['text'])}"
        )
    lines += effect_lines(found)
    for number, trial in enumerate(found["runs"], start=1):
        paid = trial["rewards"] if trial["rewards"] is not None else trial["problem"]
        lines.append(f"run {number}: {visible(str(paid))}, {trial['seconds']:.2f} s")
    if found["killed_by"]:
        lines.append("failed: " + ", ".join(visible(name) for name in found["killed_by"]))
    if passed := _passed(task, found):
        lines.append(f"passed: {', '.join(visible(name) for name in passed)}")
    lines += ["", shown(found["diff"]), "", visible(found["repro"])]
    return "\n".join(lines)


def _maker(found: Mapping[str, Any]) -> str:
    """The rule that made it, or who wrote it."""
    origin = found.get("proposed")
    if origin is None:
        return f"{found['operator']} ({found['fault']})"
    meant = f", meant to break: {visible(origin['breaks'])}" if origin["breaks"] else ""
    return f"{visible(origin['id'])} by {visible(origin['source'] or 'somebody')}{meant}"


def _passed(task: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The tests that ran on it and passed; none if the verifier does not report single tests."""
    letters = found["runs"][0]["tests"] if found["runs"] else None
    return [name for name, letter in zip(task["tests"], letters, strict=True) if letter == "P"] if letters else []
