"""Assertions that let wrong work through: suspected from the tests, confirmed by tightening them. Pure.

The tight assertion asks for what the reference gives. It has to hold for the reference, run after run, and for right
solutions that are written otherwise, and to fail for a variant that breaks a stated requirement and is paid. What is
not shown so stays a suspicion.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location
from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from harness.testcode.assertions.tighten import Asks, Tightening
from mutator.model import Mutant
from mutator.relevance import CONCEPT, NAME, Requirement, stated, tokens_of

SHOWN = 3
MOST = 6
"""Findings of one task: whoever has mended so many knows how to go on."""
LONGEST = 160
_ORDER = tuple(LeadKind)

Key = tuple[str, str, int]
"""Step, test and number of the assertion."""
Values = Mapping[Key, tuple[str, ...]]
"""What assertions looked at in one run, in the tests that passed."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A survivor that breaks a stated requirement, and what the assertions saw of it."""

    mutant: Mutant
    step: str
    requirement: Requirement
    values: Values


@dataclass(frozen=True, slots=True)
class Tightened:
    """A task's tightening runs."""

    assertions: Mapping[str, Sequence[Tightening]] = field(default_factory=dict)
    """By step."""
    reference: Sequence[Values] = ()
    right: Sequence[Values] = ()
    """Of right solutions that are written otherwise, and that all the tests passed for."""
    witnesses: Sequence[Witness] = ()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What confirms one lead."""

    lead: Lead
    evidence: tuple[str, ...]


def permissive_findings(tests: Sequence[TestFunction], found: Tightened) -> tuple[list[Finding], list[Lead]]:
    """(a finding for each assertion that tightening confirms, the other leads)."""
    shown: dict[Lead, _Shown] = {}
    for step, assertions in found.assertions.items():
        for one in assertions:
            evidence = _fails(one, step, found, tests) or _never_seen(one, step, found, tests)
            if evidence and not _seen_elsewhere(one.lead, tests):
                shown.setdefault(one.lead, _Shown(one.lead, tuple(evidence)))
    leads = [lead for test in tests for lead in test.leads if lead not in shown]
    return list(_findings(shown.values())), leads


def _fails(one: Tightening, step: str, found: Tightened, tests: Sequence[TestFunction]) -> list[str]:
    """The variants for which the tight assertion fails, of those that break what its test is about: what a program
    prints about its usage differs for each of its options."""
    reference = _steady(one, step, found)
    rows = [_row(test) for test in tests if (test.file, test.name) == (one.lead.file, one.lead.test)]
    told: list[str] = []
    for witness in found.witnesses:
        if witness.step != step or not any(_concerns(row, witness.requirement) for row in rows):
            continue
        for key, values in reference.items():
            seen = witness.values.get(key, ())
            if seen and values and not _agree(one.asks, values, seen):
                told.append(
                    f"paid in full: {witness.mutant.sentence} (mutant {witness.mutant.id}): here it is "
                    f"{_apart(seen, values)}, with the reference {_apart(values, seen)}"
                )
                break
    if not told:
        return []
    more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return [_held(one, found), *told[:SHOWN], *more]


def _row(test: TestFunction) -> Requirement:
    """What a test is about: what its text names, and the behaviour that its own name tells of."""
    behaviour = dict.fromkeys(stated(test.name.replace("_", " ")), CONCEPT)
    return Requirement(0, test.name, test.line, test.file, tokens_of(test.text, code=True) | behaviour)


def _concerns(test: Requirement, requirement: Requirement) -> bool:
    """Whether a test and a sentence speak of the same: one telling token in common, or two plain words."""
    shared = [min(weight, test.tokens[token]) for token, weight in requirement.tokens.items() if token in test.tokens]
    return any(weight >= NAME for weight in shared) or len(shared) >= 2


def _held(one: Tightening, found: Tightened) -> str:
    right = len(found.right)
    others = f" and for {right} right variant{'s' * (right != 1)} of it" if right else ""
    return (
        f"tightened to ask for {one.asks}, it holds for the reference in {len(found.reference)} runs{others}, and "
        "fails for what is paid today"
    )


def _steady(one: Tightening, step: str, found: Tightened) -> dict[Key, tuple[str, ...]]:
    """What the assertion sees of the reference, where that is the same in every run and for every right variant."""
    if not found.reference:
        return {}
    first, *others = found.reference
    mine = {key: values for key, values in first.items() if key[0] == step and key[2] == one.number}
    return {
        key: values
        for key, values in mine.items()
        if all(key in each and _agree(one.asks, values, each[key]) for each in (*others, *found.right))
    }


def _agree(asks: Asks, one: Sequence[str], other: Sequence[str]) -> bool:
    if asks is not Asks.NUMBER:
        return one == other
    return len(one) == len(other) and all(_near(_number(a), _number(b)) for a, b in zip(one, other, strict=True))


def _number(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _near(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_near(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return one == other


_STATUS = re.compile(r"\b[1-5]\d\d\b")


def _never_seen(one: Tightening, step: str, found: Tightened, tests: Sequence[TestFunction]) -> list[str]:
    """An assertion takes a failure as well, the instruction asks for that failure, and no test ever sees it: not for
    the reference, and in no other assertion. So those who break what the instruction says of it are paid."""
    if one.asks is not Asks.STATUS:
        return []
    seen = _steady(one, step, found)
    given = {status for values in seen.values() for status in values}
    for status in dict.fromkeys(_STATUS.findall(one.lead.code)):
        if int(status) < 400 or status in given or not given:
            continue
        if any(_asks_for(status, test, one.lead) for test in tests):
            continue
        broken = [each for each in found.witnesses if each.step == step and status in each.requirement.tokens]
        if broken:
            unseen = (
                f"it takes {status}, which the instruction asks for and no test ever sees: with the reference it is "
                f"{', '.join(sorted(given))} here in {len(found.reference)} runs, and no other assertion has {status}"
            )
            return [
                unseen,
                *(f"paid in full: {each.mutant.sentence} (mutant {each.mutant.id})" for each in broken[:SHOWN]),
            ]
    return []


def _asks_for(status: str, test: TestFunction, lead: Lead) -> bool:
    if test.name == lead.test and test.file == lead.file:
        return len(re.findall(rf"\b{status}\b", test.text)) > len(re.findall(rf"\b{status}\b", lead.code))
    return re.search(rf"\b{status}\b", test.text) is not None


_THERE = re.compile(r"(\w+)\.(?:exists|is_file|is_dir)\(|(?:exists|isfile|isdir)\((\w+)\)")


def _seen_elsewhere(lead: Lead, tests: Sequence[TestFunction]) -> bool:
    """Whether what one test looks for is looked into by another one: then it is that one which is too loose."""
    if lead.kind is not LeadKind.EXISTENCE_ONLY:
        return False
    names = {name for match in _THERE.findall(lead.code) for name in match if name}
    names |= {path.rsplit("/", 1)[-1] for path in re.findall(r"['\"]([^'\"]+)['\"]", lead.code)}
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", test.text)
        for test in tests
        if (test.file, test.name) != (lead.file, lead.test)
        and not any(each.kind is LeadKind.EXISTENCE_ONLY for each in test.leads)
        for name in names
    )


def _findings(shown: Iterable[_Shown]) -> Iterator[Finding]:
    """One suspicion a test is enough to point at it: the most telling kind. The same assertion is said once."""
    chosen: dict[tuple[str, str], _Shown] = {}
    for one in sorted(shown, key=lambda each: (_ORDER.index(each.lead.kind), each.lead.line)):
        chosen.setdefault((one.lead.file, one.lead.test), one)
    by_code: dict[tuple[str, str], list[_Shown]] = {}
    for one in chosen.values():
        by_code.setdefault((one.lead.file, one.lead.code or one.lead.test), []).append(one)
    groups = list(by_code.values())
    for number, group in enumerate(groups[:MOST], 1):
        first = group[0]
        evidence = list(first.evidence)
        if len(group) > 1:
            evidence.append(f"the same in {', '.join(each.lead.test for each in group[1 : 1 + SHOWN])}")
        if number == MOST and len(groups) > MOST:
            evidence.append(f"and {len(groups) - MOST} more tests have such an assertion")
        yield finding(
            "permissive-assertion",
            f"Permissive assertion: {first.lead.sentence}",
            evidence,
            Location(first.lead.file, first.lead.line),
            advice="Assert exactly what the instruction says, so that these variants fail.",
        )


def _apart(values: Sequence[str], other: Sequence[str]) -> str:
    """The first part of what was seen that differs from the other."""
    index = next((at for at, (a, b) in enumerate(zip(values, other, strict=False)) if a != b), 0)
    mine = values[index].splitlines() or [""]
    theirs = (other[index] if index < len(other) else "").splitlines()
    lines = [line for line in mine if line not in theirs] or mine
    text = lines[0].strip()
    if not text:
        return "nothing"
    return f"`{text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}`"


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
