"""How many tasks of a dataset have which fault, each share with its interval and the tasks behind it. Pure."""

from __future__ import annotations

from collections import Counter
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
    TRAINING,
    about,
)
from harness.judging.design import Drawn, estimate
from harness.judging.strength import wilson

USABLE = "usable"


@dataclass(frozen=True, slots=True)
class DatasetRow:
    name: str
    meaning: str
    verdicts: frozenset[str] = frozenset()
    """Verdicts that put a task here, besides the findings that the catalogue gives this row."""
    training: frozenset[str] = frozenset()
    """Training values that do."""
    faulty: bool = True
    """Whether a task in it is not usable."""


ROWS = (
    DatasetRow(
        ENVIRONMENT,
        "The environment does not build, never gets ready, or keeps a host from the reference.",
    ),
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
    DatasetRow(
        TRAINING,
        "Hardly any work, or none, earns the whole reward: a few statements, the answer as it is given, or a fake.",
        training=frozenset({"trivial"}),
        faulty=False,
    ),
)
USABLE_MEANING = "Strong or adequate, and in none of the rows above, as far as they were measured."

COUNTING = ("error", "warning")


def dataset(
    tasks: Iterable[Mapping[str, Any]],
    copies: Iterable[Mapping[str, Any]] = (),
    sample: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Rows over the tasks of a report, which are gone through once. A task may stand in several; one for which nobody
    looked counts in none. One of which there are `copies` counts as often as there are. With a `sample` the shares are
    those of the dataset that it was drawn from."""
    again: dict[str, list[str]] = {}
    for copy in copies:
        again.setdefault(copy["of"], []).append(copy["name"])
    found = {row.name: _Members(again, sample) for row in ROWS}
    usable = _Members(again, sample)
    for task in tasks:
        faulty = False
        for row in ROWS:
            reasons = _reasons(row, task)
            found[row.name].add(task["name"], reasons, measured=row.name in task["measured"])
            faulty = faulty or (row.faulty and bool(reasons))
        good = not faulty and task["verdict"] in ("strong", "adequate")
        reasons = [f"verdict {task['verdict']}"] if good else []
        usable.add(task["name"], reasons, measured=faulty or task["verdict"] != "unmeasured")
    rows = [found[row.name].row(row.name, row.meaning) for row in ROWS]
    return [*rows, usable.row(USABLE, USABLE_MEANING)]


class _Members:
    """The tasks of a row by their names, and why each is there."""

    def __init__(self, again: Mapping[str, Sequence[str]], sample: Mapping[str, Any] | None) -> None:
        self.names: list[str] = []
        self.unknown: list[str] = []
        self.because: dict[str, list[str]] = {}
        self._again, self._sample = again, sample
        self._measured: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        """Stratum -> tasks, copies among them; '' without a sample."""
        self._audited = 0

    def add(self, name: str, reasons: Sequence[str], *, measured: bool) -> None:
        if reasons:
            self.names.append(name)
        elif not measured:
            self.unknown.append(name)
        if reasons or measured:
            self._audited += 1
            for each in (name, *self._again.get(name, ())):
                group = self._sample["groups"].get(each, "") if self._sample is not None else ""
                self._measured[group] += 1
                self._found[group] += bool(reasons)
        for reason in reasons:
            self.because.setdefault(reason, []).append(name)

    def row(self, name: str, meaning: str) -> dict[str, Any]:
        measured = self._measured.total()
        share, low, high = None, None, None
        more: dict[str, Any] = {}
        if self._sample is not None:
            whole = estimate(strata := self._strata(self._sample))
            if whole is not None:
                share, low, high = whole.share, whole.low, whole.high
            more = {"speaks_for": whole.speaks_for if whole is not None else 0, "by": list(map(_stratum, strata))}
        elif measured:
            share = self._found.total() / measured
            low, high = wilson(share * self._audited, self._audited)  # a copy makes nothing surer
        return {
            "row": name,
            "meaning": meaning,
            "tasks": self.names,
            "because": {reason: self.because[reason] for reason in sorted(self.because)},
            "not_measured": self.unknown,
            "measured": measured,
            "share": _rounded(share),
            "low": _rounded(low),
            "high": _rounded(high),
            **more,
        }

    def _strata(self, sample: Mapping[str, Any]) -> list[Drawn]:
        return [
            Drawn(one["name"], one["tasks"], self._measured[one["name"]], self._found[one["name"]])
            for one in sample["strata"]
        ]


def _stratum(drawn: Drawn) -> dict[str, Any]:
    alone = estimate([drawn])
    return {
        "name": drawn.name,
        "tasks": drawn.tasks,
        "measured": drawn.measured,
        "found": drawn.found,
        "share": _rounded(alone.share if alone is not None else None),
        "low": _rounded(alone.low if alone is not None else None),
        "high": _rounded(alone.high if alone is not None else None),
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _reasons(row: DatasetRow, task: Mapping[str, Any]) -> list[str]:
    told = {finding["id"] for finding in task["findings"] if finding["severity"] in COUNTING}
    reasons = sorted(ident for ident in told if about(ident).row == row.name)
    found = task["training"]
    if found is not None and found["value"] in row.training:
        reasons += found["because"]
    return reasons + [f"verdict {task['verdict']}"] * (task["verdict"] in row.verdicts)
