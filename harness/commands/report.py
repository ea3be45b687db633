"""`foolsgold report` and `compare`: a run again, in other shapes, and beside another run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from harness.errors import ExitCode, UsageError
from harness.report.compare import Change, compared
from harness.report.compare import compare as compare_runs
from harness.report.json_stream import json_text, report_json
from harness.report.junit import junit
from harness.report.markdown import markdown
from harness.report.read import read_report, schema
from harness.report.rows import mutants_csv, tasks_csv, trials_csv
from harness.report.sarif import sarif
from harness.report.stryker import left_out, stryker
from harness.report.terminal import terminal
from harness.report.whole import whole
from harness.untrusted import visible

FORMATS: Mapping[str, Callable[[dict[str, Any], Path], Iterable[str]]] = {
    "terminal": lambda report, _: (terminal(report), "\n"),
    "markdown": lambda report, _: (markdown(report),),
    "json": lambda report, _: report_json(report),
    "sarif": sarif,
    "junit": lambda report, _: junit(report),
    "stryker": lambda report, _: stryker(report),
    "csv": lambda report, _: mutants_csv(report),
    "csv-tasks": lambda report, _: tasks_csv(report),
    "csv-trials": lambda report, _: trials_csv(report),
}
"""Format -> what makes its text, piece by piece, of a report and the root that its paths are relative to."""
HTML = "html"


@click.command(short_help="Show a run again, or as HTML, SARIF, CSV and more.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice([*FORMATS, HTML]),
    default="terminal",
    show_default=True,
    help="csv has a row for each mutant, csv-tasks for each task, csv-trials for each trial.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Write it to this file.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="SARIF: the folder that paths are relative to, such as a checkout's. [default: where you are]",
)
@click.option("--schema", "only_schema", is_flag=True, help="Print the JSON Schema of report.json instead.")
def report(run: Path | None, form: str, output: Path | None, root: Path, only_schema: bool) -> int:
    """Show a run again, or write it in another format.

    A run that was interrupted, or is still going on, is shown as far as it came.

    \b
    Examples:
      foolsgold report foolsgold-run
      foolsgold report foolsgold-run --format sarif -o foolsgold.sarif
      foolsgold report foolsgold-run --format markdown >> "$GITHUB_STEP_SUMMARY"
    """
    if only_schema:
        _put([schema()], output)
        return ExitCode.OK
    if run is None:
        raise UsageError("RUN is missing: which run?", hint="Give the run folder of a `foolsgold audit`.")
    with whole(run):
        found = read_report(run)
        if form == HTML:
            _put_html(found, output)
        else:
            _put(FORMATS[form](found, root.resolve()), output)
        for line in _notes(found, form):
            click.echo(line, err=True)
    return ExitCode.OK


def _put_html(found: dict[str, Any], output: Path | None) -> None:
    from harness.report.html import render

    if output is None:
        raise UsageError("An HTML page is too long for a terminal.", hint="Name a file, such as -o report.html.")
    try:
        render(found, output)
    except OSError as error:
        raise _unwritable(output, error) from error


def _unwritable(output: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{visible(str(output))} cannot be written: {error.strerror or error}.", hint="Name another file with -o."
    )


def _notes(found: Mapping[str, Any], form: str) -> list[str]:
    """What a format for machines cannot tell a person."""
    lines = []
    if found["interrupted"]:
        left, total = len(found["unfinished"]), found["summary"]["tasks"]
        lines.append(
            f"The run was interrupted, or is going on: {left} of {total} tasks are unfinished. To go on, give the same "
            "`foolsgold audit` command once more with --resume."
        )
    if form == "stryker" and (files := left_out(found)):
        lines.append(f"Too large for this format, and left out with their mutants: {', '.join(files)}")
    return lines


def _put(pieces: Iterable[str], output: Path | None) -> None:
    if output is None or str(output) == "-":
        for data in _gathered(pieces):
            click.echo(data, nl=False)
        return
    try:
        count = _write(pieces, output)
    except OSError as error:
        raise _unwritable(output, error) from error
    click.echo(f"{visible(str(output))}: {count:,} bytes", err=True)


ENOUGH = 1 << 16
"""Bytes that are written at once."""


def _gathered(pieces: Iterable[str]) -> Iterator[bytes]:
    """A few larger ones of many small pieces, as bytes."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece.encode("utf-8", "backslashreplace"))
        size += len(held[-1])
        if size >= ENOUGH:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _write(pieces: Iterable[str], output: Path) -> int:
    """Whole or not at all; but what is no plain file, such as a pipe, stays what it is. Gives the bytes."""
    if output.exists() and not output.is_file():
        return _fill(output, pieces)
    part = output.with_name(f".{output.name}.part")
    try:
        count = _fill(part, pieces)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return count


def _fill(path: Path, pieces: Iterable[str]) -> int:
    with path.open("wb") as file:
        return sum(file.write(data) for data in _gathered(pieces))


@click.command(short_help="Compare two runs task by task.")
@click.argument("before", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("after", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option("--fail-on-weaker", is_flag=True, help="Exit with 1 where a task got weaker, with 3 where nobody knows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the text.")
def compare(before: Path, after: Path, fail_on_weaker: bool, as_json: bool) -> int:
    """Compare two runs task by task: stronger, weaker, new, gone.

    Tasks are the same where their names are, mutants where their ids are. Settings in which the runs differ are named
    first: they may be the reason.

    \b
    Examples:
      foolsgold compare runs/main runs/branch
      foolsgold compare runs/main runs/branch --fail-on-weaker
    """
    with whole(before, after):
        found = compare_runs(read_report(before), read_report(after))
        _put(json_text(found) if as_json else (compared(found), "\n"), None)
    if fail_on_weaker and found["counts"][Change.WEAKER]:
        return ExitCode.BELOW_BAR
    if fail_on_weaker and found["counts"][Change.NOT_COMPARABLE]:
        return ExitCode.UNMEASURED
    return ExitCode.OK
