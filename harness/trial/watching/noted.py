"""Reads the recorded values of loose assertions as plain values. The text comes from a box, so anything malformed is
left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLUGIN = "foolsgold_tighten"
MOST = 20_000
"""The most values of a step that are read."""
LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Noted:
    """The values of one rewritten assertion in one test, in order; a value that repeats at once is kept once."""

    step: str
    test: str
    """Its id in pytest: `test_a.py::TestB::test_c[1]`."""
    number: int
    """The number of the assertion."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything that was recorded in a tightening run."""

    begun: bool
    """Whether a pytest loaded the plugin."""
    noted: tuple[Noted, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()
    """Step and name of each test that passed."""

    def and_then(self, later: Notes) -> Notes:
        """Together with the records of the next step."""
        return Notes(self.begun and later.begun, self.noted + later.noted, self.passed + later.passed)

    def values(self) -> Mapping[tuple[str, str, int], tuple[str, ...]]:
        """Only the values of tests that passed."""
        passed = frozenset(self.passed)
        return {(one.step, one.test, one.number): one.values for one in self.noted if (one.step, one.test) in passed}


def read_notes(data: bytes | None, step: str) -> Notes:
    begun, count = False, 0
    values: dict[tuple[str, int], list[str]] = {}
    outcomes: dict[str, str] = {}
    for raw in (data or b"").splitlines():
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if not isinstance(said, dict):
            continue
        if said.get("begun") is True:
            begun = True
        elif isinstance(said.get("test"), str) and len(said["test"]) <= LONGEST:
            outcome = said.get("outcome")
            if isinstance(outcome, str):
                if outcomes.get(said["test"]) not in ("failed", "skipped"):
                    outcomes[said["test"]] = outcome
            elif count < MOST and _value(said, values):
                count += 1
    passed = tuple((step, test) for test, outcome in outcomes.items() if outcome == "passed")
    noted = tuple(Noted(step, test, number, tuple(found)) for (test, number), found in values.items())
    return Notes(begun, noted, passed)


def _value(said: Mapping[str, Any], into: dict[tuple[str, int], list[str]]) -> bool:
    number, value = said.get("number"), said.get("value")
    if isinstance(number, bool) or not isinstance(number, int) or not isinstance(value, str):
        return False
    found = into.setdefault((said["test"], number), [])
    text = value[:LONGEST].encode("utf-8", "backslashreplace").decode()
    if not found or found[-1] != text:
        found.append(text)
    return True
