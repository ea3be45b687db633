"""`foolsgold config`: the settings in force and where they come from, for a run and for each task that differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import Flags, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode
from harness.settings.catalogue import BY_NAME
from harness.settings.in_force import InForce, Key, Value, Values, one
from harness.untrusted import visible

if TYPE_CHECKING:
    from harness.dataset.model import AnyTask

SCHEMA = "foolsgold.config/1"


@click.command
@click.argument("paths", nargs=-1, type=AnyPath())
@setting_options("config")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def config(paths: tuple[Path, ...], flags: Flags, as_json: bool) -> int:
    """Print every setting in force and where it comes from, and how the tasks in PATHS differ.

    Takes the flags of every command, to show their effect.

    \b
    Examples:
      foolsgold config
      foolsgold config tasks --json
    """
    from harness.dataset.find import HowKept, discover
    from harness.settings.accepted import read_baseline
    from harness.settings.meaning import thresholds

    in_force = flags.in_force(paths)
    run = in_force.run()
    thresholds(run)
    if one(run, "baseline") is not None:
        read_baseline(Path(one(run, "baseline")))
    tasks = discover(paths, HowKept(one(run, "column") or "")) if paths else []
    own = {task.name: _own(in_force, run, task) for task in tasks}
    idle = _idle(in_force, tasks) if paths else []
    if as_json:
        click.echo(json.dumps(_json(in_force, run, own, idle), indent=2, ensure_ascii=True))
        return ExitCode.OK
    click.echo(_rows(run))
    for name, values in own.items():
        if values:
            click.echo(f"\n{visible(name)}:\n{_rows(values)}")
    for where in idle:
        click.echo(f"\n{where}: this override matches no task here.")
    return ExitCode.OK


def _own(in_force: InForce, run: Values, task: AnyTask) -> Values:
    from harness.settings.meaning import thresholds

    values = in_force.task(task.name, task.path)
    thresholds(values)
    return {key: value for key, value in values.items() if run.get(key) != value}


def _idle(in_force: InForce, tasks: Sequence[AnyTask]) -> list[str]:
    if in_force.file is None:
        return []
    used = {override.where for task in tasks for override in in_force.overrides(task.name, task.path)}
    return [override.where for override in in_force.file.overrides if override.where not in used]


def _rows(values: Values) -> str:
    from tabulate import tabulate

    rows = [
        (".".join(key), visible(_shown(key, value, values)), value.where or value.level)
        for key, value in values.items()
    ]
    return tabulate(rows, headers=("setting", "value", "from"), disable_numparse=True)


def _shown(key: Key, value: Value, values: Values) -> str:
    if value.value is None:
        if key == ("budget",) and ("depth",) in values:
            from harness.settings.meaning import budget

            return f"- ({budget(values)}, by depth)"
        return "-"
    if isinstance(value.value, tuple):
        return ", ".join(value.value) or "-"
    return f"{value.value:g}" if isinstance(value.value, float) else str(value.value)


def _json(in_force: InForce, run: Values, own: dict[str, Values], idle: list[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "file": str(in_force.file.path) if in_force.file else None,
        "settings": _settings_json(run),
        "tasks": [{"name": name, "settings": _settings_json(values)} for name, values in own.items()],
        "unmatched_overrides": idle,
    }


def _settings_json(values: Values) -> list[dict[str, Any]]:
    return [
        {
            "name": key[0],
            "key": key[1] if len(key) == 2 else None,
            "value": list(value.value) if isinstance(value.value, tuple) else value.value,
            "level": value.level,
            "where": value.where or None,
            "commands": sorted(BY_NAME[key[0]].commands),
        }
        for key, value in values.items()
    ]
