"""Whether trials may go on from what the tests' preparation left once: shown on the controls, and given up for the
whole task at the first plain run that says otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.judging.outcome import OutcomeKind, showing
from harness.trial.record import PhaseName, TrialRecord, Which

_SAYS_NOTHING = frozenset({OutcomeKind.ERROR})
_CAUGHT = {OutcomeKind.IDLE: OutcomeKind.KILLED}
"""A run that stops at the first failure may not see that other tests pass: both are one answer."""


@dataclass
class Reuse:
    """While a task is audited. It may be turned off at any time, and is never turned on again."""

    on: bool = False
    why_not: str = ""
    statements: tuple[str, ...] = ()
    """What of the tests' script is not run again."""
    size: int = 0
    """Bytes that it left."""
    seconds: float = 0.0
    """What it took to keep it."""
    saves: float = 0.0
    """Seconds of a trial that goes on from there, as the controls show."""
    proof: tuple[TrialRecord, ...] = ()
    disagreed: str = ""
    """The variant whose plain run said otherwise."""

    def hold_against(self, runs: Sequence[tuple[TrialRecord, OutcomeKind]], label: str) -> None:
        """A run that went on from what was kept, and the plain ones of the same variant."""
        answers = [(record, _CAUGHT.get(kind, kind)) for record, kind in runs]
        kept = [kind for record, kind in answers if record.reused]
        plain = [kind for record, kind in answers if not record.reused and record.run is not Which.ALONE]
        if any(one is not other for one in kept for other in plain if not _SAYS_NOTHING & {one, other}):
            self.on = False
            self.disagreed = label
            self.why_not = f"a plain run of {label} said otherwise"


@dataclass(frozen=True, slots=True)
class Reused:
    """What of it came about, for the report."""

    why_not: str
    """Why nothing is reused, or is not any more; '' where it was to the end."""
    statements: tuple[str, ...] = ()
    size: int = 0
    trials: int = 0
    """That went on from what was kept."""
    plain: int = 0
    """That were to and prepared themselves, because of what the solution had changed."""
    reasons: tuple[str, ...] = ()
    saved: float = 0.0
    """Seconds, without those that the recording and its proof took."""
    spent: float = 0.0
    """Those."""
    disagreed: str = ""


def differs(plain: TrialRecord, reused: TrialRecord) -> str:
    """What two runs of one control do not have in common, '' for nothing."""
    if not reused.reused:
        return reused.not_reused or "it did not go on from what was kept"
    one, other = showing(plain), showing(reused)
    if one.shown is not other.shown or one.cause is not other.cause:
        return f"{one.shown} becomes {other.shown}"
    if plain.rewards != reused.rewards:
        return f"{plain.rewards} becomes {reused.rewards}"
    before, after = _tests(plain), _tests(reused)
    if before != after:
        return f"other results of {', '.join(sorted({name for name, _ in before ^ after})[:3])}"
    return ""


def _tests(record: TrialRecord) -> set[tuple[str, str]]:
    return {(f"{step.name}/{test.name}", str(test.status)) for step in record.steps for test in step.report.tests}


def saving(plain: Sequence[TrialRecord], reused: Sequence[TrialRecord]) -> float:
    """Seconds, in the middle of the controls."""
    both = zip(plain, reused, strict=True)
    return median(_tests_take(one) - _tests_take(other) for one, other in both)


def _tests_take(record: TrialRecord) -> float:
    return record.seconds_of(PhaseName.PREPARE) + record.seconds_of(PhaseName.VERIFY)


def told(reuse: Reuse, records: Iterable[TrialRecord]) -> Reused:
    """`records`: every trial of the variants."""
    all_of = list(records)
    reused = [record for record in all_of if record.reused]
    reasons = [record.not_reused for record in all_of if record.not_reused]
    spent = reuse.seconds + sum(record.seconds for record in reuse.proof)
    return Reused(
        reuse.why_not,
        reuse.statements,
        reuse.size,
        len(reused),
        len(reasons),
        tuple(sorted(set(reasons), key=lambda one: (-reasons.count(one), one))[:3]),
        round(reuse.saves * len(reused), 3),
        round(spent if reuse.statements or reuse.size else 0.0, 3),
        reuse.disagreed,
    )
