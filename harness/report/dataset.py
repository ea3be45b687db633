"""How many tasks of a dataset have which fault, each share with its interval and the tasks behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.findings.catalogue import (
    ENVIRONMENT,
    GIVEN_AWAY,
    MISMATCH,
    REFERENCE,
    REQUIREMENT,
    REWARD,
    about,
)
from harness.judging.strength import wilson

USABLE = "usable"


@dataclass(frozen=True, slots=True)
class DatasetRow:
    name: str
    meaning: str
    verdicts: frozenset[str] = frozenset()
    """Verdicts that put a task here, besides the findings that the catalogue gives this row."""


ROWS = (
    DatasetRow(ENVIRONMENT, "The environment does not build, or never gets ready."),
    DatasetRow(REFERENCE, "The reference is not paid in full, every time, or breaks its own instruction."),
    DatasetRow(
        REWARD,
        "The reward is unsound, pays too many broken variants, or an assertion is seen to take wrong work.",
        frozenset({"weak", "unsound"}),
    ),
    DatasetRow(
        REQUIREMENT, "Something that the instruction states can be left out or done wrong, and is paid all the same."
    ),
    DatasetRow(MISMATCH, "The tests demand what nobody states, or refuse a solution that does what is stated."),
    DatasetRow(GIVEN_AWAY, "The instruction or the image holds the answer, or the image the tests."),
)
USABLE_MEANING = "Strong or adequate, and in none of the rows above, as far as they were measured."

COUNTING = ("error", "warning")


def dataset(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows over the tasks of a report, which are gone through once. A task may stand in several; one for which nobody
    looked counts in none."""
    found = {row.name: _Members() for row in ROWS}
    usable = _Members()
    count = 0
    for task in tasks:
        count += 1
        faulty = False
        for row in ROWS:
            reasons = _reasons(row, task)
            found[row.name].add(task["name"], reasons, measured=row.name in task["measured"])
            faulty = faulty or bool(reasons)
        if not faulty:
            good = task["verdict"] in ("strong", "adequate")
            reasons = [f"verdict {task['verdict']}"] if good else []
            usable.add(task["name"], reasons, measured=task["verdict"] != "unmeasured")
    rows = [found[row.name].row(row.name, row.meaning, count) for row in ROWS]
    return [*rows, usable.row(USABLE, USABLE_MEANING, count)]


class _Members:
    """The tasks of a row by their names, and why each is there."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.unknown: list[str] = []
        self.because: dict[str, list[str]] = {}

    def add(self, name: str, reasons: Sequence[str], *, measured: bool) -> None:
        if reasons:
            self.names.append(name)
        elif not measured:
            self.unknown.append(name)
        for reason in reasons:
            self.because.setdefault(reason, []).append(name)

    def row(self, name: str, meaning: str, tasks: int) -> dict[str, Any]:
        measured = tasks - len(self.unknown)
        low, high = wilson(len(self.names), measured)
        return {
            "row": name,
            "meaning": meaning,
            "tasks": self.names,
            "because": {reason: self.because[reason] for reason in sorted(self.because)},
            "not_measured": self.unknown,
            "measured": measured,
            "share": round(len(self.names) / measured, 4) if measured else None,
            "low": round(low, 4) if measured else None,
            "high": round(high, 4) if measured else None,
        }


def _reasons(row: DatasetRow, task: Mapping[str, Any]) -> list[str]:
    told = {finding["id"] for finding in task["findings"] if finding["severity"] in COUNTING}
    reasons = sorted(ident for ident in told if about(ident).row == row.name)
    return reasons + [f"verdict {task['verdict']}"] * (task["verdict"] in row.verdicts)
