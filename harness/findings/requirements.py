"""How far one stated requirement is tested: the finding and the page beside the instruction both say this. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.judging.outcome import COUNTED, DETECTED, OutcomeKind
from mutator.relevance import FLAG, NAME, Requirement

SHORTEST = 4
"""Words. A shorter requirement is a piece of a line, which only the whole line explains."""

SURE = 1.8
"""A link's score from which on hardly any names the wrong sentence."""
_NUMBER = re.compile(r"[\d.,:%-]+")


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
    waits: bool = False
    """It only changes how long the solution waits for what it has started: that breaks nothing that is stated."""
    serves: bool = True
    """What it changes serves the requirement before any other."""
    slight: bool = False
    """It changes a number, or drops a check of what is given: right results may come of it all the same."""

    beside: bool = False
    """The sentence says nothing of what it loses, whatever words they share."""

    unseen: bool = False
    """Somebody looked what it does otherwise, and saw nothing."""

    @property
    def named(self) -> bool:
        """Whether a name of its own ties it to the requirement: a path, an option, a key."""
        return self._weight >= NAME

    @property
    def telling(self) -> bool:
        """Whether it can be said to break this sentence and no other: an option or a name ties it to that, or two words
        do, or one and how strongly, where its effect was seen or nobody looked. A bare number stands in many."""
        if self.beside:
            return False
        if self._weight >= FLAG:
            return True
        words = sum(not is_number(token) for token in self.evidence)
        by_words = not self.unseen and (words >= 2 or (words == 1 and self.relevance >= SURE))
        return self.serves and not self.slight and (self.named or by_words)

    @property
    def _weight(self) -> float:
        tokens = self.requirement.tokens if self.requirement is not None else {}
        return max((tokens.get(token, 0.0) for token in self.evidence if not is_number(token)), default=0.0)


def is_number(token: str) -> bool:
    return _NUMBER.fullmatch(token) is not None


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
    counted = [one for one in members if one.kind in COUNTED and not one.waits]
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
        if not one.beside and one.requirement is not None and one.requirement.tokens.get(token, 0.0) >= FLAG
    )
    flags = [token for token in broken if token.startswith("-")]
    return tuple(flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", tests))


def stated(instruction: str, text: str, line: int) -> str:
    """The requirement as a person reads it: a piece such as `[--dry-run]` in the line where it stands."""
    lines = instruction.splitlines()
    if len(text.split()) >= SHORTEST or not 0 < line <= len(lines):
        return text
    return lines[line - 1].strip().lstrip("-*").strip() or text


_LOOP = re.compile(r"^\s*(?:for|while|until)\b.*\bdo\b|^\s*(?:for|while|until)\b.*[^:]$")
_ENDS_WELL = re.compile(r"\bbreak\b|\bexit\b|^\s*until\b|^\s*while\s+!")


def only_waits(diff: str) -> bool:
    """Whether all that a diff of a shell script changes lies in a loop that does nothing but wait until something
    answers: it sleeps, and ends once a probe goes well."""
    lines = [line for line in diff.splitlines() if line[:1] in " +-" and not line.startswith(("---", "+++"))]
    changed = {number for number, line in enumerate(lines) if line[0] in "+-"}
    before = [(number, line[1:]) for number, line in enumerate(lines) if line[0] != "+"]
    inside: set[int] = set()
    begun: list[tuple[int, str]] = []
    for number, line in before:
        if not begun and not _LOOP.match(line):
            continue
        begun.append((number, line))
        if re.search(r"(?:^|;)\s*done\b", line):
            body = [each for _, each in begun]
            if any(re.search(r"\bsleep\b", each) for each in body) and any(_ENDS_WELL.search(each) for each in body):
                inside |= set(range(begun[0][0], number + 1))
            begun = []
    removed = {number for number in changed if lines[number][0] == "-"}
    return bool(removed) and removed <= inside
