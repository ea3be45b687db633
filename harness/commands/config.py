"""`foolsgold config`: what is in force, for a run and for each task that differs, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from harness.commands.options import Flags, setting_options
from harness.errors import ExitCode
from harness.settings.accepted import read_baseline
from harness.settings.catalogue import BY_NAME
from harness.settings.file import InForce, Key, Value, Values, budget, one, thresholds
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.untrusted import visible

SCHEMA = "foolsgold.config/1"


@click.command(short_help="Which settings are in force, and from where.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@setting_options("config")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def config(paths: tuple[Path, ...], flags: Flags, as_json: bool) -> int:
    """Print every setting that is in force and where it comes from; for the tasks in PATHS, what is theirs alone.

    Takes the flags of every command, to show what they would change.

    \b
    Examples:
      foolsgold config
      foolsgold config tasks --json
    """
    told = flags.in_force(paths)
    run = told.run()
    thresholds(run)
    if one(run, "baseline") is not None:
        read_baseline(Path(one(run, "baseline")))
    tasks = discover(list(paths)) if paths else []
    own = {task.name: _own(told, run, task) for task in tasks}
    idle = _idle(told, tasks) if paths else []
    if as_json:
        click.echo(json.dumps(_json(told, run, own, idle), indent=2, ensure_ascii=True))
        return ExitCode.OK
    click.echo(_rows(run))
    for name, values in own.items():
        if values:
            click.echo(f"\n{visible(name)}:\n{_rows(values)}")
    for where in idle:
        click.echo(f"\n{where}: this override matches no task here.")
    return ExitCode.OK


def _own(told: InForce, run: Values, task: Task | Unusable) -> Values:
    values = told.task(task.name, task.path)
    thresholds(values)
    return {key: value for key, value in values.items() if run.get(key) != value}


def _idle(told: InForce, tasks: Sequence[Task | Unusable]) -> list[str]:
    if told.file is None:
        return []
    used = {override.where for task in tasks for override in told.overrides(task.name, task.path)}
    return [override.where for override in told.file.overrides if override.where not in used]


def _rows(values: Values) -> str:
    rows = [
        (".".join(key), visible(_said(key, value, values)), value.where or value.level) for key, value in values.items()
    ]
    return tabulate(rows, headers=("setting", "value", "from"), disable_numparse=True)


def _said(key: Key, value: Value, values: Values) -> str:
    if value.value is None:
        if key == ("budget",) and ("depth",) in values:
            return f"- ({budget(values)}, by depth)"
        return "-"
    if isinstance(value.value, tuple):
        return ", ".join(value.value) or "-"
    return f"{value.value:g}" if isinstance(value.value, float) else str(value.value)


def _json(told: InForce, run: Values, own: dict[str, Values], idle: list[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "file": str(told.file.path) if told.file else None,
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
