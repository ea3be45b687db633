"""Command-line flags for the settings, and the settings in force: flags win over a config file, that over defaults."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.commands.paths import AnyPath
from harness.errors import UsageError
from harness.settings.catalogue import SETTINGS, Setting, Unfit, ValueKind, fitting
from harness.settings.in_force import InForce, Key, Level, Value, Values
from harness.untrusted import visible

if TYPE_CHECKING:
    from harness.dataset.select import Chosen


@dataclass(frozen=True, slots=True)
class Flags:
    """The settings from the command line."""

    values: Values
    config: Path | None = None
    no_config: bool = False

    def in_force(self, paths: Sequence[Path] = ()) -> InForce:
        """Together with the config file for these paths, whose name is printed on stderr."""
        from harness.settings.file import find_config, read_config

        path = self.config
        if path is None and not self.no_config:
            path = find_config(paths)
        if path is None:
            return InForce(None, self.values)
        found = InForce(read_config(path), self.values)
        click.echo(f"Settings from {visible(str(path))}", err=True)
        return found

    def and_(self, name: str, value: str) -> Flags:
        """With one more."""
        return replace(self, values={**self.values, (name,): Value(value, Level.FLAG, f"--{name}")})

    def words(self) -> list[str]:
        """The same flags as words, for a command to show to the user."""
        words = ["--config", str(self.config)] if self.config is not None else []
        words += ["--no-config"] if self.no_config else []
        for key, value in self.values.items():
            flag = f"--{key[0]}"
            if len(key) == 2:
                words += [flag, f"{key[1]}={_plain(value.value)}"]
            elif isinstance(value.value, bool):
                words += [flag] if value.value else []
            elif isinstance(value.value, tuple):
                words += [word for item in value.value for word in (flag, item)]
            else:
                words += [flag, _plain(value.value)]
        return words


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


EVERY = "config"
"""The command that has the flags of all."""


def setting_options(command: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the flags for all its settings; its function gets them as `flags`."""
    settings = [setting for setting in SETTINGS if command in {*setting.commands, EVERY}]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(config: Path | None, no_config: bool, **arguments: Any) -> Any:
            given: dict[Key, Value] = {}
            context = click.get_current_context()
            for setting in settings:
                name = _parameter(setting)
                value = arguments.pop(name)
                if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                    given.update(_given(setting, value))
            if config is not None and no_config:
                raise UsageError("--config and --no-config contradict each other.", hint="Give one of them, or none.")
            return function(flags=Flags(given, config, no_config), **arguments)

        wrapped: Callable[..., Any] = run
        for option in reversed([*map(_option, settings), *_FILE_OPTIONS]):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def choosing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags that say which of the tasks it is for; its function gets them as `choosing`."""

    @functools.wraps(function)
    def run(sample: int | None, by: str | None, shard: str | None, changed_since: str | None, **arguments: Any) -> Any:
        return function(choosing=Choosing(sample, by, shard, changed_since), **arguments)

    wrapped: Callable[..., Any] = run
    for option in reversed(_CHOOSING_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which of the tasks, from the command line."""

    sample: int | None = None
    by: str | None = None
    shard: str | None = None
    changed_since: str | None = None

    def tasks(self, paths: Sequence[Path], in_force: InForce) -> Chosen:
        """The tasks to run."""
        from harness.dataset.select import Shard, TasksAsked, choose

        run = in_force.run()
        return choose(
            paths,
            TasksAsked(
                sample=self.sample,
                by=self.by,
                seed=run[("seed",)].value,
                shard=Shard.read(self.shard) if self.shard is not None else None,
                since=self.changed_since,
                column=run[("column",)].value or "",
            ),
        )

    def words(self) -> list[str]:
        """The same flags as words, for a command that goes on with the run."""
        given = {
            "--sample": self.sample, "--by": self.by, "--shard": self.shard, "--changed-since": self.changed_since,
        }  # fmt: skip
        return [word for flag, value in given.items() if value is not None for word in (flag, str(value))]


_CHOOSING_OPTIONS = (
    click.option(
        "--sample",
        type=click.IntRange(min=1),
        metavar="NUMBER",
        help="Only so many tasks, drawn at random by --seed. Shares in the report are then estimates for all.",
    ),
    click.option(
        "--by",
        metavar="COLUMN",
        help="Stratify the sample: by a parquet file's column, or by `source`, the folder or file tasks lie in.",
    ),
    click.option(
        "--shard",
        metavar="NUMBER/OF",
        help="Only this part of the tasks, such as 3/16; `foolsgold merge` puts the runs together.",
    ),
    click.option(
        "--changed-since",
        metavar="REVISION",
        help="Only tasks with a file that differs from where the git checkout left this revision.",
    ),
)


_FILE_OPTIONS = (
    click.option(
        "--config",
        type=AnyPath(exists=True, dir_okay=False),
        metavar="FILE",
        help="Read the settings from this file and no other.",
    ),
    click.option("--no-config", is_flag=True, help="Read no config file."),
)


def _parameter(setting: Setting) -> str:
    return f"setting_{setting.name.replace('-', '_')}"


def _option(setting: Setting) -> Callable[[Any], Any]:
    words = [f"--{setting.name}", *([setting.short] if setting.short else []), _parameter(setting)]
    if setting.kind is ValueKind.SWITCH:
        return click.option(*words, is_flag=True, default=setting.default, help=setting.help)
    many = setting.table or setting.kind is ValueKind.LIST
    return click.option(
        *words,
        type=_click_type(setting),
        multiple=many,
        default=None if many else setting.default,
        show_default=not many and setting.default is not None,
        metavar=setting.metavar,
        help=setting.help,
    )


class _ChoiceOrName(click.Choice[str]):
    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.choices)
        self._setting = setting

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value if isinstance(value, str) and self._setting.names(value) else super().convert(value, param, ctx)


def _click_type(setting: Setting) -> click.ParamType[Any]:
    """For the help, and against obvious mistakes. `fitting` checks the rest, with the same words as for a file."""
    match setting.kind:
        case ValueKind.INTEGER:
            low, high = (None if math.isinf(limit) else int(limit) for limit in (setting.low, setting.high))
            return click.INT if low is None and high is None else click.IntRange(low, high)
        case ValueKind.NUMBER:
            least, most = (None if math.isinf(limit) else limit for limit in (setting.low, setting.high))
            return click.FloatRange(least, most)
        case ValueKind.CHOICE:
            return _ChoiceOrName(setting)
        case _:
            return click.STRING


def _given(setting: Setting, raw: Any) -> Mapping[Key, Value]:
    flag = f"--{setting.name}"
    if not setting.table:
        return {(setting.name,): Value(_fit(setting, raw), Level.FLAG, flag)}
    found: dict[Key, Value] = {}
    for entry in raw:
        key, equals, text = entry.partition("=")
        if not (equals and key and text):
            raise UsageError(f"{flag} {entry} does not say what is what.", hint=f"Write {flag} {setting.metavar}.")
        value: Any = _number(flag, entry, text) if setting.kind is ValueKind.NUMBERS else text
        found[(setting.name, key)] = Value(_fit(setting, value, key), Level.FLAG, flag)
    return found


def _fit(setting: Setting, value: Any, key: str = "") -> Any:
    try:
        return fitting(setting, value, key)
    except Unfit as error:
        raise UsageError(f"--{setting.name}{f' {key}' if key else ''} {error}.", hint=error.hint) from error


def _number(flag: str, entry: str, text: str) -> float | int:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError as error:
            raise UsageError(f"{flag} {entry} is not a number.") from error
