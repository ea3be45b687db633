"""What to do first about a run: the weakest task, the tests that are missing, what to mend or drop, what is sound.

Made of one task at a time, so that a report of any size can be gone through once. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.findings.requirements import stated
from harness.report.ranking import ranked
from harness.report.words import weakness
from harness.untrusted import visible

TESTS = 3
"""Missing tests that are named first."""
NAMED = 8
"""Tasks to mend or drop, and sound ones, that are named."""

Mutant = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MissingTest:
    """A test that is not there: what it would hold the solution to, and what was paid for want of it."""

    task: str
    says: str
    """The instruction's words; empty where it says nothing about what was broken."""
    place: str
    line: int
    paid: tuple[str, ...]
    """Sentences of the variants that were paid, the worst first."""
    ids: tuple[str, ...]
    command: str
    """Shows the worst of them."""
    sure: bool = True
    """A finding above note says so; else somebody should first see whether it matters."""


@dataclass(frozen=True, slots=True)
class TaskInBrief:
    """A task in a few words."""

    name: str
    verdict: str
    labels: tuple[str, ...]
    why: str
    weakness: tuple[int, float]
    missing: tuple[MissingTest, ...]


@dataclass(frozen=True, slots=True)
class First:
    weakest: TaskInBrief
    missing: tuple[MissingTest, ...]
    """Of the weakest task, and then of the next; first those that are surely missing, last what nobody states."""
    drop: tuple[TaskInBrief, ...]
    """To be mended or dropped: their reward teaches nothing, or the answer can be read. The first few of `dropped`."""
    dropped: int
    sound: tuple[TaskInBrief, ...]
    sounds: int


class FirstSoFar:
    """Takes one task after another, and keeps no more of them than are told."""

    def __init__(self) -> None:
        self.weakest = _Weakest(1)
        self.lacking, self.perhaps, self.unstated = _Weakest(TESTS), _Weakest(TESTS), _Weakest(TESTS)
        self.drop, self.sound = _Weakest(NAMED), _Weakest(NAMED)

    def add(self, one: TaskInBrief) -> None:
        self.weakest.add(one)
        if one.missing:
            test = one.missing[0]
            (self.lacking if test.sure else self.perhaps if test.says else self.unstated).add(one)
        if why_dropped(one):
            self.drop.add(one)
        if one.verdict == "strong" and not one.labels:
            self.sound.add(one)

    def found(self) -> First | None:
        if not self.weakest.count:
            return None
        tasks = (*self.lacking.first(), *self.perhaps.first(), *self.unstated.first())
        tests = [test for one in tasks for test in one.missing]
        return First(
            self.weakest.first()[0],
            tuple(tests[:TESTS]),
            self.drop.first(),
            self.drop.count,
            self.sound.first(),
            self.sound.count,
        )


class _Weakest:
    """The weakest few of any number; of equals, those that came first."""

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0
        self.kept: list[TaskInBrief] = []

    def add(self, one: TaskInBrief) -> None:
        self.count += 1
        self.kept = sorted([*self.kept, one], key=lambda each: each.weakness)[: self.most]

    def first(self) -> tuple[TaskInBrief, ...]:
        return tuple(self.kept)


def what_first(standings: Iterable[TaskInBrief]) -> First | None:
    found = FirstSoFar()
    for one in standings:
        found.add(one)
    return found.found()


def standing(report: Mapping[str, Any], task: Mapping[str, Any]) -> TaskInBrief:
    return TaskInBrief(
        task["name"], task["verdict"], tuple(task["labels"]), task["why"], weakness(task), missing(report, task)
    )


UNUSABLE = ("unsound", "broken", "flaky")


def why_dropped(one: TaskInBrief) -> str:
    """What makes its reward teach nothing; empty where nothing does."""
    if one.verdict in UNUSABLE:
        return one.verdict
    return "given-away" if "given-away" in one.labels else ""


def missing(report: Mapping[str, Any], task: Mapping[str, Any]) -> tuple[MissingTest, ...]:
    """The tests that are missing from one task: those about what the instruction surely states, or else about what it
    may state, or else about the rest."""
    groups: dict[tuple[str, int], list[Mutant]] = {}
    for _, mutant in sorted(ranked(task), key=lambda pair: pair[0][1:]):
        requirement = mutant["requirement"]
        groups.setdefault((mutant["step"], requirement["line"] if requirement else 0), []).append(mutant)
    instructions = {step["name"]: step["instruction"]["text"] for step in task["steps"]}
    # An unstated one is no more than a question, so all of them are one.
    found = [_missing(report, task, group, instructions.get(step, "")) for (step, _), group in groups.items()]
    stated = [one for one in found if one.says]
    return tuple(([one for one in stated if one.sure] or stated or found)[:TESTS])


def _missing(
    report: Mapping[str, Any], task: Mapping[str, Any], group: Sequence[Mutant], instruction: str
) -> MissingTest:
    worst = group[0]
    requirement = worst["requirement"]
    line = requirement["line"] if requirement else 0
    return MissingTest(
        task["name"],
        stated(instruction, requirement["text"], line) if requirement else "",
        f"{requirement['file']}:{line}" if requirement else "",
        line,
        tuple(mutant["sentence"] for mutant in group),
        tuple(mutant["id"] for mutant in group),
        show_command(report, worst["ref"]),
        any(f"mutant {one['id']})" in told for one in group for told in _accusing(task)),
    )


def _accusing(task: Mapping[str, Any]) -> Iterator[str]:
    """What the findings above note about stated requirements rest on."""
    for finding in task["findings"]:
        if finding["id"].startswith("stated-requirement") and finding["severity"] != "note":
            yield from finding["evidence"]


def show_command(report: Mapping[str, Any], what: str) -> str:
    return f"foolsgold show {shlex.quote(visible(report['run']))} {shlex.quote(visible(what))}"
