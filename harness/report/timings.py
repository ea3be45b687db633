"""Where the time of a run's tasks went, as a table for a terminal: `foolsgold audit --timings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tabulate import tabulate

from harness.untrusted import visible

_COLUMNS = ("building", "preparing", "solving", "verifying", "rest", "waiting")


def timings_table(report: Mapping[str, Any]) -> str:
    tasks = [(task["name"], task["timings"]) for task in report["tasks"] if task.get("timings")]
    rows = [[visible(name), found["trials"], *_cells(found)] for name, found in tasks]
    if len(tasks) > 1:
        every = {name: sum(found["seconds"][name] for _, found in tasks) for name in _COLUMNS}
        rows.append(["all", sum(found["trials"] for _, found in tasks), *_cells({"seconds": every})])
    if not rows:
        return "\nNo task came to its variants, so there are no times to tell."
    headers = ("seconds of all trials", "trials", *_COLUMNS)
    table = tabulate(rows, headers=headers, disable_numparse=True, colalign=("left", *("right",) * 7))
    return f"\n{table}"


def _cells(found: Mapping[str, Any]) -> list[str]:
    return [f"{found['seconds'][name]:.1f}" for name in _COLUMNS]
