"""A hardening's trials: observed ones with cases, and judged ones with the new tests, counted against a budget."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.attempts.running import Way
from harness.harden.choosing import Seens
from harness.harden.model import BoxCase, Survivor
from harness.lab.lab import IDLE, Place
from harness.lab.together import Together
from harness.probes.model import Attempt
from harness.stages.mutants import Terms
from harness.trial.circumstances import Circumstances
from harness.trial.plan import Judge, Observe, Plan, Purpose, Replacement, WatchTests
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.verifier.test_report import BAD, TestStatus

CASES_SECONDS = 90.0
OWN_PATIENCE, PATIENCE = 10.0, 4.0
"""Seconds for a case on what is right, and on what may not end."""


class Spent(Exception):
    """The budget does not allow more trials."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right solution by other means, which the user gave."""

    name: str
    way: Way


@dataclass
class Trials:
    """Runs plans of one task. `left`: how many it may still run."""

    place: Place
    terms: Terms
    left: int
    run: int = 0
    step: str = ""
    """In which cases are done, of a task with several."""

    async def all(self, plans: Sequence[Plan]) -> list[TrialRecord]:
        if len(plans) > self.left:
            raise Spent
        self.left -= len(plans)
        self.run += len(plans)
        async with Together() as group:
            tasks = [group.create_task(self.place.trial(plan, IDLE)) for plan in plans]
        return [task.result() for task in tasks]

    def reference(self, label: str, purpose: Purpose, number: int = 0) -> Plan:
        # Each run has another machine's name, and so other process ids, times and folders besides.
        around = Circumstances(hostname=f"berth-{number}") if number else Circumstances()
        return self._plan(Kind.REFERENCE, label, Replacement(), purpose, around)

    def survivor(self, one: Survivor, label: str, purpose: Purpose) -> Plan:
        return self._plan(Kind.MUTANT, f"{one.label} {label}", Replacement(one.files, one.step or None), purpose)

    def attempt(self, one: Attempt, label: str, purpose: Purpose) -> Plan:
        return self._plan(Kind.PROBE, f"{one.label} {label}", one.replacement, purpose, one.circumstances)

    def right(self, one: Right, label: str, purpose: Purpose) -> Plan:
        plan = self._plan(Kind.PROBE, f"right/{one.name} {label}", one.way.replacement, purpose)
        return replace(plan, actions=one.way.actions, by_step=one.way.by_step)

    def nop(self, label: str, purpose: Purpose) -> Plan:
        return self._plan(Kind.NOP, label, Replacement(), purpose)

    def cases(self, cases: Sequence[BoxCase], patience: float = OWN_PATIENCE) -> Observe:
        given = {"seconds": CASES_SECONDS, "patience": patience, "cases": [case.to_json() for case in cases]}
        return Observe(cases=json.dumps(given), step=self.step)

    def _plan(
        self, kind: Kind, label: str, replacement: Replacement, purpose: Purpose, around: Circumstances | None = None
    ) -> Plan:
        terms = self.terms
        return Plan(
            kind,
            label,
            replacement,
            terms.networks,
            terms.own_limits,
            terms.known,
            around or Circumstances(),
            purpose,
        )

    def elsewhere(self, place: Place) -> Trials:
        """The same of another version of the task."""
        return replace(self, place=place, run=0)


def seens_of(record: TrialRecord) -> Seens | None:
    """None where the trial did not come to its cases."""
    if record.observed is None or not record.observed.cases:
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for line in record.observed.cases.splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict) and isinstance(said.get("id"), str) and isinstance(said.get("seen"), dict):
            found[said["id"]] = said["seen"]
    return found or None


_SAID = re.compile(r"^(PASS|FAIL): ([a-z_][a-z0-9_]*)$", re.MULTILINE)
"""What a new test of a shell script says of itself."""


def results_of(record: TrialRecord) -> dict[str, bool]:
    """Test function -> whether it passed; a function that ran with several inputs passed with all of them."""
    found: dict[str, bool] = {}
    if record.looked is not None:
        for seen in record.looked.tests:
            name = seen.function.rpartition("::")[2]
            found[name] = found.get(name, True) and seen.outcome == "passed"
        return found
    for phase in record.phases:
        if phase.name is PhaseName.VERIFY:
            found.update({name: said == "PASS" for said, name in _SAID.findall(phase.log)})
    for step in record.steps:
        for test in step.report.tests:
            name = test.name.partition("[")[0].rpartition("::")[2].rpartition(".")[2].strip()
            if test.status in BAD or test.status is TestStatus.PASSED:
                found[name] = found.get(name, True) and test.status is TestStatus.PASSED
    return found


JUDGED = Judge()
WATCHED = WatchTests()
