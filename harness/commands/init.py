"""`foolsgold init`: describes a folder of tasks and writes a first config file."""

from __future__ import annotations

import os
import shlex
import tomllib
from pathlib import Path

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.untrusted import visible


@click.command
@click.argument("path", type=AnyPath())
@click.option("--force", is_flag=True, help="Replace an existing foolsgold.toml.")
def init(path: Path, force: bool) -> int:
    """Describe the tasks in a folder and write a commented foolsgold.toml for them.

    Shows which formats the tasks have, which cannot be used and why, which engine an audit would use, and how long it
    would take. Runs no code of the tasks. The file goes into the folder, or next to it if the folder is itself a task.

    \b
    Examples:
      foolsgold init tasks
      foolsgold init tasks --force
    """
    from harness.engine.contract import EngineOptions
    from harness.judging.strength import Thresholds
    from harness.machine.doctor import chosen, no_network
    from harness.settings.file import NAME, PYPROJECT, config_speaks
    from harness.settings.starter import config_text, described, look, place
    from harness.task.discover import discover

    tasks = discover([path])
    found = look(tasks, least=Thresholds().least)
    text = config_text(found)
    tomllib.loads(text)
    engine, why = chosen("auto", EngineOptions())
    why = f"{why.splitlines()[0].rstrip('.')}.{no_network(engine, ' ')}"
    click.echo(described(found, engine=engine, why=why, jobs=os.cpu_count() or 1))
    file = place(path) / NAME
    if file.exists() and not force:
        raise UsageError(f"{file} is there already.", hint="Keep it, or replace it with --force.")
    if config_speaks(file.parent / PYPROJECT):
        raise UsageError(
            f"{file.parent / PYPROJECT} has a [tool.foolsgold] already, and a folder has one of the two.",
            hint="Keep it; `foolsgold config` shows what it sets.",
        )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror or error}.", hint="Make the folder writable, or copy the tasks."
        ) from error
    shown = shlex.quote(visible(str(path)))
    click.echo(f"\nWrote {visible(str(file))}. Each setting in it has a comment that explains it.")
    click.echo("\nNext:")
    for number, (what, command) in enumerate(
        (
            ("See if this machine can run them", "foolsgold doctor"),
            ("See if the tasks are sound", f"foolsgold check {shown}"),
            ("Measure them", f"foolsgold audit {shown}"),
        ),
        start=1,
    ):
        click.echo(f"  {number}. {what}:\n     {command}")
    return ExitCode.OK
