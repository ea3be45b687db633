"""Variants that somebody else meant to be wrong, and that were paid. They make no verdict: see docs/models.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity

SHOWN = 8


@dataclass(frozen=True, slots=True)
class PaidProposal:
    """A proposed variant that was paid as the reference is."""

    sentence: str
    """With its label."""
    source: str
    stated: bool
    """By the links' rules it breaks what the instruction states."""


def proposed_findings(paid: Sequence[PaidProposal], of: int) -> Iterator[Finding]:
    """A warning where one of them breaks what is stated; what its maker says of it is no evidence."""
    if not paid:
        return
    stated = sum(one.stated for one in paid)
    sources = " and ".join(sorted({one.source or "somebody" for one in paid}))
    were = "1 of them breaks" if stated == 1 else f"{stated} of them break"
    verb = "was" if len(paid) == 1 else "were"
    title = f"{len(paid)} of {of} variants that {sources} meant to be wrong {verb} paid in full"
    title += f", and {were} what the instruction states" if stated else ""
    first = sorted(paid, key=lambda one: not one.stated)
    evidence = [f"{one.sentence}: by {one.source or 'somebody'}" for one in first[:SHOWN]]
    evidence += [f"and {len(first) - SHOWN} more"] if len(first) > SHOWN else []
    yield finding(
        "proposed-variant-paid", title, tuple(evidence), severity=Severity.WARNING if stated else Severity.NOTE
    )
