"""Which value of a setting counts: default < file < override < flag. docs/config.md is the page for users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.settings.catalogue import SETTINGS, ValueKind

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

    @property
    def overridden(self) -> bool:
        """Whether any task may have settings of its own."""
        return self.file is not None and bool(self.file.overrides)

    @property
    def names_sources(self) -> bool:
        """Whether any task is asked for some of its sources only."""
        layers = [self.flags]
        if self.file is not None:
            layers += [self.file.values, *(one.values for one in self.file.overrides)]
        return any(("source",) in layer for layer in layers)

    def overrides(self, name: str, path: Path) -> tuple[Override, ...]:
        if self.file is None:
            return ()
        root = self.file.path.parent
        return tuple(one for one in self.file.overrides if one.covers(name, path, root))


def defaults() -> Values:
    found: dict[Key, Value] = {}
    for setting in SETTINGS:
        if setting.kind is ValueKind.LIST:
            found[(setting.name,)] = Value((), Level.DEFAULT)
        elif not setting.table:
            found[(setting.name,)] = Value(setting.default, Level.DEFAULT)
        else:
            for key, value in (setting.entries() if setting.entries else {}).items():
                found[(setting.name, key)] = Value(value, Level.DEFAULT)
    return found


def merge(layers: Iterable[Values]) -> Values:
    """Later layers win, tables entry by entry. A depth also removes the budget that an earlier layer sets."""
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


def one(values: Values, name: str) -> Any:
    return values[(name,)].value


def table(values: Values, name: str) -> dict[str, Any]:
    return {key[1]: value.value for key, value in values.items() if key[0] == name and len(key) == 2}
