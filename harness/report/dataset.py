"""How many tasks of a dataset have which fault, each share with its interval and the tasks behind it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.findings.catalogue import (
    ENVIRONMENT,
    GIVEN_AWAY,
    MISMATCH,
    REFERENCE,
    REQUIREMENT,
    REWARD,
    entry_of,
)
from harness.judging.strength import wilson

USABLE = "usable"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    meaning: str
    verdicts: frozenset[str] = frozenset()
    """Verdicts that put a task here, besides the findings that the catalogue gives this row."""


ROWS = (
    Row(ENVIRONMENT, "The environment does not build, or never gets ready."),
    Row(REFERENCE, "The reference is not paid in full, every time."),
    Row(
        REWARD,
        "The reward is unsound, pays too many broken variants, or an assertion is seen to take wrong work.",
        frozenset({"weak", "unsound"}),
    ),
    Row(REQUIREMENT, "Something that the instruction states can be left out or done wrong, and is paid all the same."),
    Row(MISMATCH, "The tests demand what nobody states, or refuse a solution that does what is stated."),
    Row(GIVEN_AWAY, "The instruction or the image holds the answer, or the image the tests."),
)
USABLE_MEANING = "Strong or adequate, and in none of the rows above, as far as they were measured."

COUNTING = ("error", "warning")


def dataset(tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows over the tasks of a report. A task may stand in several; one for which nobody looked counts in none."""
    found = [_row(row, tasks) for row in ROWS]
    faulty = {id(task) for row in ROWS for task in tasks if _reasons(row, task)}
    usable = [task for task in tasks if task["verdict"] in ("strong", "adequate") and id(task) not in faulty]
    unknown = [task for task in tasks if task["verdict"] == "unmeasured" and id(task) not in faulty]
    because = {f"verdict {word}": _names(usable, word) for word in ("strong", "adequate")}
    return [*found, _shares(USABLE, USABLE_MEANING, tasks, usable, unknown, because)]


def _row(row: Row, tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    members = [task for task in tasks if _reasons(row, task)]
    unknown = [task for task in tasks if not _reasons(row, task) and row.name not in task["measured"]]
    because: dict[str, list[str]] = {}
    for task in members:
        for reason in _reasons(row, task):
            because.setdefault(reason, []).append(task["name"])
    return _shares(row.name, row.meaning, tasks, members, unknown, because)


def _shares(
    name: str,
    meaning: str,
    tasks: Sequence[Mapping[str, Any]],
    members: Sequence[Mapping[str, Any]],
    unknown: Sequence[Mapping[str, Any]],
    because: Mapping[str, list[str]],
) -> dict[str, Any]:
    measured = len(tasks) - len(unknown)
    low, high = wilson(len(members), measured)
    return {
        "row": name,
        "meaning": meaning,
        "tasks": [task["name"] for task in members],
        "because": {reason: because[reason] for reason in sorted(because) if because[reason]},
        "not_measured": [task["name"] for task in unknown],
        "measured": measured,
        "share": round(len(members) / measured, 4) if measured else None,
        "low": round(low, 4) if measured else None,
        "high": round(high, 4) if measured else None,
    }


def _reasons(row: Row, task: Mapping[str, Any]) -> list[str]:
    told = {finding["id"] for finding in task["findings"] if finding["severity"] in COUNTING}
    reasons = sorted(ident for ident in told if entry_of(ident).row == row.name)
    return reasons + [f"verdict {task['verdict']}"] * (task["verdict"] in row.verdicts)


def _names(tasks: Sequence[Mapping[str, Any]], verdict: str) -> list[str]:
    return [task["name"] for task in tasks if task["verdict"] == verdict]
