"""What is wrong with a reward besides its strength, in a word each: labels stand beside the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from harness.findings.model import Finding, Severity


class Label(StrEnum):
    OVER_STRICT = "over-strict"
    FORGEABLE = "forgeable"
    GIVEN_AWAY = "given-away"


MEANING: Mapping[Label, str] = {
    Label.OVER_STRICT: "Right work is refused: the tests demand what nobody states, or how a thing is written.",
    Label.FORGEABLE: "Work that was not done is paid, by a means that the format need not leave open.",
    Label.GIVEN_AWAY: "The answer, or the tests, can be read where the work begins.",
}
FINDINGS: Mapping[Label, frozenset[str]] = {
    Label.OVER_STRICT: frozenset({"hidden-requirement", "rejects-right-solution"}),
    Label.FORGEABLE: frozenset({"reward-forgeable"}),
    Label.GIVEN_AWAY: frozenset({"answer-given-away", "answer-in-image", "tests-in-image"}),
}
COUNTING = frozenset({Severity.ERROR, Severity.WARNING})


def labels(findings: Iterable[Finding]) -> tuple[Label, ...]:
    """Only what is more than a note gives a task its label."""
    ids = {one.id for one in findings if one.severity in COUNTING}
    return tuple(label for label in Label if ids & FINDINGS[label])
