"""Reads TOML, YAML and JSON from untrusted files: any input leads to a value, or at worst to a problem with a line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from harness.task.files import Folder

Where = tuple[str | int, ...]
"""The path to a value: ("steps", 1, "verifier", "timeout_sec")."""

DEPTH_LIMIT = 60
VALUE_LIMIT = 50_000
"""The most values that a document may have when its aliases are expanded."""

_TOML_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class Document:
    """A parsed config file whose root is a mapping."""

    file: Path
    data: Mapping[str, Any]
    line: Callable[[Where], int | None]
    """The line of the value, or of its nearest ancestor whose line is known."""


def read_toml(folder: Folder, path: Path) -> Document | None:
    text = folder.text(path)
    if text is None:
        return None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _TOML_AT.search(str(error))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        reason = str(error)[: at.start()] if at else str(error)
        folder.problems.error("bad-toml", f"{folder.name(path)} is not TOML: {reason}.", path, line)
        return None
    except RecursionError:
        folder.problems.error("bad-toml", f"{folder.name(path)} is nested too deeply.", path)
        return None
    except ValueError as error:
        # Well-formed but impossible numbers and dates, such as an integer of 5,000 digits.
        folder.problems.error("bad-toml", f"{folder.name(path)} is not TOML: {error}.", path)
        return None
    if _too_big(data):
        folder.problems.error("bad-toml", f"{folder.name(path)} holds far more than a config file.", path)
        return None
    return Document(path, data, lambda where: toml_line(text, where))


def toml_line(text: str, where: Where) -> int | None:
    """The line of a key, as far as it can be seen from the lines; for messages only."""
    best: tuple[int, int] | None = None
    table: Where = ()
    seen: dict[Where, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("["):
            array = line.startswith("[[")
            name = line.lstrip("[").partition("]")[0]
            table = ()
            parts = _keys(name)
            for index, part in enumerate(parts):
                table = (*table, part)
                if array and index == len(parts) - 1:
                    seen[table] = seen.get(table, -1) + 1
                if table in seen:
                    table = (*table, seen[table])
            here = table
        elif "=" in line and not line.startswith("#"):
            here = (*table, *_keys(line.partition("=")[0]))
        else:
            continue
        if here == where[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
            if len(here) == len(where):
                break
    return best[1] if best else None


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


class _Yaml(yaml.CSafeLoader):
    """The safe loader that the formats' own runners use."""


class _Strings(yaml.CSafeLoader):
    """Scalars stay text, because Compose's YAML 1.2 reads `on`, `012` and `1:30` differently from our YAML 1.1."""


_Strings.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(folder: Folder, path: Path, text: str, *, strings: bool = False) -> tuple[Any, bool]:
    """(the value, whether it could be read)."""
    loader = _Strings if strings else _Yaml
    name = folder.name(path)
    try:
        # The C loader recurses on the C stack: a document nested deeply enough would end this process.
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEPTH_LIMIT:
                    mark = event.start_mark
                    folder.problems.error(
                        "bad-yaml", f"{name} is nested too deeply.", path, mark.line + 1 if mark else None
                    )
                    return None, False
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
        data = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem))) or "syntax error"
        folder.problems.error("bad-yaml", f"{name} is not YAML: {reason}.", path, mark.line + 1 if mark else None)
        return None, False
    except yaml.YAMLError as error:
        folder.problems.error("bad-yaml", f"{name} is not YAML: {error}.", path)
        return None, False
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError, KeyError, RecursionError) as error:
        # The constructors of numbers, dates and merge keys let these through.
        folder.problems.error("bad-yaml", f"{name} holds a value that cannot be: {error}.", path)
        return None, False
    if _too_big(data):
        folder.problems.error("bad-yaml", f"{name} holds far more than a config file.", path)
        return None, False
    return data, True


def read_yaml(folder: Folder, path: Path, *, strings: bool = False) -> Document | None:
    text = folder.text(path)
    if text is None:
        return None
    data, fine = parse_yaml(folder, path, text, strings=strings)
    if not fine:
        return None
    if not isinstance(data, dict):
        what = "is empty" if data is None else "is not a mapping of keys to values"
        folder.problems.error("bad-yaml", f"{folder.name(path)} {what}.", path, 1)
        return None
    return Document(path, _with_text_keys(data), lambda where: yaml_line(text, where))


def yaml_line(text: str, where: Where) -> int | None:
    """The line of a key; `text` has been parsed before."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    line = None
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def read_json(folder: Folder, path: Path) -> tuple[Any, bool]:
    """(the value, whether it could be read)."""
    text = folder.text(path)
    if text is None:
        return None, False
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        folder.problems.error("bad-json", f"{folder.name(path)} is not JSON: {error.msg}.", path, error.lineno)
    except (RecursionError, ValueError) as error:
        folder.problems.error("bad-json", f"{folder.name(path)} is not JSON: {error}.", path)
    else:
        if not _too_big(data):
            return data, True
        folder.problems.error("bad-json", f"{folder.name(path)} holds far more than a config file.", path)
    return None, False


def plain(value: Any) -> Any:
    """The value as JSON can express it: dates as text, keys as text, no NaN, no half surrogates."""
    if isinstance(value, dict):
        return {plain_text(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    return plain_text(str(value))


def plain_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _too_big(value: Any) -> bool:
    """Whether it is deeper or longer than any config file, with aliases (and loops of aliases) expanded."""
    count = 0
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        count += 1 + (len(item) >> 8 if isinstance(item, str) else 0)
        if count > VALUE_LIMIT or depth > DEPTH_LIMIT:
            return True
        if isinstance(item, dict):
            pending += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple | set):
            pending += [(part, depth + 1) for part in item]
    return False


def _with_text_keys(data: Mapping[Any, Any]) -> dict[str, Any]:
    return {key if isinstance(key, str) else str(key): value for key, value in data.items()}
