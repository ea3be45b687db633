"""What every probe is made of: attempts, which are trials with a known right answer, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from harness.judging.outcome import Cause, Outcome, OutcomeKind
from harness.probes.forge.means import Attack
from harness.testcode.demands import HiddenLead
from harness.trial.circumstances import Circumstances
from harness.trial.plan import Replacement
from harness.trial.record import TrialRecord


class Probe(StrEnum):
    HIDDEN = "hidden"
    """The reference with a name changed that nobody told the solver: must be paid."""
    PRESERVING = "preserving"
    """The reference said, laid out or run otherwise: must be paid."""
    STATE = "state"
    """What the reference left, broken after solving: must not be paid."""
    FORGE = "forge"
    """None of the work, and a try to be paid: must not be paid."""
    WORDS = "words"
    """The reference's programs with their words kept and nothing of them run: must not be paid."""
    VACUOUS = "vacuous"
    """The tests watched while they run: no trial with an answer, but a look at what each of them reaches."""
    LEAK = "leak"
    """None of the work but what the instruction or the image gives away: must not be paid."""
    REPLAY = "replay"
    """None of the work, and what the reference left and answered, or outputs of the same shape: must not be paid."""
    CONFORM = "conform"
    """What the instruction claims, tried on what the reference leaves: no trial with an answer."""
    LEAST = "least"
    """The smallest part of the reference that is still paid: must be all of it, as far as the instruction states it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    probe: Probe
    id: str
    operator: str
    sentence: str
    step: str
    because: str = ""
    """Why it must be paid, or must not."""
    sure: bool = True
    """False where that depends on how the instruction is read."""
    path: str = ""
    """The output that it changes."""
    replacement: Replacement = field(default_factory=Replacement)
    circumstances: Circumstances = field(default_factory=Circumstances)
    lead: HiddenLead | None = None
    attack: Attack | None = None

    @property
    def must_be_paid(self) -> bool:
        return self.probe in (Probe.HIDDEN, Probe.PRESERVING)

    @property
    def label(self) -> str:
        return "/".join(part for part in (self.probe, self.step, self.id) if part)


@dataclass(frozen=True, slots=True)
class Attempted:
    attempt: Attempt
    outcome: Outcome
    records: tuple[TrialRecord, ...] = ()

    @property
    def paid(self) -> bool:
        return self.outcome.kind is OutcomeKind.SURVIVED

    @property
    def rejected(self) -> bool:
        """Paid less than the reference by tests that ran."""
        return self.outcome.kind in (OutcomeKind.KILLED, OutcomeKind.PARTIAL)

    @property
    def made(self) -> bool:
        """Whether the trial was about what it is said to be about."""
        return self.outcome.kind is not OutcomeKind.ERROR or self.outcome.cause is not Cause.NOT_MADE

    @property
    def effective(self) -> bool | None:
        """Whether the verifier came upon the change; None where that was not looked for, or not seen to the end."""
        seen = [record.effective for record in self.records if record.effective is not None]
        return any(seen) if seen else None

    @property
    def measured(self) -> bool:
        return self.outcome.kind not in (OutcomeKind.ERROR, OutcomeKind.FLAKY, OutcomeKind.INVALID)
