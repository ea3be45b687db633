"""`foolsgold compare`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode


@click.command
@click.argument("before", metavar="RUN_A", type=AnyPath())
@click.argument("after", metavar="RUN_B", type=AnyPath())
@click.option("--fail-on-weaker", is_flag=True, help="Exit with 1 if a task got weaker, with 3 if that is unknown.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the text.")
def compare(before: Path, after: Path, fail_on_weaker: bool, as_json: bool) -> int:
    """Compare two runs task by task: stronger, weaker, new, gone.

    Tasks are matched by name, mutants by id. Settings in which the runs differ come first, because they may be the
    reason for a change.

    \b
    Examples:
      foolsgold compare runs/main runs/branch
      foolsgold compare runs/main runs/branch --fail-on-weaker
    """
    from harness.report.compare import Change, compared
    from harness.report.compare import compare as compare_runs
    from harness.report.formats import gathered
    from harness.report.json_stream import json_text
    from harness.report.read import read_report
    from harness.report.whole import whole

    with whole(before, after):
        found = compare_runs(read_report(before), read_report(after))
        for data in gathered(json_text(found) if as_json else (compared(found), "\n")):
            click.echo(data, nl=False)
    if fail_on_weaker and found["counts"][Change.WEAKER]:
        return ExitCode.BELOW_BAR
    if fail_on_weaker and found["counts"][Change.NOT_COMPARABLE]:
        return ExitCode.UNMEASURED
    return ExitCode.OK
