"""Config files: searched from the tasks upwards, and read. An error names the line."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.settings.catalogue import BY_NAME, SETTINGS, Setting, Unfit, ValueKind, fitting, suggestion
from harness.settings.in_force import ConfigFile, Key, Level, Override, Value, Values
from harness.task.discover import is_task_folder
from harness.task.documents import toml_line
from harness.task.files import absolute

NAME = "foolsgold.toml"
PYPROJECT = "pyproject.toml"
OVERRIDE = "override"


# --- finding the file


def find_config(paths: Sequence[Path]) -> Path | None:
    """The config file of a run: the one found from its paths upwards, else from the current folder upwards.

    Nothing inside a task's folder is looked at: a task does not set the terms of its own audit.
    """
    found = list(dict.fromkeys(file for path in paths if (file := _upwards(absolute(path))) is not None))
    if len(found) > 1:
        raise UsageError(
            f"These paths have different config files: {', '.join(map(str, found))}.",
            hint="Name the one that counts with --config FILE, or none with --no-config, or make two runs.",
        )
    return found[0] if found else _upwards(absolute(Path.cwd()))


def _upwards(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if is_task_folder(folder):
            continue
        own, shared = folder / NAME, folder / PYPROJECT
        if os.path.lexists(own) and not _is_file(own):
            raise UsageError(
                f"{own} is {_what(own)}, not a file with settings.",
                hint="Remove it, name another with --config FILE, or use --no-config.",
            )
        has_shared = config_speaks(shared)
        if _is_file(own) and has_shared:
            raise UsageError(f"{folder} has both {NAME} and [tool.foolsgold] in {PYPROJECT}.", hint="Keep one of them.")
        if _is_file(own):
            return own
        if has_shared:
            return shared
    return None


def _is_file(path: Path) -> bool:
    """Whoever may not look into a folder has no settings there; what else is in it is told by who reads it."""
    try:
        return path.is_file()
    except OSError:
        return False


def _what(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link that leads to no file"
    return "a folder" if stat.S_ISDIR(mode) else "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"


def config_speaks(pyproject: Path) -> bool:
    """Whether a pyproject.toml is there and has a [tool.foolsgold], sound or not."""
    if not _is_file(pyproject):
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
    """Raises UsageError, with the line, for a name or value that no setting has."""
    return _Reader(path).read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = absolute(path)
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
        if setting.kind is ValueKind.PATH:
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
