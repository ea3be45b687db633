"""`foolsgold doctor`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from harness.commands.options import Flags, setting_options
from harness.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from harness.machine.doctor import Diagnosis


@click.command
@setting_options("doctor")
@click.option("--versions", "only_versions", is_flag=True, help="Print the engines' versions, and check nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
def doctor(flags: Flags, only_versions: bool, as_json: bool) -> int:
    """Show which engine will be used and why, what is missing, and prove that the engine keeps its contract.

    For everything that is missing it prints the command that installs it.

    \b
    Examples:
      foolsgold doctor
      foolsgold doctor --engine bwrap --image '*=host'
      foolsgold doctor --versions
    """
    from harness.commands.console import printer
    from harness.engine.contract import EngineOptions
    from harness.machine.advice import advise
    from harness.machine.doctor import doctor_json, examine
    from harness.machine.facts import facts
    from harness.machine.versions import versions
    from harness.settings.in_force import one, table

    if only_versions:
        click.echo(versions())
        return ExitCode.OK
    values = flags.in_force().run()
    options = EngineOptions(images=table(values, "image"))
    found = replace(examine(one(values, "engine"), options), advice=advise(facts(options)))
    if as_json:
        click.echo(json.dumps(doctor_json(found), indent=2))
    else:
        print_doctor(found, printer())
    return found.exit_code


def print_doctor(found: Diagnosis, console: Console) -> None:
    from harness import __version__
    from harness.commands.console import cell
    from harness.engine.selfcheck import CheckOutcome

    console.print(cell(f"foolsgold {__version__}: " + _sentence(found)))
    for advice in found.advice:
        console.print()
        how = "Needed" if advice.needed else "Missing"
        console.print(cell(f"{how}: {advice.lacking}", "bold" if advice.needed else ""))
        console.print(cell(f"    {advice.command}"))
    for one in found.engines:
        console.print()
        usable = "usable" if one.report.usable else "not usable"
        console.print(cell(f"{one.report.name}: {usable}. {one.report.version}".rstrip(), "bold"))
        for line in one.report.lines:
            console.print(cell(f"  {line}"))
        if one.not_checked:
            console.print(cell(f"  Not checked: {one.not_checked}", "yellow"))
        styles = {CheckOutcome.PASSED: "green", CheckOutcome.FAILED: "bold red", CheckOutcome.NOT_MEASURED: "yellow"}
        for check in one.checks:
            reason = f": {check.reason}" if check.reason else ""
            words = f"  {check.outcome:12}  {check.name.replace('_', ' ')}{reason}"
            console.print(cell(words, styles[check.outcome]))
        if one.checks:
            counts = [sum(check.outcome is outcome for check in one.checks) for outcome in CheckOutcome]
            console.print(cell(f"  {counts[0]} passed, {counts[1]} failed, {counts[2]} not measured."))


def _sentence(found: Diagnosis) -> str:
    if not found.used:
        return f"no engine can be used. {found.why}"
    return f"--engine {found.wanted} uses {found.used}, because {found.why}."
