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
