"""`foolsgold check`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import Choosing, Flags, choosing_options, setting_options
from harness.commands.paths import AnyPath

if TYPE_CHECKING:
    from harness.check import CheckRun


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@setting_options("check")
@choosing_options
@click.option(
    "--record-network",
    is_flag=True,
    help="Let each task that may have a network reach every host, and say which hosts its reference uses, as a list "
    "for its task.toml. The same as --network record.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@click.option(
    "-q", "--quiet", is_flag=True, help="No progress and no table: only tasks that are not good, and the totals."
)
def check(
    paths: tuple[Path, ...],
    flags: Flags,
    choosing: Choosing,
    record_network: bool,
    as_json: bool,
    no_progress: bool,
    quiet: bool,
) -> int:
    """Run the controls of every task in PATHS.

    The reference must be paid in full, every time; doing nothing, and a solution that exits at once, must not be paid.

    \b
    Examples:
      foolsgold check tasks/my-task
      foolsgold check tasks --engine bwrap --repeat 5 --jobs 4
      foolsgold check tasks --json > check.json
      foolsgold check tasks/my-task --record-network
    """
    from harness.commands.console import print_check, print_warnings, printer
    from harness.commands.progress import progress
    from harness.report.check import check_json
    from harness.runs import check_tasks
    from harness.settings.meaning import as_set
    from harness.task.network import RECORD

    if record_network:
        flags = flags.and_("network", RECORD)
    in_force = flags.in_force(paths)
    tasks = [as_set(task, in_force) for task in choosing.tasks(paths, in_force)]
    if not quiet:
        print_warnings(tasks, printer(sys.stderr))
    with closing(progress("checking", len(tasks), show=not (no_progress or quiet))) as watcher:
        run = check_tasks(tasks, in_force, flags=flags.words(), watcher=watcher, nodes=watcher.nodes)
    if as_json:
        click.echo(json.dumps(check_json(run), indent=2, ensure_ascii=True, allow_nan=False))
    else:
        print_check(run, printer(), quiet=quiet)
    if run.unfinished:
        _say_how_to_go_on(run, flags.words())
    return run.exit_code


def _say_how_to_go_on(run: CheckRun, again: Sequence[str]) -> None:
    left = shlex.join([str(task.shown_path) for task in run.unfinished])
    done = len(run.checked)
    click.echo(
        f"\nInterrupted: {done} of {done + len(run.unfinished)} tasks were checked and are shown above. To check the "
        f"rest:\nfoolsgold check {left} {shlex.join(again)}".rstrip(),
        err=True,
    )
