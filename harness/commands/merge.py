"""`foolsgold merge`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode
from harness.untrusted import visible


@click.command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=AnyPath())
@click.option("-o", "--output", type=AnyPath(), required=True, help="The run folder to write.")
@click.option("--partial", is_flag=True, help="Also where a shard is missing; its tasks are then not in the run.")
@click.option("--fresh", is_flag=True, help="Replace the run that is in the folder.")
def merge(runs: tuple[Path, ...], output: Path, partial: bool, fresh: bool) -> int:
    """Put the runs of all shards together as one.

    The result is what one run of all tasks would have been, but for times: every command that takes a run takes it.
    The runs must be of one foolsgold and the same settings. Runs nothing; what was interrupted stays unfinished.

    \b
    Examples:
      foolsgold merge runs/1 runs/2 runs/3 runs/4 -o runs/whole
      foolsgold merge runs/* -o whole --partial
    """
    from harness.report.words import gone, many
    from harness.runs import merge_runs

    report, said = merge_runs(runs, output, partial=partial, fresh=fresh)
    for line in said:
        click.echo(line, err=True)
    if report["unfinished"]:
        click.echo(gone(report), err=True)
    shown = shlex.quote(visible(str(output)))
    click.echo(f"{len(runs)} runs, {many(report['summary']['tasks'])}, in {shown}.")
    click.echo(f"  foolsgold report {shown}\n  foolsgold gate {shown}")
    return ExitCode.OK
