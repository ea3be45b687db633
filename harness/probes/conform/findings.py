"""What is said of a reference that breaks its own instruction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.probes.conform.model import ClaimState, TriedClaim
from harness.task.model import Task
from harness.task.texts import relative

SHOWN = 8


def findings(task: Task, claims: Sequence[TriedClaim]) -> Iterator[Finding]:
    """One of what is plain, and one of what somebody should look at."""
    broken = [one for one in claims if one.state is ClaimState.BROKEN]
    plain = [one for one in broken if one.claim.plain]
    leads = [one for one in broken if not one.claim.plain]
    if plain:
        count = f"{len(plain)} plain claims" if len(plain) > 1 else "a plain claim"
        yield _finding(task, plain, f"The reference is paid and breaks {count} of its instruction", Severity.WARNING)
    if leads:
        count = f"{len(leads)} sentences" if len(leads) > 1 else "a sentence"
        yield _finding(task, leads, f"The reference may break {count} of its instruction", Severity.NOTE)


def _finding(task: Task, claims: Sequence[TriedClaim], title: str, severity: Severity) -> Finding:
    return finding(
        "reference-breaks-instruction",
        title,
        [_told(one) for one in claims[:SHOWN]],
        Location(relative(task, task.steps[0].instruction_file), claims[0].claim.line),
        severity=severity,
        advice=None if severity is Severity.WARNING else "Read the sentence beside what the reference does.",
    )


def _told(one: TriedClaim) -> str:
    said = " ".join(one.claim.sentence.split())
    return (
        f"line {one.claim.line}: {said[:200]} | {one.how}: expected {one.expected or 'it'}, got {one.got or 'nothing'}"
    )
