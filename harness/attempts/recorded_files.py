"""The files of a recording, which agents and models had their hands in."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from harness.attempts.lines import Malformed, name_of
from harness.errors import UsageError

LARGEST_RECORDING = 64 << 20


def trial_name(text: Any) -> str:
    try:
        return name_of(str(text))
    except Malformed as error:
        raise UsageError(f"A recorded trial has no usable name: {error}.") from error


def inner(found: Any, *names: str) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def text_of(path: Path) -> str:
    """'' where there is no plain file of a sound size."""
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_RECORDING:
            return ""
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def json_of(path: Path) -> Any:
    text = text_of(path)
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
