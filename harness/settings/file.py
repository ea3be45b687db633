"""Config files, and what is in force: default < file < override < flag. docs/config.md says it for users."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import UsageError
from harness.judging.controls import ControlSettings
from harness.judging.strength import Thresholds
from harness.mutants import Wish
from harness.probes.model import Probe
from harness.report.gate import Rules
from harness.settings.catalogue import BY_NAME, DEPTHS, NO_PROBE, SETTINGS, Kind, Setting, Unfit, fitting, suggestion
from harness.task.discover import is_task_folder
from harness.task.documents import toml_line
from harness.task.model import Environment, Task, Unusable

NAME = "foolsgold.toml"
PYPROJECT = "pyproject.toml"
OVERRIDE = "override"

AnyTask = TypeVar("AnyTask", bound=Task | Unusable)

Key = tuple[str, ...]
"""("budget",), or ("image", "python:3.12") for one entry of a table."""


class Level(StrEnum):
    """Where a value comes from, the weakest first."""

    DEFAULT = "default"
    FILE = "file"
    OVERRIDE = "override"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Value:
    value: Any
    level: Level
    where: str = ""
    """`foolsgold.toml:3` or `--budget`; nothing for a default."""


Values = Mapping[Key, Value]


@dataclass(frozen=True, slots=True)
class Override:
    tasks: tuple[str, ...]
    values: Values
    where: str

    def covers(self, name: str, path: Path, root: Path) -> bool:
        return any(task_matches(pattern, name, path, root) for pattern in self.tasks)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    path: Path
    values: Values
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class InForce:
    """A file and the flags, put together for the run or for one of its tasks."""

    file: ConfigFile | None = None
    flags: Values = field(default_factory=dict)

    def run(self) -> Values:
        return merge([defaults(), self.file.values if self.file else {}, self.flags])

    def task(self, name: str, path: Path) -> Values:
        return merge(
            [
                defaults(),
                self.file.values if self.file else {},
                *(override.values for override in self.overrides(name, path)),
                self.flags,
            ]
        )

    def overrides(self, name: str, path: Path) -> tuple[Override, ...]:
        if self.file is None:
            return ()
        root = self.file.path.parent
        return tuple(one for one in self.file.overrides if one.covers(name, path, root))


def defaults() -> Values:
    found: dict[Key, Value] = {}
    for setting in SETTINGS:
        if setting.kind is Kind.LIST:
            found[(setting.name,)] = Value((), Level.DEFAULT)
        elif not setting.table:
            found[(setting.name,)] = Value(setting.default, Level.DEFAULT)
        else:
            for key, value in (setting.default or {}).items():
                found[(setting.name, key)] = Value(value, Level.DEFAULT)
    return found


def merge(layers: Iterable[Values]) -> Values:
    """Later layers win, tables entry by entry. A depth also puts aside the budget of a layer below it."""
    merged: dict[Key, Value] = {}
    for layer in layers:
        if ("depth",) in layer and ("budget",) in merged:
            merged[("budget",)] = Value(None, Level.DEFAULT)
        merged.update(layer)
    return merged


def task_matches(pattern: str, name: str, path: Path, root: Path) -> bool:
    """By the task's name in the run or its path below `root`; without a slash, by its folder's own name too.
    `*` stands for anything, slashes as well."""
    pattern = pattern.removeprefix("./").rstrip("/")
    spellings = {name}
    if path.is_relative_to(root):
        spellings.add(path.relative_to(root).as_posix())
    if "/" not in pattern:
        spellings.add(path.name)
    return any(fnmatchcase(spelling, pattern) for spelling in spellings)


# --- finding the file


def find_config(paths: Sequence[Path]) -> Path | None:
    """The config file of a run: the one found from its paths upwards, else from the current folder upwards.

    Nothing inside a task's folder is looked at: a task does not set the terms of its own audit.
    """
    found = list(dict.fromkeys(file for path in paths if (file := _upwards(_absolute(path))) is not None))
    if len(found) > 1:
        raise UsageError(
            f"These paths have different config files: {', '.join(map(str, found))}.",
            hint="Name the one that counts with --config FILE, or none with --no-config, or make two runs.",
        )
    return found[0] if found else _upwards(_absolute(Path.cwd()))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - normalises without following links, as discovery does


def _upwards(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if is_task_folder(folder):
            continue
        own, shared = folder / NAME, folder / PYPROJECT
        has_shared = config_speaks(shared)
        if own.is_file() and has_shared:
            raise UsageError(f"{folder} has both {NAME} and [tool.foolsgold] in {PYPROJECT}.", hint="Keep one of them.")
        if own.is_file():
            return own
        if has_shared:
            return shared
    return None


def config_speaks(pyproject: Path) -> bool:
    """Whether a pyproject.toml is there and has a [tool.foolsgold], sound or not."""
    if not pyproject.is_file():
        return False
    try:
        text = pyproject.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    if "foolsgold" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool")
    except ValueError:
        return "[tool.foolsgold" in text
    return isinstance(tool, dict) and "foolsgold" in tool


# --- reading it


def read_config(path: Path) -> ConfigFile:
    """Raises UsageError, with the line, for whatever cannot be in force."""
    return _Reader(path).read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = _absolute(path)
        self.shown = _shown(self.path)
        self.text = ""
        self.prefix: tuple[str, ...] = ("tool", "foolsgold") if path.name == PYPROJECT else ()

    def read(self) -> ConfigFile:
        try:
            self.text = self.path.read_bytes().decode("utf-8")
            data: Any = tomllib.loads(self.text)
        except OSError as error:
            raise UsageError(f"The config file {self.shown} cannot be read: {error.strerror or error}.") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{self.shown} is not TOML: {error}.", hint="Mend it, or use --no-config.") from error
        for part in self.prefix:
            data = data.get(part) if isinstance(data, dict) else None
        if data is None:
            raise UsageError(f"{self.shown} has no [tool.foolsgold].", hint="Add it, or name another file.")
        if not isinstance(data, dict):
            raise UsageError(f"{self.shown}: tool.foolsgold is no table.")
        entries = data.pop(OVERRIDE, [])
        values = self.values(data, (), Level.FILE)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.wrong((OVERRIDE,), f"`{OVERRIDE}` is no list of tables", f"Write [[{OVERRIDE}]].")
        overrides = [self.override(entry, number) for number, entry in enumerate(entries)]
        return ConfigFile(self.path, values, tuple(overrides))

    def override(self, entry: dict[str, Any], number: int) -> Override:
        at = (OVERRIDE, number)
        tasks = entry.pop("tasks", None)
        if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) and task for task in tasks):
            raise self.wrong(
                (*at, "tasks"),
                "an override does not say which tasks it is for",
                'Write tasks = ["name", "folder/*"]: names, or paths below this file\'s folder.',
            )
        return Override(tuple(tasks), self.values(entry, at, Level.OVERRIDE), self.place(at))

    def values(self, data: Mapping[str, Any], at: tuple[str | int, ...], level: Level) -> Values:
        found: dict[Key, Value] = {}
        for name, raw in data.items():
            where = (*at, name)
            setting = BY_NAME.get(name)
            if setting is None:
                known = [one.name for one in SETTINGS if one.per_task or level is Level.FILE]
                raise self.wrong(where, f"there is no setting `{name}`", suggestion(name.replace("_", "-"), known))
            if level is Level.OVERRIDE and not setting.per_task:
                raise self.wrong(
                    where, f"`{name}` is one for the whole run and cannot be overridden", "Move it to the top."
                )
            if setting.table:
                if not isinstance(raw, dict):
                    raise self.wrong(where, f"`{name}` is no table", f"Write [{name}] or {name} = {{ ... }}.")
                for key, value in raw.items():
                    found[(name, key)] = self.value(setting, value, (*where, key), level, key)
            else:
                found[(name,)] = self.value(setting, raw, where, level)
        return found

    def value(self, setting: Setting, raw: Any, where: tuple[str | int, ...], level: Level, key: str = "") -> Value:
        try:
            value = fitting(setting, raw, key)
        except Unfit as error:
            name = f"{setting.name}.{key}" if key else setting.name
            raise self.wrong(where, f"`{name}` {error}", error.hint) from error
        if setting.kind is Kind.PATH:
            value = str(self.path.parent / Path(value).expanduser())
        if setting.name == "image" and value.startswith(("./", "../")):
            value = os.path.normpath(self.path.parent / value)
        return Value(value, level, self.place(where))

    def place(self, where: tuple[str | int, ...]) -> str:
        line = toml_line(self.text, (*self.prefix, *where))
        return f"{self.shown}:{line}" if line else self.shown

    def wrong(self, where: tuple[str | int, ...], message: str, hint: str = "") -> UsageError:
        return UsageError(f"{self.place(where)}: {message}.", hint=hint)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


# --- what the program makes of it


def one(values: Values, name: str) -> Any:
    return values[(name,)].value


def table(values: Values, name: str) -> dict[str, Any]:
    return {key[1]: value.value for key, value in values.items() if key[0] == name and len(key) == 2}


def as_told(task: AnyTask, told: InForce) -> AnyTask:
    """The task on the stand-ins that are in force for it alone."""
    images = table(told.task(task.name, task.path), "image")
    if isinstance(task, Unusable) or images == table(told.run(), "image"):
        return task

    def standing(environment: Environment) -> Environment:
        return replace(environment, recipe=replace(environment.recipe, images=images))

    steps = []
    for step in task.steps:
        separate = step.verifier.separate
        verifier = replace(step.verifier, separate=standing(separate)) if separate else step.verifier
        steps.append(replace(step, verifier=verifier))
    return replace(task, environment=standing(task.environment), steps=tuple(steps))


def told_json(told: InForce, tasks: Sequence[Task | Unusable], command: str) -> dict[str, Any]:
    """For a report's options: the config file, and what is in force for some tasks only."""
    if told.file is None:
        return {}
    run = told.run()
    own: dict[str, dict[str, Any]] = {}
    for task in tasks:
        values = told.task(task.name, task.path)
        different = {
            ".".join(key): value.value
            for key, value in values.items()
            if command in BY_NAME[key[0]].commands and (key not in run or run[key].value != value.value)
        }
        if different:
            own[task.name] = different
    return {"config": str(told.file.path), "overrides": own}


def control_settings(values: Values) -> ControlSettings:
    return ControlSettings(one(values, "repeat"), one(values, "network"), one(values, "timeout-factor"))


def wish(values: Values) -> Wish:
    return Wish(
        operators=frozenset(one(values, "operator")),
        faults=frozenset(one(values, "fault")),
        sources=frozenset(one(values, "source")),
        budget=budget(values),
        seed=one(values, "seed"),
        skipped_operators=frozenset(one(values, "skip-operator")),
        skipped_faults=frozenset(one(values, "skip-fault")),
    )


def budget(values: Values) -> int:
    exact: int | None = one(values, "budget")
    return exact if exact is not None else DEPTHS[one(values, "depth")]


def probes(values: Values) -> frozenset[Probe]:
    named = one(values, "probe")
    if named:
        return frozenset(Probe(name) for name in named if name != NO_PROBE)
    return frozenset({Probe.HIDDEN}) if one(values, "depth") == "quick" else frozenset(Probe)


def thresholds(values: Values) -> Thresholds:
    found = Thresholds(**table(values, "threshold"))
    if found.adequate > found.strong:
        raise UsageError(
            f"The threshold `adequate` ({found.adequate:g}) is above `strong` ({found.strong:g}).",
            hint="A strong task is an adequate one and more.",
        )
    return found


def rules(values: Values) -> Rules:
    return Rules(one(values, "fail-under"), frozenset(one(values, "fail-on")))
