"""Shortens a diff to references to lines of the changed file, if the page contains that file anyway."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")

Folded = list[int | str]
"""The first line's number; then lines kept (positive), lines removed (negative), and the text of each line added."""


def folded(diff: str, text: str | None) -> Folded | str:
    """The diff itself, unless it can be restored exactly from the file's text."""
    lines = diff.split("\n")
    head = _HUNK.fullmatch(lines[2]) if len(lines) > 2 else None
    if text is None or head is None or any(line.startswith("@@") for line in lines[3:]):
        return diff
    found: Folded = [int(head[1])]
    for line in lines[3:]:
        sign, rest = line[:1], line[1:]
        if sign == "+":
            found.append(rest)
            continue
        step = -1 if sign == "-" else 1
        last = found[-1]
        if len(found) > 1 and isinstance(last, int) and (last > 0) == (step > 0):
            found[-1] = last + step
        else:
            found.append(step)
    whole = unfolded(found, text.split("\n"))
    return found if lines[2:] == whole else diff


def unfolded(found: Folded, lines: Sequence[str]) -> list[str]:
    """The diff's lines from its hunk header on, as `unfold` in data.js makes them."""
    first = found[0]
    assert isinstance(first, int)
    at = first - 1
    body: list[str] = []
    removed = added = 0
    for each in found[1:]:
        if isinstance(each, str):
            body.append(f"+{each}")
            added += 1
            continue
        sign = "-" if each < 0 else " "
        body += [sign + line for line in lines[at : at + abs(each)]]
        at += abs(each)
        removed += abs(each)
        added += max(each, 0)
    return [f"@@ -{_range(first, removed)} +{_range(first, added)} @@", *body]


def _range(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first},{count}"
