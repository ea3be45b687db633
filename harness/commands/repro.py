"""`foolsgold repro`."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.untrusted import visible

if TYPE_CHECKING:
    from harness.task.model import Task


@click.command
@click.argument("run", type=AnyPath())
@click.argument("mutant")
@click.option("-o", "--output", type=AnyPath(), required=True, help="The task folder to write.")
def repro(run: Path, mutant: str, output: Path) -> int:
    """Write a complete task folder whose solution is the mutant or the probe, for any runner of the format.

    It is a copy of the task as it is on disk now, with the changed file in place of the original. The task's own folder
    stays as it is.

    \b
    Examples:
      foolsgold repro foolsgold-run 9ade5e163a -o repro
      foolsgold repro foolsgold-run forge/reward-daemon -o cheat
      foolsgold repro foolsgold-run replay/recorded -o replay
    """
    from harness.commands.probes import find_probe, read_again, write_probe
    from harness.report.read import find_mutant, read_report
    from harness.report.whole import whole

    with whole(run):
        report = read_report(run)
        if output.exists():
            raise UsageError(f"{output} is there already.", hint="Name a folder that does not exist.")
        probe = find_probe(report, mutant)
        if probe is not None:
            sentence = write_probe(probe, output, run)
        else:
            entry, found = find_mutant(report, mutant)
            write_repro(read_again(entry), found, output)
            sentence = found["sentence"]
    click.echo(f"{output}: {visible(sentence)}")
    click.echo(f"foolsgold check {shlex.quote(str(output))}")
    return ExitCode.OK


def write_repro(task: Task, found: dict[str, Any], output: Path) -> None:
    """Write a copy of the task's folder with the mutated file in place of the original."""
    step = next(step for step in task.steps if step.name == found["step"])
    assert step.solution is not None
    mutated = mutate_again(task, found)
    shutil.copytree(task.path, output, symlinks=True)
    target = output / (step.solution.folder / found["file"]).relative_to(task.path)
    target.write_bytes(mutated)


def mutate_again(task: Task, found: dict[str, Any]) -> bytes:
    """The mutated file, from the mutant's byte edits."""
    from harness.mutants import solution_files
    from mutator.model import ByteEdit, apply_bytes

    step = next(step for step in task.steps if step.name == found["step"])
    assert step.solution is not None
    data = solution_files(step.solution)[found["file"]]
    edits = tuple(ByteEdit(edit["start"], edit["end"], bytes.fromhex(edit["new"])) for edit in found["edits"])
    return apply_bytes(data, edits)
