"""Reads the fields of a config file: checks each type, reports everything odd, and drops nothing silently."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from harness.task.documents import Document, Where, plain
from harness.task.problems import Problems

_TEMPLATE = re.compile(r"\$\{([^}:]+)(?::-(.*))?\}")
"""As in Harbor: the whole value is one template, or the value is literal."""

_FLAGS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(("false", "no", "off", "0"), False)


class Fields:
    """One table of a config file. Keys that nobody reads are reported as unknown at the end."""

    def __init__(self, document: Document, problems: Problems, data: Mapping[Any, Any], where: Where = ()) -> None:
        self.document = document
        self.problems = problems
        self.where = where
        self._data = {str(key): value for key, value in data.items()}
        self._asked: set[str] = set()
        self._parts: list[Fields] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def has(self, key: str) -> bool:
        """Whether the key exists and is not null."""
        return self._data.get(key) is not None

    def raw(self, key: str) -> Any:
        self._asked.add(key)
        return self._data.get(key)

    def name(self, key: str) -> str:
        parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in (*self.where, key)]
        return "".join(parts).lstrip(".")

    def bad(self, key: str, message: str) -> None:
        """Report an error: it is unclear what this value is to mean, so the task cannot be used."""
        self.problems.error("bad-value", f"{self.name(key)} {message}", self.document.file, self.line(key))

    def odd(self, key: str, message: str) -> None:
        """Report a warning: the format's own runner would refuse or ignore this, but the intention is clear."""
        self.problems.warning("odd-value", f"{self.name(key)} {message}", self.document.file, self.line(key))

    def line(self, key: str) -> int | None:
        return self.document.line((*self.where, key))

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self.odd(key, f"is {show(value)}, not a string; taken as {text!r}.")
            return text
        self.bad(key, f"must be a string, not {_kind(value)}.")
        return default

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        value = self.text(key)
        if value is None:
            return None
        if value in choices:
            return value
        if value.strip().lower() in choices:
            self.odd(key, f"is {show(value)}; taken as {show(value.strip().lower())}.")
            return value.strip().lower()
        self.bad(key, f"is {show(value)}; it must be one of {', '.join(choices)}.")
        return None

    def number(self, key: str, default: float, *, least: float = 0.0) -> float:
        value = self.raw(key)
        if value is None:
            return default
        number = as_number(value)
        if number is None:
            self.bad(key, f"must be a number, not {show(value)}.")
            return default
        if number < least:
            self.bad(key, f"is {show(value)}; it must be at least {least:g}.")
            return default
        return number

    def seconds(self, key: str, default: float) -> float:
        value = self.number(key, default)
        if value == 0 and self.has(key):
            self.bad(key, "is 0 seconds: nothing can run in that.")
            return default
        return value

    def flag(self, key: str) -> bool | None:
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        found = _FLAGS.get(str(value).strip().lower())
        if found is None:
            self.bad(key, f"must be true or false, not {show(value)}.")
        return found

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.raw(key)
        if value is None:
            return ()
        if isinstance(value, str):
            self.odd(key, "is one string, not a list of strings; taken as a list of one.")
            return (value,)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.bad(key, "must be a list of strings.")
        return ()

    def user(self, key: str) -> str | None:
        """A name or a uid, optionally with a group."""
        value = self.raw(key)
        if value is None or value == "":
            return None
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        self.bad(key, f"must be a user's name or number, not {show(value)}.")
        return None

    def environment(self, key: str) -> dict[str, str]:
        """A table of environment variables; `${VAR}` and `${VAR:-default}` get their values from this machine's."""
        value = self.raw(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.bad(key, f"must be a table of variables, not {_kind(value)}.")
            return {}
        inner = Fields(self.document, self.problems, value, (*self.where, key))
        resolved = {}
        for name in inner._data:
            text = inner.text(name)
            if not name or "=" in name or "\0" in name or "\0" in (text or ""):
                inner.bad(name, "cannot be an environment variable.")
            elif text is not None and (found := inner._resolve(name, text)) is not None:
                resolved[name] = found
        return resolved

    def _resolve(self, name: str, text: str) -> str | None:
        match = _TEMPLATE.fullmatch(text)
        if match is None:
            return text
        variable, default = match[1], match[2]
        if variable in os.environ:
            self.problems.warning(
                "host-variable",
                f"{self.name(name)} is taken from this machine's environment variable {variable}.",
                self.document.file,
                self.line(name),
            )
            return os.environ[variable]
        if default is None:
            self.problems.error(
                "missing-variable",
                f"{self.name(name)} needs the environment variable {variable}, which is not set; "
                f"set it before running, or give it a default: ${{{variable}:-value}}.",
                self.document.file,
                self.line(name),
            )
        return default

    def table(self, key: str) -> Fields | None:
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.bad(key, f"must be a table, not {_kind(value)}.")
            return None
        return self._part(value, (*self.where, key))

    def section(self, key: str) -> Fields:
        """The table, or an empty one if it does not exist."""
        found = self.table(key)
        return self._part({}, (*self.where, key)) if found is None else found

    def tables(self, key: str) -> tuple[Fields, ...]:
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.bad(key, "must be a list of tables.")
            return ()
        return tuple(self._part(item, (*self.where, key, index)) for index, item in enumerate(value))

    def entries(self, key: str) -> tuple[str | Fields, ...]:
        """A list whose items are strings or tables."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str | dict) for item in value):
            self.bad(key, "must be a list of strings or tables.")
            return ()
        return tuple(
            item if isinstance(item, str) else self._part(item, (*self.where, key, index))
            for index, item in enumerate(value)
        )

    def known(self, *keys: str) -> None:
        """Mark keys of the format that do not affect a trial as known."""
        self._asked.update(keys)

    def unknown(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of every key that nobody read, in this table and below, with a warning for each."""
        for key, value in self._data.items():
            if key not in self._asked:
                # The message names no task, so that a discovery can show it once.
                self.problems.warning(
                    "unknown-key",
                    f"{self.document.file.name} has a key that foolsgold does not know: {_no_index(self.name(key))}. "
                    "It is kept and changes nothing.",
                    self.document.file,
                    self.line(key),
                )
                yield self.name(key), plain(value)
        for part in self._parts:
            yield from part.unknown()

    def _part(self, data: Mapping[Any, Any], where: Where) -> Fields:
        part = Fields(self.document, self.problems, data, where)
        self._parts.append(part)
        return part


def as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _no_index(name: str) -> str:
    return re.sub(r"\[\d+\]", "[]", name)


def show(value: Any) -> str:
    """A value for a message, cut to a few words."""
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 62 else f"{text[:58]}..."


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return show(value)
