"""How far one stated requirement is tested: the finding and the page beside the instruction both say this. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.judging.outcome import COUNTED, DETECTED, OutcomeKind
from mutator.relevance import FLAG, Requirement

SHORTEST = 4
"""Words. A shorter requirement is a piece of a line, which only the whole line explains."""


class Coverage(StrEnum):
    TESTED = "tested"
    IN_PART = "in-part"
    UNTESTED = "untested"
    NOT_PROBED = "not-probed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a finding needs of a mutant's result."""

    id: str
    step: str
    sentence: str
    place: str
    kind: OutcomeKind
    requirement: Requirement | None
    evidence: tuple[str, ...]
    relevance: float


@dataclass(frozen=True, slots=True)
class Tested:
    """What the mutants that break one requirement before any other say about its tests."""

    state: Coverage
    caught: int
    counted: int
    paid: tuple[Seen, ...]
    unused: tuple[str, ...]
    """Options that paid mutants break and that occur nowhere in the tests: what was caught was not caught for them."""


def how_tested(members: Sequence[Seen], tests: str) -> Tested:
    """`tests`: the verifier's own text."""
    counted = [one for one in members if one.kind in COUNTED]
    caught = sum(one.kind in DETECTED for one in counted)
    paid = tuple(one for one in counted if one.kind is OutcomeKind.SURVIVED)
    unused = _unused(paid, tests)
    partly = any(one.kind is OutcomeKind.PARTIAL for one in counted)
    if not counted:
        state = Coverage.NOT_PROBED
    elif caught == len(counted):
        state = Coverage.TESTED
    elif unused or not (caught or partly):
        state = Coverage.UNTESTED
    else:
        state = Coverage.IN_PART
    return Tested(state, caught, len(counted), paid, unused)


def _unused(paid: Sequence[Seen], tests: str) -> tuple[str, ...]:
    broken = dict.fromkeys(
        token
        for one in paid
        for token in one.evidence
        if one.requirement is not None and one.requirement.tokens.get(token, 0.0) >= FLAG
    )
    flags = [token for token in broken if token.startswith("-")]
    return tuple(flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", tests))


def stated(instruction: str, text: str, line: int) -> str:
    """The requirement as a person reads it: a piece such as `[--dry-run]` in the line where it stands."""
    lines = instruction.splitlines()
    if len(text.split()) >= SHORTEST or not 0 < line <= len(lines):
        return text
    return lines[line - 1].strip().lstrip("-*").strip() or text
