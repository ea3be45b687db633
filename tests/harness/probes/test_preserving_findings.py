"""What is said of right solutions that were rejected, and what is planned for solutions that are no script."""

from __future__ import annotations

from pathlib import Path

from harness.findings.model import Severity
from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import Wish, task_mutants
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.preserving import findings, of_solution
from harness.task.texts import verifier_texts
from harness.trial.record import Kind, StepRecord, TrialRecord
from tests.harness.tasks import harbor, terminal_bench


def attempted(kind: OutcomeKind, *rewards: float) -> Attempted:
    records = tuple(
        TrialRecord("t", Kind.PROBE, rewards={"reward": paid}, steps=(StepRecord("", {"reward": paid}),))
        for paid in rewards
    )
    return Attempted(Attempt(Probe.PRESERVING, "1", "preserving.x", "it is said otherwise", ""), Outcome(kind), records)


REJECTED = attempted(OutcomeKind.KILLED, 0, 0)


def test_a_right_solution_that_was_rejected_twice_is_a_warning() -> None:
    assert [one.severity for one in findings([REJECTED])] == [Severity.WARNING]


def test_where_the_verifier_was_of_two_minds_about_another_it_is_a_note() -> None:
    (found,) = findings([REJECTED, attempted(OutcomeKind.FLAKY, 1, 0)])
    assert found.severity is Severity.NOTE
    assert "of two minds about 1 others" in found.evidence[-1]
    # A run that was cut off says nothing about the verifier.
    cut = attempted(OutcomeKind.FLAKY, 1)
    assert [one.severity for one in findings([REJECTED, cut])] == [Severity.WARNING]


def test_keys_for_a_terminal_are_never_edited_as_a_script(tmp_path: Path) -> None:
    keys = "- command: echo ok > /app/out.txt\n  block: true\n  max_timeout_sec: 10\n"
    task = terminal_bench(tmp_path / "t", {"solution.sh": None, "solution.yaml": keys})
    (step,) = task_mutants(task, Wish(budget=1))
    planned = list(of_solution(step))
    assert "preserving.hostname" in {one.operator for one in planned}
    assert all(one.replacement.files == {} for one in planned)


def test_tests_that_a_verifiers_own_image_brings_are_read(tmp_path: Path) -> None:
    task = harbor(
        tmp_path / "t",
        {
            "task.toml": 'version = "1.0"\nartifacts = ["/app/out.txt"]\n[verifier]\nenvironment_mode = "separate"\n',
            "tests/Dockerfile": "FROM debian:bookworm-slim\nCOPY . /tests/\n",
            "tests/test_out.py": "def test_out():\n    assert True\n",
        },
    )
    assert "tests/test_out.py" in verifier_texts(task, task.steps[0])
