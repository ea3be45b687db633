"""What the proof trials showed of each new test. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.harden.model import Written

Results = Mapping[str, bool]
"""Test function -> whether it passed, in one trial."""


@dataclass(frozen=True, slots=True)
class Trialed:
    """A proof trial: of what, and what each test did there."""

    what: str
    results: Results
    paid: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """Of one test."""

    reference: tuple[int, int] = (0, 0)
    """How often it passed on the reference, of how many runs."""
    catches: tuple[str, ...] = ()
    """Survivors on which it failed, in every run of theirs."""
    variants: tuple[int, int] = (0, 0)
    rights: tuple[int, int] = (0, 0)
    nop: str = ""
    """fails, passes or not run."""
    refused: str = ""
    """Why it is thrown away; '' where it is kept."""


@dataclass
class ProofTrials:
    reference: list[Trialed] = field(default_factory=list)
    survivors: dict[str, list[Trialed]] = field(default_factory=dict)
    variants: list[Trialed] = field(default_factory=list)
    rights: list[Trialed] = field(default_factory=list)
    nop: list[Trialed] = field(default_factory=list)


def prove(test: Written, evidence: ProofTrials) -> Proven:
    name = test.name
    reference = [one.results.get(name) for one in evidence.reference]
    caught = tuple(
        label
        for label, trials in sorted(evidence.survivors.items())
        if trials and all(one.results.get(name) is False and not one.paid for one in trials)
    )
    variants, variant = _passed(name, evidence.variants)
    rights, right = _passed(name, evidence.rights)
    nop = next((one.results.get(name) for one in evidence.nop), None)
    refused = ""
    if None in reference:
        refused = "the task's own runner does not run it"
    elif not all(reference):
        refused = f"it fails on the reference in {reference.count(False)} of {len(reference)} runs"
    elif not caught:
        refused = "it fails on none of the survivors"
    elif variant:
        refused = f"it refuses a right variant: {variant}"
    elif right:
        refused = f"it refuses a right solution: {right}"
    elif rights[1] < len(evidence.rights):
        refused = "it did not run on every right solution"
    return Proven(
        (reference.count(True), len(reference)),
        caught,
        variants,
        rights,
        {True: "passes", False: "fails", None: "not run"}[nop],
        refused,
    )


def _passed(name: str, trials: Sequence[Trialed]) -> tuple[tuple[int, int], str]:
    """How many of these it passed of how many, and the first that it did not."""
    ran = [one for one in trials if name in one.results]
    refused = [one.what for one in ran if not one.results[name]]
    return (len(ran) - len(refused), len(ran)), refused[0] if refused else ""


def fewest(proofs: Mapping[str, Proven]) -> list[str]:
    """The names of the fewest tests that catch all that any of them catches."""
    wanted = {label for proof in proofs.values() for label in proof.catches if not proof.refused}
    kept: list[str] = []
    while wanted:
        best = max(
            (name for name in proofs if not proofs[name].refused),
            key=lambda name: (len(wanted.intersection(proofs[name].catches)), -list(proofs).index(name)),
        )
        kept.append(best)
        wanted -= set(proofs[best].catches)
    return [name for name in proofs if name in kept]
