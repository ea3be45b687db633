"""A probe of a run, found by its name, made again and written as a task folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.commands.probes import find_probe, label, show_probe, write_probe
from harness.errors import UsageError
from harness.mutants import Wish, task_mutants
from harness.probes.again import attempt_again
from harness.probes.choose import solution_attempts
from harness.probes.hidden import reports
from harness.probes.model import Attempt, Probe
from harness.task.discover import discover
from harness.task.model import Task
from tests.harness.tasks import HARBOR, TERMINAL_BENCH, read, write

PAID = {"reward": 1.0}
MODULE = {
    **HARBOR,
    "solution/solve.sh": "#!/bin/bash\ncat > /app/sums.py <<'PY'\n# Sum.\ndef total(a, b):\n    return a + b\nPY\n",
    "tests/test_sums.py": "from sums import total\n\n\ndef test_total():\n    assert total(1, 2) == 3\n",
}


def planned(task: Task) -> list[Attempt]:
    probes = {Probe.FORGE, Probe.PRESERVING, Probe.HIDDEN}
    return list(solution_attempts(task, task_mutants(task, Wish()), probes, reports(task), PAID))


def report(*tasks: Task) -> dict[str, Any]:
    return {
        "tasks": [
            {
                "name": task.name,
                "path": str(task.path),
                "digest": task.digest,
                "controls": {"reference": [{"rewards": PAID}]},
                "probes": [entry(attempt) for attempt in planned(task)],
            }
            for task in tasks
        ]
    }


def entry(attempt: Attempt) -> dict[str, Any]:
    return {
        "probe": str(attempt.probe),
        "id": attempt.id,
        "operator": attempt.operator,
        "step": attempt.step,
        "sentence": attempt.sentence,
        "because": attempt.because,
        "must_be_paid": attempt.must_be_paid,
        "outcome": "killed",
        "why": None,
        "killed_by": [],
        "runs": [{"rewards": {"reward": 0.0}, "problem": None}],
    }


def found(every: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    probe = find_probe(every, name)
    assert probe is not None
    return probe


def test_every_attempt_is_made_again_the_same(tmp_path: Path) -> None:
    task = read(write(tmp_path / "t", MODULE))
    attempts = planned(task)
    assert {attempt.probe for attempt in attempts} >= {Probe.FORGE, Probe.PRESERVING}
    for attempt in attempts:
        assert attempt_again(task, attempt.label, PAID) == attempt


def test_every_forged_solution_becomes_a_task_folder_that_loads(tmp_path: Path) -> None:
    folders = [write(tmp_path / "harbor", MODULE), write(tmp_path / "terminal", TERMINAL_BENCH)]
    for folder in folders:
        task = read(folder)
        every = report(task)
        for number, attempt in enumerate(one for one in planned(task) if one.probe is Probe.FORGE):
            output = tmp_path / f"{folder.name}-{number}"
            assert write_probe(found(every, attempt.label), output) == attempt.sentence
            (cheat,) = discover([output])
            assert isinstance(cheat, Task)
            solution, original = cheat.steps[0].solution, task.steps[0].solution
            assert solution is not None
            assert original is not None
            assert solution.script.read_bytes() == attempt.replacement.files[original.script.name]
            assert solution.script.stat().st_mode == original.script.stat().st_mode
        assert read(folder).digest == task.digest


def test_what_a_folder_cannot_say_is_refused_in_words(tmp_path: Path) -> None:
    task = read(write(tmp_path / "t", MODULE))
    every = report(task)
    around = next(one for one in planned(task) if one.circumstances.changes)
    with pytest.raises(UsageError, match="a task folder cannot express"):
        write_probe(found(every, around.label), tmp_path / "out")
    state = {**entry(around), "probe": "state", "step": "", "id": "0123456789"}
    every["tasks"][0]["probes"].append(state)
    with pytest.raises(UsageError, match="files that a box had in that run"):
        write_probe(found(every, "state/0123456789"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_probe_is_shown_with_the_script_it_ran(tmp_path: Path) -> None:
    task = read(write(tmp_path / "t", MODULE))
    text = show_probe(found(report(task), "forge/reward-daemon"))
    assert "must not be paid" in text
    assert "/tmp/.foolsgold-forge/reward.json" in text


def test_a_task_that_changed_is_not_shown_as_it_was(tmp_path: Path) -> None:
    task = read(write(tmp_path / "t", MODULE))
    every = report(task)
    (task.path / "instruction.md").write_text("Something else.\n")
    probe = found(every, "forge/reward-daemon")
    assert "has changed since" in show_probe(probe)
    with pytest.raises(UsageError, match="has changed since"):
        write_probe(probe, tmp_path / "out")


def test_names_find_one_probe_or_say_why_not(tmp_path: Path) -> None:
    one = read(write(tmp_path / "one", MODULE))
    two = read(write(tmp_path / "two", MODULE))
    every = report(one, two)
    with pytest.raises(UsageError, match="several probes: one/forge"):
        find_probe(every, "forge/reward-daemon")
    task, probe = found(every, "two/forge/reward-daemon")
    assert (task["name"], label(probe)) == ("two", "forge/reward-daemon")
    assert find_probe(every, "9ade5e163a") is None
    with pytest.raises(UsageError, match="No probe"):
        find_probe(report(one), "forge/no-such-means")
    assert label(found(report(one), "forge/reward-d")[1]) == "forge/reward-daemon"
