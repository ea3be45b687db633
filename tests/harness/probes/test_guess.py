"""Blind answers: which outputs have few, and what a paid share of them is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.findings.model import Severity
from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import Wish, task_mutants
from harness.probes.choose import output_attempts
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay.guess import attempts, findings
from harness.trial.end_state import EndState
from mutator.operators.state import Output
from tests.harness.tasks import harbor

CHOICE = "The colour in `/app/a.txt` must be one of `red`, `green` or `blue`.\n"


def guesses(tmp_path: Path, instruction: str, texts: Sequence[str], names: Sequence[str] = ()) -> list[Attempt]:
    task = harbor(tmp_path, {"instruction.md": instruction})
    [step] = task_mutants(task, Wish(budget=1))
    outputs = [Output(f"/app/{number}.txt", text.encode(), 0o644) for number, text in enumerate(texts)]
    return list(attempts(task, step, outputs, names))


@pytest.mark.parametrize(
    ("instruction", "texts", "names", "answers"),
    [
        ("Is it so?\n", ["no\n"], [], ["yes", "no"]),
        ("Is it so?\n", ["TRUE"], [], ["TRUE", "FALSE"]),
        ("Is it so?\n", ['{"safe": false}'], [], ['{"safe": true}', '{"safe": false}']),
        (CHOICE, ["green\n"], [], ["red", "green", "blue"]),
        ("Rate it from 1 to 3.\n", ["2\n"], [], ["1", "2", "3"]),
        ("Which file?\n", ["b.log\n"], ["logs/a.log", "logs/b.log", "x.txt"], ["a.log", "b.log"]),
        ("Is it so?\n", ["no\n", "yes\n"], [], ["yes, yes", "yes, no", "no, yes", "no, no"]),
        ("How many?\n", ["2\n"], [], []),
        ("How many?\n", ["1\n"], [], []),
        ("Write 0 or 1.\n", ["1\n"], [], ["0", "1"]),
        ("Write `1` if it holds, `0` otherwise.\n", ["1\n"], [], ["0", "1"]),
        ("How many from 1 to 900?\n", ["2\n"], [], []),
        ("What is it?\n", ["green\n"], [], []),
        ("Is it so?\n", ["no\n", "588.65\n"], [], []),
        ("Is it so?\n", ["no\nyes\n"], [], []),
    ],
)
def test_every_answer_that_it_might_be_is_tried_once(
    tmp_path: Path, instruction: str, texts: list[str], names: list[str], answers: list[str]
) -> None:
    found = guesses(tmp_path, instruction, texts, names)
    assert [one.sentence.split("`")[1] for one in found] == answers
    assert len({one.id for one in found}) == len(answers)


def test_an_example_in_the_form_of_the_answer_is_tried_where_answers_are_many(tmp_path: Path) -> None:
    found = guesses(tmp_path, "Write the number, as in:\n\n```\n17.5\n```\n", ["42.9\n"])
    assert [one.id for one in found] == ["guess-example"]
    assert guesses(tmp_path / "b", "Write the number, as in:\n\n```\n42.9\n```\n", ["42.9\n"]) == []


def test_the_share_that_is_paid_says_how_grave_it_is(tmp_path: Path) -> None:
    def told(instruction: str, texts: list[str], paid: int) -> list[tuple[str, Severity]]:
        made = guesses(tmp_path / str(len(list(tmp_path.iterdir()))), instruction, texts)
        kinds = [OutcomeKind.SURVIVED] * paid + [OutcomeKind.KILLED] * (len(made) - paid)
        tried = [Attempted(one, Outcome(kind)) for one, kind in zip(made, kinds, strict=True)]
        return [(one.title, one.severity) for one in findings(tried)]

    assert told("Is it so?\n", ["no\n"], 1) == [("1 of 2 blind answers are paid in full", Severity.WARNING)]
    assert told("Is it so?\n", ["no\n"], 0) == []
    assert told("Rate it from 1 to 20.\n", ["2\n"], 1) == [("1 of 20 blind answers are paid in full", Severity.NOTE)]
    example = "Write the number, as in:\n\n```\n17.5\n```\n"
    assert told(example, ["42.9\n"], 1) == [("The instruction's own example is paid as the answer", Severity.WARNING)]


def test_an_answer_is_guessed_also_where_a_program_that_found_it_lies_beside_it(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"instruction.md": "Is it so? Write it to /app/a.txt.\n"})
    files = {"/app/a.txt": "no\n", "/app/find.py": "print('no')\n"}
    left = EndState(
        dict.fromkeys(files, "f 644 0 0  x"),
        outputs={path: b64encode(text.encode()).decode() for path, text in files.items()},
    )
    found = output_attempts(task, task_mutants(task, Wish(budget=1)), {Probe.REPLAY}, left)
    assert [one.sentence for one in found] == [
        "`yes` is handed in blindly, one of 2",
        "`no` is handed in blindly, one of 2",
    ]
