"""Kills that doing nothing would earn, and how a strength without them is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judging.idle import is_cut
from harness.judging.outcome import Baseline, Outcome, OutcomeKind, baseline, judge, settle
from harness.judging.strength import Judged, Offer, Thresholds, Verdict, strength, verdict
from harness.trial.record import Kind, Phase, PhaseName, StepRecord, TrialRecord
from harness.verifier.test_report import NOTHING, TestCase, TestReport, TestStatus
from mutator.model import FaultClass

GONE = "FileNotFoundError: [Errno 2] No such file or directory: '/app/out.json'"


def trial(
    tests: dict[str, str | None] | None, *, kind: Kind = Kind.MUTANT, paid: float = 0.0, log: str = "log"
) -> TrialRecord:
    """`tests`: name -> its complaint, None where it passed; '-' where it never ran."""
    cases = [
        TestCase(name, TestStatus.PASSED if said is None else TestStatus.FAILED, said or "")
        for name, said in (tests or {}).items()
        if said != "-"
    ]
    report = TestReport("pytest", tuple(cases)) if tests else NOTHING
    phases = (Phase(PhaseName.SOLVE, "", 1.0), Phase(PhaseName.VERIFY, "", 1.0, log=log))
    return TrialRecord(
        "t", kind, rewards={"reward": paid}, phases=phases, steps=(StepRecord("", {"reward": paid}, report=report),)
    )


def against(nop: TrialRecord, hollow: TrialRecord | None = None, names: str = "abc") -> Baseline:
    reference = trial(dict.fromkeys(names), kind=Kind.REFERENCE, paid=1.0)
    found = baseline([reference], replace(nop, kind=Kind.NOP), hollow)
    assert found is not None
    return found


NOP = trial({"a": GONE, "b": GONE, "c": None})


@pytest.mark.parametrize(
    ("tests", "kind"),
    [
        ({"a": GONE, "b": GONE, "c": None}, OutcomeKind.IDLE),
        # A test that needs work passes: something of the task still works.
        ({"a": None, "b": GONE, "c": None}, OutcomeKind.KILLED),
        # The output is there and only wrong.
        ({"a": "assert 3 == 4", "b": GONE, "c": None}, OutcomeKind.KILLED),
        # It is there, and nobody can read it; or the program itself breaks down, whatever it is given.
        ({"a": "json.decoder.JSONDecodeError: Expecting value", "b": GONE, "c": None}, OutcomeKind.IDLE),
        ({"a": "AssertionError: Traceback (most recent call last)", "b": GONE, "c": None}, OutcomeKind.IDLE),
        # That the third test passes, as it does where nothing is done, tells nothing; that it fails is no work.
        ({"a": GONE, "b": GONE, "c": "assert 1 == 2"}, OutcomeKind.IDLE),
    ],
)
def test_a_kill_counts_only_while_something_of_the_task_still_works(
    tests: dict[str, str | None], kind: OutcomeKind
) -> None:
    assert judge(trial(tests), against(NOP)).kind is kind


def test_a_word_that_looks_like_an_error_s_name_is_no_missing_output() -> None:
    assert judge(trial({"a": "AssertionError: Name 'x' != 'y'", "b": GONE}), against(NOP)).kind is OutcomeKind.KILLED


def test_what_a_hollow_solution_says_is_as_little_as_what_an_untouched_environment_says() -> None:
    hollow = trial({"a": "assert 0 == 4", "b": "assert 0 == 4", "c": None}, kind=Kind.HOLLOW)
    mutant = trial({"a": "assert 0 == 4", "b": "assert 0 == 4", "c": None})
    assert judge(mutant, against(NOP, hollow)).kind is OutcomeKind.IDLE
    assert judge(mutant, against(NOP)).kind is OutcomeKind.KILLED


def test_folders_and_addresses_of_one_run_make_no_other_complaint() -> None:
    nop = trial({"a": "assert 'x' in /tmp/tmpa1b2/out at 0x7f12"})
    mutant = trial({"a": "assert 'x' in /tmp/tmpz9/out at 0x8800"})
    assert judge(mutant, against(nop, names="a")).kind is OutcomeKind.IDLE


def test_where_single_tests_are_not_told_the_log_decides() -> None:
    nop = trial(None, log="FAIL: no output, 0.31 s")
    assert judge(trial(None, log="FAIL: no output, 0.42 s"), against(nop, names="")).kind is OutcomeKind.IDLE
    assert judge(trial(None, log="FAIL: 3 is not 4"), against(nop, names="")).kind is OutcomeKind.KILLED


@pytest.mark.parametrize("log", ["", "\n", "FAIL\n", "Test failed.", "reward: 0"])
def test_a_verifier_that_does_not_say_what_is_wrong_tells_nothing_of_what_is_idle(log: str) -> None:
    nop = trial(None, log=log)
    assert judge(trial(None, log=log), against(nop, names="")).kind is OutcomeKind.KILLED


def test_tests_that_could_not_even_be_collected_untouched_all_need_work() -> None:
    nop = trial(None, log="cannot import")
    assert judge(trial({"a": None, "b": "assert 1 == 2"}), against(nop)).kind is OutcomeKind.KILLED
    assert judge(trial(None, log="something else"), against(nop)).kind is OutcomeKind.IDLE
    # Not every tool says why a test failed: that it ran at all is more than where nothing was done.
    assert judge(trial({"a": "", "b": ""}), against(nop)).kind is OutcomeKind.KILLED
    assert judge(trial({"a": "", "b": ""}), against(trial({"a": "", "b": ""}), names="ab")).kind is OutcomeKind.IDLE


def test_without_a_control_that_does_nothing_every_kill_counts() -> None:
    found = baseline([trial(dict.fromkeys("ab"), kind=Kind.REFERENCE, paid=1.0)], None)
    assert found is not None
    assert judge(trial({"a": GONE, "b": GONE}), found).kind is OutcomeKind.KILLED


def test_a_forged_solution_that_is_caught_is_caught_however() -> None:
    assert judge(trial({"a": GONE, "b": GONE, "c": None}, kind=Kind.PROBE), against(NOP)).kind is OutcomeKind.KILLED


def test_a_run_that_stopped_at_its_first_failure_may_hide_what_works() -> None:
    untouched = against(trial({"a": "assert [] == [1]", "b": "assert [] == [2]"}), names="ab").untouched
    assert untouched is not None
    assert is_cut(trial({"a": "assert [] == [1]", "b": "-"}), untouched)
    assert not is_cut(trial({"a": "assert [] == [1]", "b": "assert [] == [2]"}), untouched)
    assert not is_cut(trial({"a": GONE, "b": "-"}), untouched)
    idle, killed = Outcome(OutcomeKind.IDLE, "first"), Outcome(OutcomeKind.KILLED, "all")
    assert settle([idle, killed]) is killed
    assert settle([idle, idle]).kind is OutcomeKind.IDLE
    assert settle([idle, Outcome(OutcomeKind.SURVIVED)]).kind is OutcomeKind.FLAKY


# --- the verdict


def judged(**many: int) -> list[Judged]:
    """`killed_1=3`: three that break requirement 1; `killed=3`: none that is stated."""
    found = []
    for name, count in many.items():
        kind, _, requirement = name.partition("_")
        for number in range(count):
            outcome = Outcome(OutcomeKind(kind), gap=0.5 if kind == "partial" else 0.0)
            found.append(Judged(f"{name}{number}", FaultClass.WRONG_LOGIC, outcome, requirement or None))
    return found


@pytest.mark.parametrize(
    ("many", "word", "said"),
    [
        ({"killed_1": 5, "killed_2": 5}, Verdict.STRONG, "100 % of 10 broken variants were caught"),
        ({"killed": 10}, Verdict.STRONG, "100 % of 10"),
        # Kills that doing nothing would earn are in no share.
        ({"killed_1": 6, "survived_1": 4, "idle_1": 90}, Verdict.WEAK, "60 % of 10"),
        (
            {"killed_1": 4, "idle_1": 16},
            Verdict.UNMEASURED,
            "only 4 broken variants count, and all of them were caught; 6 are needed; 16 more",
        ),
        (
            {"killed_1": 2, "harmless_1": 16},
            Verdict.UNMEASURED,
            "2 broken variants count, and all of them were caught; 6 are",
        ),
        (
            {"killed_1": 1, "idle_1": 1},
            Verdict.UNMEASURED,
            "1 broken variant counts, and it was caught; 6 are needed; 1 more was",
        ),
        ({"killed_1": 1, "survived": 1}, Verdict.UNMEASURED, "only 2 broken variants count; 6 are needed"),
        ({"idle_1": 2}, Verdict.UNMEASURED, "no broken variant counts; 6 are needed; 2 were caught as if"),
        ({"killed_1": 9, "harmless_1": 16}, Verdict.STRONG, "100 % of 9"),
        # Hanging is no look at a result.
        (
            {"killed_1": 3, "timeout_1": 9},
            Verdict.UNMEASURED,
            "only 3 of them while something of the task",
        ),
        # All that was caught is about one thing.
        (
            {"killed_1": 9, "idle_2": 1, "idle_3": 1},
            Verdict.UNMEASURED,
            "breaks only 1 of 3 stated requirements",
        ),
        ({"killed_1": 8, "killed_2": 1, "idle_3": 1}, Verdict.STRONG, "100 % of 9"),
        ({"killed_1": 9, "partial_2": 1, "idle_3": 1}, Verdict.STRONG, "95 % of 10"),
        ({"killed_1": 9, "survived_2": 1}, Verdict.STRONG, "90 % of 10"),
    ],
)
def test_a_strong_task_needs_kills_that_mean_something(many: dict[str, int], word: Verdict, said: str) -> None:
    found = verdict(strength(judged(**many)), Thresholds())
    assert found[0] is word, found
    assert said in found[1]


def test_few_are_enough_to_call_tests_weak_where_what_is_stated_is_plainly_broken_and_paid() -> None:
    def said(plain: bool, **many: int) -> tuple[Verdict, str]:
        return verdict(strength(judged(**many)), Thresholds(), Offer(plain=plain))

    word, why = said(True, killed_1=2, survived_2=1)
    assert word is Verdict.WEAK
    assert "66.6 % of 3" in why
    assert "up to 93.8 %" in why
    assert said(False, killed_1=2, survived_2=1)[0] is Verdict.UNMEASURED
    assert said(True, killed_1=1, survived_2=1)[0] is Verdict.UNMEASURED
    assert said(True, killed_1=4, survived_2=1)[0] is Verdict.UNMEASURED


def test_six_are_enough_for_a_word_that_says_how_much_they_leave_open() -> None:
    word, why = verdict(strength(judged(killed_1=3, killed_2=3)), Thresholds())
    assert word is Verdict.STRONG
    assert "100 % of 6 broken variants were caught (of so few that it may be 60.9 % to 100 %)" in why
    assert "may be" not in verdict(strength(judged(killed_1=9, killed_2=3)), Thresholds())[1]


def test_a_verdict_on_too_few_says_whether_a_larger_budget_has_more() -> None:
    found = strength(judged(killed_1=2))
    assert verdict(found, Thresholds(), Offer(more=7))[1].endswith("6 are needed; a larger budget has 7 more")
    assert verdict(found, Thresholds())[1].endswith("the solution offers no more that are worth a trial")
    # Of a part of the solution nothing is said about all of it.
    assert verdict(found, Thresholds(), Offer(whole=False))[1].endswith("are needed")


def test_few_are_adequate_where_all_that_there_are_were_caught() -> None:
    def word(many: dict[str, int], more: int = 0, whole: bool = True) -> Verdict:
        return verdict(strength(judged(**many)), Thresholds(), Offer(more, whole))[0]

    assert word({"killed_1": 2, "killed": 1, "idle": 3, "harmless": 9}) is Verdict.ADEQUATE
    assert "all 5 broken variants that count were caught" in verdict(strength(judged(killed=5)), Thresholds())[1]
    for many in (
        {"killed_1": 2},
        {"killed_1": 4, "survived": 1},
        {"killed_1": 4, "partial": 1},
        {"killed_1": 3, "timeout": 1},
        {"killed_1": 3, "error": 1},
        {"killed_1": 3, "idle": 4},
        {"killed_1": 3, "idle_2": 1, "idle_3": 1},
    ):
        assert word(many) is Verdict.UNMEASURED, many
    # A larger budget, or the rest of the solution, may show one that is paid.
    assert word({"killed_1": 5}, more=1) is Verdict.UNMEASURED
    assert word({"killed_1": 5}, whole=False) is Verdict.UNMEASURED


def test_the_thresholds_for_it_can_be_set() -> None:
    found = strength(judged(killed_1=3, timeout_1=9, idle_2=1, idle_3=1))
    assert verdict(found, Thresholds(telling=3, spread=0.3))[0] is Verdict.STRONG
    assert verdict(found, Thresholds(telling=3, spread=0.5))[0] is Verdict.UNMEASURED
    assert (found.requirements, found.requirements_caught) == (3, 1)


def test_every_outcome_is_counted_once() -> None:
    found = strength(judged(killed=1, idle=2, timeout=3, survived=4, partial=5, equivalent=6, harmless=7, invalid=8))
    assert {name: count for name, count in found.by_outcome.items() if count} == {
        "killed": 1, "idle": 2, "timeout": 3, "survived": 4, "partial": 5, "equivalent": 6, "harmless": 7, "invalid": 8,
    }  # fmt: skip
    assert found.share.counted == 1 + 3 + 4 + 5
