"""Lines that a task's author wants left alone: `foolsgold: skip` or `no mutate` in a comment of any language.

Beside code a pragma protects its line, on a line of its own the next one; with a line that opens a block, also the
block: the lines indented deeper and the line that closes it, or the body of the here-document that it begins.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

_PRAGMA = re.compile(
    r"(?:#|//|--|;|/\*|<!--|%)[ \t]*(?:foolsgold:[ \t]*skip|(?:pragma:[ \t]*)?no mutate)\b[^\r\n]*", re.IGNORECASE
)
_ALONE = re.compile(r"[\s*/;#%<!-]*")
_CLOSER = re.compile(r"[ \t]*(?:[)\]}]|</|(?:end|fi|done|esac|else|elif|except|finally|rescue|ensure)\b)")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([A-Za-z_][\w.-]*))")


class Protected:
    """The protected lines of one text, as ascending spans of offsets."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def __bool__(self) -> bool:
        return bool(self._spans)

    def holds(self, start: int, end: int) -> bool:
        """Whether text[start:end] lies within protected lines."""
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and end <= self._spans[index][1]


@lru_cache(maxsize=256)
def protected(text: str) -> Protected:
    if _PRAGMA.search(text) is None:
        return Protected([])
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    spans: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        match = _PRAGMA.search(line)
        if match is None:
            continue
        first = _following(lines, number) if _ALONE.fullmatch(line[: match.start()]) else number
        last = _end_of_block(lines, first)
        start, end = offsets[number], offsets[min(last, len(lines) - 1) + 1]
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return Protected(spans)


def _following(lines: list[str], number: int) -> int:
    """The next line that says something."""
    after = number + 1
    while after < len(lines) and not lines[after].strip():
        after += 1
    return min(after, len(lines) - 1)


def _end_of_block(lines: list[str], first: int) -> int:
    heredoc = _HEREDOC.search(lines[first])
    if heredoc is not None:
        delimiter = next(group for group in heredoc.groups()[1:] if group)
        for number in range(first + 1, len(lines)):
            line = lines[number].rstrip("\r\n")
            if (line.lstrip("\t") if heredoc[1] else line) == delimiter:
                return number
    indent = _indent(lines[first])
    last = first
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        deep = _indent(line)
        if deep > indent or (deep == indent and last == number - 1 and _opens_brace(line, lines[first])):
            last = number
        elif deep == indent and number > first + 1 and last > first and _CLOSER.match(line):
            last = number
            if not line.rstrip().endswith(("{", ":", "then", "do", "else")):
                break
        else:
            break
    return last


def _opens_brace(line: str, before: str) -> bool:
    """A brace on a line of its own, as C may have it."""
    return line.strip() == "{" and not before.rstrip().endswith((";", "}", "{"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
