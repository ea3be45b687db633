"""What an audit is asked for and what it finds, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.findings.model import Finding
from harness.judging.controls import Controls, ControlSettings
from harness.judging.effects import Measured
from harness.judging.outcome import Outcome, OutcomeKind
from harness.judging.reuse import Reused
from harness.judging.strength import Strength, Thresholds, Verdict
from harness.judging.sure import Sureness
from harness.judging.timings import Timings
from harness.judging.training import Training
from harness.mutants import StepMutants, Wish
from harness.probes import vacuous
from harness.probes.conform.model import TriedClaim
from harness.probes.least.model import Least, WorkSize
from harness.probes.model import Attempted, Probe
from harness.task.model import Task, Unusable
from harness.testcode.assertions.lead import Lead
from harness.testcode.demands import HiddenReport
from harness.trial.end_state import EndState
from harness.trial.record import TrialRecord
from mutator.model import Mutant, Tier
from mutator.relevance import Link, Requirement


@dataclass(frozen=True, slots=True)
class ProposedVariant:
    """A change of the reference that somebody else, such as a model, meant to be wrong."""

    id: str
    """Its own name among those of its task."""
    source: str
    """Who wrote it."""
    diff: str = ""
    """A unified diff on the reference's solution folder;"""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """or a whole solution folder."""
    unfit: str = ""
    """Why it is neither."""
    what: str = ""
    """What is wrong with it, in its maker's words."""
    breaks: str = ""
    """The requirement that its maker names. Nothing is concluded from it."""
    request: str = ""
    """The digest of the request to a model that it is of, where it is;"""
    answer: str = ""
    """and of the answer."""


@dataclass(frozen=True, slots=True)
class ProposedFor:
    """The variants that an audit of some tasks runs besides."""

    by_task: Mapping[str, tuple[ProposedVariant, ...]]
    digest: str
    """Of all that is in them, wherever they lie."""
    others: int
    """Of other tasks."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    controls: ControlSettings = field(default_factory=ControlSettings)
    wish: Wish = field(default_factory=Wish)
    thresholds: Thresholds = field(default_factory=Thresholds)
    floor: float = 10.0
    """A mutant's solve and verify may take at least this many seconds, and otherwise"""
    factor: float = 5.0
    """this many times what the reference took."""
    first_failure: bool = False
    """Where a reward is all or nothing, let a mutant's tests stop at the first failure."""
    probes: frozenset[Probe] = frozenset({Probe.HIDDEN, Probe.WORDS})
    """What is tried besides mutants."""
    least_trials: int = 60
    """That the probe `least` may take for a task."""
    sampled_kills: int = 10
    """One kill in so many is run once more."""
    until_sure: bool = False
    """Variants run in an order drawn by lot, and no more of them when the verdict can hardly change."""
    reuse: bool = True
    """Where it is shown to change nothing, trials go on from what the tests' preparation left once."""
    proposed: tuple[ProposedVariant, ...] | None = None
    """Variants that somebody else wrote, run besides; None where nobody was asked for any."""


@dataclass(frozen=True, slots=True)
class MutantResult:
    """A mutant and everything its trials showed."""

    step: str
    mutant: Mutant
    links: tuple[Link, ...]
    requirement: Requirement | None
    """The stated requirement it breaks most."""
    diff: str
    outcome: Outcome
    records: tuple[TrialRecord, ...]
    """In the order of `Which`."""
    shown: tuple[OutcomeKind, ...] = ()
    """What each of them showed by itself."""
    effect: Measured | None = None
    """What it does otherwise than the reference; None where nobody looked, as only with survivors somebody does."""
    left: EndState | None = None
    """What it leaves, where it survived and somebody looked."""

    @property
    def label(self) -> str:
        """Names it among the mutants of its task."""
        return "/".join(part for part in (self.step, self.mutant.id) if part)

    @property
    def telling(self) -> TrialRecord:
        """The first run that showed what it came to."""
        of = (record for record, kind in zip(self.records, self.shown, strict=True) if kind is self.outcome.kind)
        return next(of, self.records[0])

    @property
    def paid(self) -> list[TrialRecord]:
        """Its runs that were paid as the reference is."""
        return [record for record, kind in zip(self.records, self.shown, strict=True) if kind is OutcomeKind.SURVIVED]

    @property
    def survived(self) -> bool:
        return self.outcome.kind is OutcomeKind.SURVIVED


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of variants that somebody else wrote. No number of the task's counts them."""

    given: int
    tried: tuple[tuple[ProposedVariant, MutantResult], ...] = ()
    """Those that were run and are no others' doubles."""
    invalid: tuple[tuple[ProposedVariant, str], ...] = ()
    """Those that cannot be run, and why."""
    doubles: tuple[Double, ...] = ()

    @property
    def results(self) -> list[MutantResult]:
        return [result for _, result in self.tried]

    @property
    def records(self) -> list[TrialRecord]:
        """Of all its trials, those of doubles as well."""
        ran = [*self.results, *(one.result for one in self.doubles if one.result is not None)]
        return [record for result in ran for record in result.records]


@dataclass(frozen=True, slots=True)
class Double:
    """A proposed variant that is another one, or the reference, once more."""

    variant: ProposedVariant
    of: str
    """A mutant's label, or `reference`."""
    same: str
    """What is the same of both: the text, the compiled code, what they leave."""
    result: MutantResult | None = None
    """Where that was seen only when it ran."""


@dataclass(frozen=True, slots=True)
class Audited:
    """One task, audited or found to be beyond auditing."""

    task: Task | Unusable
    verdict: Verdict
    why: str
    controls: Controls | None = None
    steps: tuple[StepMutants, ...] = ()
    mutants: tuple[MutantResult, ...] = ()
    """In the order in which they were chosen."""
    strength: Strength | None = None
    findings: tuple[Finding, ...] = ()
    probes: tuple[Attempted, ...] = ()
    hidden: Mapping[str, HiddenReport] | None = None
    """Step -> what its tests demand that nobody told the solver; None where nobody looked."""
    looked: vacuous.Looked = vacuous.NOT_ASKED
    """What the tests were seen to do."""
    leads: tuple[Lead, ...] = ()
    """Suspicions read from the tests that no trial has confirmed: they change nothing."""
    last: TrialRecord | None = None
    """The reference's run after all mutants."""
    timings: Timings | None = None
    """Where its time went; None where no variants were tried."""
    reuse: Reused | None = None
    """What was reused; None where there were no trials that could."""
    seconds: float = 0.0
    internal: str = ""
    claims: tuple[TriedClaim, ...] | None = None
    """What came of what the instruction claims; None where nobody tried."""
    sureness: Sureness | None = None
    """Where not all variants that were chosen were run, because its verdict could hardly change any more."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    """What its verdict was measured by."""
    least: Least | None = None
    """The least of the reference that is paid; None where nobody looked for it."""
    size: WorkSize | None = None
    """Of the reference."""
    training: Training | None = None
    """How much work the task asks for; None where no variants were tried."""
    proposed: Proposed | None = None
    """None where nobody asked for any."""
    last_failed: TrialRecord | None = None
    """The reference's run before the last, where something could not be fetched or installed in that: it does not
    count."""

    @property
    def looked_for_hidden(self) -> bool:
        """Whether the tests' demands were read, and every witness of one was run."""
        tried = [one for one in self.probes if one.attempt.probe is Probe.HIDDEN]
        return self.hidden is not None and all(one.measured for one in tried)

    @property
    def survivors(self) -> tuple[MutantResult, ...]:
        """Worst first: those that break what is stated, coarse before fine, then by how sure the link is."""
        survived = [result for result in self.mutants if result.survived]
        order = list(Tier)

        def rank(one: MutantResult) -> tuple[bool, int, float, str]:
            sure = one.links[0].score if one.links else 0.0
            return one.requirement is None, order.index(one.mutant.tier), -sure, one.mutant.id

        return tuple(sorted(survived, key=rank))


def mutant_json(result: MutantResult) -> dict[str, Any]:
    """A mutant as stores and reports have it."""
    mutant = result.mutant
    return {
        "id": mutant.id,
        "step": result.step,
        "operator": mutant.operator,
        "fault": mutant.fault,
        "tier": mutant.tier,
        "file": mutant.file,
        "line": mutant.line,
        "source": mutant.source,
        "target": mutant.target,
        "scope": mutant.scope,
        "sentence": mutant.sentence,
        "edits": [{"start": edit.start, "end": edit.end, "new": edit.new.hex()} for edit in mutant.edits],
        "diff": result.diff,
        "requirement": _requirement_json(result.requirement),
        "relevance": result.links[0].score if result.links else 0.0,
        "evidence": list(result.links[0].evidence) if result.links else [],
    }


def _requirement_json(requirement: Requirement | None) -> dict[str, Any] | None:
    return {"text": requirement.text, "line": requirement.line} if requirement is not None else None
