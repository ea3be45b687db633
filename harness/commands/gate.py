"""`foolsgold gate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.commands.options import Flags, setting_options
from harness.commands.paths import AnyPath


@click.command
@click.argument("run", type=AnyPath())
@setting_options("gate")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
def gate(run: Path, flags: Flags, as_json: bool) -> int:
    """Judge a finished run again, by other rules or another baseline, without running anything.

    Each task that does not pass gets a line that says why. Exit code: 0 if all pass, 1 if one fails, 3 if one could not
    be measured.

    \b
    Examples:
      foolsgold gate foolsgold-run --fail-under 80
      foolsgold gate foolsgold-run --fail-on nop-paid --baseline accepted.toml
    """
    from harness.report.gate import gate_json, gate_text
    from harness.report.read import read_report
    from harness.report.whole import whole
    from harness.settings.terms import gate_terms, task_folders

    with whole(run):
        report = read_report(run)
        found = gate_terms(flags.in_force(task_folders(report))).judge(report)
    click.echo(json.dumps(gate_json(found), indent=2, ensure_ascii=True) if as_json else gate_text(found))
    return found.exit_code
