"""What differs between two runs of the same program, taken out of a text. Pure."""

from __future__ import annotations

import re

_VOLATILE = re.compile(
    r"0x[0-9a-f]+|pytest-\d+|/tmp/tmp\w+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\b\d+(?:\.\d+)? ?m?s\b|\bpid \d+",
    re.IGNORECASE,
)
"""Addresses, folders that somebody made for this run, times of day, durations and process ids."""


def steady(text: str) -> str:
    return _VOLATILE.sub("#", text).strip()


_FRAMES = re.compile(r'^[ \t]+File "[^"\n]*", line \d+[^\n]*\n?(?:^[ \t]{4,}[^\n]*\n?)*', re.MULTILINE)
_PLACE = re.compile(r"(?<=\.)(py|js|mjs|ts|go|rs|rb|c|cc|cpp|java|kt|php|pl|lua|sh):(?: line )?\d+(?::\d+)?\b")


def without_places(complaint: str) -> str:
    """Without the lines of a program that it came from: in a program that was edited the same happens elsewhere."""
    return _PLACE.sub(r"\1", _FRAMES.sub("", complaint))
