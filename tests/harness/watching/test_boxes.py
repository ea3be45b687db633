"""Watching tests on real boxes, in every way that a format starts them, and saying so where it cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.judging.outcome import Shown, showing
from harness.probes.vacuous import Looked, looked_at
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.plan import Plan, WatchTests
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, terminal_bench

PIP = "pip install -q --break-system-packages --root-user-action ignore"
DOCKERFILE = f"FROM debian:bookworm-slim\nRUN {PIP} pytest==8.4.2\nWORKDIR /app\n"
TESTS = """\
from pathlib import Path

OUT = Path("/app/out.txt")


def test_out():
    assert OUT.read_text() == "ok\\n"


def test_early():
    if OUT.exists():
        return
    raise SystemExit(1)
"""


def verifier(run: str) -> str:
    return f"#!/bin/bash\nif {run}; then word=1; else word=0; fi\necho $word > /logs/verifier/reward.txt\n"


def watched(engine: Engine, task: Task) -> tuple[Looked, TrialRecord]:
    built = build(engine, task)
    judged = [run_trial(engine, task, built, Plan(kind, "1")) for kind in (Kind.REFERENCE, Kind.NOP)]
    assert showing(judged[0]).shown is Shown.PAID, judged[0]
    looks = [
        run_trial(engine, task, built, Plan(kind, "look", purpose=WatchTests())) for kind in (Kind.REFERENCE, Kind.NOP)
    ]
    return looked_at(*looks, *judged), looks[0]


def reached(found: Looked) -> dict[str, tuple[str, int, bool]]:
    assert found.reference is not None, found.why
    return {
        test.name.rpartition("::")[2]: (test.outcome, len(test.passed), test.checks) for test in found.reference.tests
    }


SEEN = {"test_out": ("passed", 1, False), "test_early": ("passed", 0, False)}
USER = "RUN useradd --create-home judge\n"
HARBOR = {
    "plain": {"tests/test.sh": verifier("pytest -rA /tests/test_out.py")},
    "as a module": {"tests/test.sh": verifier("python3 -m pytest /tests/test_out.py")},
    "with a PYTHONPATH and plugins of its own": {
        "environment/Dockerfile": DOCKERFILE + "ENV PYTHONPATH=/tests/more\n",
        "tests/more/own_plugin.py": "LOADED = True\n",
        "tests/test.sh": verifier("PYTEST_ADDOPTS=-q pytest -p own_plugin /tests/test_out.py"),
    },
    "with a PYTHONPATH that its script sets": {
        "tests/test.sh": verifier("PYTHONPATH=/app python3 -m pytest /tests/test_out.py")
    },
    "from another folder": {"tests/test.sh": verifier("cp -r /tests /app/t && cd /app/t && pytest")},
    "as another user": {
        "environment/Dockerfile": DOCKERFILE + USER,
        "task.toml": 'version = "1.0"\n[verifier]\nuser = "judge"\n',
        "tests/test.sh": verifier("pytest -p no:cacheprovider /tests/test_out.py"),
    },
    "in a box of its own": {
        "task.toml": 'version = "1.0"\nartifacts = ["/app/out.txt"]\n[verifier]\nenvironment_mode = "separate"\n',
        "tests/Dockerfile": DOCKERFILE + "COPY . /tests/\n",
        "tests/test.sh": verifier("pytest /tests/test_out.py"),
    },
}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("case", HARBOR)
def test_tests_are_watched_however_they_are_started(engine: Engine, tmp_path: Path, case: str) -> None:
    task = harbor(tmp_path / "task", {"environment/Dockerfile": DOCKERFILE, "tests/test_out.py": TESTS, **HARBOR[case]})
    found, look = watched(engine, task)
    assert reached(found) == SEEN
    assert found.untouched is not None
    assert {test.outcome for test in found.untouched.tests} == {"failed"}
    assert look.looked is not None
    assert look.looked.pytest == "8.4.2"


@pytest.mark.network
@pytest.mark.slow
def test_tests_in_a_login_shell_are_watched(engine: Engine, tmp_path: Path) -> None:
    task = terminal_bench(
        tmp_path / "task",
        {
            "Dockerfile": DOCKERFILE,
            "tests/test_out.py": TESTS,
            "run-tests.sh": "#!/bin/bash\npytest -rA /tests/test_out.py\n",
        },
    )
    found, _ = watched(engine, task)
    assert reached(found) == SEEN


KEPT_OUT = {
    "an empty environment": "env -i PATH=$PATH pytest /tests/test_out.py",
    "no pytest": "grep -qx ok /app/out.txt",
    "a Python that reads no variables": "python3 -I -m pytest /tests/test_out.py",
}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("case", KEPT_OUT)
def test_what_cannot_be_watched_is_not_measured(engine: Engine, tmp_path: Path, case: str) -> None:
    changes = {
        "environment/Dockerfile": DOCKERFILE,
        "tests/test_out.py": TESTS,
        "tests/test.sh": verifier(KEPT_OUT[case]),
    }
    found, _ = watched(engine, harbor(tmp_path / "task", changes))
    assert not found.measured
    assert found.why
