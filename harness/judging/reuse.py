"""Whether trials may take something from others instead of doing it again: shown on the controls, and given up for the
whole task at the first plain run that says otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median

from harness.judging.outcome import OutcomeKind, showing
from harness.trial.plan import Means
from harness.trial.record import PhaseName, TrialRecord, Which

NOTHING: frozenset[Means] = frozenset()
_SAYS_NOTHING = frozenset({OutcomeKind.ERROR})
_ANSWER = {OutcomeKind.IDLE: OutcomeKind.KILLED, OutcomeKind.EQUIVALENT: OutcomeKind.SURVIVED}
"""A run that stops at the first failure may not see that other tests pass: both are one answer. What leaves what the
reference leaves is paid like it."""


@dataclass
class Reuse:
    """While a task is audited. What is turned off is never turned on again."""

    on: frozenset[Means] = NOTHING
    why_not: dict[Means, str] = field(default_factory=dict)
    """Of what was never on, or is not any more."""
    statements: tuple[str, ...] = ()
    """What of the tests' script is not run again."""
    size: int = 0
    """Bytes that it left."""
    beginning: tuple[str, ...] = ()
    """What of the solution is not run again, at most."""
    begins: Mapping[int, float] = field(default_factory=dict)
    """How many of its statements are done by then -> seconds that they take."""
    verifies: float = 0.0
    """Seconds that a trial's tests take, prepared as the variants' are."""
    seconds: float = 0.0
    """What it took to keep all that."""
    saves: float = 0.0
    """Seconds of a trial whose tests go on from there, as the controls show."""
    proof: tuple[TrialRecord, ...] = ()
    disagreed: str = ""
    """The variant whose plain run said otherwise."""

    def refuse(self, means: Means, why: str) -> None:
        self.on -= {means}
        self.why_not[means] = why

    def give_up(self, label: str, why: str) -> None:
        for means in self.on:
            self.why_not[means] = why
        self.on, self.disagreed = NOTHING, label

    def hold_against(self, runs: Sequence[tuple[TrialRecord, OutcomeKind]], label: str) -> None:
        """A run that took something from others, and the plain ones of the same variant."""
        answers = [(record, _ANSWER.get(kind, kind)) for record, kind in runs]
        kept = [kind for record, kind in answers if record.reused]
        plain = [kind for record, kind in answers if not record.reused and record.run is not Which.ALONE]
        if any(one is not other for one in kept for other in plain if not _SAYS_NOTHING & {one, other}):
            self.give_up(label, f"a plain run of {label} said otherwise")

    def hold_together(self, runs: Iterable[tuple[TrialRecord, OutcomeKind]]) -> None:
        """Runs of all variants: what left the same and was verified each by itself has to have come to the same."""
        answers: dict[str, OutcomeKind] = {}
        for record, kind in runs:
            if not record.end or record.same_as or kind in _SAYS_NOTHING:
                continue
            answer = _ANSWER.get(kind, kind)
            if answers.setdefault(record.end, answer) is not answer and Means.END in self.on:
                self.give_up(record.label, f"{record.label} left what another variant left, and was paid otherwise")


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
    beginning: Mapping[str, object] = field(default_factory=dict)
    """Of the solution: its statements, the trials that went on from there, and why there are none."""
    same_end: Mapping[str, object] = field(default_factory=dict)
    """The trials that took the verdict of what left the same, and why there are none."""


def ends_differ(controls: Sequence[TrialRecord]) -> str:
    """Why controls that left the same do not show that this takes the same verdict, '' where they do."""
    pairs = [(one, other) for one, other in combinations(controls, 2) if one.end and one.end == other.end]
    if not pairs:
        return "no two controls left the same, or what they left does not say all that the tests look at"
    for one, other in pairs:
        difference = _differs(one, other)
        if difference:
            return f"the {one.kind} and the {other.kind} control left the same, but {difference}"
    return ""


def differs(plain: TrialRecord, reused: TrialRecord) -> str:
    """What two runs of one control do not have in common, '' for nothing."""
    if not reused.reused:
        return reused.not_reused or "it did not go on from what was kept"
    return reused.not_begun or _differs(plain, reused)


def _differs(plain: TrialRecord, reused: TrialRecord) -> str:
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
    reused = [record for record in all_of if record.prepared]
    begun = [record for record in all_of if record.begun]
    same = [record for record in all_of if record.same_as]
    reasons = [record.not_reused for record in all_of if record.not_reused]
    spent = reuse.seconds + sum(record.seconds for record in reuse.proof)
    return Reused(
        reuse.why_not.get(Means.PREPARATION, ""),
        reuse.statements,
        reuse.size,
        len(reused),
        len(reasons),
        tuple(sorted(set(reasons), key=lambda one: (-reasons.count(one), one))[:3]),
        round(reuse.saves * len(reused), 3),
        round(spent if reuse.statements or reuse.size or reuse.beginning else 0.0, 3),
        reuse.disagreed,
        {
            "statements": list(reuse.beginning),
            "trials": len(begun),
            "why_not": reuse.why_not.get(Means.BEGINNING, ""),
            "seconds": {"saved": round(sum(reuse.begins.get(record.begun, 0.0) for record in begun), 3)},
        },
        {
            "trials": len(same),
            "why_not": reuse.why_not.get(Means.END, ""),
            "seconds": {"saved": round(reuse.verifies * len(same), 3)},
        },
    )
