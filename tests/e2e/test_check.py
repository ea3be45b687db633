"""`foolsgold check` on real boxes: the fixtures, and small tasks for what must hold of every task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import stand_in
from tests.harness.tasks import HARBOR, TERMINAL_BENCH, write

FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]
QUICK = 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n[agent]\ntimeout_sec = 60\n'
HARBOR_OFFLINE = {**HARBOR, "task.toml": QUICK}


def command(engine: str, *arguments: str) -> list[str]:
    images = [word for name, base in stand_in(engine).items() for word in ("--image", f"{name}={base}")]
    return [*FOOLSGOLD, "check", "--engine", engine, *images, "--no-progress", *arguments]


def check(engine: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        command(engine, *arguments, "--json"), capture_output=True, text=True, check=False, timeout=280
    )
    assert all(line.startswith("warning [") for line in done.stderr.splitlines()), done.stderr
    return done.returncode, json.loads(done.stdout)


def findings(task: Mapping[str, Any]) -> dict[str, str]:
    return {finding["id"]: finding["severity"] for finding in task["findings"]}


FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
EXPECTED: Mapping[str, Mapping[str, Any]] = tomllib.loads((FIXTURES / "expected.toml").read_text(encoding="utf-8"))
BY_LOT = frozenset(name for name, entry in EXPECTED.items() if "chance" in entry)
"""Paid or not at random, so one run says nothing; a test of its own repeats it."""

CHECKED: Mapping[str, tuple[str, ...]] = {"bwrap": ("formats",), "docker": ("formats", "cases")}
"""Engine -> the folders of fixtures that it checks. What all are paid on bwrap stands where they are audited."""

Fixtures = Mapping[str, Mapping[str, Any]]


@cache
def fixtures_checked(engine: str) -> tuple[int, Fixtures]:
    """`foolsgold check` once on the engine's fixtures: its exit code, and the tasks by `group/name`."""
    done = subprocess.run(
        command(engine, *(str(FIXTURES / folder) for folder in CHECKED[engine]), "--json", "--repeat", "1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=1700,
    )
    assert done.stderr == "", done.stderr
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"]
    return done.returncode, {Path(task["path"]).relative_to(FIXTURES).as_posix(): task for task in document["tasks"]}


def paid(task: Mapping[str, Any]) -> dict[str, Mapping[str, float] | None]:
    """Control -> what it was paid: None is no reward, and what was not run is left out."""
    controls = task["controls"]
    runs = {"reference": next(iter(controls["reference"]), None), "nop": controls["nop"], "hollow": controls["hollow"]}
    return {name: run["rewards"] for name, run in runs.items() if run is not None}


def to_be_paid(fixture: str) -> dict[str, Mapping[str, float] | None]:
    """What expected.toml says; a hollow solution is doing nothing by another way."""
    entry = EXPECTED[fixture]
    expected = {control: (entry[control] or [None])[0] for control in ("reference", "nop") if control in entry}
    return {**expected, **({"hollow": expected["nop"]} if "nop" in expected else {})}


def faults(task: Mapping[str, Any]) -> list[str]:
    return sorted(name for name, severity in findings(task).items() if severity != "note")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(1800)
def test_every_fixture_is_paid_and_judged_exactly_as_expected(engine_name: str) -> None:
    code, tasks = fixtures_checked(engine_name)
    assert sorted(tasks) == sorted(name for name in EXPECTED if name.partition("/")[0] in CHECKED[engine_name])
    for name in tasks.keys() - BY_LOT:
        assert engine_name in EXPECTED[name]["engines"], name
        assert (name, paid(tasks[name])) == (name, to_be_paid(name))
        assert (name, faults(tasks[name])) == (name, EXPECTED[name]["findings"])
    assert code == 1


@pytest.mark.bwrap
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(3600)
def test_both_engines_agree_on_every_reward_test_and_finding_of_every_format() -> None:
    seen = [fixtures_checked(engine)[1] for engine in ("bwrap", "docker")]
    shown = [
        {
            name: (paid(task), findings(task), _tests(task))
            for name, task in tasks.items()
            if name.startswith("formats/") and name not in BY_LOT and task["build"]["ok"]
        }
        for tasks in seen
    ]
    assert len(shown[0]) == len(seen[0]) - len(BY_LOT)
    assert shown[0] == shown[1]


def _tests(task: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Control -> the name and status of every test of its first run."""
    controls = task["controls"]
    return {
        name: sorted(
            (test["name"], test["status"])
            for step in run["steps"]
            for test in (step["report"] or {"tests": []})["tests"]
        )
        for name, run in (("reference", controls["reference"][0]), ("nop", controls["nop"]))
        if run is not None
    }


@pytest.mark.slow
def test_a_flaky_verifier_is_found_by_repeating(engine_name: str, fixtures_folder: Path) -> None:
    _, document = check(engine_name, str(fixtures_folder / "formats" / "flaky-verifier"), "--repeat", "12")
    (task,) = document["tasks"]
    assert findings(task) == {"reference-flaky": "error"}


def test_a_missing_file_is_told_with_its_line(engine_name: str, fixtures_folder: Path) -> None:
    code, document = check(engine_name, str(fixtures_folder / "cases" / "missing-sample-log-faulty"))
    (task,) = document["tasks"]
    (finding,) = task["findings"]
    assert code == 1
    assert (finding["id"], finding["severity"]) == ("build-failed", "error")
    assert finding["place"].startswith("environment/Dockerfile:")
    assert "sample.log" in json.dumps(finding["evidence"]) + finding["title"]


def test_a_service_that_solve_starts_is_there_when_the_tests_run(engine_name: str, tmp_path: Path) -> None:
    files = {
        "solution/solve.sh": "#!/bin/bash\nmkdir -p www && echo ok > www/out.txt\n"
        "python3 -m http.server 8123 --directory www &\n",
        # The server needs a moment, as it would in the format's own runner.
        "tests/test.sh": "#!/bin/bash\nsleep 1\nexec 3<>/dev/tcp/127.0.0.1/8123\n"
        "printf 'GET /out.txt HTTP/1.0\\r\\n\\r\\n' >&3\n"
        "if grep -q ok <&3; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n",
    }
    code, document = check(engine_name, str(write(tmp_path / "t", {**HARBOR_OFFLINE, **files})))
    assert (code, document["summary"]["good"]) == (0, 1), document["tasks"][0]["findings"]


ZERO, ONE = "echo 0 > /logs/verifier/reward.txt\n", "echo 1 > /logs/verifier/reward.txt\n"
FORGED = {
    # Planted before the verifier runs, the json wins over the text that the verifier writes, where it is not removed.
    "planted-json": ("echo '{\"reward\": 1}' > /logs/verifier/reward.json\n", ZERO, 1),
    "planted-text": (ONE, "exit 1\n", 1),
    "overwritten": (ONE, ZERO, 0),
    "planted-link": ("echo 1 > /app/one; ln -s /app/one /logs/verifier/reward.json\n", ZERO, 0),
    "planted-fifo": ("mkfifo /logs/verifier/reward.json\n", ZERO, 0),
    "planted-tests": ("mkdir -p /tests; echo here > /tests/mine\n", f"cat /tests/mine && {ONE}", 1),
}


def test_forged_rewards_count_exactly_where_the_formats_runner_would_count_them(
    engine_name: str, tmp_path: Path
) -> None:
    for name, (solve, verify, _) in FORGED.items():
        files = {"solution/solve.sh": f"#!/bin/bash\n{solve}", "tests/test.sh": f"#!/bin/bash\n{verify}"}
        write(tmp_path / name, {**HARBOR_OFFLINE, **files})
    _, document = check(engine_name, str(tmp_path), "--repeat", "1", "--runner", "harbor@0.24")
    assert _paid(document) == {name: {"reward": reward} for name, (_, _, reward) in FORGED.items()}
    _, document = check(engine_name, str(tmp_path), "--repeat", "1", "--runner", "harbor@0.26")
    assert {task["runner"] for task in document["tasks"]} == {"harbor@0.26"}
    of_newest = {**{name: {"reward": 0} for name in FORGED}, "planted-tests": {"reward": 1}, "planted-text": None}
    assert _paid(document) == of_newest


def _paid(document: Mapping[str, Any]) -> dict[str, Any]:
    return {task["name"]: task["controls"]["reference"][0]["rewards"] for task in document["tasks"]}


LOGIN = {
    # A terminal's login shell reads these; a plain `bash -c` does not.
    "Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\nRUN echo 'export SECRET=42' >> /root/.bashrc\n",
    "solution.sh": "#!/bin/bash\necho $SECRET > /app/out.txt\n",
    "run-tests.sh": "#!/bin/bash\necho '=== short test summary info ==='\n"
    'if [ "$SECRET$(cat out.txt)" = 4242 ]; then echo PASSED t.py::a; else echo FAILED t.py::a; fi\n',
}
KEYS = """
- command: "cat > /app/made.txt << 'EOF'\\nline\\nEOF"
- command: cd /app && N=3
  block: true
- command: sleep 0.3; echo $N > n.txt
  block: true
  max_timeout_sec: 10
- command: read word && echo $word > word.txt
- command: typed ahead
  min_timeout_sec: 0.5
"""
KEYS_TESTS = (
    "#!/bin/bash\necho '=== short test summary info ==='\n"
    'if [ "$(cat /app/made.txt /app/n.txt /app/word.txt | tr "\\n" ,)" = "line,3,typed ahead," ]; then\n'
    "echo PASSED t.py::a; else cat /app/*.txt; echo FAILED t.py::a; fi\n"
)


def test_terminal_bench_runs_in_a_login_shell_and_keys_are_typed_in_one_session(
    engine_name: str, tmp_path: Path
) -> None:
    write(tmp_path / "login", {**TERMINAL_BENCH, **LOGIN})
    write(
        tmp_path / "keys",
        {**TERMINAL_BENCH, "solution.sh": None, "solution.yaml": KEYS, "run-tests.sh": KEYS_TESTS},
    )
    _, document = check(engine_name, str(tmp_path), "--network", "off")
    told = {task["name"]: [task["standing"], task["findings"]] for task in document["tasks"]}
    assert told == {"keys": ["good", []], "login": ["good", []]}


SERVES_ON = "#!/bin/bash\necho ok > out.txt\nexec python3 -m http.server 8124\n"
WAITS_FOR_IT = """#!/bin/bash
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/8124) 2>/dev/null && break; sleep 0.1; done
exec 3<>/dev/tcp/127.0.0.1/8124
printf 'GET /out.txt HTTP/1.0\\r\\n\\r\\n' >&3
if grep -q ok <&3; then echo 1; else echo 0; fi > /logs/verifier/reward.txt
"""
KEYS_THAT_WAIT = "- command: echo here > /app/made.txt\n- command: sleep 600\n  block: true\n  max_timeout_sec: 600\n"


def test_a_solution_without_an_end_is_paid_for_what_it_did_and_goes_on_while_it_is_verified(
    engine_name: str, tmp_path: Path
) -> None:
    soon = QUICK.replace("timeout_sec = 60", "timeout_sec = 3")
    files = {"task.toml": soon, "solution/solve.sh": SERVES_ON, "tests/test.sh": WAITS_FOR_IT}
    write(tmp_path / "harbor", {**HARBOR, **files})
    found = (
        "echo '=== short test summary info ==='; test -e /app/made.txt && echo PASSED t.py::a || echo FAILED t.py::a"
    )
    yaml = TERMINAL_BENCH["task.yaml"] + "max_agent_timeout_sec: 3\n"
    keys = {"solution.sh": None, "solution.yaml": KEYS_THAT_WAIT, "run-tests.sh": f"#!/bin/bash\n{found}\n"}
    write(tmp_path / "keys", {**TERMINAL_BENCH, "task.yaml": yaml, **keys})
    script = "echo here > /app/made.txt; sleep 600\n"
    text = {"solution.sh": script, "run-tests.sh": f"#!/bin/bash\npgrep -f 'sleep 600' || exit\n{found}\n"}
    write(tmp_path / "script", {**TERMINAL_BENCH, "task.yaml": yaml, **text})
    code, document = check(engine_name, str(tmp_path), "--repeat", "1", "--network", "off")
    for task in document["tasks"]:
        assert task["controls"]["reference"][0]["rewards"] == {"reward": 1}, task
        assert [finding["severity"] for finding in task["findings"]] == ["warning"], task["findings"]
        assert "still runs at its time limit of 3 s" in task["findings"][0]["title"]
    assert (code, document["summary"]["good"]) == (0, 3)


SHORT = f"{QUICK}[verifier]\ntimeout_sec = 1\n"
SICK = f'{QUICK}[environment.healthcheck]\ncommand = "test -e /nowhere"\nretries = 2\ninterval_sec = 0\n'
CRLF = HARBOR["tests/test.sh"].replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("changes", "code", "name", "says"),
    [
        ({"tests/test.sh": CRLF}, 3, "verifier-never-ran", "cannot be run"),
        ({"tests/test.sh": "#!/bin/bash\nset -e\npytest_of_sorts\n"}, 3, "verifier-never-ran", "command not found"),
        ({"tests/test.sh": "#!/bin/bash\necho x > /logs/verifier/reward.txt\n"}, 1, "reward-unreadable", "'x"),
        ({"tests/test.sh": "#!/bin/bash\n"}, 3, "verifier-never-ran", "wrote neither"),
        ({"task.toml": SHORT, "tests/test.sh": "#!/bin/bash\nsleep 60\n"}, 1, "reference-timeout", "verify"),
        ({"solution/solve.sh": "#!/bin/bash\nexit 7\n"}, 1, "reference-unpaid", "status 7"),
        ({"task.toml": SICK}, 3, "environment-not-ready", "/nowhere"),
    ],
)
def test_what_went_wrong_is_told_apart(
    engine_name: str, tmp_path: Path, changes: dict[str, str], code: int, name: str, says: str
) -> None:
    found_code, document = check(
        engine_name, str(write(tmp_path / "t", {**HARBOR_OFFLINE, **changes})), "--repeat", "1"
    )
    (task,) = document["tasks"]
    assert name in findings(task), task["findings"]
    assert says in json.dumps([finding for finding in task["findings"] if finding["id"] == name])
    assert found_code == code


def _boxes_of(pid: int) -> list[str]:
    """Processes below `pid`, and every process left of the sleeping task wherever it hangs."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (OSError, NotADirectoryError):
            continue
        if path.name.isdecimal() and f"foolsgold-marker-{pid}" in words:
            found.append(words)
    return found


def test_ctrl_c_stops_within_two_seconds_and_leaves_nothing_running(engine_name: str, tmp_path: Path) -> None:
    marker = f"foolsgold-marker-{os.getpid()}"
    for name in "abc":
        solve = f"#!/bin/bash\nbash -c 'exec -a {marker} sleep 300' &\nexec -a {marker} sleep 300\n"
        write(tmp_path / name, {**HARBOR_OFFLINE, "solution/solve.sh": solve})
    process = subprocess.Popen(
        command(engine_name, str(tmp_path), "--jobs", "2", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not _boxes_of(os.getpid()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _boxes_of(os.getpid()), "the task never started"
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    seconds = time.monotonic() - start
    assert process.returncode == 130
    document = json.loads(out)
    assert [task["name"] for task in document["unfinished"]] == ["a", "b", "c"]
    assert b"To check the rest:" in err
    assert seconds < 2.0
    assert _boxes_of(os.getpid()) == []


def test_the_task_folder_is_never_written_to(engine_name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "t", HARBOR_OFFLINE)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    check(engine_name, str(folder), "--repeat", "1")
    assert {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in [folder, *folder.rglob("*")]} == before


@pytest.mark.bwrap
def test_the_exit_code_is_the_runs_own_where_the_reader_goes_away(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {**HARBOR_OFFLINE, "tests/test.sh": None})
    with subprocess.Popen(
        command("bwrap", str(folder)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (3, "")


@pytest.mark.bwrap
def test_a_full_disk_is_no_bug(tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {**HARBOR_OFFLINE, "tests/test.sh": None})
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("bwrap", str(folder)), stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 3
    assert "is full" in done.stderr
    assert "bug" not in done.stderr
