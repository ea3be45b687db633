"""`foolsgold audit` on real boxes: what was done is never lost, and what did not happen is never a kill."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.judging.outcome import OutcomeKind, baseline, judge
from harness.trial.build import build
from harness.trial.plan import Plan, Replacement
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from tests.conftest import stand_in
from tests.harness.tasks import HARBOR, read, write

FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]
TASK_TOML = 'version = "1.0"\n[agent]\ntimeout_sec = 60\n[environment]\nnetwork_mode = "no-network"\nmemory_mb = 256\n'
WORDS = {
    **HARBOR,
    "task.toml": TASK_TOML,
    "instruction.md": "Write `/app/count.py`. `count.py [--unique] WORD...` prints how many words it was given; with\n"
    "`--unique` it counts every word once. Without words it exits with status 2.\n",
    "solution/solve.sh": """#!/bin/bash
cat > /app/count.py <<'PY'
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--unique", action="store_true")
parser.add_argument("words", nargs="*")
args = parser.parse_args()
if not args.words:
    raise SystemExit(2)
words = set(args.words) if args.unique else args.words
print(len(words))
PY
""",
    "tests/test.sh": """#!/bin/bash
reward=1
[ "$(python3 /app/count.py a b a)" = 3 ] || reward=0
python3 /app/count.py; [ $? = 2 ] || reward=0
echo $reward > /logs/verifier/reward.txt
""",
}


def command(*arguments: str, engine: str = "bwrap") -> list[str]:
    images = [word for name, base in stand_in(engine).items() for word in ("--image", f"{name}={base}")]
    return [*FOOLSGOLD, "audit", "--engine", engine, *images, "--no-progress", *arguments]


STEADY = [
    word
    for probe in ("hidden", "preserving", "state", "leak", "replay", "conform", "vacuous")
    for word in ("--probe", probe)
]
"""Every probe but forging, some of whose means race with the verifier, and end now so and now so."""


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in TIMED}
    return [without_times(each) for each in value] if isinstance(value, list) else value


TIMED = {"seconds", "started", "run", "repro", "command", "log", "signs", "phases", "reuse", "same_as"}
"""What is worth reusing depends on how long it takes."""


def report(folder: Path) -> Any:
    return without_times(json.loads((folder / "report.json").read_text()))


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.lstat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
    }


TEN, KILLS = 10, 8


def ten_tasks(folder: Path) -> Path:
    """Like WORDS, each with an exit status of its own."""
    for number in range(TEN):
        status = {
            "instruction.md": f"exits with status {number + 2}.",
            "solution/solve.sh": f"raise SystemExit({number + 2})",
            "tests/test.sh": f"[ $? = {number + 2} ]",
        }
        two = {name: text.replace(str(number + 2), "2") for name, text in status.items()}
        assert all(two[name] in WORDS[name] for name in two)
        write(folder / f"t{number}", {**WORDS, **{name: WORDS[name].replace(two[name], status[name]) for name in two}})
    return folder


@pytest.mark.bwrap
@pytest.mark.slow
def test_ten_tasks_whose_audit_is_killed_eight_times_come_to_the_same_results(tmp_path: Path) -> None:
    tasks, cut, temporary = ten_tasks(tmp_path / "tasks"), tmp_path / "cut", tmp_path / "temporary"
    temporary.mkdir()
    before = digests(tasks)
    words = [str(tasks), "--budget", "3", "--repeat", "2", "--probe", "hidden", "--probe", "state", "-o"]
    whole = subprocess.run(command(*words, str(tmp_path / "whole")), capture_output=True, text=True, check=False)
    assert whole.returncode in (0, 1, 3), whole.stderr
    seeded = random.Random(11)
    own = {**os.environ, "TMPDIR": str(temporary)}
    for _ in range(KILLS):
        # A moment is so many trials later and a little more, so that it is another one on a faster machine, and never
        # before or behind the run.
        trials, pause = _trials(cut) + seeded.randrange(9), seeded.uniform(0.0, 0.1)
        with subprocess.Popen(
            command(*words, str(cut)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own
        ) as process:
            deadline = time.monotonic() + 60
            while not ((cut / "run.db").exists() and _trials(cut) >= trials) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(pause)
            assert process.poll() is None, "it ended before it could be killed"
            process.send_signal(signal.SIGKILL)
    assert 0 < _trials(cut) < _trials(tmp_path / "whole")
    last = subprocess.run(command(*words, str(cut), "--resume"), capture_output=True, text=True, check=False, env=own)
    assert last.returncode == whole.returncode, last.stderr
    assert len(report(cut)["tasks"]) == TEN
    assert report(cut) == report(tmp_path / "whole")
    assert digests(tasks) == before
    assert list(temporary.iterdir()) == []  # the copies that killed runs left are gone, too


@pytest.mark.bwrap
def test_a_test_that_is_edited_while_it_is_audited_pays_nobody(tmp_path: Path) -> None:
    task = write(tmp_path / "words", WORDS)
    script, run, left_alone = task / "tests/test.sh", tmp_path / "run", tmp_path / "left-alone"
    words = [str(task), "--budget", "6", "--repeat", "1", "--probe", "none", "-o", str(run)]
    subprocess.run(command(*words[:-1], str(left_alone)), capture_output=True, check=False, timeout=120)
    (entry,) = json.loads((left_alone / "report.json").read_text())["tasks"]
    right = [mutant["outcome"] for mutant in entry["mutants"]]
    assert right.count("killed") >= 2
    with subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        deadline = time.monotonic() + 60
        while _trials(run) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        script.write_text("echo 1 > /logs/verifier/reward.txt\n")
        said = child.communicate(timeout=120)[0]
    (entry,) = json.loads((run / "report.json").read_text())["tasks"]
    outcomes = [mutant["outcome"] for mutant in entry["mutants"]]
    assert outcomes == right, said
    assert [each["title"] for each in entry["findings"] if each["id"] == "changed-meanwhile"] == [
        "While it ran tests/test.sh was changed; this is the result of the task from before that."
    ]
    assert entry["path"] == str(task)
    script.write_text(WORDS["tests/test.sh"])
    before = _trials(run)
    again = subprocess.run(command(*words, "--resume"), capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == child.returncode, again.stderr
    assert _trials(run) == before
    (entry,) = json.loads((run / "report.json").read_text())["tasks"]
    assert [mutant["outcome"] for mutant in entry["mutants"]] == outcomes
    assert "changed-meanwhile" not in [each["id"] for each in entry["findings"]]


@pytest.mark.bwrap
def test_two_runs_of_a_seed_give_the_same_report_but_for_times(tmp_path: Path) -> None:
    task = write(tmp_path / "words", WORDS)
    for name in ("one", "two"):
        done = subprocess.run(
            command(str(task), "--depth", "quick", "--seed", "7", "-o", str(tmp_path / name)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
    assert report(tmp_path / "one") == report(tmp_path / "two")


@pytest.mark.bwrap
def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    task = write(tmp_path / "words with a space", WORDS)
    folder = tmp_path / "run"
    process = subprocess.Popen(
        command(str(task), "-o", str(folder)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = threading.Timer(60, process.kill)
    watch.start()
    while not _trials(folder) and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    start = time.monotonic()
    said, errors = process.communicate()
    watch.cancel()
    assert process.returncode == 130, errors
    assert time.monotonic() - start < 10
    assert re.search(r": \d+ (trials? of its controls|of \d+ broken variants tried)", said), said
    assert "--resume" in errors
    assert "'" in errors  # the path with spaces can be copied
    assert _trials(folder) >= 1


def _trials(folder: Path) -> int:
    import sqlite3

    if not (folder / "run.db").is_file():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM trial").fetchone()[0])
    except sqlite3.Error:
        return 0


PYTEST_TASK = {
    **HARBOR,
    "task.toml": TASK_TOML,
    "environment/Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nENV HOST=127.0.0.1\n",
    "tests/test.sh": """#!/bin/bash
cat > /tmp/mini.py <<'PY'
import pathlib
if pathlib.Path("/app/hungry").exists():
    hoard = bytearray(3 << 30)
assert pathlib.Path("/app/out.txt").read_text() == "ok\\n"
PY
if [ -e /app/install ]; then pip install --timeout 1 --retries 0 no-such-thing-at-all || exit 1; fi
if [ -e /app/fetch ]; then curl -fsS http://198.51.100.7/install.sh --max-time 2 | sh; uvx pytest || exit 1; fi
if [ -e /app/tool ]; then no-such-test-tool --run || exit 127; fi
if [ -e /app/full ]; then
  cat /dev/zero > /app/fill 2>/dev/null
  cp /tmp/mini.py /app/mini2.py && python3 /app/mini2.py && echo 1 > /logs/verifier/reward.txt; exit
fi
if python3 /tmp/mini.py; then echo 1 > /logs/verifier/reward.txt; else
  [ -e /app/hungry ] || echo 0 > /logs/verifier/reward.txt; fi
""",
}
CAUSES = {
    "the network is gone": "touch /app/fetch",
    "an install fails": "touch /app/install",
    "the test tool is missing": "touch /app/tool",
    "the test runner runs out of memory": "touch /app/hungry",
    "the disk is full": "touch /app/full",
}


def test_a_verifier_that_could_not_run_never_kills(engine_name: str, tmp_path: Path) -> None:
    files = dict(PYTEST_TASK)
    if engine_name == "docker":
        # A container's disk is the daemon's: only a box with a limit of its own can be filled.
        causes = {name: script for name, script in CAUSES.items() if script != "touch /app/full"}
    else:
        causes = dict(CAUSES)
        files["task.toml"] = TASK_TOML + "storage_mb = 64\n"
    task = read(write(tmp_path / "t", files))
    with make_engine(engine_name, EngineOptions(images=stand_in(engine_name))) as engine:
        built = build(engine, task)
        reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
        against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
        assert against is not None, reference
        found = {}
        for name, script in causes.items():
            replacement = Replacement({"solve.sh": f"#!/bin/bash\necho wrong > /app/out.txt; {script}\n".encode()})
            record = run_trial(engine, task, built, Plan(Kind.MUTANT, name, replacement))
            found[name] = (judge(record, against).kind, judge(record, against).why)
        honest = Replacement({"solve.sh": b"#!/bin/bash\necho wrong > /app/out.txt\n"})
        killed = judge(run_trial(engine, task, built, Plan(Kind.MUTANT, "wrong", honest)), against)
    assert {name: kind for name, (kind, _) in found.items()} == dict.fromkeys(causes, OutcomeKind.ERROR), found
    assert killed.kind is OutcomeKind.KILLED
