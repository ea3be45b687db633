"""What is kept of a trial: its phases, rewards and per-test results. Plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from harness.engine.lists.reach import Asked
from harness.trial.end_state import EndState
from harness.trial.image_survey import Survey
from harness.trial.standins import Recorded
from harness.trial.watching.calls import Call, Observed
from harness.trial.watching.noted import Notes
from harness.trial.watching.seen import WatchedTests
from harness.verifier.log import UNTOLD, Proof
from harness.verifier.reward import RewardProblem, Rewards
from harness.verifier.test_report import NOTHING, TestReport


class Kind(StrEnum):
    """What a trial runs."""

    REFERENCE = "reference"
    NOP = "nop"
    HOLLOW = "hollow"
    IDENTITY = "identity"
    MUTANT = "mutant"
    PROBE = "probe"
    """A right solution that must be paid, or a forged one that must not."""
    ATTEMPT = "attempt"
    """A solution from elsewhere."""


class Which(StrEnum):
    """Which of a solution's runs a trial is."""

    FIRST = "first"
    """May be cut short once it is decided."""
    BESIDE = "beside"
    """Of a control, while the reference's first run goes on."""
    ALONE = "alone"
    """Nothing else runs on the machine but the reference: is it the solution that does not end, or the machine?"""
    CONFIRM = "confirmation"
    REPEAT = "repeat"
    LAST = "last"
    """Of the reference, after everything that it vouches for."""


class PhaseName(StrEnum):
    START = "start"
    HEALTHCHECK = "healthcheck"
    SETUP = "setup"
    SOLVE = "solve"
    COLLECT = "collect"
    CARRY = "carry"
    PREPARE = "prepare"
    """What the tests' preparation left on the controls is put into the box."""
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Phase:
    name: PhaseName
    step: str
    """The step's name; '' in a single-step task."""
    seconds: float
    status: int | None = 0
    """Exit status; None where it still ran at its time limit."""
    limit: float = 0.0
    """The time limit it ran under, in seconds; 0 is none."""
    oom: bool = False
    log: str = ""
    """The end of what it printed."""
    running: tuple[str, ...] = ()
    """What still ran at its time limit, where that was looked at: command lines from the phase's own shell down."""

    @property
    def timed_out(self) -> bool:
        return self.status is None


class TroubleKind(StrEnum):
    """Why a trial never came to its verifier."""

    ENGINE = "engine"
    HEALTHCHECK = "healthcheck"
    SETUP = "setup"
    NO_SOLUTION = "no-solution"
    UNSUPPORTED = "unsupported"
    NOT_MADE = "not-made"
    """The change that the trial is about did not come about."""


@dataclass(frozen=True, slots=True)
class Trouble:
    kind: TroubleKind
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something about how a reward came to be that a reader must know."""

    code: str
    """Stable and kebab-case: `empty-summary`, `lenient-status`, `no-summary`, `planted-link`, ..."""
    text: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step's verifier said."""

    name: str
    rewards: Rewards | None = None
    problem: RewardProblem | None = None
    report: TestReport = NOTHING
    proof: Proof = UNTOLD
    """What the verifier's log shows."""
    solve_proof: Proof = UNTOLD
    """A sign in the solution's log that the machine or the network failed it."""
    signs: tuple[str, ...] = ()
    """Lines of the verifier's log that would speak against a run, were it not paid."""
    stopped: str = ""
    """Why no later step ran, where that is so."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialRecord:
    task: str
    kind: Kind
    label: str = ""
    """The repeat's number or the mutant's id."""
    run: Which = Which.FIRST
    purpose: str = "judge"
    """The `name` of what it was for."""
    engine: str = ""
    fidelity: str = ""
    network: bool = False
    rewards: Rewards | None = None
    """As the format's own runner would give them."""
    problem: RewardProblem | None = None
    """Set where there are no rewards and the verifier was started."""
    trouble: Trouble | None = None
    """Set where the trial did not come to its end."""
    phases: tuple[Phase, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    seconds: float = 0.0
    state: EndState | None = None
    """What solving left behind, where the trial was to look at that and nothing else."""
    effective: bool | None = None
    """Whether the verifier came upon what the trial changed, where that was looked for."""
    looked: WatchedTests | None = None
    """What each test reached, where the trial was to look at that."""
    notes: Notes | None = None
    """What loose assertions looked at, where the trial was to write that down."""
    image: Survey | None = None
    """What the image holds, where the trial was to look at that and nothing else."""
    observed: Observed | None = None
    """What the solution left and did, where the trial was to observe that; of several steps in the last that ran."""
    observed_before: tuple[Observed, ...] = ()
    """In the steps before that one, in their order."""
    recorded: Recorded | None = None
    """What the tests ran of the solution's programs, where the trial was to write that down."""
    claims: tuple[Call, ...] | None = None
    """What came of the instruction's claims, where the trial was to try them and nothing else."""
    waited: float = 0.0
    """Seconds for its turn, which `seconds` leaves out."""
    end: str = ""
    """A digest of all that solving left, where that was looked at."""
    same_as: str = ""
    """The trial that left just the same: what the verifier says is taken from it."""
    begun: int = 0
    """How many of the solution's first statements were not run again."""
    not_begun: str = ""
    """Of the reference, which need not run them again: what it left otherwise than its plain runs."""
    not_reused: str = ""
    """Why the tests prepared themselves, where they were to go on from what was kept."""
    asked: tuple[Asked, ...] = ()
    """What its boxes asked their network for, where that was watched: each once."""
    host: str = ""
    """The machine that it ran on; '' for the one that judges."""

    def phase(self, name: PhaseName) -> Phase | None:
        """The last phase of that name."""
        return next((phase for phase in reversed(self.phases) if phase.name is name), None)

    @property
    def reused(self) -> bool:
        """Something of it was not done again: what it shows stands only until a plain trial says otherwise."""
        return self.prepared or bool(self.same_as or self.begun)

    @property
    def prepared(self) -> bool:
        """The tests went on from what their preparation had left on the controls."""
        return self.phase(PhaseName.PREPARE) is not None

    def seconds_of(self, name: PhaseName) -> float:
        return sum(phase.seconds for phase in self.phases if phase.name is name)

    @property
    def timed_out(self) -> Phase | None:
        """The phase whose time limit ended the trial, if one did."""
        return self.phases[-1] if self.phases and self.phases[-1].timed_out else None

    @property
    def overrun(self) -> Phase | None:
        """The solution that still ran at its time limit; the runners verify what there is by then."""
        return next((phase for phase in self.phases if phase.name is PhaseName.SOLVE and phase.timed_out), None)

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made


def record_from_json(data: Mapping[str, Any]) -> TrialRecord:
    """What `to_json` made. Raises ValueError for what is no record."""
    try:
        return msgspec.convert(data, TrialRecord)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
