"""When trials may go on from what was kept, and when no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judging.outcome import OutcomeKind
from harness.judging.reuse import Reuse, differs, saving, told
from harness.trial.plan import Means
from harness.trial.record import Kind, Phase, PhaseName, StepRecord, TrialRecord, Which
from harness.verifier.test_report import TestCase, TestReport, TestStatus

ALL = frozenset(Means)
PREPARED = Phase(PhaseName.PREPARE, "", 0.1)
VERIFIED = Phase(PhaseName.VERIFY, "", 4.0)


def record(*phases: Phase, reward: float = 1.0, run: Which = Which.FIRST, failed: str = "") -> TrialRecord:
    tests = tuple(TestCase(name, TestStatus.FAILED if name == failed else TestStatus.PASSED) for name in ("a", "b"))
    rewards = {"reward": reward}
    step = StepRecord("", rewards, report=TestReport("pytest", tests))
    return TrialRecord("t", Kind.REFERENCE, run=run, rewards=rewards, phases=phases, steps=(step,), seconds=5)


PLAIN, REUSED = record(VERIFIED), record(PREPARED, VERIFIED)


def test_a_control_that_ends_the_same_proves_it() -> None:
    assert differs(PLAIN, REUSED) == ""


@pytest.mark.parametrize(
    "other",
    [
        record(PREPARED, VERIFIED, reward=0.0),
        record(PREPARED, VERIFIED, reward=0.5),
        record(PREPARED, VERIFIED, failed="b"),
        replace(REUSED, rewards=None),
        replace(PLAIN, not_reused="the solution changes /etc/passwd"),
    ],
)
def test_a_control_that_does_not_end_the_same_or_prepared_itself_proves_nothing(other: TrialRecord) -> None:
    assert differs(PLAIN, other) != ""


S, K, IDLE, E = OutcomeKind.SURVIVED, OutcomeKind.KILLED, OutcomeKind.IDLE, OutcomeKind.ERROR
CONFIRM, REPEAT = record(VERIFIED, run=Which.CONFIRM), record(PREPARED, run=Which.REPEAT)


@pytest.mark.parametrize(
    ("runs", "on"),
    [
        ([(REUSED, S), (CONFIRM, S)], True),
        ([(REUSED, S), (CONFIRM, K)], False),
        ([(REUSED, K), (CONFIRM, S)], False),
        ([(REUSED, K)], True),
        ([(REUSED, IDLE), (CONFIRM, K)], True),  # cut at its first failure, and run once more in full
        ([(REUSED, IDLE), (CONFIRM, S)], False),
        ([(REUSED, E), (CONFIRM, K)], True),
        ([(REUSED, S), (CONFIRM, S), (REPEAT, K)], False),
        ([(PLAIN, S), (CONFIRM, K)], True),  # flaky, and nothing was reused
    ],
)
def test_a_plain_run_that_says_otherwise_turns_it_off_for_the_task(
    runs: list[tuple[TrialRecord, OutcomeKind]], on: bool
) -> None:
    reuse = Reuse(on=ALL)
    reuse.hold_against(runs, "abc")
    assert (reuse.on == ALL, reuse.disagreed) == (on, "" if on else "abc")
    reuse.hold_against([(REUSED, S), (CONFIRM, S)], "def")
    assert (reuse.on == ALL) is on


LEFT = replace(PLAIN, end="a1")


@pytest.mark.parametrize(
    ("runs", "on"),
    [
        ([(LEFT, S), (LEFT, S)], True),
        ([(LEFT, S), (LEFT, K)], False),
        ([(LEFT, IDLE), (LEFT, K)], True),
        ([(LEFT, S), (LEFT, E)], True),
        ([(LEFT, S), (replace(LEFT, end="b2"), K)], True),
        ([(LEFT, S), (replace(LEFT, same_as="mutant x"), K)], True),  # held against a plain run, if at all
        ([(replace(PLAIN, end=""), S), (replace(PLAIN, end=""), K)], True),
    ],
)
def test_what_leaves_the_same_and_comes_to_something_else_turns_it_off(
    runs: list[tuple[TrialRecord, OutcomeKind]], on: bool
) -> None:
    reuse = Reuse(on=ALL)
    reuse.hold_together(runs)
    assert (reuse.on == ALL) is on


def test_what_is_told_of_it() -> None:
    quick = replace(REUSED, phases=(PREPARED, Phase(PhaseName.VERIFY, "", 0.4)))
    reuse = Reuse(ALL, statements=("apt-get update",), size=7, seconds=4.0, proof=(REUSED,))
    reuse.saves = saving([PLAIN, PLAIN], [quick, quick])
    alone = replace(PLAIN, not_reused="why")
    found = told(reuse, [REUSED, REUSED, alone, PLAIN])
    assert (found.trials, found.plain, found.reasons, found.saved, found.spent) == (2, 1, ("why",), 7.0, 9.0)
