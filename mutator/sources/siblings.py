"""Which files beside the script are part of the solution, and what they become in the box."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from mutator.sources.piece import SOLUTION
from mutator.sources.shell import Call
from mutator.spelling.shell import word_window

_COPIES = frozenset({"cp", "mv", "install", "ln", "rsync", "scp"})
_FLAT = frozenset({"bin", "sbin", "init.d", "cron.d", "cron.daily", "cron.hourly", "hooks", "cgi-bin"})
"""Folders whose files have no extension."""
_LOOKS = frozenset({"cd", "pushd", "ls", "echo", "printf", "test", "[", "[[", "mkdir", "dirname", "basename", "stat"})
"""Commands that name a path without using what is there."""


def used_by_calls(calls: Iterable[Call], names: Iterable[str], folder: str = "") -> dict[str, str]:
    """Sibling -> its path in the box, for every file that a command of a shell text names, alone or by its folder."""
    known = list(names)
    used: dict[str, str] = {}
    folders_made: set[str] = set()
    for call in calls:
        place = call.place()
        values = [place.path(value) for value in call.values]
        if call.name == "mkdir":
            folders_made |= {value.rstrip("/") for value in values[1:]}
        if call.name in _LOOKS:
            continue
        folders_made.add(call.directory)
        values += [
            place.path(place.resolve(word_window(call.parent, *redirect.target)))
            for redirect in call.command.redirects
            if redirect.op == "<" and redirect.target is not None and redirect.heredoc is None
        ]
        for index, value in enumerate(values):
            if index == 0 and len(call.values) > 1 and not value.startswith(SOLUTION):
                continue
            for sibling in _named(value, known, folder):
                target = _target(call, values, index, sibling, folder, folders_made)
                if used.get(sibling, f"{SOLUTION}/{sibling}") == f"{SOLUTION}/{sibling}":
                    used[sibling] = target
    return used


def _inside(value: str, folder: str) -> str | None:
    """A path in the box as one in the solution folder."""
    if value.rstrip("/") == SOLUTION:
        return ""
    if value.startswith(SOLUTION + "/"):
        return value[len(SOLUTION) + 1 :].rstrip("/")
    if value.startswith(("/", "$", "-")) or not value:
        return None
    return posixpath.normpath(posixpath.join(folder, value)) if value not in (".", "./") else None


def _named(value: str, known: list[str], folder: str) -> list[str]:
    if "=" in value and value.startswith("-"):
        value = value.split("=", 1)[1]
    inside = _inside(value.removeprefix("@"), folder)
    if inside is None:
        return []
    if not inside:
        return list(known)
    if any(mark in inside for mark in "*?["):
        pattern = inside.replace("{", "[{]")
        return [name for name in known if fnmatchcase(name, pattern) or fnmatchcase(name, pattern + "/*")]
    if "$" in inside:
        # A loop variable: whatever fits around it.
        pattern = re.sub(r"\$\{?\w+\}?", "*", inside).replace("[", "[[]")
        return [name for name in known if fnmatchcase(name, pattern)] if pattern.strip("*/") else list(known)
    return [name for name in known if name == inside or name.startswith(inside + "/")]


def _target(call: Call, values: list[str], index: int, sibling: str, folder: str, folders: set[str]) -> str:
    """Where a command puts the sibling that its word `index` names: its own place in /solution if nowhere else."""
    own = f"{SOLUTION}/{sibling}"
    if call.name == "cat" or (call.name in ("envsubst", "sed") and "-i" not in call.values):
        place = call.place()
        for redirect in call.command.redirects:
            if redirect.op in (">", ">>") and redirect.target is not None:
                return place.path(place.resolve(word_window(call.parent, *redirect.target)))
        return own
    if call.name not in _COPIES or index >= len(call.values):  # read by it, and no operand
        return own
    operands = [
        i
        for i in range(1, len(call.values))
        if not call.values[i].startswith("-") and call.values[i - 1] not in ("-m", "-o", "-g", "-e", "--mode")
    ]
    into = ""
    for i, value in enumerate(call.values):
        if value in ("-t", "--target-directory") and i + 1 < len(values):
            into = values[i + 1]
    if not into:
        if len(operands) < 2 or operands[-1] == index:
            return own
        into = values[operands[-1]]
    source = call.values[index]
    inside = _inside(values[index], folder) or ""
    several = len(operands) > 2 or any(mark in source for mark in "*?[")
    if any(mark in inside for mark in "*?[$"):
        inside = posixpath.dirname(inside)
        return posixpath.join(into, posixpath.relpath(sibling, inside or "."))
    if inside == sibling:
        name = posixpath.basename(sibling)
        extension = posixpath.splitext(name)[1]
        is_folder = several or into.endswith("/") or into.rstrip("/") in folders or into in (".", "/")
        # `cp main.py /app` goes into a folder, `cp tool.py /usr/bin/tool` does not.
        named_file = posixpath.splitext(into)[1] or posixpath.basename(posixpath.dirname(into)) in _FLAT
        is_folder = is_folder or (bool(extension) and not named_file and posixpath.basename(into) != name)
        return posixpath.join(into, name) if is_folder else into
    rest = posixpath.relpath(sibling, inside or ".")
    contents = source.endswith(("/.", "/./")) or inside == "" or (call.name == "rsync" and source.endswith("/"))
    if contents or not (into.endswith("/") or into.rstrip("/") in folders) or posixpath.basename(into) == inside:
        return posixpath.join(into, rest)
    return posixpath.join(into, posixpath.basename(inside), rest)


_WORD = re.compile(r"[\w.@+-]+")


def used_by_mention(texts: Mapping[str, str], known: Iterable[str], start: Iterable[str]) -> list[str]:
    """The siblings that the files in `start` speak of, directly or through one another: `import helper`,
    `#include "x.h"`, `open("table.csv")`."""
    words: dict[str, list[str]] = {}
    known = list(known)
    for name in known:
        base = posixpath.basename(name)
        words.setdefault(base, []).append(name)
        stem, extension = posixpath.splitext(base)
        if extension in (".py", ".js", ".ts", ".mjs", ".rb", ".pm", ".sh", ".rs", ".java", ".go"):
            words.setdefault(stem, []).append(name)
    reached: dict[str, None] = dict.fromkeys(start)
    waiting = list(reached)
    while waiting:
        name = waiting.pop()
        for word in dict.fromkeys(_WORD.findall(texts.get(name, ""))):
            for candidate in (word, *word.split(".")):
                for sibling in words.get(candidate, ()):
                    if sibling not in reached and _speaks_of(texts[name], sibling, candidate):
                        reached[sibling] = None
                        waiting.append(sibling)
    return list(reached)


def _speaks_of(text: str, sibling: str, word: str) -> bool:
    """A file name counts anywhere, a bare stem (`utils`) only where it is imported."""
    if word == posixpath.basename(sibling):
        return True
    stem = re.escape(word)
    return bool(
        re.search(
            rf"\b(import|from|require|use|mod|source|include)\b[^\n]*\b{stem}\b|['\"][^'\"\n]*/{stem}['\"]|\bnew\s+{stem}\b",
            text,
        )
    )
