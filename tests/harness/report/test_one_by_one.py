"""However many tasks a report has: no format, comparison or gate holds more than a few of them, nor goes through all of
them once for each."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import markdown, terminal
from harness.report import verbose as verbose_form
from harness.report.compare import compare
from harness.report.dataset import dataset
from harness.report.formats import FORMATS
from harness.report.gate import Rules, gate
from harness.report.html import render
from harness.report.listing import run_listing
from harness.report.read import find_mutant
from harness.report.verbose import verbose
from harness.settings.accepted import baseline_text
from tests.harness.report.test_snapshots import small

TASKS = 60
A_FEW = 3
"""The one under way, the next, and one that a loop before left behind."""


class Entry(dict[str, Any]):
    """A dictionary of which one can know whether it is still held."""


class Watched:
    """Tasks that are made as they are gone through."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.passes = 0
        self.most_tasks = self.most_mutants = 0
        self._tasks: list[weakref.ref[Entry]] = []
        self._mutants: list[weakref.ref[Entry]] = []

    def __len__(self) -> int:
        return TASKS

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.passes += 1
        for number in range(TASKS):
            yield self._made(number)

    def _made(self, number: int) -> Entry:
        made = Entry(copy.deepcopy(self.task))
        made["name"] = f"task-{number:03d}"
        made["mutants"] = [
            Entry(mutant, ref=f"{made['name']}/{mutant['id']}", outcome="survived") for mutant in made["mutants"]
        ]
        made["survivors"] = [mutant["ref"] for mutant in made["mutants"]]
        self._tasks = [ref for ref in (*self._tasks, weakref.ref(made)) if ref() is not None]
        fresh = [weakref.ref(mutant) for mutant in made["mutants"]]
        self._mutants = [ref for ref in (*self._mutants, *fresh) if ref() is not None]
        self.most_tasks = max(self.most_tasks, len(self._tasks))
        self.most_mutants = max(self.most_mutants, len(self._mutants))
        return made


def watched() -> tuple[dict[str, Any], Watched]:
    report = small()
    tasks = Watched(report["tasks"][0])
    return report | {"tasks": tasks}, tasks


def used(use: Callable[[dict[str, Any]], object]) -> Watched:
    report, tasks = watched()
    use(report)
    assert tasks.passes
    return tasks


MOST = {"terminal": terminal.TASKS, "markdown": max(markdown.TASKS, markdown.SURVIVORS)}
"""Those for people keep what they show, which does not grow with the tasks."""


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_holds_a_few_tasks_at_most(form: str) -> None:
    tasks = used(lambda report: sum(map(len, FORMATS[form](report, Path("/work")))))
    most = MOST.get(form, 0) + A_FEW
    assert tasks.most_tasks <= most
    assert tasks.most_mutants <= most * len(tasks.task["mutants"])
    assert tasks.passes <= 12


@pytest.mark.parametrize("use", [verbose, run_listing])
def test_the_long_forms_hold_a_few_tasks_at_most(use: Callable[[dict[str, Any]], object]) -> None:
    tasks = used(use)
    assert tasks.most_tasks <= verbose_form.SURVIVORS + A_FEW
    assert tasks.passes <= 12


def test_the_page_holds_a_few_tasks_at_most(tmp_path: Path) -> None:
    tasks = used(lambda report: render(report, tmp_path / "page.html"))
    assert tasks.most_tasks <= A_FEW
    assert tasks.passes == 2


def test_a_comparison_holds_a_few_tasks_at_most() -> None:
    report, after = watched()
    other, before = watched()
    assert compare(other, report)["counts"]["unchanged"] == TASKS
    for tasks in (before, after):
        assert (tasks.most_tasks, tasks.passes) <= (A_FEW, 1)


def test_the_gate_and_a_baseline_hold_a_few_tasks_at_most(tmp_path: Path) -> None:
    report, tasks = watched()
    found = gate(report, lambda _: Rules(100), lambda _: [])
    assert len(found.judgements) == TASKS + len(report["unfinished"])
    assert baseline_text(report, found, tmp_path / "accepted.toml").count("[[accepted]]") > TASKS
    assert (tasks.most_tasks, tasks.passes) <= (A_FEW, 2)


def test_the_dataset_table_holds_a_few_tasks_at_most() -> None:
    tasks = used(lambda report: dataset(report["tasks"]))
    assert (tasks.most_tasks, tasks.passes) <= (A_FEW, 1)


def test_a_mutant_is_found_without_holding_the_others() -> None:
    report, tasks = watched()
    for task in report["tasks"]:
        ref = task["survivors"][-1]
    del task
    tasks.most_tasks, tasks.passes = 0, 0
    assert find_mutant(report, ref)[1]["ref"] == ref
    assert (tasks.most_tasks, tasks.passes) <= (A_FEW, 1)
