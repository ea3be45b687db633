"""Whose rules a task's trials follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.task.runners import CHOICES, RUNNERS, newest, runner_of
from tests.harness.tasks import harbor, terminal_bench

ROOT = Path(__file__).parents[3]
OLD, NEW = (runner for runner in RUNNERS if runner.name == "harbor")


def test_a_task_is_run_by_the_newest_of_its_format_unless_another_is_asked_for(tmp_path: Path) -> None:
    task, other = harbor(tmp_path / "a"), terminal_bench(tmp_path / "b")
    assert (task.runner, other.runner) == (newest("harbor"), newest("terminal-bench"))
    assert task.run_by(OLD).runner == OLD
    assert other.run_by(OLD) == other


def test_a_fraction_of_a_processor_is_odd_only_where_the_runner_refuses_it(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"task.toml": 'version = "1.0"\n[environment]\ncpus = 1.5\n'})
    assert task.environment.limits.cpus == 1.5
    assert task.problems == ()
    (problem,) = task.run_by(OLD).problems
    assert (problem.code, "1.5 cpus" in problem.message) == ("odd-value", True)
    assert task.run_by(OLD).run_by(OLD).problems == (problem,)
    assert task.run_by(OLD).run_by(NEW) == task


def test_a_runner_that_is_not_known_is_refused() -> None:
    assert [str(runner_of(choice)) for choice in CHOICES] == list(CHOICES) == ["harbor@0.24", "harbor@0.26"]
    with pytest.raises(UsageError, match=r"no runner 'harbor@0\.25'"):
        runner_of("harbor@0.25")


def test_ci_compares_with_the_releases_whose_rules_are_known() -> None:
    said = dict(re.findall(r"^(\w*harbor_release)=(\S+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE))
    assert said == {"harbor_release": OLD.release, "newest_harbor_release": NEW.release}
