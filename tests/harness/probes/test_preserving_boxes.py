"""Right solutions in other surroundings, on real boxes: what the solution and the tests see of each, or that nobody
would have seen it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.judging.outcome import Cause, Showing, Shown, showing
from harness.mutants import Wish, task_mutants
from harness.probes.model import Attempt
from harness.probes.preserving import of_outputs, of_solution
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.end_state import outputs_of
from harness.trial.plan import Built, LeftBehind, Plan
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, terminal_bench

FACTS = r"""facts() {
  echo "$1 host=$(cat /proc/sys/kernel/hostname) zone=$(date +%z) day=$(( $(date -u +%s) / 86400 ))"
  echo "$1 path=$PATH charmap=$(locale charmap) tmp=$(ls /tmp | wc -l)"
}
"""
SOLUTION = '#!/bin/bash\necho \'{"a": 1, "b": 2.5}\' > /app/out.json\n'
TESTS = f"""#!/bin/bash
{FACTS}facts verify
echo "verify age=$(( $(date +%s) - $(stat -c %Y /app/out.json) )) text=$(tr -d '\\n' < /app/out.json)"
echo 1 > /logs/verifier/reward.txt
"""
DOCKERFILE = "FROM debian:bookworm-slim\nENV LC_ALL= LANG=\nWORKDIR /app\n"


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return harbor(
        tmp_path / "task",
        {
            "environment/Dockerfile": DOCKERFILE,
            "solution/solve.sh": SOLUTION,
            "tests/test.sh": TESTS,
            "instruction.md": "Write an object with the keys a and b.\n",
        },
    )


def attempts(engine: Engine, task: Task, built: Built) -> Iterator[Attempt]:
    (step,) = task_mutants(task, Wish(budget=1))
    yield from of_solution(step)
    plan = Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))
    left = run_trial(engine, task, built, plan).state
    assert left is not None
    yield from of_outputs(step, outputs_of(left))


def facts(record: TrialRecord) -> Mapping[str, str]:
    phase = record.phase(PhaseName.VERIFY)
    assert phase is not None, record
    return dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", phase.log, re.MULTILINE))


def test_every_circumstance_is_there_when_the_tests_run_or_is_not_measured(engine: Engine, task: Task) -> None:
    built = build(engine, task)
    plain = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
    usual = facts(plain)
    seen: dict[str, Mapping[str, str]] = {}
    unmade: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for attempt in attempts(engine, task, built):
        plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
        record = run_trial(engine, task, built, plan)
        name = attempt.operator.removeprefix("preserving.")
        found = showing(record)
        if found.shown is Shown.PAID:
            seen[name] = facts(record)
            seconds[name] = record.seconds_of(PhaseName.SOLVE)
        else:
            assert found.cause is Cause.NOT_MADE, (name, found)
            unmade[name] = found.why
    assert unmade.keys() == {"another-day"}  # no libfaketime in these images
    assert seen["hostname"]["host"] == "berth-17" != usual["host"]
    assert (usual["zone"], seen["timezone"]["zone"]) == ("+0000", "+1400")
    assert seen["longer-path"]["path"] == f"{usual['path']}:/opt/site/bin:/opt/more/bin"
    assert (usual["charmap"], seen["locale"]["charmap"]) == ("ANSI_X3.4-1968", "UTF-8")
    assert seconds["slow"] >= 5 > plain.seconds_of(PhaseName.SOLVE)
    assert "twice" in seen
    assert int(seen["extra-files"]["tmp"]) > int(usual["tmp"])
    assert int(seen["older-files"]["age"]) > 86_400 > int(usual["age"])
    assert seen["json-key-order"]["text"] == '{"b": 2.5, "a": 1}'
    assert seen["json-fraction"]["text"] == '{"a": 1, "b": 2.50}'
    assert seen["json-indent"]["text"] != usual["text"]


def test_a_locale_that_the_image_has_already_is_no_other_one(engine: Engine, tmp_path: Path) -> None:
    changes = {"environment/Dockerfile": "FROM debian:bookworm-slim\nENV LANG=C.UTF-8\nWORKDIR /app\n"}
    found = outcome(engine, harbor(tmp_path / "task", changes), "preserving.locale")
    assert found.cause is Cause.NOT_MADE
    assert "would not have seen it" in found.why


def test_a_path_that_a_login_shell_sets_anew_is_not_measured(engine: Engine, tmp_path: Path) -> None:
    """Terminal-Bench runs solutions and tests in login shells, which read /etc/profile."""
    task = terminal_bench(
        tmp_path / "task",
        {"Dockerfile": "FROM debian:bookworm-slim\nRUN echo 'PATH=/usr/bin:/bin' > /etc/profile\nWORKDIR /app\n"},
    )
    assert outcome(engine, task, "preserving.longer-path").cause is Cause.NOT_MADE
    assert outcome(engine, task, "preserving.timezone").shown is Shown.PAID


def outcome(engine: Engine, task: Task, operator: str) -> Showing:
    built = build(engine, task)
    (step,) = task_mutants(task, Wish(budget=1))
    (attempt,) = (one for one in of_solution(step) if one.operator == operator)
    plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
    return showing(run_trial(engine, task, built, plan))


@pytest.mark.network
@pytest.mark.slow
def test_another_day_is_seen_where_the_image_has_libfaketime(engine: Engine, tmp_path: Path) -> None:
    dockerfile = (
        "FROM debian:bookworm-slim\nRUN apt-get update -q && apt-get install -qy --no-install-recommends libfaketime\n"
        "WORKDIR /app\n"
    )
    task = harbor(
        tmp_path / "task", {"environment/Dockerfile": dockerfile, "tests/test.sh": TESTS.replace("json", "txt")}
    )
    built = build(engine, task)
    usual = facts(run_trial(engine, task, built, Plan(Kind.REFERENCE, "1")))
    (step,) = task_mutants(task, Wish(budget=1))
    (attempt,) = (one for one in of_solution(step) if one.operator == "preserving.another-day")
    plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
    record = run_trial(engine, task, built, plan)
    assert showing(record).shown is Shown.PAID, record
    assert int(facts(record)["day"]) - int(usual["day"]) in (400, 401)
