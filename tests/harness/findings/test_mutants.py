"""What mutants say about a task: which finding, how severe, and what it is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.findings.model import Finding, Severity
from harness.findings.mutants import MOST, SHOWN, mutant_findings
from harness.findings.requirements import Seen, only_waits
from harness.judging.kill_matrix import Matrix
from harness.judging.outcome import OutcomeKind
from harness.task.model import Task
from mutator.relevance import Requirement, requirements
from tests.harness.tasks import harbor

INSTRUCTION = "Delete old files.\nWith `--dry-run` nothing is deleted.\nWrite the count to `/app/count.txt`.\n"
DELETE, DRY_RUN, COUNT = requirements(INSTRUCTION)
SURVIVED, KILLED = OutcomeKind.SURVIVED, OutcomeKind.KILLED


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return harbor(tmp_path / "t", {"instruction.md": INSTRUCTION})


def seen(
    number: int, kind: OutcomeKind, requirement: Requirement | None, *evidence: str, relevance: float = 1.0
) -> Seen:
    return Seen(f"m{number}", "", f"variant {number}", f"solve.sh:{number}", kind, requirement, evidence, relevance)


def found(task: Task, *every: Seen, tests: str = "", matrix: Matrix | None = None) -> tuple[Finding, ...]:
    return mutant_findings(task, every, matrix, tests, "foolsgold audit t")


def test_nothing_that_survived_is_nothing_to_say(task: Task) -> None:
    assert found(task, seen(1, KILLED, DRY_RUN), seen(2, OutcomeKind.ERROR, DELETE)) == ()


def test_a_flag_that_no_test_passes_is_never_tested_whatever_else_of_its_sentence_is(task: Task) -> None:
    tried = (seen(1, SURVIVED, DRY_RUN, "--dry-run"), seen(2, KILLED, DRY_RUN), seen(3, KILLED, DRY_RUN))
    [one] = found(task, *tried, tests="tool --dry-run-all\n")
    assert (one.id, one.severity) == ("stated-requirement-untested", Severity.WARNING)
    assert one.title.endswith(": --dry-run")
    assert (one.task, one.command) == (task.name, "foolsgold audit t")
    assert one.place is not None
    assert str(one.place) == "instruction.md:2"
    [other] = found(task, *tried, tests="tool --dry-run\n")
    assert other.id == "stated-requirement-undertested"
    assert "2 of 3" in other.title


@pytest.mark.parametrize(
    ("survivors", "killed", "severity"),
    [
        (1, 1, Severity.NOTE),
        (1, 2, Severity.NOTE),
        (2, 2, Severity.WARNING),
        (2, 3, Severity.NOTE),
        (3, 9, Severity.WARNING),
    ],
)
def test_one_variant_that_slips_through_is_a_note_and_many_are_a_warning(
    task: Task, survivors: int, killed: int, severity: Severity
) -> None:
    tried = [seen(n, SURVIVED, COUNT, "writes", "count") for n in range(survivors)] + [
        seen(n + 50, KILLED, COUNT) for n in range(killed)
    ]
    [one] = found(task, *tried)
    assert (one.id, one.severity) == ("stated-requirement-undertested", severity)


@pytest.mark.parametrize(("evidence", "severity"), [(("old",), Severity.NOTE), (("old", "files"), Severity.WARNING)])
def test_a_single_variant_that_one_word_ties_to_a_sentence_does_not_accuse(
    task: Task, evidence: tuple[str, ...], severity: Severity
) -> None:
    [one] = found(task, seen(1, SURVIVED, DELETE, *evidence))
    assert (one.id, one.severity) == ("stated-requirement-untested", severity)


def test_what_only_changes_how_long_the_solution_waits_breaks_nothing(task: Task) -> None:
    assert found(task, replace(seen(1, SURVIVED, COUNT, "count", "writes"), waits=True)) == ()


def test_variants_that_change_what_serves_another_sentence_accuse_nobody_of_this_one(task: Task) -> None:
    every = [replace(seen(number, SURVIVED, COUNT, "count", "writes"), serves=False) for number in range(4)]
    [one] = found(task, *every)
    assert one.severity is Severity.NOTE
    [one] = found(task, *every[:-1], replace(every[-1], serves=True))
    assert one.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("evidence", "relevance", "telling"),
    [
        (("20", "0"), 9.0, False),
        (("old",), 1.0, False),
        (("old",), 1.8, True),
        (("old", "20"), 1.8, True),
        (("old", "files"), 1.0, True),
    ],
)
def test_a_bare_number_ties_a_variant_to_no_sentence_and_a_word_only_strongly(
    evidence: tuple[str, ...], relevance: float, telling: bool
) -> None:
    one = seen(1, SURVIVED, DELETE, *evidence, relevance=relevance)
    assert one.telling is telling
    assert not replace(one, slight=True).telling
    assert not replace(one, serves=False).telling
    option = replace(one, requirement=DRY_RUN, evidence=("--dry-run",), slight=True, serves=False)
    assert option.telling
    assert not replace(option, beside=True).telling


def test_an_option_that_no_test_uses_counts_only_where_the_sentence_asks_for_what_is_lost(task: Task) -> None:
    every = [seen(number, SURVIVED, DRY_RUN, "--dry-run") for number in range(2)]
    [one] = found(task, *every)
    assert one.severity is Severity.WARNING
    [one] = found(task, *(replace(each, beside=True) for each in every))
    assert one.severity is Severity.NOTE


def test_the_list_of_requirements_ends(task: Task) -> None:
    many = requirements("".join(f"Rule {word} holds for `{word}`.\n" for word in "abcdefghijkl"))
    every = [seen(number, SURVIVED, each, "one", "two") for number, each in enumerate(many)]
    told = found(task, *every)
    assert len(told) == MOST + 1
    assert told[-1].title == f"{len(many) - MOST} more stated requirements are tested in part or never"
    assert told[-1].severity is Severity.NOTE


WAITING = """\
--- a/solve.sh
+++ b/solve.sh
@@ -1,6 +1,2 @@
 python3 /app/server.py &
-for _ in $(seq 50); do
-    curl -s http://localhost:7070/ && break
-    sleep 0.1
-done
 echo ready
"""


@pytest.mark.parametrize(
    ("diff", "waits"),
    [
        (WAITING, True),
        (WAITING.replace(" && break", ""), False),
        (WAITING.replace("-    sleep 0.1\n", ""), False),
        (WAITING.replace(" python3 /app", "-python3 /app"), False),
        (" for i in 1 2; do\n-  curl x && break\n+  curl y && break\n   sleep 1\n done\n", True),
        (" while true; do\n-  work\n   sleep 60\n done\n", False),
        ("-until curl -s localhost; do sleep 1; done\n", True),
        ("+until curl -s localhost; do sleep 1; done\n", False),
    ],
)
def test_a_wait_is_a_loop_that_sleeps_until_something_answers(diff: str, waits: bool) -> None:
    assert only_waits(diff) is waits


def test_only_what_counts_is_counted(task: Task) -> None:
    tried = (
        seen(1, SURVIVED, COUNT), seen(2, KILLED, COUNT), seen(3, OutcomeKind.EQUIVALENT, COUNT),
        seen(4, OutcomeKind.FLAKY, COUNT), seen(5, OutcomeKind.TIMEOUT, COUNT),
    )  # fmt: skip
    [one] = [each for each in found(task, *tried) if each.id == "stated-requirement-undertested"]
    assert "2 of 3" in one.title


def test_the_requirement_that_is_broken_most_surely_comes_first(task: Task) -> None:
    first, second = found(task, seen(1, SURVIVED, DELETE, relevance=1.0), seen(2, SURVIVED, COUNT, relevance=9.0))
    assert "/app/count.txt" in first.evidence[0]
    assert "Delete old files" in second.evidence[0]


def test_evidence_is_a_few_variants_and_how_many_more(task: Task) -> None:
    [one] = found(task, *(seen(n, SURVIVED, DELETE) for n in range(SHOWN + 3)))
    assert len(one.evidence) == 1 + SHOWN + 1
    assert one.evidence[-1] == "and 3 more"


def test_what_the_instruction_does_not_name_is_one_note(task: Task) -> None:
    [one] = found(task, seen(1, SURVIVED, None), seen(2, SURVIVED, None), seen(3, KILLED, None))
    assert (one.id, one.severity, len(one.evidence)) == ("unstated-behaviour-untested", Severity.NOTE, 2)


def test_tests_that_disagree_with_themselves_are_a_warning(task: Task) -> None:
    [one] = found(task, seen(1, OutcomeKind.FLAKY, DELETE))
    assert (one.id, one.severity) == ("flaky-mutants", Severity.WARNING)
    assert "m1" in one.evidence[0]


def test_tests_that_never_fail_weigh_more_where_they_are_most_of_them(task: Task) -> None:
    few = Matrix(("a", "b", "c", "d"), {}, ("a", "b"), (), ())
    [one] = found(task, matrix=few)
    assert (one.id, one.severity, one.evidence) == ("test-never-fails", Severity.NOTE, ("a", "b"))
    [most] = found(task, matrix=replace(few, vacuous=("a", "b", "c")))
    assert most.severity is Severity.WARNING
    assert found(task, matrix=replace(few, vacuous=())) == ()


@pytest.mark.parametrize(
    ("requirement", "evidence", "unseen", "severity"),
    [
        (DELETE, ("old", "files"), False, Severity.WARNING),
        (DELETE, ("old", "files"), True, Severity.NOTE),
        (DRY_RUN, ("--dry-run",), True, Severity.WARNING),
        (COUNT, ("/app/count.txt",), True, Severity.WARNING),
    ],
)
def test_what_only_words_tie_to_a_sentence_has_to_be_seen(
    task: Task, requirement: Requirement, evidence: tuple[str, ...], unseen: bool, severity: Severity
) -> None:
    [one] = found(task, replace(seen(1, SURVIVED, requirement, *evidence), unseen=unseen))
    assert one.severity is severity
