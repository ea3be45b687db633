"""`foolsgold audit --probe forge` on the pair of fixtures: what is paid on one, and that nothing is on its twin."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import stand_in
from tests.e2e.test_audit import FOOLSGOLD, command

FIXTURES = Path(__file__).parents[2] / "fixtures"
BY_DEFAULT = {
    "reward-daemon", "pytest-ini-around", "pyproject-toml-around", "tox-ini-around",
    "setup-cfg-around", "sitecustomize", "usercustomize", "pth-file", "plugin-by-entry-point",
    "path-python3", "path-bash",
}  # fmt: skip
"""Attacks that win no race and are paid on every such task."""


def run(*words: str) -> str:
    done = subprocess.run([*FOOLSGOLD, *words], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.stdout


def findings(task: dict[str, Any], ident: str, severity: str) -> list[dict[str, Any]]:
    return [one for one in task["findings"] if one["id"] == ident and one["severity"] == severity]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(1800)
def test_the_faulty_verifier_is_fooled_by_what_is_named_and_its_mended_twin_by_nothing(tmp_path: Path) -> None:
    """On docker. On bwrap the audits of fixtures forge, and Harbor does in the same boxes."""
    engine_name = "docker"
    folder = tmp_path / "run"
    pair = [str(FIXTURES / "probes" / name) for name in ("degrees-faulty", "degrees-mended")]
    done = subprocess.run(
        command(*pair, "--probe", "forge", "--budget", "3", "-o", str(folder), engine=engine_name),
        capture_output=True,
        text=True,
        check=False,
        timeout=1700,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    report = json.loads((folder / "report.json").read_text())
    tasks = {Path(task["path"]).name: task for task in report["tasks"]}
    faulty, mended = tasks["degrees-faulty"], tasks["degrees-mended"]

    named = [re.findall(r"\((.*?)\)", one["title"])[0] for one in findings(faulty, "reward-forgeable", "warning")]
    assert sorted(named) == [
        "conftest.py in the solver's folders",
        "early-exit",
        "shadowed-pytest",
        "spoofed-comparison",
    ]
    (by_default,) = findings(faulty, "reward-forgeable", "note")
    told = " ".join(by_default["evidence"])
    assert sorted(means for means in BY_DEFAULT if means not in told) == []
    (count,) = findings(faulty, "forging-tried", "note")
    assert "not measured: tests-bound: the change could not be made" in " ".join(count["evidence"])

    assert findings(mended, "reward-forgeable", "warning") == findings(mended, "reward-forgeable", "note") == []
    (count,) = findings(mended, "forging-tried", "note")
    assert "Of 10 attacks on the reward 3 took effect and 0 were paid; 1 could not be measured" in count["title"]

    cheat = tmp_path / "cheat"
    run("repro", str(folder), "degrees-faulty/forge/spoofed-comparison", "-o", str(cheat))
    images = [word for name, base in stand_in(engine_name).items() for word in ("--image", f"{name}={base}")]
    checked = json.loads(run("check", str(cheat), "--engine", engine_name, *images, "--json"))
    assert [one["rewards"] for one in checked["tasks"][0]["controls"]["reference"]] == [{"reward": 1.0}] * 3
