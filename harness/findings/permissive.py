"""Assertions that let wrong work through: suspected from the tests, confirmed by a variant that was paid. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location
from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from mutator.model import Mutant
from mutator.relevance import CONCEPT, NAME, Relevance, Requirement, stated, tokens_of

SHOWN = 5

_ORDER = tuple(LeadKind)
_SAYS_NOTHING = frozenset({LeadKind.SKIPS})
"""Whether a test that may end early did end early is not in its text."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A survivor, and what is known of the tests that ran over it."""

    mutant: Mutant
    requirement: Requirement | None
    passed: frozenset[str]
    """Names of the tests that passed for it, as reported; empty where single tests are not reported."""


def confirmed(tests: Sequence[TestFunction], survivors: Sequence[Paid]) -> Iterator[tuple[Lead, tuple[Paid, ...]]]:
    """Each lead in a test that concerns what a survivor breaks and passed for it all the same."""
    rows = [_row(index, test) for index, test in enumerate(tests)]
    relevance = Relevance(rows)
    witnesses: dict[int, list[Paid]] = {}
    for paid in survivors:
        if paid.requirement is None:
            continue
        for link in relevance.links(paid.mutant):
            test = tests[link.requirement]
            if _concerns(rows[link.requirement], paid.requirement) and _passed(test, paid):
                witnesses.setdefault(link.requirement, []).append(paid)
    for index, found in witnesses.items():
        for lead in tests[index].leads:
            if lead.kind not in _SAYS_NOTHING:
                yield lead, tuple(found)


def _row(index: int, test: TestFunction) -> Requirement:
    """What a test is about: what its text names, and the behaviour that its own name tells of."""
    behaviour = dict.fromkeys(stated(test.name.replace("_", " ")), CONCEPT)
    return Requirement(index, test.name, test.line, test.file, tokens_of(test.text, code=True) | behaviour)


def _concerns(test: Requirement, requirement: Requirement) -> bool:
    """Whether a test and a sentence speak of the same: one telling token in common, or two plain words."""
    shared = [min(weight, test.tokens[token]) for token, weight in requirement.tokens.items() if token in test.tokens]
    return any(weight >= NAME for weight in shared) or len(shared) >= 2


def _passed(test: TestFunction, paid: Paid) -> bool:
    if not paid.passed:
        return True
    name = re.compile(rf"(?:^|[.:/\s]){re.escape(test.name)}(?:\[|\s|$|\()")
    return any(name.search(reported) for reported in paid.passed)


def permissive_findings(tests: Sequence[TestFunction], survivors: Sequence[Paid]) -> tuple[list[Finding], list[Lead]]:
    """(a finding for each lead with a witness, the leads without one)."""
    found: dict[Lead, tuple[Paid, ...]] = {}
    for lead, witnesses in confirmed(tests, survivors):
        found.setdefault(lead, witnesses)
    # One suspicion a test is enough to point at it: the most telling kind.
    chosen: dict[tuple[str, str], Lead] = {}
    for lead in sorted(found, key=lambda one: (_ORDER.index(one.kind), one.line)):
        chosen.setdefault((lead.file, lead.test), lead)
    findings = [_finding(lead, found[lead]) for lead in chosen.values()]
    leads = [lead for test in tests for lead in test.leads if lead not in found]
    return findings, leads


def _finding(lead: Lead, witnesses: Sequence[Paid]) -> Finding:
    evidence = [f"paid in full: {one.mutant.sentence} (mutant {one.mutant.id})" for one in witnesses[:SHOWN]]
    if len(witnesses) > SHOWN:
        evidence.append(f"and {len(witnesses) - SHOWN} more")
    return finding(
        "permissive-assertion",
        f"Permissive assertion: {lead.sentence}",
        evidence,
        Location(lead.file, lead.line),
        advice="Assert exactly what the instruction says, so that these variants fail.",
    )


def unread_finding(unread: Sequence[str]) -> Iterator[Finding]:
    if unread:
        many = len(unread) > 1
        yield finding(
            "tests-unread",
            f"{len(unread)} file{'s' * many} of the verifier {'are' if many else 'is'} no Python that can be read, and "
            f"give{'' if many else 's'} no suspicion",
            tuple(unread),
            advice="",
        )
