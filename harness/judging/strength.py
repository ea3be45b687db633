"""How strong a task's tests are: counts, shares with their intervals, and one word. Pure.

docs/verdicts.md has the thresholds and the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from harness.judging.outcome import COUNTED, DETECTED, Outcome, OutcomeKind
from mutator.model import FaultClass


class Verdict(StrEnum):
    STRONG = "strong"
    ADEQUATE = "adequate"
    WEAK = "weak"
    UNSOUND = "unsound"
    """Pays for nothing, or pays what nobody can earn."""
    BROKEN = "broken"
    """Its environment does not build or its reference is not paid."""
    FLAKY = "flaky"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What makes a verdict; part of every report."""

    strong: float = 0.9
    """Detected share from which a task is strong, if no stated requirement goes untested."""
    adequate: float = 0.75
    least: int = 8
    """Fewer counted mutants than this say too little."""
    errors: float = 0.25
    """A larger share of trials that could not be measured leaves the task unmeasured."""
    stated: float = 0.9
    """Detected share among mutants that break a stated requirement that a strong task needs."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One mutant with what its trials showed."""

    id: str
    fault: FaultClass
    outcome: Outcome
    stated: bool
    """It breaks something the instruction says."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of detected mutants with its 95 % Wilson interval."""

    detected: float
    counted: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.detected / self.counted if self.counted else 0.0


@dataclass(frozen=True, slots=True)
class Strength:
    share: Share
    stated: Share
    """Only mutants that break a stated requirement."""
    by_outcome: Mapping[str, int] = field(default_factory=dict)
    by_fault: Mapping[str, Share] = field(default_factory=dict)
    by_assertion: int = 0
    by_crash: int = 0
    """Kills in which the solution itself ended with an error."""
    unexplained: int = 0
    """Kills of which no failing test is known."""
    mean_gap: float = 0.0
    """Mean distance from the reference's reward over the counted mutants: 1 is a reward that always tells."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "share": _share_json(self.share),
            "stated": _share_json(self.stated),
            "by_fault": {name: _share_json(share) for name, share in self.by_fault.items()},
        }


def _share_json(share: Share) -> dict[str, Any]:
    return {
        "detected": round(share.detected, 4),
        "counted": share.counted,
        "value": round(share.value, 4) if share.counted else None,
        "low": round(share.low, 4),
        "high": round(share.high, 4),
    }


def wilson(successes: float, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a share; (0, 1) where nothing was tried."""
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def percent(share: float) -> str:
    """With at most one decimal, rounded down: 89.96 % is not yet 90 %. The margin is for what cannot be written in
    binary, such as 0.57."""
    return f"{math.floor(share * 1000 + 1e-6) / 10:g} %"


def weight(outcome: Outcome) -> float:
    """How much of a counted mutant was detected: all, nothing, or the gap in its reward."""
    if outcome.kind in DETECTED:
        return 1.0
    return outcome.gap if outcome.kind is OutcomeKind.PARTIAL else 0.0


def share_of(judged: Iterable[Judged]) -> Share:
    counted = [one for one in judged if one.outcome.kind in COUNTED]
    detected = math.fsum(weight(one.outcome) for one in counted)
    return Share(detected, len(counted), *wilson(detected, len(counted)))


def strength(judged: Sequence[Judged]) -> Strength:
    counted = [one for one in judged if one.outcome.kind in COUNTED]
    kills = [one.outcome for one in counted if one.outcome.kind is OutcomeKind.KILLED]
    crashes = sum(outcome.crashed for outcome in kills)
    asserted = sum(bool(outcome.killed_by) and not outcome.crashed for outcome in kills)
    faults = sorted({one.fault for one in counted})
    return Strength(
        share_of(counted),
        share_of(one for one in counted if one.stated),
        {kind.value: sum(one.outcome.kind is kind for one in judged) for kind in OutcomeKind},
        {fault.value: share_of(one for one in counted if one.fault is fault) for fault in faults},
        asserted,
        crashes,
        len(kills) - crashes - asserted,
        math.fsum(weight(one.outcome) for one in counted) / len(counted) if counted else 0.0,
    )


def verdict(found: Strength, thresholds: Thresholds) -> tuple[Verdict, str]:
    """The word for a task whose controls are sound, and the reason in a sentence."""
    tried = sum(found.by_outcome.values())
    errors = found.by_outcome.get(OutcomeKind.ERROR, 0)
    counted, value = found.share.counted, found.share.value
    if tried and errors / tried > thresholds.errors:
        return Verdict.UNMEASURED, f"{errors} of {tried} broken variants could not be measured"
    if counted < thresholds.least:
        return Verdict.UNMEASURED, f"only {counted} broken variants count; {thresholds.least} are needed"
    said = f"{percent(value)} of {counted} broken variants were caught"
    if value < thresholds.adequate:
        return Verdict.WEAK, f"{said}; {percent(thresholds.adequate)} is adequate"
    if value < thresholds.strong:
        return Verdict.ADEQUATE, f"{said}; {percent(thresholds.strong)} is strong"
    if found.stated.counted and found.stated.value < thresholds.stated:
        few, wanted = percent(found.stated.value), percent(thresholds.stated)
        return Verdict.ADEQUATE, f"{said}, but only {few} of those that break what is stated; {wanted} is strong"
    return Verdict.STRONG, said
