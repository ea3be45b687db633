"""`foolsgold report`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.report.formats import FORMATS, HTML, gathered, unwritable, write, write_whole
from harness.untrusted import visible


@click.command
@click.argument("run", required=False, type=AnyPath())
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice([*FORMATS, HTML]),
    default="terminal",
    show_default=True,
    help="csv has a row for each mutant, csv-tasks for each task, csv-trials for each trial.",
)
@click.option("-o", "--output", type=AnyPath(), default=None, help="Write to this file.")
@click.option(
    "--root",
    type=AnyPath(file_okay=False, exists=True),
    default=Path(),
    help="SARIF: paths are relative to this folder, such as a checkout. [default: the current folder]",
)
@click.option("--verbose", is_flag=True, help="The terminal's long form: every finding with its evidence.")
@click.option("--schema", "only_schema", is_flag=True, help="Print the JSON Schema of report.json instead.")
def report(run: Path | None, form: str, output: Path | None, root: Path, verbose: bool, only_schema: bool) -> int:
    """Show a run again, or write it in another format.

    A run that was interrupted, or is still running, is shown as far as it is.

    \b
    Examples:
      foolsgold report foolsgold-run
      foolsgold report foolsgold-run --format sarif -o foolsgold.sarif
      foolsgold report foolsgold-run --format markdown >> "$GITHUB_STEP_SUMMARY"
    """
    from harness.report.read import read_report, schema
    from harness.report.verbose import verbose as long_form
    from harness.report.whole import whole

    if only_schema:
        _put([schema()], output)
        return ExitCode.OK
    if run is None:
        raise UsageError("RUN is missing.", hint="Give the run folder of a `foolsgold audit`.")
    with whole(run):
        found = read_report(run)
        if form == HTML:
            _put_html(found, output)
        elif verbose and form == "terminal":
            _put([long_form(found), "\n"], output)
        else:
            _put(FORMATS[form](found, root.resolve()), output)
        for line in _notes(found, form):
            click.echo(line, err=True)
    return ExitCode.OK


def _put_html(found: dict[str, Any], output: Path | None) -> None:
    if output is None:
        raise UsageError("An HTML page is too long for a terminal.", hint="Name a file, such as -o report.html.")
    write(found, HTML, output, Path())


def _notes(found: Mapping[str, Any], form: str) -> list[str]:
    """Notes for the person, because a format for machines cannot show them."""
    from harness.report.stryker import left_out

    lines = []
    if found["interrupted"]:
        left, total = len(found["unfinished"]), found["summary"]["tasks"]
        lines.append(
            f"The run was interrupted or is still running: {left} of {total} tasks are unfinished. To continue, repeat "
            "the `foolsgold audit` command with --resume."
        )
    if form == "stryker" and (files := left_out(found)):
        lines.append(f"Too large for this format, and left out with their mutants: {', '.join(files)}")
    return lines


def _put(pieces: Iterable[str], output: Path | None) -> None:
    if output is None or str(output) == "-":
        for data in gathered(pieces):
            click.echo(data, nl=False)
        return
    try:
        size = write_whole(pieces, output)
    except OSError as error:
        raise unwritable(output, error) from error
    click.echo(f"{visible(str(output))}: {size:,} bytes", err=True)
