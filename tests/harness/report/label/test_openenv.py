"""The graders as OpenEnv itself finds, selects and runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from harness.report.label.files import beside
from harness.report.label.parts import digests
from tests.harness.tasks import harbor

pytestmark = pytest.mark.openenv

CHECKOUT = Path(__file__).parents[4]
GROUP = "openenv.validation.graders"
LABEL: dict[str, Any] = {
    "schema": "foolsgold.label/1",
    "task": "t",
    "verdict": "strong",
    "strength": {"value": 1.0, "low": 0.8, "high": 1.0, "detected": 20, "counted": 20},
    "labels": [],
    "findings": {},
    "survivors": 0,
    "rewards": {"reference": [{"reward": 1.0}] * 3, "nop": {"reward": 0.0}, "hollow": {"reward": 0.0}},
    "attempts": {"forge": {"tried": 9, "paid": 0}, "replay": {"tried": 2, "paid": 0}},
    "tool": {"name": "foolsgold", "version": "1"},
}
CHECKS = {
    "semantic.oracle_max",
    "semantic.floor_gap",
    "semantic.canary_floor",
    "semantic.no_solution_leakage",
    "semantic.verifier_determinism",
    "statistical.adversarial_floor",
    "statistical.gameability_gap",
}


def labelled(folder: Path, name: str, changes: dict[str, Any]) -> Path:
    task = harbor(folder / name)
    beside(task.path).write_text(json.dumps({**LABEL, "digests": digests(task), **changes}))
    return task.path


def graded(folder: Path, *tasks: Path) -> Any:
    paths = [os.environ["FOOLSGOLD_OPENENV"], str(CHECKOUT)]
    if not entry_points(group=GROUP):  # an installation from before there were any
        paths.append(str(as_installed(folder)))
    words = [sys.executable, str(Path(__file__).with_name("grade.py")), *map(str, tasks)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def as_installed(folder: Path) -> Path:
    made = folder / "site/foolsgold_graders-1.dist-info"
    made.mkdir(parents=True)
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    made.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: foolsgold-graders\nVersion: 1\n")
    lines = [f"[{GROUP}]", *(f"{name} = {place}" for name, place in declared.items())]
    made.joinpath("entry_points.txt").write_text("\n".join(lines))
    return made.parent


def test_openenv_finds_the_graders_and_each_answers_from_the_label(tmp_path: Path) -> None:
    of_each: dict[str, tuple[dict[str, Any], set[str]]] = {
        "good": ({}, set()),
        "unpaid": ({"rewards": {**LABEL["rewards"], "reference": [{"reward": 0.5}] * 3}}, {"semantic.oracle_max"}),
        "idle": ({"rewards": {**LABEL["rewards"], "nop": {"reward": 0.6}}}, {"semantic.floor_gap"}),
        "paid": ({"survivors": 3}, {"semantic.canary_floor"}),
        "told": ({"findings": {"answer-given-away": "warning"}}, {"semantic.no_solution_leakage"}),
        "noted": ({"findings": {"answer-given-away": "note"}}, set()),
        "flaky": ({"verdict": "flaky"}, {"semantic.verifier_determinism"}),
        "forged": (
            {"attempts": {"forge": {"tried": 9, "paid": 1}}},
            {"statistical.adversarial_floor", "statistical.gameability_gap"},
        ),
    }
    tasks = [labelled(tmp_path, name, changes) for name, (changes, _) in of_each.items()]
    told = graded(tmp_path, *tasks)
    assert told["loaded"] == len(CHECKS)
    for name, (_, failing) in of_each.items():
        found = told["tasks"][name]
        assert found["checks"].keys() == CHECKS
        statuses = {check: status for check, (status, _, _) in found["checks"].items()}
        expected = {check: "fail" if check in failing else "pass" for check in CHECKS}
        if name == "idle":
            expected["statistical.gameability_gap"] = "fail"  # 1 - 0.6 is below the margin too
        if name == "unpaid":
            expected["statistical.gameability_gap"] = "pass"
        assert statuses == expected, name
    assert told["tasks"]["good"]["verdict"] == "pass"
    assert told["tasks"]["paid"]["verdict"] == "fail"
    assert told["tasks"]["paid"]["checks"]["semantic.canary_floor"][1]["paid"] == 3


def test_a_label_that_does_not_fit_or_is_not_there_skips_every_check(tmp_path: Path) -> None:
    stale = labelled(tmp_path, "stale", {})
    (stale / "tests/test.sh").write_text("exit 0\n")
    bare = harbor(tmp_path / "bare").path
    unmeasured = labelled(tmp_path, "unmeasured", {"verdict": "unmeasured", "strength": None, "attempts": {}})
    told = graded(tmp_path, stale, bare, unmeasured)["tasks"]
    for name, reason in (("stale", "tests changed since it was labelled"), ("bare", "there is no bare.foolsgold.json")):
        assert {status for status, _, _ in told[name]["checks"].values()} == {"skip"}
        assert all(reason in evidence[0] for _, _, evidence in told[name]["checks"].values())
    skipped = {check for check, (status, _, _) in told["unmeasured"]["checks"].items() if status == "skip"}
    assert skipped == {"semantic.canary_floor", "statistical.adversarial_floor", "statistical.gameability_gap"}
