"""A broken variant that was paid although a test did not pass for it says that the reward does not follow the tests."""

from __future__ import annotations

import pytest

from harness.findings.unheeded import Unheeded, paid_trials, unheeded, unheeded_findings
from harness.trial.record import Kind, StepRecord, TrialRecord
from harness.verifier.test_report import TestCase, TestReport, TestStatus

PASSED, FAILED, SKIPPED = TestStatus.PASSED, TestStatus.FAILED, TestStatus.SKIPPED
A, B = "t/test_x.py::test_a", "t/test_x.py::test_b"


def record(**told: TestStatus) -> TrialRecord:
    names = {"a": A, "b": B, "folded": "t/test_x.py:14"}
    cases = tuple(TestCase(names[name], status) for name, status in told.items())
    return TrialRecord("t", Kind.MUTANT, steps=(StepRecord("", {"reward": 1.0}, report=TestReport("pytest", cases)),))


REFERENCE = (record(a=PASSED, b=PASSED), record(a=PASSED, b=PASSED))


@pytest.mark.parametrize(
    ("paid", "ident", "although"),
    [
        ([record(a=PASSED, b=FAILED)], "paid-though-failed", "test_b failed"),
        ([record(a=SKIPPED, b=FAILED)], "paid-though-failed", "test_b failed"),
        ([record(a=FAILED, b=FAILED)], "paid-though-failed", "tests failed"),
        ([record(a=PASSED, b=SKIPPED)], "paid-though-skipped", "test_b was skipped"),
        ([record(a=PASSED, folded=SKIPPED)], "paid-though-skipped", "test_b was skipped"),
        ([record()], "paid-though-none-ran", "no test ran"),
    ],
)  # fmt: skip
def test_each_way_is_told_by_its_name(paid: list[TrialRecord], ident: str, although: str) -> None:
    how = unheeded(REFERENCE, paid)
    assert how is not None
    (one,) = unheeded_findings({"a step is left out (m1)": how})
    assert (one.id, one.title) == (ident, f"A broken variant was paid in full although {although}")
    assert one.evidence[0].startswith("a step is left out (m1): t/test_x.py::test_")


@pytest.mark.parametrize(
    "paid",
    [
        [record(a=PASSED, b=PASSED)],
        [record(a=PASSED)],  # one that is not reported may only have another name
        [record(a=PASSED, b=FAILED), record(a=PASSED, b=PASSED)],  # now so and now so
        [],
    ],
)
def test_what_passed_what_is_only_not_named_and_what_is_chance_is_not_told(paid: list[TrialRecord]) -> None:
    assert unheeded(REFERENCE, paid) is None


def test_a_test_that_fails_for_the_reference_too_says_nothing() -> None:
    reference = (record(a=PASSED, b=FAILED), record(a=PASSED, b=PASSED))
    assert unheeded(reference, [record(a=PASSED, b=FAILED)]) is None


def test_many_variants_are_one_finding() -> None:
    (one,) = unheeded_findings({f"variant {number}": Unheeded("paid-though-failed", [B]) for number in range(7)})
    assert one.title == "7 broken variants were paid in full although test_b failed"
    assert one.evidence[-1] == "and 2 more"


def test_paid_trials_are_counted_each_by_itself_where_the_references_tests_are_known() -> None:
    paid = [record(a=PASSED, b=FAILED), record(a=PASSED, folded=SKIPPED), record(), record(a=PASSED, b=PASSED)]
    found = {"paid-though-failed": 1, "paid-though-skipped": 1, "paid-though-none-ran": 1, "": 1}
    assert paid_trials(REFERENCE, paid) == found
    assert not paid_trials([record(), record()], paid)
