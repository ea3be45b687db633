"""What the trials of one task left in their boxes, and what each came to: the same end takes the same verdict."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.engine.box_end import BoxEnd, EndLook
from harness.task.model import Task
from harness.task.texts import environment_texts, verifier_texts
from harness.testcode.beyond import reads_logs, reads_solution, reads_times
from harness.trial.end_state import NOISE
from harness.trial.plan import Judge, Plan
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.verifier.log import MACHINE

LEAST = 0.2
"""Seconds that the tests take for it to be worth looking."""
SOLVE_LOG = "/logs/agent/oracle.txt"
EXIT_CODE = "/logs/agent/exit-code.txt"
"""Of a solution that did not end with 0."""
_COMPILED = (b"\x7fELF", b"PK\x03\x04", b"\xca\xfe\xba\xbe")


@dataclass(frozen=True, slots=True)
class _Ended:
    end: BoxEnd
    plan: Plan
    record: TrialRecord


class Ends:
    """Of one task, for all threads."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._lock = threading.Lock()
        self._known: dict[str, list[_Ended]] = {}
        self._quick = False

    def looks(self, plan: Plan) -> bool:
        """Whether what such a trial leaves says all that its tests can see."""
        alone = not plan.circumstances.around
        return isinstance(plan.purpose, Judge) and alone and not self._quick and self.aside is not None

    @cached_property
    def aside(self) -> tuple[str, ...] | None:
        """What the tests do not look at; None where they may look at more than the files of the box."""
        task, step = self._task, self._task.steps[0]
        verifier, solution = step.verifier, step.solution
        if (
            task.environment.sidecars
            or len(task.steps) > 1
            or step.name
            or verifier.separate
            or verifier.owns_tests
            or verifier.same_shell
        ):
            return None
        if solution is None or solution.keys or any(map(_is_compiled, verifier.folders)):
            return None
        tests, environment = list(verifier_texts(task, step).values()), list(environment_texts(task))
        written = [
            path.read_bytes().decode("utf-8", "replace") for path in solution.folder.rglob("*") if path.is_file()
        ]
        if reads_times([*tests, *environment, *written]):
            return None
        if reads_solution([*tests, *environment], (solution.target, solution.script.name)):
            return None
        return (solution.target, *(() if reads_logs([*tests, *environment]) else (SOLVE_LOG, EXIT_CODE)))

    def look(self, plan: Plan) -> EndLook:
        """A control's is looked at however large it is: variants are held against it."""
        solution = self._task.steps[0].solution
        assert solution is not None
        return EndLook(self.aside or (), solution.target, 64 << 20 if plan.kind is Kind.MUTANT else 1 << 29)

    def same(self, end: BoxEnd, plan: Plan) -> TrialRecord | None:
        """A trial that left just that and was verified under the same terms, one of the reference before any other."""
        with self._lock:
            there = self._known.get(end.digest, [])
            fitting = [one for one in there if _same_terms(one, plan) and one.end.like(end)]
        fitting.sort(key=lambda one: one.record.kind is not Kind.REFERENCE)
        return fitting[0].record if fitting else None

    @property
    def tells_all(self) -> bool:
        """Whether the tests look at nothing but files of the box, the solution's log not among them."""
        return self.aside is not None and SOLVE_LOG in self.aside

    def differing(self, end: BoxEnd) -> str:
        """Of the reference, begun elsewhere: a path in which all its plain runs are the same and this one is not."""
        with self._lock:
            plain = [
                one.end.entries
                for there in self._known.values()
                for one in there
                if one.record.kind is Kind.REFERENCE and not one.record.begun
            ]
        for path in sorted({path for one in [*plain, end.entries] for path in one}):
            ways = {one.get(path) for one in plain}
            if len(ways) == 1 and end.entries.get(path) not in ways and not NOISE.search(path):
                return path
        return "" if len(plain) > 1 else "nothing to compare with"

    def put(self, end: BoxEnd, plan: Plan, record: TrialRecord) -> None:
        """Only what came to its end says anything of others."""
        verified = record.phase(PhaseName.VERIFY)
        if record.trouble or verified is None or verified.timed_out or record.overrun or record.rewards is None:
            return
        if any(step.proof.evidence in MACHINE or step.proof.never_ran for step in record.steps):
            return
        with self._lock:
            self._known.setdefault(end.digest, []).append(_Ended(end, plan, record))
            if record.kind is Kind.REFERENCE and not record.reused:
                self._quick |= quick(record)


def quick(record: TrialRecord) -> bool:
    """Whether looking at what it left would take as long as its tests."""
    return all(record.seconds_of(name) < LEAST for name in (PhaseName.SOLVE, PhaseName.VERIFY))


def _same_terms(one: _Ended, plan: Plan) -> bool:
    """Where all is paid, neither a stop at the first failure nor known complaints play a part."""
    if one.plan.networks != plan.networks:
        return False
    if one.record.kind is Kind.REFERENCE:
        return True
    mine, other = one.plan.purpose, plan.purpose
    assert isinstance(mine, Judge)
    assert isinstance(other, Judge)
    return one.plan.known == plan.known and mine.first_failure == other.first_failure


def _is_compiled(folder: Path) -> bool:
    """Programs among the tests that nobody can read."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(4) in _COMPILED:
                    return True
    return False
