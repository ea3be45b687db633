"""The last screen of an audit, its long form, and `foolsgold show RUN [TASK]`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from harness.commands.show import shown_of
from harness.errors import UsageError
from harness.judging.strength import percent
from harness.report.first import MissingTest, TaskInBrief, standing, what_first
from harness.report.terminal import LINES, terminal
from harness.report.verbose import _engine, verbose
from harness.report.words import added_up, counts
from tests.harness.report.conftest import Report
from tests.harness.report.html.synthetic import report as made_up

GATE = "\n".join(f"gate: task {number} fails: verdict weak" for number in range(30)) + "\ngate: 0 of 30 tasks pass"


def crowded(tasks: int, **changes: Any) -> dict[str, Any]:
    """Every task with more findings than a screen has lines."""
    found = made_up(tasks, 40, seed=3)
    for number, task in enumerate(found["tasks"]):
        kinds = ("error", "warning", "unmeasured", "note")
        for mutant in task["mutants"]:
            mutant["sentence"] = "`what` is left out although it is wanted " * 9
            if mutant["requirement"]:
                mutant["requirement"]["text"] = f"{'/a-long-name' * 4} has to be there " * 9
        task["findings"] += [
            {"id": "x", "severity": kinds[at % 4], "title": f"What {number} is {at}: {'why ' * 60}",
             "evidence": ["no"] * 50, "place": {"file": f"tests/{'long-' * 20}.py", "line": 3}, "advice": "Do.",
             "command": "x"}
            for at in range(80)
        ]  # fmt: skip
    return {**found, **changes}


def interrupted(found: dict[str, Any]) -> dict[str, Any]:
    left = [{"name": f"left-{number}", "path": "x", "progress": None} for number in range(40)]
    found["tasks"][0]["internal_error"] = "Traceback\n" * 100
    return {**found, "interrupted": True, "unfinished": left}


@pytest.mark.parametrize("tasks", [0, 1, 2, 10, 25])
def test_it_is_one_screen_whatever_was_found(tasks: int) -> None:
    for found in (crowded(tasks), interrupted(crowded(tasks)) if tasks else crowded(tasks)):
        lines = terminal(found, gate=GATE).splitlines()
        assert len(lines) <= LINES
        copied = ("foolsgold", "runs/")
        assert [line for line in lines if len(line) > 80 and not line.strip().startswith(copied)] == []


def test_ten_tasks_with_little_to_tell_show_every_finding() -> None:
    found = made_up(10, 12, seed=5)
    for task in found["tasks"]:
        task["findings"] = task["findings"][:1]
    said = terminal(found)
    assert "more finding" not in said
    named = {test.line for test in what_first(standing(found, task) for task in found["tasks"]).missing}  # type: ignore[union-attr]
    told = [finding for task in found["tasks"] for finding in task["findings"]]
    assert said.count("\n  warning: ") >= len([one for one in told if one["place"]["line"] not in named])


def test_tasks_stand_weakest_first_and_their_numbers_add_up() -> None:
    found = made_up(10, 60, seed=1)
    rows = [re.split(r"\s{2,}", line.strip()) for line in terminal(found).splitlines()]
    table = [row for row in rows if len(row) == 8 and row[7].isdigit()]
    assert len(table) == 10
    order = [("weak", "unmeasured", "adequate", "strong").index(row[1]) for row in table]
    assert order == sorted(order)
    for row in table:
        paid = sum(map(int, re.findall(r"\d+", row[5])))
        assert int(row[3]) + int(row[4]) + paid + int(row[6]) == int(row[7])


def test_the_tests_to_write_are_the_weakest_tasks_with_what_was_paid_and_a_command(report: Report) -> None:
    found = report("survivors")
    first = what_first(standing(found, task) for task in found["tasks"])
    assert first is not None
    said = terminal(found)
    for test in first.missing:
        assert f'"{test.says}"' in said
        assert f"paid although {test.paid[0]}" in said
        assert test.command in said
    assert first.missing[0].says == "The key `port` is 8080."
    assert first.missing[0].command == f"foolsgold show the-run {found['tasks'][0]['survivors'][0]}"


def test_what_no_finding_above_note_says_is_only_perhaps_a_test_to_write(report: Report) -> None:
    found = report("survivors")
    task = next(task for task in found["tasks"] if standing(found, task).missing)
    assert standing(found, task).missing[0].sure
    for finding in task["findings"]:
        if finding["id"].startswith("stated-requirement"):
            finding["severity"] = "note"
    test = standing(found, task).missing[0]
    assert not test.sure
    assert test.says
    assert f"  Perhaps to be tested in {task['name']}:" in terminal(found)


def test_tests_that_are_surely_missing_come_before_others_of_weaker_tasks() -> None:
    def brief(name: str, sure: bool, weakness: float) -> TaskInBrief:
        test = MissingTest(name, "It sorts.", "instruction.md:1", 1, ("sorted is left out",), ("a1",), "x", sure)
        return TaskInBrief(name, "weak", (), "", (0, weakness), (test,))

    unstated = brief("d", False, 0.05)
    unstated = replace(unstated, missing=(replace(unstated.missing[0], says=""),))
    first = what_first([unstated, brief("a", False, 0.1), brief("b", True, 0.9)])
    assert first is not None
    assert [test.task for test in first.missing] == ["b", "a", "d"]


def test_a_finding_that_gives_a_label_is_one_line_under_it(report: Report) -> None:
    found = report("survivors")
    task = next(task for task in found["tasks"] if task["findings"])
    task["labels"] = ["fake-paid", "given-away"]
    task["findings"] = [{**task["findings"][0], "id": "shape-only-paid", "severity": "warning", "title": "A fake."}]
    said = terminal(found).splitlines()
    assert [line for line in said if line.startswith("  fake-paid:")] == ["  fake-paid: A fake. (instruction.md:3)"]
    assert "  given-away: The answer, or the tests, can be read where the work begins." in said


def test_no_test_is_asked_for_twice_for_one_requirement() -> None:
    for task in made_up(5, 60, seed=2)["tasks"]:
        found = standing({"run": "r"}, task).missing
        assert len({(one.task, one.line) for one in found}) == len(found) <= 3


@pytest.mark.parametrize(
    ("verdict", "labels", "drop", "sound"),
    [
        ("unsound", (), True, False),
        ("broken", (), True, False),
        ("flaky", (), True, False),
        ("strong", (), False, True),
        ("strong", ("given-away",), True, False),
        ("strong", ("forgeable",), False, False),
        ("adequate", (), False, False),
        ("unmeasured", (), False, False),
    ],
)
def test_what_to_drop_and_what_is_sound(verdict: str, labels: tuple[str, ...], drop: bool, sound: bool) -> None:
    [task] = made_up(1, 10)["tasks"]
    first = what_first([standing({"run": "r"}, {**task, "verdict": verdict, "labels": labels})])
    assert first is not None
    assert (bool(first.drop), bool(first.sound)) == (drop, sound)


def test_nothing_is_rounded_up_to_a_threshold() -> None:
    assert [percent(share) for share in (0.898, 0.8999, 0.9, 0.57, 0.29, 1.0, 0.0)] == [
        "89.8 %", "89.9 %", "90 %", "57 %", "29 %", "100 %", "0 %",
    ]  # fmt: skip


def test_a_sentence_names_every_variant_that_was_tried() -> None:
    outcomes = {
        "killed": 5,
        "idle": 4,
        "timeout": 1,
        "survived": 2,
        "partial": 1,
        "equivalent": 3,
        "harmless": 2,
        "invalid": 1,
        "error": 1,
        "flaky": 2,
    }
    said = added_up(counts(outcomes))
    assert said == (
        "22 broken variants tried: 6 caught, 4 caught as if nothing were done, 2 paid in full, "
        "1 paid in part (counted by what they lost), 3 equivalent to the solution, "
        "2 with no difference that matters, 1 invalid, 3 unclear"
    )


def test_the_long_form_has_every_finding_with_its_evidence() -> None:
    found = crowded(2)
    said = verbose(found)
    for task in found["tasks"]:
        told = [finding for finding in task["findings"] if finding["severity"] != "note"]
        assert said.count("    -> ") >= len(told)
    assert len(said.splitlines()) > 300


def test_show_lists_a_line_for_each_finding_and_each_paid_variant() -> None:
    found = made_up(3, 30, seed=4)
    lines = shown_of(found, "").splitlines()
    for task in found["tasks"]:
        for finding in task["findings"]:
            assert any(line.startswith(f"  {finding['severity']} {finding['id']}: ") for line in lines)
        for ref in task["survivors"]:
            assert sum(line.startswith(f"  paid {ref}: ") for line in lines) == 1
    one = found["tasks"][1]
    assert shown_of(found, one["name"]).splitlines()[0].startswith(f"{one['name']}: ")
    assert not [
        ref
        for task in found["tasks"]
        if task is not one
        for ref in task["survivors"]
        if ref in shown_of(found, one["name"])
    ]


def test_show_takes_the_beginning_of_a_name_and_an_id_before_it() -> None:
    found = made_up(3, 30, seed=4)
    one = found["tasks"][1]
    assert shown_of(found, one["name"][:-1]) == shown_of(found, one["name"])
    ref = one["survivors"][0]
    assert shown_of(found, ref).startswith(f"{ref}: ")
    with pytest.raises(UsageError, match="No task and no mutant zzz"):
        shown_of(found, "zzz")


def test_this_machines_root_is_named_once_and_each_stand_in_by_itself() -> None:
    engines = [
        {"fidelity": "host", "base": "this machine in place of debian:12"},
        {"fidelity": "host", "base": "this machine in place of gcc:13"},
        {"fidelity": "stand-in", "base": "python:3.12"},
        {"fidelity": "image", "base": None},
    ]
    found = {"engine": "bwrap", "tasks": [{"engine": engine} for engine in engines]}
    said = [line for line in _engine(found, 500) if line]
    assert [line.split(", not on")[0] for line in said] == [
        "The boxes of 2 tasks stood on this machine's own root",
        "The boxes of 1 task stood on a stand-in (python:3.12)",
    ]
