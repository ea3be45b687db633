"""Mutants against tests: which test noticed what, which never did, and the fewest that would do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.trial.record import TrialRecord
from harness.verifier.test_report import BAD, TestStatus


@dataclass(frozen=True, slots=True)
class Matrix:
    tests: tuple[str, ...]
    """Every test that the reference's runs report, in their order."""
    kills: Mapping[str, frozenset[str]]
    """Mutant id -> the tests that failed for it; only killed mutants whose tests are known."""
    vacuous: tuple[str, ...]
    """Passed for every mutant and every control, the untouched environment included."""
    decorative: tuple[str, ...]
    """Never the only one to fail: without it every kill stands."""
    enough: tuple[str, ...]
    """A small set of tests that keeps every kill (greedy, so at most ln(n) times the smallest)."""


def matrix(
    references: Sequence[TrialRecord], controls: Sequence[TrialRecord], killed: Mapping[str, TrialRecord]
) -> Matrix | None:
    """None where the verifier does not report single tests. `controls` are the nop and the hollow solution."""
    tests = tuple(dict.fromkeys(name for record in references for name in results(record)))
    if not tests:
        return None
    kills = {ident: frozenset(failing(record)) & frozenset(tests) for ident, record in killed.items()}
    kills = {ident: names for ident, names in kills.items() if names}
    by_control = {name for record in controls for name in failing(record)}
    # A control whose tests did not report says nothing about any of them.
    told = bool(controls) and all(set(tests) <= set(results(record)) for record in controls)
    noticed = {name for names in kills.values() for name in names}
    # Nor does a mutant whose tests were stopped at the first failure say anything about those that never ran.
    ran = [set(results(record)) for record in killed.values()]
    # A test that was skipped has not passed.
    passed = {name for record in references for name, status in results(record).items() if status is TestStatus.PASSED}
    vacuous = tuple(
        name
        for name in tests
        if killed and told and name in passed - noticed - by_control and all(name in names for names in ran)
    )
    alone = {next(iter(names)) for names in kills.values() if len(names) == 1}
    decorative = tuple(name for name in tests if name in noticed and name not in alone)
    return Matrix(tests, kills, vacuous, decorative, _cover(kills, tests))


def results(record: TrialRecord) -> dict[str, TestStatus]:
    return {test.name: test.status for step in record.steps for test in step.report.tests}


def failing(record: TrialRecord) -> list[str]:
    return [name for name, status in results(record).items() if status in BAD]


def _cover(kills: Mapping[str, frozenset[str]], tests: Sequence[str]) -> tuple[str, ...]:
    left = dict(kills)
    chosen: list[str] = []
    while left:
        best = max(tests, key=lambda name: (sum(name in names for names in left.values()), -tests.index(name)))
        chosen.append(best)
        left = {ident: names for ident, names in left.items() if best not in names}
    return tuple(name for name in tests if name in chosen)
