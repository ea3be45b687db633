from __future__ import annotations

import io
import json

import pytest

import harness.machine.doctor
from harness.commands.console import printer
from harness.commands.doctor import print_doctor
from harness.engine.contract import Engine, EngineOptions, EngineReport
from harness.engine.selfcheck import CheckOutcome, CheckResult
from harness.errors import BuildFailed, EngineUnavailable, ExitCode
from harness.machine.advice import Advice
from harness.machine.doctor import Diagnosis, EngineExamined, doctor_json, examine
from tests.harness.fake_engine import FakeEngine

PASSED = CheckResult("exit_status_is_exact", CheckOutcome.PASSED, "", 0.1)
FAILED = CheckResult("there_is_no_network", CheckOutcome.FAILED, "it answered", 0.1)


def examined(name: str, *checks: CheckResult, usable: bool = True, not_checked: str = "") -> EngineExamined:
    return EngineExamined(EngineReport(name, usable, "1", ("a line",)), checks, not_checked)


@pytest.mark.parametrize(
    ("used", "engines", "code"),
    [
        ("bwrap", (examined("bwrap", PASSED),), ExitCode.OK),
        ("bwrap", (examined("bwrap", PASSED, FAILED),), ExitCode.BELOW_BAR),
        ("bwrap", (examined("bwrap", not_checked="no image"),), ExitCode.UNMEASURED),
        ("bwrap", (examined("bwrap", PASSED), examined("docker", FAILED)), ExitCode.OK),
        ("", (examined("bwrap", usable=False),), ExitCode.UNMEASURED),
    ],
)
def test_the_exit_code_is_that_of_the_engine_that_would_be_used(
    used: str, engines: tuple[EngineExamined, ...], code: ExitCode
) -> None:
    assert Diagnosis("auto", used, "why", engines).exit_code is code


def test_it_says_which_engine_and_why_and_every_check() -> None:
    found = Diagnosis("auto", "docker", "a Docker daemon answers", (examined("docker", PASSED, FAILED),))
    stream = io.StringIO()
    print_doctor(found, printer(stream))
    text = stream.getvalue()
    assert "--engine auto uses docker, because a Docker daemon answers." in text
    assert "failed        there is no network: it answered" in text
    assert "1 passed, 1 failed, 0 not measured." in text
    assert json.loads(json.dumps(doctor_json(found)))["engines"][0]["checks"][1]["outcome"] == "failed"


def test_what_is_missing_is_said_first_with_its_command() -> None:
    advice = (
        Advice("No engine.", "apt-get install -y docker.io", True),
        Advice("No network.", "apt-get install x", False),
    )
    found = Diagnosis("auto", "", "nothing is here", (examined("bwrap", usable=False),), advice)
    stream = io.StringIO()
    print_doctor(found, printer(stream))
    head, _, rest = stream.getvalue().partition("bwrap: not usable")
    assert (
        "Needed: No engine.\n    apt-get install -y docker.io\n\nMissing: No network.\n    apt-get install x\n" in head
    )
    assert rest
    assert doctor_json(found)["advice"][0] == {
        "lacking": "No engine.",
        "command": "apt-get install -y docker.io",
        "needed": True,
    }


def test_an_engine_that_is_not_there_is_shown_with_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(name: str, _options: EngineOptions) -> Engine:
        if name == "docker":
            raise EngineUnavailable("no daemon answers", hint="start dockerd")
        engine = FakeEngine(build_error=BuildFailed("no such image"))
        engine.name = "bwrap"
        return engine

    monkeypatch.setattr(harness.machine.doctor, "make_engine", make)
    found = examine("auto", EngineOptions())
    bwrap, docker = found.engines
    assert (found.used, found.why) == ("bwrap", "no Docker daemon answers")
    assert docker.report.lines == ("no daemon answers", "start dockerd")
    assert "no such image" in bwrap.not_checked
    assert found.exit_code is ExitCode.UNMEASURED
