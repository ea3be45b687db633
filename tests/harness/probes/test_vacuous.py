"""What is made of watched tests: facts with their place, and nothing where they are not to be trusted."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.findings.model import Finding, Severity
from harness.judging.kill_matrix import matrix
from harness.probes.vacuous import Looked, findings, looked_at, never_failing, passing_untouched, unconfirmed
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.lead import LeadKind
from harness.trial.record import Kind, StepRecord, TrialRecord, Trouble, TroubleKind
from harness.trial.watching.seen import Line, SeenTest, WatchedTests
from harness.verifier.test_report import TestCase, TestReport, TestStatus

TEXT = textwrap.dedent("""\
    from pathlib import Path


    def test_early():
        if not Path("/app/x").exists():
            return
        assert Path("/app/x").read_text()


    def test_caught():
        try:
            assert Path("/app/y").exists()
        except AssertionError:
            pass


    def test_told():
        wrong = []
        try:
            assert Path("/app/z").exists()
        except AssertionError as error:
            wrong.append(error)
        print(wrong)


    def test_nothing():
        print(1)
""")
FILES = {"tests/test_a.py": TEXT}


def seen(name: str, outcome: str = "passed", **changes: object) -> SeenTest:
    line = TEXT.splitlines().index(f"def {name.partition('[')[0]}():") + 1
    test = SeenTest("", f"test_a.py::{name}", "/tests/test_a.py", line, (), outcome, "", "", (), (), False, line + 1)
    return replace(test, **changes)  # type: ignore[arg-type]  # each test names fields of its own


def told(reference: Sequence[SeenTest], untouched: Sequence[SeenTest] = (), noticed: Sequence[str] = ()) -> list[str]:
    looked = Looked(WatchedTests(True, tuple(reference)), WatchedTests(True, tuple(untouched)))
    return [f"{one.severity} {one.id} {one.place}: {one.title}" for one in findings(looked, FILES, noticed)]


HELD = (Line("/tests/test_a.py", 7),)


def test_a_test_that_returns_before_its_assertion_on_the_reference_is_told_with_the_line() -> None:
    early = seen("test_early", own=(7,), ended=6)
    (found,) = told([early])
    assert found == (
        "warning no-assertion-reached tests/test_a.py:4: test_early passes on the reference without reaching its "
        "assertion in line 7"
    )
    (finding,) = findings(Looked(WatchedTests(True, (early,))), FILES, ())
    assert finding.evidence == ("it ends in line 6: `return`",)


def test_one_that_fails_for_wrong_work_by_an_error_is_a_note() -> None:
    (found,) = told([seen("test_nothing")], noticed=["tests/test_a.py::test_nothing"])
    assert found == "note no-assertion-reached tests/test_a.py:26: test_nothing reaches no assertion"


def test_of_parameters_one_that_reaches_an_assertion_is_enough() -> None:
    assert told([seen("test_early[1]", own=(7,)), seen("test_early[2]", own=(7,), passed=HELD)]) == []
    assert len(told([seen("test_early[1]", own=(7,)), seen("test_early[2]", own=(7,))])) == 1


def test_another_check_is_as_good_as_an_assertion() -> None:
    assert told([seen("test_nothing", checks=True)]) == []


@pytest.mark.parametrize("outcome", ["failed", "error", "xfailed", ""])
def test_only_a_test_that_passed_is_held_to_its_assertions(outcome: str) -> None:
    assert told([seen("test_nothing", outcome)]) == []


def test_a_skipped_test_is_told_with_its_reason_and_place() -> None:
    skipped = seen("test_early", "skipped", why="Skipped: no tool", at="/tests/test_a.py:5")
    (finding,) = findings(Looked(WatchedTests(True, (skipped,))), FILES, ())
    assert (finding.id, finding.severity, str(finding.place)) == (
        "test-ends-early",
        Severity.WARNING,
        "tests/test_a.py:5",
    )
    assert finding.evidence == ("it says: no tool",)


def test_a_test_that_ends_early_where_nothing_was_done_is_a_note() -> None:
    held = seen("test_early", own=(7,), passed=HELD)
    (found,) = told([held], [seen("test_early", own=(7,), ended=6)])
    assert found == (
        "note test-ends-early tests/test_a.py:6: test_early passes on the untouched environment without reaching any "
        "assertion"
    )
    assert told([held], [seen("test_early", "failed", own=(7,))]) == []


def test_an_assertion_that_failed_and_was_forgotten_is_told_and_one_that_was_kept_is_not() -> None:
    caught = seen("test_caught", failed=(Line("/tests/test_a.py", 12),))
    kept = seen("test_told", failed=(Line("/tests/test_a.py", 20),))
    (found,) = told([caught, kept])
    assert found == (
        "warning swallowed-assertion tests/test_a.py:12: test_caught passes on the reference although an assertion of "
        "it fails"
    )
    assert told([replace(caught, outcome="failed")]) == []


def test_a_file_that_the_task_does_not_have_gives_no_place() -> None:
    (found,) = told([replace(seen("test_nothing"), file="/elsewhere/test_b.py")])
    assert " None: " in found


def record(**changes: object) -> TrialRecord:
    case = TestCase("test_a", TestStatus.PASSED)
    step = StepRecord("", {"reward": 1.0}, report=TestReport("pytest", (case,)))
    whole = TrialRecord("t", Kind.REFERENCE, rewards={"reward": 1.0}, steps=(step,))
    return replace(whole, **changes)  # type: ignore[arg-type]  # each test names fields of its own


LOOK = WatchedTests(True, (seen("test_nothing"),))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"looked": None}, "no pytest"),
        ({"looked": WatchedTests(False)}, "no pytest"),
        ({"looked": WatchedTests(True)}, "no test ran"),
        ({"looked": replace(LOOK, trouble="KeyError()")}, "the plugin failed: KeyError()"),
        ({"looked": LOOK, "rewards": {"reward": 0.0}, "steps": ()}, "otherwise"),
        ({"looked": LOOK, "trouble": Trouble(TroubleKind.ENGINE, "gone")}, "gone"),
    ],
)
def test_a_look_that_ended_otherwise_than_the_judged_run_tells_nothing(changes: dict[str, object], why: str) -> None:
    found = looked_at(record(**changes), None, record(), None)
    assert not found.measured
    assert why in found.why
    assert list(findings(found, FILES, ())) == []


def test_a_look_that_ended_alike_is_taken() -> None:
    found = looked_at(record(looked=LOOK), None, record(), None)
    assert (found.measured, found.why, found.reference) == (True, "", LOOK)


def test_what_was_seen_is_no_lead_any_more() -> None:
    tests, _ = read_test_files(FILES)
    leads = [lead for test in tests for lead in test.leads]
    kinds = {(lead.test, lead.kind) for lead in leads}
    assert {("test_early", LeadKind.SKIPS), ("test_caught", LeadKind.SWALLOWED)} <= kinds
    assert ("test_nothing", LeadKind.NO_ASSERTION) in kinds
    looked = Looked(WatchedTests(True, (seen("test_nothing"), seen("test_early", own=(7,)))))
    found: list[Finding] = list(findings(looked, FILES, ()))
    left = {(lead.test, lead.kind) for lead in unconfirmed(leads, found)}
    assert kinds - left == {("test_nothing", LeadKind.NO_ASSERTION), ("test_early", LeadKind.SKIPS)}


def test_an_assertion_that_cannot_fail_is_a_fact_where_its_test_passes_untouched() -> None:
    tests, _ = read_test_files({"tests/test_b.py": "def test_b():\n    assert True\n"})
    leads = [lead for test in tests for lead in test.leads]
    assert list(never_failing(leads, ["tests/test_c.py::test_c"])) == []
    (found,) = never_failing(leads, ["tests/test_b.py::test_b"])
    assert (found.id, str(found.place)) == ("permissive-assertion", "tests/test_b.py:2")


def test_tests_that_pass_untouched_are_counted() -> None:
    assert list(passing_untouched([], 3)) == []
    (found,) = passing_untouched(["a", "b"], 3)
    assert found.title == "2 of 3 tests pass on the untouched environment, and not for every variant"


def test_a_test_that_was_skipped_has_not_passed_for_everything() -> None:
    def of(status: TestStatus, other: TestStatus) -> TrialRecord:
        cases = (TestCase("one", status), TestCase("two", other))
        return record(steps=(StepRecord("", {"reward": 1.0}, report=TestReport("pytest", cases)),))

    paid = of(TestStatus.SKIPPED, TestStatus.PASSED)
    killed = of(TestStatus.SKIPPED, TestStatus.FAILED)
    found = matrix([paid], [killed], {"m": killed})
    assert found is not None
    assert found.vacuous == ()
