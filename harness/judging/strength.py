"""How strong a task's tests are: counts, shares with their intervals, and one word. Pure.

docs/verdicts.md has the thresholds and the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
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
    least: int = 6
    """Fewer counted mutants than this say too little, unless some plainly break what is stated and are paid."""
    few: int = 3
    """Fewer counted mutants than this say too little even then."""
    telling: int = 6
    """Kills that a strong task needs in which something of the task still worked."""
    spread: float = 0.5
    """Of the stated requirements that variants break, the share that a strong task needs with such a kill."""
    errors: float = 0.25
    """A larger share of trials that could not be measured leaves the task unmeasured."""
    stated: float = 0.9
    """Detected share among mutants that break a stated requirement that a strong task needs."""
    sure: float = 0.95
    """How sure an audit that stops early is that the other variants would have left its verdict as it is."""
    trivial: int = 3
    """Statements of a solution up to which its training value is trivial, where no more are needed to be paid;"""
    small: int = 12
    """and up to which it is small."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One mutant with what its trials showed."""

    id: str
    fault: FaultClass
    outcome: Outcome
    requirement: str | None
    """What of the instruction it breaks most, by a name of its own."""


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
    requirements: int = 0
    """Stated requirements that at least one mutant that was caught or paid breaks, also as if nothing were done."""
    requirements_caught: int = 0
    """Those of them of which a mutant was caught while something of the task still worked."""
    mean_gap: float = 0.0
    """Mean distance from the reference's reward over the counted mutants: 1 is a reward that always tells."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "share": share_json(self.share),
            "stated": share_json(self.stated),
            "by_fault": {name: share_json(share) for name, share in self.by_fault.items()},
        }


def share_json(share: Share) -> dict[str, Any]:
    return {
        "detected": round(share.detected, 4),
        "counted": share.counted,
        "value": round(share.value, 4) if share.counted else None,
        "low": round(share.low, 4),
        "high": round(share.high, 4),
    }


def wilson(successes: float, trials: float, z: float = 1.959964) -> tuple[float, float]:
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
        share_of(one for one in counted if one.requirement is not None),
        {kind.value: sum(one.outcome.kind is kind for one in judged) for kind in OutcomeKind},
        {fault.value: share_of(one for one in counted if one.fault is fault) for fault in faults},
        asserted,
        crashes,
        len(kills) - crashes - asserted,
        len(_broken(judged, COUNTED | {OutcomeKind.IDLE})),
        len(_broken(judged, {OutcomeKind.KILLED, OutcomeKind.PARTIAL})),
        math.fsum(weight(one.outcome) for one in counted) / len(counted) if counted else 0.0,
    )


def _broken(judged: Iterable[Judged], kinds: Container[OutcomeKind]) -> set[str]:
    """Requirements that a mutant of such an outcome breaks."""
    return {one.requirement for one in judged if one.requirement is not None and one.outcome.kind in kinds}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a task has for its verdict besides the mutants that ran."""

    more: int = 0
    """Mutants worth a trial that the budget left out."""
    whole: bool = True
    """All of the solution and every operator was asked for."""
    plain: bool = False
    """Whether mutants that were paid plainly break what the instruction states."""


def verdict(found: Strength, thresholds: Thresholds, offer: Offer = Offer()) -> tuple[Verdict, str]:
    """The word for a task whose controls are sound, and the reason in a sentence."""
    tried = sum(found.by_outcome.values())
    errors = found.by_outcome.get(OutcomeKind.ERROR, 0)
    counted, value = found.share.counted, found.share.value
    if tried and errors / tried > thresholds.errors:
        return Verdict.UNMEASURED, f"{errors} of {tried} broken variants could not be measured"
    said = f"{percent(value)} of {counted} broken variants were caught"
    if counted < thresholds.least:
        if counted >= thresholds.few and value < thresholds.adequate and offer.plain:
            wide = f"of so few that the share may be anything up to {percent(found.share.high)}"
            return Verdict.WEAK, f"{said}, {wide}; but what the instruction states is broken and paid"
        if _all_there_is(found, thresholds, offer):
            all_of = f"all {counted} broken variants that count were caught, and the solution offers no more that are"
            return Verdict.ADEQUATE, f"{all_of} worth a trial; {thresholds.least} are needed to call it strong"
        return Verdict.UNMEASURED, _too_few(found, thresholds, offer)
    if counted < _WIDE:
        said = f"{said} (of so few that it may be {percent(found.share.low)} to {percent(found.share.high)})"
    if value < thresholds.adequate:
        return Verdict.WEAK, f"{said}; {percent(thresholds.adequate)} is adequate"
    if value < thresholds.strong:
        return Verdict.ADEQUATE, f"{said}; {percent(thresholds.strong)} is strong"
    if found.stated.counted and found.stated.value < thresholds.stated:
        few, wanted = percent(found.stated.value), percent(thresholds.stated)
        return Verdict.ADEQUATE, f"{said}, but only {few} of those that break what is stated; {wanted} is strong"
    missing = _missing(found, thresholds)
    return (Verdict.UNMEASURED, f"{said}, but {missing}") if missing else (Verdict.STRONG, said)


_WIDE = 12
"""Of fewer counted mutants a share is told with its interval."""


def _all_there_is(found: Strength, thresholds: Thresholds, offer: Offer) -> bool:
    """Few, but every one of them was caught while something of the task still worked, they break enough of what is
    stated, and no more could be tried: no larger audit would say more of this solution. Where more variants only fail
    as if nothing were done, the tests may notice no more than that."""
    counted = found.share.counted
    number = found.by_outcome.get
    tried_all = offer.whole and not offer.more and not number(OutcomeKind.ERROR, 0)
    caught_all = thresholds.few <= counted == number(OutcomeKind.KILLED, 0) >= number(OutcomeKind.IDLE, 0)
    return tried_all and caught_all and found.requirements_caught >= _spread(found, thresholds)


def _spread(found: Strength, thresholds: Thresholds) -> int:
    """Of how many stated requirements a variant has to be caught while something of the task still works."""
    return math.ceil(thresholds.spread * found.requirements - 1e-9)


def _too_few(found: Strength, thresholds: Thresholds, offer: Offer) -> str:
    counted, idle = found.share.counted, found.by_outcome.get(OutcomeKind.IDLE, 0)
    count = f"only {counted} broken variants count" if counted > 1 else f"{counted or 'no'} broken variant counts"
    if counted and found.share.value == 1:
        count += ", and all of them were caught" if counted > 1 else ", and it was caught"
    said = f"{count}; {thresholds.least} are needed"
    if idle:
        more = " more" if counted else ""
        said += f"; {idle}{more} {'were' if idle > 1 else 'was'} caught as if nothing were done, which tells nothing"
    if offer.more:
        return f"{said}; a larger budget has {offer.more} more"
    return f"{said}; the solution offers no more that are worth a trial" if offer.whole else said


def _missing(found: Strength, thresholds: Thresholds) -> str:
    """What a high share lacks to be a strong task's, '' for nothing."""
    kills = found.by_outcome.get(OutcomeKind.KILLED, 0)
    if kills < thresholds.telling:
        needed = thresholds.telling
        return f"only {kills} of them while something of the task still worked; {needed} are needed to call it strong"
    needed = _spread(found, thresholds)
    if found.requirements_caught < needed:
        return (
            f"what was caught while something of the task still worked breaks only {found.requirements_caught} of "
            f"{found.requirements} stated requirements; {needed} are needed to call it strong"
        )
    return ""
