"""What a trial showed: pure functions from a trial's record to one word with its reason.

Nothing that merely failed to happen counts as a result. `showing` reads one trial by itself; `judge` holds a mutant's
trial against the controls; `settle` brings repeats together. docs/outcomes.md has the whole table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from posixpath import basename

from harness.judging.idle import Untouched, as_if_nothing_were_done, untouched
from harness.trial.hanging import place
from harness.trial.record import Kind, PhaseName, StepRecord, TrialRecord, TroubleKind
from harness.verifier.log import MACHINE, Evidence, solve_trouble
from harness.verifier.reward import Pay, RewardFault, Rewards, pay, share


class Shown(StrEnum):
    PAID = "paid"
    OVERPAID = "overpaid"
    """More than 1: no reward a solution can earn."""
    PARTIAL = "partial"
    UNPAID = "unpaid"
    TIMEOUT = "timeout"
    ERROR = "error"


class Cause(StrEnum):
    """Why a trial shows nothing about the solution."""

    ENGINE = "engine"
    UNSUPPORTED = "unsupported"
    NO_SOLUTION = "no-solution"
    HEALTHCHECK = "healthcheck"
    SETUP = "setup"
    NOT_MADE = "not-made"
    MACHINE = "machine"
    """Network, install, disk or memory: nothing about the task itself."""
    NEVER_RAN = "never-ran"
    """No test ran: a tool or script is missing or unusable, nothing was collected, a test file cannot be imported."""
    NO_REWARD = "no-reward"
    BAD_REWARD = "bad-reward"
    SLOW = "slow"
    """It ran into a time limit, and it is not shown that the solution itself never ends."""


@dataclass(frozen=True, slots=True)
class Showing:
    shown: Shown
    why: str = ""
    cause: Cause | None = None
    evidence: Evidence = Evidence.NOTHING


_TROUBLE = {
    TroubleKind.ENGINE: Cause.ENGINE,
    TroubleKind.UNSUPPORTED: Cause.UNSUPPORTED,
    TroubleKind.NO_SOLUTION: Cause.NO_SOLUTION,
    TroubleKind.HEALTHCHECK: Cause.HEALTHCHECK,
    TroubleKind.SETUP: Cause.SETUP,
    TroubleKind.NOT_MADE: Cause.NOT_MADE,
}

_UNTOUCHED = frozenset({Kind.NOP, Kind.HOLLOW})
"""Controls that leave the environment as it is: tests that cannot even start there have said what they must."""

_RAN = frozenset({Evidence.RAN_BAD, Evidence.ASSERTED})


def showing(record: TrialRecord) -> Showing:
    found = _paid_or_not(record)
    slow = record.overrun
    if slow is None or found.cause in _NOTHING_TO_DO_WITH_IT:
        return found
    why = f"solve still ran at its time limit of {slow.limit:g} s"
    if found.shown in (Shown.PAID, Shown.OVERPAID):
        return replace(found, why=f"{why}, and what it had done by then was paid")
    if record.timed_out is slow:
        return Showing(Shown.TIMEOUT, why)
    # The format's runner verifies what there is by then, so this is what it pays.
    paid = f"paid {_amount(record.rewards)}" if record.rewards is not None else "not paid"
    return Showing(Shown.TIMEOUT, f"{why}, and what it had done by then was {paid}")


_NOTHING_TO_DO_WITH_IT = frozenset({*_TROUBLE.values(), Cause.MACHINE})
"""Causes that a solution which does not end cannot be blamed for."""


def not_fetched(record: TrialRecord, known: frozenset[str] = frozenset()) -> bool:
    """Whether what was not paid may have failed because something could not be fetched or installed; `known`: what
    logs of paid runs complain of too."""
    if showing(record).shown is Shown.PAID:
        return False
    logs = ["\n".join(line for line in step.signs if line not in known) for step in record.steps]
    proofs = [proof for step in record.steps for proof in (step.proof, step.solve_proof)]
    return any(proof.evidence in _FETCHING for proof in (*proofs, *map(solve_trouble, logs)))


_FETCHING = frozenset({Evidence.NETWORK, Evidence.INSTALL_FAILED})


def _amount(rewards: Rewards) -> str:
    if list(rewards) == ["reward"]:
        return f"{rewards['reward']:g}"
    return ", ".join(f"{key} {value:g}" for key, value in rewards.items())


def _paid_or_not(record: TrialRecord) -> Showing:
    """What the verifier made of the solution, whether that had come to its end or not."""
    if record.trouble is not None:
        return Showing(Shown.ERROR, record.trouble.message, _TROUBLE[record.trouble.kind])
    stuck = record.timed_out
    if stuck is not None:
        return Showing(Shown.TIMEOUT, f"{stuck.name} was stopped at its time limit of {stuck.limit:g} s")
    steps = [_step_showing(step, record.kind) for step in record.steps]
    # The runner leaves a step without a reward out of the mean; a trial that lacks one has still not been measured.
    for step in steps:
        if step.shown is Shown.ERROR:
            return step
    if record.rewards is None:
        silent = next((step for step in steps if step.shown is Shown.UNPAID), None)
        return silent or Showing(Shown.ERROR, _problem(record.problem), Cause.NO_REWARD)
    shown = _PAY[pay(record.rewards)]
    if shown is Shown.PAID:
        return Showing(shown)
    told = next((step for step in steps if step.shown is not Shown.PAID), Showing(shown))
    return Showing(shown, told.why, evidence=told.evidence)


_PAY = {Pay.FULL: Shown.PAID, Pay.OVER: Shown.OVERPAID, Pay.PARTIAL: Shown.PARTIAL, Pay.NOTHING: Shown.UNPAID}


def _step_showing(step: StepRecord, kind: Kind) -> Showing:
    evidence, line = step.proof.evidence, step.proof.line
    if step.rewards is not None:
        shown = _PAY[pay(step.rewards)]
        if shown in (Shown.PAID, Shown.OVERPAID):
            return Showing(shown)
        if step.proof.never_ran and not _excused(kind, evidence):
            return Showing(Shown.ERROR, _never_ran(evidence, line), _cause(evidence), evidence)
        return Showing(shown, line, evidence=evidence)
    if evidence in MACHINE:
        return Showing(Shown.ERROR, _never_ran(evidence, line), Cause.MACHINE, evidence)
    why = f"{_problem(step.problem)}; {_log_says(evidence, line)}"
    if evidence in _RAN and _absent(step):
        return Showing(Shown.UNPAID, why, evidence=evidence)
    if kind in _UNTOUCHED:
        return Showing(Shown.UNPAID, why, evidence=evidence)
    if step.proof.never_ran:
        return Showing(Shown.ERROR, _never_ran(evidence, line), _cause(evidence), evidence)
    if not _absent(step):
        return Showing(Shown.ERROR, why, Cause.BAD_REWARD, evidence)
    return Showing(Shown.ERROR, why, Cause.NO_REWARD, evidence)


def _excused(kind: Kind, evidence: Evidence) -> bool:
    return kind in _UNTOUCHED and evidence not in MACHINE


def _absent(step: StepRecord) -> bool:
    """Whether the reward is missing, as opposed to there and wrong."""
    return step.problem is None or step.problem.fault in (
        RewardFault.MISSING,
        RewardFault.EMPTY,
        RewardFault.NO_RESULTS,
    )


def _cause(evidence: Evidence) -> Cause:
    return Cause.MACHINE if evidence in MACHINE else Cause.NEVER_RAN


_SAYS = {
    Evidence.RAN_BAD: "tests ran and failed",
    Evidence.RAN_GOOD: "every test that ran passed",
    Evidence.ASSERTED: "a check failed",
    Evidence.IMPORT_ERROR: "an import failed",
    Evidence.COLLECTION_ERROR: "a test file could not be imported",
    Evidence.NO_TESTS: "no test ran",
    Evidence.INSTALL_FAILED: "an install failed, so no test ran",
    Evidence.NETWORK: "the network could not be reached, so no test ran",
    Evidence.NOT_FOUND: "a tool of the verifier is missing, so no test ran",
    Evidence.SCRIPT_UNUSABLE: "the verifier's script cannot be run",
    Evidence.DISK_FULL: "the disk of the box was full",
    Evidence.OUT_OF_MEMORY: "the box ran out of memory",
}


def _log_says(evidence: Evidence, line: str) -> str:
    if evidence is Evidence.NOTHING:
        return f"the last it printed: {line}" if line else "it printed nothing"
    return f"{_SAYS[evidence]}: {line}" if line else _SAYS[evidence]


_never_ran = _log_says


def _problem(problem: object) -> str:
    return str(getattr(problem, "message", "there is no reward"))


class OutcomeKind(StrEnum):
    KILLED = "killed"
    IDLE = "idle"
    """Killed as if nothing were done: nothing of the task works any more, so any test notices."""
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    PARTIAL = "partial"
    EQUIVALENT = "equivalent"
    HARMLESS = "harmless"
    """Paid, and other than the reference in nothing that matters."""
    INVALID = "invalid"
    ERROR = "error"
    FLAKY = "flaky"


DETECTED = frozenset({OutcomeKind.KILLED, OutcomeKind.TIMEOUT})
COUNTED = DETECTED | {OutcomeKind.SURVIVED, OutcomeKind.PARTIAL}
"""The outcomes that go into the score."""
CAUGHT = DETECTED | {OutcomeKind.IDLE}
"""Everything that was not paid for a fault of its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: OutcomeKind
    why: str = ""
    gap: float = 0.0
    """How far below the reference it was paid: 0 survived, 1 killed."""
    killed_by: tuple[str, ...] = ()
    """The tests that failed, where they are known."""
    crashed: bool = False
    """The solution itself ended with an error: noted apart from a test's own judgement."""
    cause: Cause | None = None
    stuck: PhaseName | None = None
    """The phase that did not end where the reference's does."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The controls that mutants are held against."""

    reference: Rewards
    """Per key the least that any of the reference's runs was paid."""
    floor: Rewards
    """What doing nothing is paid; empty where that is nothing at all."""
    solve_status: int | None = 0
    """None where the reference itself still runs at its time limit: then a mutant's doing so tells nothing."""
    solve_evidence: Evidence = Evidence.NOTHING
    """What the reference's own solve log shows: a warning that it shares with a mutant decides nothing."""
    broken: frozenset[str] = frozenset()
    """Why test files cannot be imported on the untouched environment."""
    own: frozenset[str] = frozenset()
    """Names of the files that the solution writes."""
    untouched: Untouched | None = None
    """What the tests say where nothing is done; None where that is not known."""


def baseline(
    references: Sequence[TrialRecord], nop: TrialRecord | None, hollow: TrialRecord | None = None
) -> Baseline | None:
    """None where the reference has no reward to compare with."""
    paid = [record.rewards for record in references if record.rewards]
    if not paid or len(paid) < len(references):
        return None
    solve = references[0].phase(PhaseName.SOLVE)
    evidence = next(
        (s.solve_proof.evidence for s in references[0].steps if s.solve_proof.evidence is not Evidence.NOTHING),
        Evidence.NOTHING,
    )
    return Baseline(
        {key: min(rewards.get(key, 0) for rewards in paid) for key in paid[0]},
        (nop.rewards or {}) if nop is not None else {},
        solve.status if solve is not None else 0,
        evidence,
        frozenset(error for step in (nop.steps if nop is not None else ()) for error in step.report.collection_errors),
        untouched=untouched(references, [record for record in (nop, hollow) if record is not None]),
    )


def judge(record: TrialRecord, against: Baseline) -> Outcome:
    """The outcome of one run of a mutant."""
    solve = record.phase(PhaseName.SOLVE)
    if solve is not None and (line := _script_does_not_parse(solve.log)):
        return Outcome(OutcomeKind.INVALID, line)
    crashed = solve is not None and solve.status not in (0, None, against.solve_status)
    found = _paid_or_not(record) if against.solve_status is None else showing(record)
    slow = record.overrun if against.solve_status is not None else None
    ended_by = record.timed_out
    if ended_by is not None:
        return Outcome(OutcomeKind.TIMEOUT, found.why, 1.0, stuck=ended_by.name)
    reached = share(record.rewards, against.reference, against.floor) if record.rewards is not None else 0.0
    if found.shown is Shown.ERROR:
        if record.rewards is not None and reached == 0.0 and _broke_the_import(record, against):
            kind = _kind_of_kill(record, against)
            return Outcome(kind, f"the solution cannot be imported: {found.why}", 1.0, crashed=True)
        return Outcome(OutcomeKind.ERROR, found.why, cause=found.cause, crashed=crashed)
    stuck = slow.name if slow is not None else None
    if reached == 1.0:
        return Outcome(OutcomeKind.SURVIVED, found.why if slow else "", crashed=crashed, stuck=stuck)
    for step in record.steps:
        if step.solve_proof.evidence not in (Evidence.NOTHING, against.solve_evidence):
            why = f"the solution itself failed for want of something outside it: {step.solve_proof.line}"
            return Outcome(OutcomeKind.ERROR, why, cause=Cause.MACHINE, crashed=crashed)
    by = tuple(dict.fromkeys(test.name for step in record.steps for test in step.report.failing))
    own = _own_step(record)
    if reached > 0.0 and own is not None and own.rewards is not None and pay(own.rewards) is Pay.NOTHING:
        failed = tuple(dict.fromkeys(test.name for test in own.report.failing))
        return Outcome(_kind_of_kill(replace(record, steps=(own,)), against), found.why, 1.0, failed, crashed)
    if reached > 0.0:
        return Outcome(OutcomeKind.PARTIAL, found.why, 1.0 - reached, by, crashed, stuck=stuck)
    if slow is not None:
        return Outcome(OutcomeKind.TIMEOUT, found.why, 1.0, by, stuck=stuck)
    return Outcome(_kind_of_kill(record, against), found.why, 1.0, by, crashed)


def _own_step(record: TrialRecord) -> StepRecord | None:
    """That of several whose solution a mutant changes: what the others are paid, the reference's own work earns."""
    name = record.label.rpartition("/")[0] if record.kind is Kind.MUTANT else ""
    return next((step for step in record.steps if step.name == name), None) if name else None


def _kind_of_kill(record: TrialRecord, against: Baseline) -> OutcomeKind:
    """Not of a forged solution: one that is caught is caught, however."""
    if record.kind not in (Kind.MUTANT, Kind.ATTEMPT) or against.untouched is None:
        return OutcomeKind.KILLED
    return OutcomeKind.IDLE if as_if_nothing_were_done(record, against.untouched) else OutcomeKind.KILLED


def _broke_the_import(record: TrialRecord, against: Baseline) -> bool:
    """Whether tests that import the solution could not be imported because of the solution, and for no other reason:
    the untouched environment has the same complaint, or the complaint is about a file of the solution's own."""
    failed = [step.report for step in record.steps if step.proof.never_ran]
    broken = [pair for report in failed for pair in zip(report.collection_errors, report.broken_in, strict=False)]
    return (
        bool(broken)
        and all(report.collection_errors for report in failed)
        and all(_about_own(error, file, against) for error, file in broken)
    )


def _about_own(error: str, file: str, against: Baseline) -> bool:
    modules = {stem(name) for name in against.own if name.endswith(".py")}
    missing = re.search(r"No module named '([^']+)'", error)
    if missing:
        # What is missing may be a package whose install failed, here and on the untouched environment.
        return not modules.isdisjoint(missing[1].split("."))
    if error in against.broken:
        return True
    quoted = {part for name in re.findall(r"'([\w.]+)'", error) for part in name.split(".")}
    paths = {basename(path) for path in re.findall(r"[\w./-]+/[\w.-]+", error.partition(": ")[2])}
    return basename(file) in against.own or not quoted.isdisjoint(modules) or not paths.isdisjoint(against.own)


def stem(name: str) -> str:
    return name.partition(".")[0]


def _script_does_not_parse(log: str) -> str:
    """The shell's own words where it refused the solution script; the formats' two scripts only."""
    pattern = r"^(?:/\S+/)?(?:solve|solution)\.sh: (?:line )?\d+: (?:syntax error|Syntax error|unexpected EOF)[^\n]*"
    found = re.search(pattern, log, re.MULTILINE)
    return found[0] if found else ""


TRANSIENT = frozenset({Cause.ENGINE, Cause.MACHINE, Cause.NO_REWARD, Cause.NEVER_RAN})
"""Causes for which a trial is tried once more."""


def unconfirmed(outcome: Outcome) -> Outcome:
    """What a run by itself shows: that it did not end in time may be the machine's doing."""
    if outcome.kind is not OutcomeKind.TIMEOUT:
        return outcome
    return Outcome(OutcomeKind.ERROR, f"{outcome.why}; that it never ends was not shown", cause=Cause.SLOW)


def hang(record: TrialRecord, beside: TrialRecord, outcome: Outcome) -> Outcome:
    """What a run with nothing but the reference beside it shows: one that does not end at the task's own limit, in a
    program of its own, while the reference ends and is paid, hangs."""
    if outcome.kind is not OutcomeKind.TIMEOUT:
        return outcome
    reference = showing(beside)
    slow = record.timed_out or record.overrun
    there = place(slow.running) if slow is not None else ""
    if reference.shown is not Shown.PAID or beside.overrun is not None:
        why = f"{outcome.why}, and so did the reference beside it, or it was not paid: {reference.why}"
    elif not there:
        ran = f"all that ran were installers ({slow.running[0]})" if slow and slow.running else "nobody knows in what"
        why = f"{outcome.why}, and {ran}"
    else:
        return replace(outcome, why=f"{outcome.why}, in `{there}`")
    return Outcome(OutcomeKind.ERROR, why, cause=Cause.SLOW)


def settle(outcomes: Sequence[Outcome]) -> Outcome:
    """Repeated runs of one mutant: what they agree on, or flaky. An error among results is left out."""
    told = [outcome for outcome in outcomes if outcome.kind is not OutcomeKind.ERROR]
    if not told:
        return outcomes[-1]
    kinds = dict.fromkeys(outcome.kind for outcome in told)
    if set(kinds) == {OutcomeKind.KILLED, OutcomeKind.IDLE}:
        # A run that stops at the first failure does not see that others pass.
        return next(outcome for outcome in told if outcome.kind is OutcomeKind.KILLED)
    if len(kinds) > 1:
        return Outcome(OutcomeKind.FLAKY, "its runs disagree: " + ", ".join(outcome.kind for outcome in told))
    return told[0]
