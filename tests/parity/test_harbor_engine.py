"""Marker parity: an environment of Harbor's as an engine, run by the Python that has Harbor: our own boxes, given to
Harbor and driven through its interface, keep the contract as far as that interface has words for it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.engine.checks import CHECKS
from harness.engine.harborenv.engine import HarborEngine

pytestmark = [pytest.mark.parity, pytest.mark.bwrap, pytest.mark.slow]

CHECKOUT = Path(__file__).parents[2]
OURS = "harbor:tests.harness.engine.harbor_boxes:OnThisMachine"


def foolsgold(*words: str) -> subprocess.CompletedProcess[str]:
    python = os.environ["FOOLSGOLD_HARBOR_PYTHON"]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return subprocess.run(
        [python, "-m", "harness", *words],
        cwd=CHECKOUT,
        env=env,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_our_boxes_keep_the_contract_through_harbors_interface() -> None:
    ran = foolsgold("doctor", "--engine", OURS, "--json")
    assert ran.stdout.startswith("{"), ran.stdout[-3000:] + ran.stderr[-3000:]
    (found,) = json.loads(ran.stdout)["engines"]
    assert [check for check in found["checks"] if check["outcome"] == "failed"] == []
    assert ran.returncode == 0
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert list(outcomes) == list(CHECKS)
    assert {name for name, outcome in outcomes.items() if outcome != "passed"} == set(HarborEngine.unpromised)
    lines = " ".join(found["report"]["lines"])
    assert all(why in lines for why in HarborEngine.unpromised.values())


def test_a_task_is_checked_in_boxes_of_harbors_and_the_report_says_what_they_cannot(tmp_path: Path) -> None:
    task = CHECKOUT / "fixtures/cases/cleanup-dry-run-faulty"
    ran = foolsgold("check", str(task), "--engine", OURS, "--json")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    report = json.loads(ran.stdout)
    assert report["engine"] == OURS
    assert report["tasks"][0]["build"]["fidelity"] == "host"
    assert "what a box wrote is found by searching all of it" in ran.stdout


def test_what_harbor_does_not_have_is_said_with_what_it_has() -> None:
    ran = foolsgold("doctor", "--engine", "harbor:nothing")
    assert ran.returncode == 3
    assert "has no environment 'nothing'" in ran.stdout
    assert "docker, " in ran.stdout
