"""`foolsgold clean`."""

from __future__ import annotations

import click

from harness.commands.options import Flags, setting_options
from harness.errors import ExitCode


@click.command
@setting_options("clean")
@click.option("--all", "everything", is_flag=True, help="Also remove caches and images.")
def clean(flags: Flags, everything: bool) -> int:
    """Remove what crashed runs left behind.

    Boxes end with the process that made them, but control groups, folders and containers can outlive a kill.

    \b
    Examples:
      foolsgold clean
      foolsgold clean --engine docker --all
    """
    from harness.engine.choose import ENGINES
    from harness.engine.contract import EngineOptions
    from harness.machine.doctor import usable_engines
    from harness.settings.in_force import one, table

    values = flags.in_force().run()
    engine_name, options = one(values, "engine"), EngineOptions(images=table(values, "image"))
    removed: list[str] = []
    for name in ENGINES[1:] if engine_name == "auto" else (engine_name,):
        for engine in usable_engines([name], options, must=engine_name != "auto"):
            removed += [f"{engine.name}: {what}" for what in engine.clean(everything=everything)]
    for line in removed:
        click.echo(line)
    count = sum(not line.partition(": ")[2].startswith("kept ") for line in removed)
    click.echo(f"{count} thing{'' if count == 1 else 's'} removed.", err=True)
    return ExitCode.OK
