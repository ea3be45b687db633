"""What is wrong with a reward besides its strength, in a word each: labels stand beside the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.findings.catalogue import about
from harness.findings.model import Finding, Label, Severity

MEANING: Mapping[Label, str] = {
    Label.OVER_STRICT: "Right work is refused: the tests demand what nobody states, or how a thing is written.",
    Label.FORGEABLE: "Work that was not done is paid, by an attack that the format does not leave open.",
    Label.GIVEN_AWAY: "The answer, or the tests, can be read where the work begins.",
    Label.FAKE_PAID: "Outputs that only look right are paid: the tests compare their shape and not what they say.",
}
COUNTING = frozenset({Severity.ERROR, Severity.WARNING})


def labels(findings: Iterable[Finding]) -> tuple[Label, ...]:
    """Only what is more than a note gives a task its label."""
    given = {about(one.id).label for one in findings if one.severity in COUNTING}
    return tuple(label for label in Label if label in given)


def label_of(finding: str) -> Label | None:
    """The label that a finding of this id gives its task, where it is more than a note."""
    return about(finding).label
