"""`foolsgold regrade`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from harness.commands.options import Flags, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError


@click.command
@click.argument("run", type=AnyPath())
@click.option(
    "--tests",
    required=True,
    type=AnyPath(),
    metavar="DIR",
    help="The tasks with their new tests, by name: what `foolsgold harden -o` wrote, or a task itself.",
)
@click.option("-o", "--output", type=AnyPath(dir_okay=False), metavar="FILE", help="Write the document, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@setting_options("regrade")
def regrade(run: Path, tests: Path, output: Path | None, flags: Flags, as_json: bool, no_progress: bool) -> int:
    """Pay the attempts of a finished RUN again, under new tests, and show whose reward changes.

    Only what was judged then is run: a recording that went astray under the old tests says nothing under new ones.
    Tasks without new tests stay as they were.

    \b
    Examples:
      foolsgold regrade attempts --tests hardened -o regrade.json
      foolsgold regrade attempts --tests hardened
    """
    from harness.attempts.run import read_run, run_regrade
    from harness.attempts.told import told_regrade
    from harness.commands.progress import progress

    if output is not None and output.exists():
        raise UsageError(f"{output} is there already.", hint="Name a file that does not exist.")
    before = read_run(run)
    in_force = flags.in_force()
    with closing(progress("regrading", len(before["tasks"]), show=not no_progress)) as watcher:
        made = run_regrade(run, tests, before, in_force, watcher.doing)
    if output is not None:
        output.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    click.echo(json.dumps(made, indent=2) if as_json else told_regrade(made))
    return ExitCode(made["exit_code"])
