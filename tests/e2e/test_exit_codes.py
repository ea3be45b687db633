"""Every exit code of `foolsgold audit`, on real boxes; docs/exit-codes.md."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.tasks import HARBOR, write

MAIN = "from harness.commands.main import main; main()"
FAILING_MAIN = (
    f"import harness.audit\ndef fail(*_): raise RuntimeError('a bug')\nharness.audit.task_mutants = fail\n{MAIN}"
)
TASK = {
    **HARBOR,
    "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 60\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "- Write `ok` to /app/out.txt.\n- Write 3 to /app/b/n.\n",
    "solution/solve.sh": "#!/bin/bash\nmkdir -p /app/a /app/b\necho ok > /app/out.txt\necho 3 > /app/b/n\n",
}
PAYS_NOTHING_DONE = {**TASK, "tests/test.sh": "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n"}
SLOW = {**TASK, "tests/test.sh": f"sleep 2\n{HARBOR['tests/test.sh']}"}
LENIENT = ("--threshold", "least=1", "--fail-under", "1")


def command(tasks: Path, *arguments: str, code: str = MAIN) -> list[str]:
    boxes = ["--engine", "bwrap", "--image", "*=host", "--no-config", "--repeat", "1", "--budget", "4", "--jobs", "2"]
    return [sys.executable, "-c", code, "audit", str(tasks), *boxes, "-o", str(tasks.parent / "run"), *arguments]


def audit(tasks: Path, *arguments: str, code: str = MAIN) -> subprocess.CompletedProcess[str]:
    words = command(tasks, "--no-progress", *arguments, code=code)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=200)


@pytest.mark.bwrap
def test_0_all_is_well_and_1_below_the_bar_and_3_unmeasured(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    write(tasks / "good", TASK)
    done = audit(tasks, *LENIENT)
    assert done.returncode == 0
    assert "\ngate: 1 of 1 tasks pass (exit code 0)\n" in done.stdout
    # What was tried is remembered, so that only the rules differ.
    done = audit(tasks, "--threshold", "least=1", "--fail-under", "100", "--resume")
    assert done.returncode == 1
    assert "gate: good fails: strength" in done.stdout
    many = ("--threshold", "least=99", "--threshold", "few=99")
    done = audit(tasks, *many, "--resume")
    assert done.returncode == 3
    assert "\ngate: 0 of 1 tasks pass (exit code 3)\n" in done.stdout
    assert "gate: good is unmeasured: only" in done.stdout
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["tasks"][0]["thresholds"]["least"] == 99
    # A task below the bar comes before one that is unmeasured.
    write(tasks / "pays", PAYS_NOTHING_DONE)
    done = audit(tasks, *many, "--resume")
    assert done.returncode == 1
    assert "gate: pays fails: nop-paid: " in done.stdout
    assert "gate: good is unmeasured" in done.stdout


def test_2_wrong_use_and_nothing_runs(tmp_path: Path) -> None:
    write(tmp_path / "tasks/good", TASK)
    (tmp_path / "accepted.toml").write_text('[[accepted]]\ntask = "good"\nfinding = "nop-paid"\n')
    (tmp_path / "empty").mkdir()
    for arguments in (
        ("--jobs", "0"),
        ("--fail-on", "no"),
        ("--baseline", str(tmp_path / "accepted.toml")),
        ("--image", "*=/nowhere"),
        ("--image", f"*={tmp_path}/empty"),
        ("--source", "zz"),
    ):
        done = audit(tmp_path / "tasks", *arguments)
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.bwrap
def test_70_a_bug_is_said_and_does_not_pass_for_a_result(tmp_path: Path) -> None:
    write(tmp_path / "tasks/good", TASK)
    done = audit(tmp_path / "tasks", code=FAILING_MAIN)
    assert done.returncode == 70
    assert "gate: good broke foolsgold: foolsgold itself failed" in done.stdout
    assert "RuntimeError: a bug" in done.stdout


@pytest.mark.bwrap
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_130_an_interrupt_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    tasks = tmp_path / "tasks"
    write(tasks / "good", SLOW)
    words = command(tasks, "--no-progress", *LENIENT)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 60
        while trials(tmp_path / "run/run.db") < 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        child.send_signal(number)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    again = next(line for line in said.splitlines() if line.startswith("foolsgold audit"))
    # The command to go on with has every flag of the first.
    for word in ("--engine bwrap", "--budget 4", "--fail-under 1", "--no-config", "--resume"):
        assert word in again, again


def trials(path: Path) -> int:
    """How many are in the store; a run that is just beginning has none."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM trial").fetchone()[0])
    except sqlite3.Error:
        return 0


LOADING = """
import sys

WHERE = sys.argv.pop(1)

class StopsAt:
    def find_spec(self, name, *_):
        if name == WHERE:
            raise KeyboardInterrupt

sys.meta_path.insert(0, StopsAt())
from harness.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("module", "shown"),
    [("harness.engine.choose", "Interrupted.\n"), ("harness.stages.controls", "\nInterrupted.\n")],
    ids=["before it knows the command", "while the command loads"],
)
def test_130_ctrl_c_while_it_loads(module: str, shown: str) -> None:
    words = [sys.executable, "-c", LOADING, module, "check", "."]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", shown)


ASKED = """
import os, signal, sys

NUMBER, WHERE = int(sys.argv.pop(1)), sys.argv.pop(1)

class AskedAt:
    def find_spec(self, name, *_):
        if name == WHERE:
            os.kill(os.getpid(), NUMBER)

sys.meta_path.insert(0, AskedAt())
from harness.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("module", ["harness.commands", "harness.engine.choose", "harness.stages.controls"])
def test_130_whatever_asks_it_to_end_and_however_early(number: signal.Signals, module: str) -> None:
    words = [sys.executable, "-c", ASKED, str(int(number)), module, "check", "."]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Interrupted.")


@pytest.mark.parametrize("module", ["harness.engine.choose", "harness.commands.check"])
def test_0_under_nohup_a_terminal_that_goes_away_is_nothing(module: str) -> None:
    words = ["nohup", sys.executable, "-c", ASKED, str(int(signal.SIGHUP)), module, "check", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Usage: foolsgold check" in done.stdout


IMPATIENT = """
import os, signal, sys, time
import harness.commands.main
import harness.dataset.select

def stubborn(*_arguments, **_options):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        print("tidied up")

harness.dataset.select.find = stubborn
harness.commands.main.main(["check", "."])
"""


def test_130_and_a_second_ctrl_c_does_not_keep_it_from_tidying_up() -> None:
    words = [sys.executable, "-c", IMPATIENT]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "tidied up\n", "\nInterrupted.\n")
