"""`foolsgold baseline`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import Flags, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError


@click.command
@click.argument("run", type=AnyPath())
@click.option("-o", "--output", type=AnyPath(dir_okay=False), required=True, help="The file to write.")
@setting_options("baseline")
def baseline(run: Path, output: Path, flags: Flags) -> int:
    """Write a file that accepts everything that keeps the tasks of a run from passing the gate.

    You add a reason to each entry; commands refuse a file with an entry that has none. Entries that are in the file
    already stay as they are.

    \b
    Examples:
      foolsgold baseline foolsgold-run -o accepted.toml
      foolsgold baseline foolsgold-run -o accepted.toml --fail-under 80
    """
    from harness.report.gate import only_finished
    from harness.report.read import read_report
    from harness.report.whole import whole
    from harness.settings.accepted import HEAD, baseline_text, read_baseline
    from harness.settings.terms import gate_terms, task_folders

    with whole(run):
        report = read_report(run)
        only_finished(report, "baseline")
        found = gate_terms(flags.in_force(task_folders(report)), reasons=False).judge(report)
        known = read_baseline(output, reasons=False) if output.exists() else ()
        text = baseline_text(report, found, output, known)
    try:
        before = output.read_text(encoding="utf-8") if output.exists() else HEAD
        if before and not before.endswith("\n"):
            before += "\n"
        output.write_text(f"{before}\n{text}" if text else before, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror or error}.", hint="Name another file."
        ) from error
    added = text.count("[[")
    missing = added + sum(not entry.reason for entry in known)
    click.echo(f"{output}: {added} added, {len(known)} kept, {missing} without a reason", err=True)
    return ExitCode.OK
