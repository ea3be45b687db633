"""Whether a run is good enough: each task against the bar, with what was accepted set aside. Pure: a report in.

docs/ci.md says the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.errors import ExitCode, UsageError
from harness.untrusted import visible

Entry = Mapping[str, Any]
"""A task of report.json."""

_CAUGHT = frozenset({"killed", "timeout"})
_COUNTED = _CAUGHT | {"survived", "partial"}
_ROUNDING = 1e-9
LEFT = "the audit has not come to its end"
UNFINISHED = 10
"""Unfinished tasks that are named line by line; a run of thousands may have been stopped at its beginning."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a task must come up to, besides having sound controls."""

    fail_under: float | None = None
    """Percent; instead of the verdict `weak`."""
    fail_on: frozenset[str] = frozenset()
    """Ids of findings."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Something known and let pass: every finding of that id, the one that a mutant shows, or a paid mutant."""

    task: str
    finding: str = ""
    mutant: str = ""
    reason: str = ""
    where: str = ""
    """The place of the entry, such as `accepted.toml:4`."""

    def __str__(self) -> str:
        what = " and ".join(filter(None, (self.finding, self.mutant and f"mutant {self.mutant}")))
        return f"{self.task}: {what}"

    def finds(self, finding: Mapping[str, Any]) -> bool:
        """A finding with a mutant is only meant where the mutant is among its evidence."""
        if not self.finding or finding["id"] != self.finding:
            return False
        return not self.mutant or any(self.mutant in line for line in finding["evidence"])

    def is_mutant(self, mutant: Mapping[str, Any]) -> bool:
        return bool(self.mutant) and not self.finding and self.mutant in (mutant["id"], mutant["ref"])


class GateState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNMEASURED = "unmeasured"
    INTERNAL = "internal error"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One task before the gate."""

    task: str
    path: str
    state: GateState
    reasons: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    """The entries that let something pass here."""
    missing: tuple[Accepted, ...] = ()
    """What would have to be accepted for the task to pass; without reasons."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An accepted entry that nothing in the run answers to."""

    entry: Accepted
    why: str


@dataclass(frozen=True, slots=True)
class Gate:
    judgements: tuple[Judgement, ...]
    stale: tuple[Stale, ...] = ()
    interrupted: bool = False
    rules: Mapping[str, Rules] = field(default_factory=dict)
    """By task."""

    @property
    def exit_code(self) -> ExitCode:
        """The first that applies of: interrupted, internal error, below the bar, unmeasured, good."""
        states = {one.state for one in self.judgements}
        if self.interrupted or GateState.UNFINISHED in states:
            return ExitCode.INTERRUPTED
        if GateState.INTERNAL in states:
            return ExitCode.INTERNAL
        if GateState.FAILED in states:
            return ExitCode.BELOW_BAR
        return ExitCode.UNMEASURED if GateState.UNMEASURED in states else ExitCode.OK


def gate(
    report: Mapping[str, Any],
    rules_of: Callable[[Entry], Rules],
    accepted_of: Callable[[Entry], Sequence[Accepted]],
) -> Gate:
    """`accepted_of` gives the entries that are about a task."""
    asked: dict[str, Rules] = {}
    judgements: list[Judgement] = []
    useless = _Useless()
    for task in report["tasks"]:
        rules, entries = rules_of(task), accepted_of(task)
        asked[task["name"]] = rules
        judgements.append(judge(task, rules, entries))
        useless.add(task, entries)
    for task in report["unfinished"]:
        asked[task["name"]] = Rules()
        judgements.append(Judgement(task["name"], task["path"] or "", GateState.UNFINISHED, (LEFT,)))
    return Gate(tuple(judgements), useless.stale(), bool(report["interrupted"]), asked)


def judge(task: Entry, rules: Rules, accepted: Sequence[Accepted]) -> Judgement:
    def judgement(state: GateState, reasons: Sequence[str] = (), missing: Iterable[Accepted] = ()) -> Judgement:
        unique = tuple(dict.fromkeys(missing))
        return Judgement(task["name"], task["path"], state, tuple(reasons), _used(task, accepted), unique)

    if task["internal_error"]:
        return judgement(GateState.INTERNAL, (task["why"],))
    open_findings = [one for one in task["findings"] if not any(entry.finds(one) for entry in accepted)]
    reasons: list[str] = []
    missing: list[Accepted] = []
    for finding in open_findings:
        named = finding["id"] in rules.fail_on
        if named or finding["severity"] == "error":
            reasons.append(f"{finding['id']}: {finding['title']}")
            missing.append(Accepted(task["name"], finding["id"], _witness(task, finding)))
    weak, survivors = _too_weak(task, rules, accepted)
    if weak:
        reasons.append(weak)
        missing += survivors
    if not reasons and task["verdict"] in ("broken", "unsound", "flaky"):
        errors = [one for one in task["findings"] if one["severity"] == "error"]
        if not errors:  # then nothing was accepted that explains it
            reasons.append(f"{task['verdict']}: {task['why']}")
    if reasons:
        return judgement(GateState.FAILED, reasons, missing)
    if task["verdict"] == "unmeasured":
        causes = [one for one in task["findings"] if one["severity"] == "unmeasured"]
        left = [one for one in causes if one in open_findings]
        if left or not causes:
            return judgement(
                GateState.UNMEASURED, (task["why"],), [Accepted(task["name"], finding["id"]) for finding in left]
            )
    return judgement(GateState.PASSED)


def _witness(task: Entry, finding: Mapping[str, Any]) -> str:
    """A mutant in its evidence, which tells it from other findings of the same id; nothing where none is."""
    ids = [mutant["id"] for mutant in task["mutants"]]
    return next((each for line in finding["evidence"] for each in ids if each in line), "")


def _too_weak(task: Entry, rules: Rules, accepted: Sequence[Accepted]) -> tuple[str, list[Accepted]]:
    """(why the task's strength is below the bar, the mutants to blame), or nothing."""
    if task["verdict"] not in ("strong", "adequate", "weak"):
        return "", []
    counted = [mutant for mutant in task["mutants"] if mutant["outcome"] in _COUNTED]
    left = [mutant for mutant in counted if not any(entry.is_mutant(mutant) for entry in accepted)]
    to_blame = [Accepted(task["name"], mutant=mutant["id"]) for mutant in left if mutant["outcome"] not in _CAUGHT]
    if rules.fail_under is None and len(left) == len(counted):
        return (f"weak: {task['why']}", to_blame) if task["verdict"] == "weak" else ("", [])
    if not left:
        return "", []
    detected = math.fsum(1.0 if mutant["outcome"] in _CAUGHT else mutant["gap"] for mutant in left)
    percent = 100 * detected / len(left)
    wanted = rules.fail_under if rules.fail_under is not None else 100 * task["thresholds"]["adequate"]
    if percent >= wanted - _ROUNDING:
        return "", []
    aside = len(counted) - len(left)
    without = f", {aside} accepted" if aside else ""
    said = f"strength {_down(percent)} % of {len(left)} mutants{without}; at least {wanted:g} % is asked for"
    return said, to_blame


def _down(percent: float) -> str:
    """Rounded down: what fails may not look as if it did not."""
    return f"{math.floor(percent * 10) / 10:g}"


def _used(task: Entry, accepted: Sequence[Accepted]) -> tuple[Accepted, ...]:
    return tuple(entry for entry in accepted if not _useless(task, entry))


def _useless(task: Entry, entry: Accepted) -> str:
    """Why the entry lets nothing of this task pass; nothing where it does."""
    if any(entry.finds(finding) for finding in task["findings"]):
        return ""
    if entry.mutant and not entry.finding:
        mutants = [mutant for mutant in task["mutants"] if entry.is_mutant(mutant)]
        if not mutants:
            return "no such mutant was run (the solution or the budget may have changed)"
        outcome = mutants[0]["outcome"]
        return "" if outcome in ("survived", "partial") else f"the mutant is {outcome} now"
    if entry.mutant:
        return "the task has no such finding with that mutant any more"
    return "the task has no such finding any more"


class _Useless:
    """Entries about tasks of the run that let nothing pass in any of them, as far as those were measured."""

    def __init__(self) -> None:
        self.why: dict[Accepted, str] = {}
        self.useful: set[Accepted] = set()

    def add(self, task: Entry, entries: Sequence[Accepted]) -> None:
        for entry in entries:
            reason = _useless(task, entry)
            if not reason or (task["verdict"] == "unmeasured" and not task["mutants"]):
                self.useful.add(entry)
            else:
                self.why.setdefault(entry, reason)

    def stale(self) -> tuple[Stale, ...]:
        return tuple(Stale(entry, reason) for entry, reason in self.why.items() if entry not in self.useful)


def gate_json(found: Gate) -> dict[str, Any]:
    return {
        "exit_code": int(found.exit_code),
        "tasks": [
            {
                "name": one.task,
                "state": one.state,
                "reasons": list(one.reasons),
                "fail_under": found.rules[one.task].fail_under,
                "fail_on": sorted(found.rules[one.task].fail_on),
                "accepted": [_accepted_json(entry) for entry in one.accepted],
            }
            for one in found.judgements
        ],
        "stale": [{**_accepted_json(stale.entry), "why": stale.why} for stale in found.stale],
    }


def _accepted_json(entry: Accepted) -> dict[str, Any]:
    return {
        "task": entry.task,
        "finding": entry.finding or None,
        "mutant": entry.mutant or None,
        "reason": entry.reason,
        "where": entry.where,
    }


def gate_text(found: Gate) -> str:
    """One line a task that does not pass, one a stale entry, and the sum."""
    unfinished = [one for one in found.judgements if one.state is GateState.UNFINISHED]
    judged = [one for one in found.judgements if one.state in _WORDS]
    lines = [
        *(visible(f"gate: {one.task} {_WORDS[one.state]}: {'; '.join(one.reasons)}") for one in judged),
        *(visible(f"gate: {one.task} is unfinished: {one.reasons[0]}") for one in unfinished[:UNFINISHED]),
    ]
    lines += [visible(f"gate: {stale.entry.where}: stale entry, {stale.entry}: {stale.why}") for stale in found.stale]
    states = [one.state for one in found.judgements]
    accepted = sum(bool(one.accepted) for one in found.judgements)
    counts = [f"{states.count(GateState.PASSED)} of {len(states)} tasks pass"]
    if accepted:
        counts.append(f"{accepted} of them with something accepted")
    if len(unfinished) > UNFINISHED:
        lines.append(f"gate: {len(unfinished) - UNFINISHED} more are unfinished")
    if found.interrupted and not unfinished:
        lines.append(f"gate: {LEFT}")
    if unfinished:
        counts.append(f"{len(unfinished)} unfinished")
    return "\n".join([*lines, f"gate: {', '.join(counts)} (exit code {int(found.exit_code)})"])


_WORDS = {
    GateState.FAILED: "fails",
    GateState.UNMEASURED: "is unmeasured",
    GateState.INTERNAL: "broke foolsgold",
}
"""What the gate says of a finished task that does not pass."""


class RunUnfinishedError(UsageError):
    """What is asked for needs every task's result, and the run has not come to its end."""

    exit_code = ExitCode.UNMEASURED


def only_finished(report: Mapping[str, Any], what: str) -> None:
    """Raises RunUnfinishedError where a task of the run is unfinished; `what` would be made of it."""
    left = [task["name"] for task in report["unfinished"]]
    if not left and not report["interrupted"]:
        return
    names = ", ".join(visible(name) for name in left[:UNFINISHED])
    more = f" and {len(left) - UNFINISHED} more" if len(left) > UNFINISHED else ""
    named = f" Unfinished: {names}{more}." if left else ""
    raise RunUnfinishedError(
        f"The audit in {visible(report['run'])} has not come to its end, so no {what} is made of it.{named}",
        hint="Go on with the same `foolsgold audit` command and --resume, then ask again.",
    )
