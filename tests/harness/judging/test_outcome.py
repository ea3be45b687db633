from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.judging.outcome import (
    COUNTED,
    DETECTED,
    Baseline,
    Cause,
    Outcome,
    OutcomeKind,
    Shown,
    baseline,
    judge,
    settle,
    showing,
)
from harness.trial.record import Kind, Phase, PhaseName, StepRecord, TrialRecord, Trouble, TroubleKind
from harness.verifier.log import NEVER_RAN, UNTOLD, Evidence, Proof
from harness.verifier.reward import RewardFault, RewardProblem, Rewards
from harness.verifier.test_report import NOTHING, TestCase, TestReport, TestStatus

MISSING = RewardProblem(RewardFault.MISSING, "the verifier wrote no reward")
UNPARSABLE = RewardProblem(RewardFault.UNPARSABLE, "reward.txt is not a number: 'x'")
FAILED = TestReport("pytest", (TestCase("t.py::test_a", TestStatus.FAILED, "assert 1 == 2"),))


def trial(
    rewards: Rewards | RewardProblem | None,
    evidence: Evidence = Evidence.NOTHING,
    *,
    kind: Kind = Kind.MUTANT,
    solve: int | None = 0,
    verify: int | None = 0,
    solve_evidence: Evidence = Evidence.NOTHING,
    solve_log: str = "",
    report: TestReport = NOTHING,
    trouble: TroubleKind | None = None,
) -> TrialRecord:
    paid = None if isinstance(rewards, RewardProblem) else rewards
    problem = rewards if isinstance(rewards, RewardProblem) else None
    phases = [Phase(PhaseName.START, "", 0.1)]
    if kind is not Kind.NOP:
        phases.append(Phase(PhaseName.SOLVE, "", 1.0, solve, 30.0, log=solve_log))
    phases.append(Phase(PhaseName.VERIFY, "", 1.0, verify, 20.0))
    stuck = verify is None or trouble is not None
    step = StepRecord("", paid, problem, report, Proof(evidence, "its line"), Proof(solve_evidence, "apt failed"))
    return TrialRecord(
        "t",
        kind,
        rewards=None if stuck else paid,
        problem=None if stuck else problem,
        trouble=Trouble(trouble, "it broke") if trouble else None,
        phases=tuple(phases),
        steps=() if stuck else (step,),
    )


ONE, ZERO, HALF = {"reward": 1.0}, {"reward": 0.0}, {"reward": 0.5}
E = Evidence
ALL = (Kind.REFERENCE, Kind.NOP, Kind.HOLLOW, Kind.IDENTITY, Kind.MUTANT)
DOES_WORK = (Kind.REFERENCE, Kind.IDENTITY, Kind.MUTANT)
UNTOUCHED = (Kind.NOP, Kind.HOLLOW)


@pytest.mark.parametrize(
    ("rewards", "evidence", "kinds", "shown", "cause"),
    [
        # A reward is there.
        (ONE, E.RAN_GOOD, ALL, Shown.PAID, None),
        (ONE, E.NOTHING, ALL, Shown.PAID, None),
        (ONE, E.NO_TESTS, ALL, Shown.PAID, None),
        ({"reward": 2}, E.RAN_GOOD, ALL, Shown.OVERPAID, None),
        (HALF, E.RAN_BAD, ALL, Shown.PARTIAL, None),
        (ZERO, E.RAN_BAD, ALL, Shown.UNPAID, None),
        (ZERO, E.RAN_GOOD, ALL, Shown.UNPAID, None),
        (ZERO, E.ASSERTED, ALL, Shown.UNPAID, None),
        (ZERO, E.IMPORT_ERROR, ALL, Shown.UNPAID, None),
        (ZERO, E.NOTHING, ALL, Shown.UNPAID, None),
        ({"reward": -1}, E.NOTHING, ALL, Shown.UNPAID, None),
        ({}, E.NOTHING, ALL, Shown.UNPAID, None),
        # A reward of 0 whose tests never ran.
        (ZERO, E.NETWORK, ALL, Shown.ERROR, Cause.MACHINE),
        (ZERO, E.INSTALL_FAILED, ALL, Shown.ERROR, Cause.MACHINE),
        (ZERO, E.DISK_FULL, ALL, Shown.ERROR, Cause.MACHINE),
        (ZERO, E.OUT_OF_MEMORY, ALL, Shown.ERROR, Cause.MACHINE),
        (HALF, E.NETWORK, ALL, Shown.ERROR, Cause.MACHINE),
        (ZERO, E.COLLECTION_ERROR, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (ZERO, E.NO_TESTS, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (ZERO, E.NOT_FOUND, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (ZERO, E.SCRIPT_UNUSABLE, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (ZERO, E.COLLECTION_ERROR, UNTOUCHED, Shown.UNPAID, None),
        (ZERO, E.NO_TESTS, UNTOUCHED, Shown.UNPAID, None),
        (ZERO, E.NOT_FOUND, UNTOUCHED, Shown.UNPAID, None),
        # No reward: decided by what the log proves.
        (MISSING, E.RAN_BAD, ALL, Shown.UNPAID, None),
        (MISSING, E.ASSERTED, ALL, Shown.UNPAID, None),
        (MISSING, E.RAN_GOOD, DOES_WORK, Shown.ERROR, Cause.NO_REWARD),
        (MISSING, E.NOTHING, DOES_WORK, Shown.ERROR, Cause.NO_REWARD),
        (MISSING, E.IMPORT_ERROR, DOES_WORK, Shown.ERROR, Cause.NO_REWARD),
        (MISSING, E.COLLECTION_ERROR, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (MISSING, E.NO_TESTS, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (MISSING, E.NOT_FOUND, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (MISSING, E.SCRIPT_UNUSABLE, DOES_WORK, Shown.ERROR, Cause.NEVER_RAN),
        (MISSING, E.NETWORK, ALL, Shown.ERROR, Cause.MACHINE),
        (MISSING, E.INSTALL_FAILED, ALL, Shown.ERROR, Cause.MACHINE),
        (MISSING, E.DISK_FULL, ALL, Shown.ERROR, Cause.MACHINE),
        (MISSING, E.OUT_OF_MEMORY, ALL, Shown.ERROR, Cause.MACHINE),
        (MISSING, E.NOTHING, UNTOUCHED, Shown.UNPAID, None),
        (MISSING, E.NOT_FOUND, UNTOUCHED, Shown.UNPAID, None),
        (MISSING, E.RAN_GOOD, UNTOUCHED, Shown.UNPAID, None),
        # A reward that cannot be read.
        (UNPARSABLE, E.RAN_BAD, DOES_WORK, Shown.ERROR, Cause.BAD_REWARD),
        (UNPARSABLE, E.RAN_GOOD, DOES_WORK, Shown.ERROR, Cause.BAD_REWARD),
        (UNPARSABLE, E.NOTHING, DOES_WORK, Shown.ERROR, Cause.BAD_REWARD),
        (UNPARSABLE, E.NOTHING, UNTOUCHED, Shown.UNPAID, None),
    ],
)
def test_what_a_finished_trial_shows(
    rewards: Rewards | RewardProblem, evidence: Evidence, kinds: Sequence[Kind], shown: Shown, cause: Cause | None
) -> None:
    for kind in kinds:
        found = showing(trial(rewards, evidence, kind=kind))
        assert (found.shown, found.cause) == (shown, cause), kind


@pytest.mark.parametrize("evidence", list(Evidence))
@pytest.mark.parametrize("fault", list(RewardFault))
def test_a_mutant_without_a_reward_is_killed_only_where_the_log_proves_that_tests_failed(
    evidence: Evidence, fault: RewardFault
) -> None:
    absent = fault in (RewardFault.MISSING, RewardFault.EMPTY, RewardFault.NO_RESULTS)
    proven = absent and evidence in (Evidence.RAN_BAD, Evidence.ASSERTED)
    found = judge(trial(RewardProblem(fault, "x"), evidence), Baseline(ONE, {}))
    assert (found.kind is OutcomeKind.KILLED) is proven
    assert (found.kind is OutcomeKind.ERROR) is not proven


@pytest.mark.parametrize("evidence", sorted(NEVER_RAN))
def test_a_zero_from_tests_that_never_ran_is_an_error_and_never_a_kill(evidence: Evidence) -> None:
    assert judge(trial(ZERO, evidence), Baseline(ONE, {})).kind is OutcomeKind.ERROR


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (TroubleKind.ENGINE, Cause.ENGINE),
        (TroubleKind.HEALTHCHECK, Cause.HEALTHCHECK),
        (TroubleKind.SETUP, Cause.SETUP),
        (TroubleKind.NO_SOLUTION, Cause.NO_SOLUTION),
        (TroubleKind.UNSUPPORTED, Cause.UNSUPPORTED),
    ],
)
def test_a_trial_that_never_came_to_its_verifier_is_an_error(kind: TroubleKind, cause: Cause) -> None:
    for control in ALL:
        found = showing(trial(None, trouble=kind, kind=control))
        assert (found.shown, found.cause, found.why) == (Shown.ERROR, cause, "it broke")
    assert judge(trial(None, trouble=kind), Baseline(ONE, {})).kind is OutcomeKind.ERROR


def test_a_verifier_that_hangs_is_a_timeout() -> None:
    record = trial(None, verify=None)
    assert showing(record).shown is Shown.TIMEOUT
    found = judge(record, Baseline(ONE, {}))
    assert (found.kind, found.stuck, found.gap) == (OutcomeKind.TIMEOUT, PhaseName.VERIFY, 1.0)


@pytest.mark.parametrize(
    ("rewards", "evidence", "shown", "kind", "gap"),
    [
        # What the runner pays for a solution that does not end is what it is.
        (ONE, E.RAN_GOOD, Shown.PAID, OutcomeKind.SURVIVED, 0.0),
        (HALF, E.RAN_BAD, Shown.TIMEOUT, OutcomeKind.PARTIAL, 0.5),
        (ZERO, E.RAN_BAD, Shown.TIMEOUT, OutcomeKind.TIMEOUT, 1.0),
        (MISSING, E.NOTHING, Shown.TIMEOUT, OutcomeKind.TIMEOUT, 1.0),
        (MISSING, E.NOT_FOUND, Shown.TIMEOUT, OutcomeKind.TIMEOUT, 1.0),
        (UNPARSABLE, E.NOTHING, Shown.TIMEOUT, OutcomeKind.TIMEOUT, 1.0),
        # It cannot be blamed for the machine.
        (ZERO, E.NETWORK, Shown.ERROR, OutcomeKind.ERROR, 0.0),
        (MISSING, E.DISK_FULL, Shown.ERROR, OutcomeKind.ERROR, 0.0),
    ],
)
def test_a_solution_that_does_not_end_is_paid_for_what_it_had_done(
    rewards: Rewards | RewardProblem, evidence: Evidence, shown: Shown, kind: OutcomeKind, gap: float
) -> None:
    record = trial(rewards, evidence, solve=None)
    assert showing(record).shown is shown
    found = judge(record, Baseline(ONE, {}))
    assert (found.kind, found.gap) == (kind, gap)
    assert not found.crashed
    if kind is not OutcomeKind.ERROR:
        assert found.stuck is PhaseName.SOLVE
        assert "still ran at its time limit of 30 s" in found.why


@pytest.mark.parametrize(
    ("rewards", "kind"),
    [
        (ONE, OutcomeKind.SURVIVED),
        (HALF, OutcomeKind.PARTIAL),
        (ZERO, OutcomeKind.KILLED),
        (MISSING, OutcomeKind.ERROR),
    ],
)
def test_hanging_tells_nothing_of_a_mutant_where_the_reference_hangs_too(
    rewards: Rewards | RewardProblem, kind: OutcomeKind
) -> None:
    against = baseline([trial(ONE, solve=None)], None)
    assert against is not None
    found = judge(trial(rewards, solve=None), against)
    assert (found.kind, found.stuck) == (kind, None)


def test_a_solution_that_waits_for_a_missing_network_is_no_timeout() -> None:
    record = trial(ZERO, E.RAN_BAD, solve=None, solve_evidence=E.NETWORK)
    assert judge(record, Baseline(ONE, {})).kind is OutcomeKind.ERROR


def test_engine_trouble_outranks_a_timeout() -> None:
    assert showing(trial(None, solve=None, trouble=TroubleKind.ENGINE)).cause is Cause.ENGINE


@pytest.mark.parametrize(
    ("rewards", "reference", "floor", "kind", "gap"),
    [
        (ONE, ONE, {}, OutcomeKind.SURVIVED, 0.0),
        (ZERO, ONE, {}, OutcomeKind.KILLED, 1.0),
        (HALF, ONE, {}, OutcomeKind.PARTIAL, 0.5),
        (HALF, ONE, HALF, OutcomeKind.KILLED, 1.0),
        (HALF, HALF, ZERO, OutcomeKind.SURVIVED, 0.0),
        ({"reward": -1}, ONE, {}, OutcomeKind.KILLED, 1.0),
        ({"a": 1, "b": 0.5}, {"a": 1, "b": 1}, {"a": 0, "b": 0}, OutcomeKind.PARTIAL, 0.25),
        ({"a": 1, "b": 2.9}, {"a": 1, "b": 3.0}, {"a": 0, "b": 1.0}, OutcomeKind.PARTIAL, 0.025),
        ({"a": 1, "b": 3.2}, {"a": 1, "b": 3.0}, {"a": 0, "b": 1.0}, OutcomeKind.SURVIVED, 0.0),
    ],
)
def test_a_mutant_is_held_against_the_reference_and_doing_nothing(
    rewards: Rewards, reference: Rewards, floor: Rewards, kind: OutcomeKind, gap: float
) -> None:
    found = judge(trial(rewards, Evidence.RAN_BAD), Baseline(reference, floor))
    assert found.kind is kind
    assert found.gap == pytest.approx(gap)


def test_a_kill_names_the_tests_and_notes_a_crash_apart() -> None:
    found = judge(trial(ZERO, Evidence.RAN_BAD, report=FAILED, solve=3), Baseline(ONE, {}))
    assert (found.kind, found.killed_by, found.crashed) == (OutcomeKind.KILLED, ("t.py::test_a",), True)
    assert not judge(trial(ZERO, Evidence.RAN_BAD, solve=3), Baseline(ONE, {}, solve_status=3)).crashed


def test_a_solution_that_failed_for_want_of_the_network_is_no_kill_unless_the_reference_said_the_same() -> None:
    record = trial(ZERO, Evidence.RAN_BAD, solve_evidence=Evidence.NETWORK)
    assert judge(record, Baseline(ONE, {})).kind is OutcomeKind.ERROR
    assert judge(record, Baseline(ONE, {}, solve_evidence=Evidence.NETWORK)).kind is OutcomeKind.KILLED
    paid = trial(ONE, solve_evidence=Evidence.NETWORK)
    assert judge(paid, Baseline(ONE, {})).kind is OutcomeKind.SURVIVED


@pytest.mark.parametrize(
    "log",
    [
        "/solution/solve.sh: line 7: syntax error near unexpected token `done'\n",
        "/oracle/solution.sh: line 9: unexpected EOF while looking for matching `\"'\n",
        "/solution/solve.sh: 3: Syntax error: end of file unexpected\n",
    ],
)
def test_a_script_that_does_not_parse_is_invalid(log: str) -> None:
    assert judge(trial(ZERO, solve=2, solve_log=log), Baseline(ONE, {})).kind is OutcomeKind.INVALID


def test_another_scripts_syntax_error_is_the_mutants_own_doing() -> None:
    log = "/app/run.sh: line 7: syntax error near unexpected token `done'\n"
    assert judge(trial(ZERO, E.RAN_BAD, solve=2, solve_log=log), Baseline(ONE, {})).kind is OutcomeKind.KILLED


def test_a_step_whose_tests_never_ran_makes_the_trial_an_error_although_the_runner_pays_the_mean() -> None:
    steps = (
        StepRecord("one", ONE, None, NOTHING, UNTOLD),
        StepRecord("two", None, MISSING, NOTHING, UNTOLD),
    )
    record = TrialRecord("t", Kind.MUTANT, rewards=ONE, steps=steps)
    assert showing(record).cause is Cause.NO_REWARD
    assert judge(record, Baseline(ONE, {})).kind is OutcomeKind.ERROR


def test_the_baseline_takes_the_least_that_any_reference_run_was_paid() -> None:
    runs = [trial({"a": 1, "speed": 3.0}, kind=Kind.REFERENCE), trial({"a": 1, "speed": 2.5}, kind=Kind.REFERENCE)]
    found = baseline(runs, trial({"a": 0, "speed": 1.0}, kind=Kind.NOP))
    assert found is not None
    assert (found.reference, found.floor) == ({"a": 1, "speed": 2.5}, {"a": 0, "speed": 1.0})
    assert baseline([trial(MISSING, kind=Kind.REFERENCE)], None) is None
    silent = baseline([trial(ONE, kind=Kind.REFERENCE)], trial(MISSING, kind=Kind.NOP))
    assert silent is not None
    assert silent.floor == {}


K, S, T, X = (
    Outcome(kind) for kind in (OutcomeKind.KILLED, OutcomeKind.SURVIVED, OutcomeKind.TIMEOUT, OutcomeKind.ERROR)
)


@pytest.mark.parametrize(
    ("outcomes", "kind"),
    [
        ([S, S], OutcomeKind.SURVIVED),
        ([K], OutcomeKind.KILLED),
        ([S, K], OutcomeKind.FLAKY),
        ([S, S, T], OutcomeKind.FLAKY),
        ([X, S], OutcomeKind.SURVIVED),
        ([X, X], OutcomeKind.ERROR),
    ],
)
def test_repeats_agree_or_are_flaky(outcomes: list[Outcome], kind: OutcomeKind) -> None:
    assert settle(outcomes).kind is kind


def test_an_error_is_never_counted() -> None:
    assert OutcomeKind.ERROR not in COUNTED
    assert {OutcomeKind.SURVIVED, OutcomeKind.PARTIAL} == COUNTED - DETECTED


@pytest.mark.parametrize(
    ("error", "file", "killed"),
    [
        # The solution is there and breaks while it is imported, or lacks what the tests import.
        ("test_a.py: NameError: name 'rows' is not defined", "/app/ledger.py", True),
        ("test_a.py: ImportError: cannot import name 'total' from 'ledger' (/app/ledger.py)", "/tests/test_a.py", True),
        ("test_a.py: AttributeError: module 'ledger' has no attribute 'total'", "/tests/test_a.py", True),
        ('test_a.py: File "/app/ledger.py", line 3', "/tests/test_a.py", True),
        ("test_a.py: ModuleNotFoundError: No module named 'ledger'", "/tests/test_a.py", True),
        ("test_a.py: FileNotFoundError: [Errno 2] No such file or directory: '/app/out.csv'", "", True),
        # What is said of the untouched environment, too.
        ("test_a.py: KeyError: 'TOTAL'", "/tests/test_a.py", True),
        # A package that could not be had, or a fault of the tests' own.
        ("test_a.py: ModuleNotFoundError: No module named 'requests'", "/app/ledger.py", False),
        ("test_a.py: ModuleNotFoundError: No module named 'requests'", "/tests/test_a.py", False),
        ("test_a.py: ModuleNotFoundError: No module named 'redis'", "/tests/test_a.py", False),
        ("test_a.py: ModuleNotFoundError: No module named 'flask'", "/tests/test_a.py", False),
        ("test_a.py: NameError: name 'x' is not defined", "/tests/test_a.py", False),
        ("test_a.py: ConnectionError: refused", "/usr/lib/python3/dist-packages/urllib3/connection.py", False),
        ("test_a.py", "", False),
    ],
)
def test_a_solution_that_breaks_the_import_of_the_tests_is_killed_and_nothing_else_is(
    error: str, file: str, killed: bool
) -> None:
    against = Baseline(
        ONE,
        {},
        # redis.conf is no module, and an install that failed on the untouched environment proves nothing.
        broken=frozenset({"test_a.py: KeyError: 'TOTAL'", "test_a.py: ModuleNotFoundError: No module named 'flask'"}),
        own=frozenset({"ledger.py", "out.csv", "redis.conf", "solve.sh"}),
    )
    report = TestReport("pytest", collection_errors=(error,), broken_in=(file,))
    found = judge(trial(ZERO, E.COLLECTION_ERROR, report=report), against)
    assert found.kind is (OutcomeKind.KILLED if killed else OutcomeKind.ERROR)
    # Without a reward, with a network that does not answer, or where another file fails for another reason: no kill.
    assert judge(trial(MISSING, E.COLLECTION_ERROR, report=report), against).kind is OutcomeKind.ERROR
    assert judge(trial(ZERO, E.NETWORK, report=NOTHING), against).kind is OutcomeKind.ERROR
    foreign = TestReport("pytest", collection_errors=(error, "test_b.py: ImportError: x"), broken_in=(file, "/t/b.py"))
    assert judge(trial(ZERO, E.COLLECTION_ERROR, report=foreign), against).kind is OutcomeKind.ERROR


@pytest.mark.parametrize(
    ("label", "own", "kind", "gap"),
    [
        ("second/0123456789", ZERO, OutcomeKind.KILLED, 1.0),
        ("second/0123456789", HALF, OutcomeKind.PARTIAL, 0.5),
        # What the first step's mutant does to the second is told by the whole reward alone.
        ("first/0123456789", ZERO, OutcomeKind.PARTIAL, 0.5),
        ("0123456789", ZERO, OutcomeKind.PARTIAL, 0.5),
    ],
)
def test_a_mutant_of_one_step_is_caught_where_its_own_step_pays_nothing(
    label: str, own: Rewards, kind: OutcomeKind, gap: float
) -> None:
    against = baseline([trial(ONE, kind=Kind.REFERENCE)], trial(ZERO, kind=Kind.NOP))
    assert against is not None
    whole = trial(HALF, E.RAN_BAD, report=FAILED)
    rewards = {"first": ONE, "second": own}
    steps = tuple(replace(whole.steps[0], name=name, rewards=paid) for name, paid in rewards.items())
    found = judge(replace(whole, label=label, steps=steps), against)
    assert (found.kind, found.gap) == (kind, gap)
    assert found.killed_by == ("t.py::test_a",)
