"""What the recorder that is carried into a box writes down of what tests run, ask and call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness.trial.watching
from harness.trial.watching.calls import RECORDER, Call, read_calls

PROGRAM = """\
def add(one, other=2):
    return one + other


def numbers():
    yield 1
"""
TESTS = """\
import http.server
import os
import subprocess
import sys
import threading
import urllib.request

import solved

ECHO = [sys.executable, "-c", "import sys; print(sys.stdin.read().upper()); sys.exit('no')"]


def test_reads():
    subprocess.run(["cat", __file__, os.environ["DATA"], "/", "/no/such"], capture_output=True)


def test_runs(tmp_path):
    (tmp_path / "in.txt").write_text("before")
    done = subprocess.run([*ECHO, str(tmp_path)], input="abc", capture_output=True, text=True, cwd=tmp_path)
    (tmp_path / "in.txt").write_text("after")
    assert done.returncode == 1
    assert subprocess.call("exit 3", shell=True) == 3
    process = subprocess.Popen(["true"])
    assert process.wait() == 0


def test_asks():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        assert urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/health").read() == b"hello"


def test_calls():
    assert solved.add(1, other=4) == 5
    assert list(solved.numbers()) == [1]


def test_fails():
    subprocess.run(["no such program"])
"""


def recorded(folder: Path) -> tuple[tuple[Call, ...] | None, str]:
    (folder / "lib").mkdir()
    (folder / "lib" / "solved.py").write_text(PROGRAM)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_all.py").write_text(TESTS)
    (folder / "look" / "kept").mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "data.txt").write_text("data")
    plugin = Path(harness.trial.watching.__file__).parent
    env = {
        **os.environ,
        "PYTHONPATH": f"{plugin}:{folder / 'lib'}",
        "PYTEST_PLUGINS": RECORDER,
        "FOOLSGOLD_LOOK": str(folder / "look" / "told"),
        "TMPDIR": str(folder / "tmp"),
        "DATA": str(folder / "data.txt"),
    }
    env.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(folder / "tests")],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        timeout=120,
    )
    told = folder / "look" / "told"
    return read_calls(told.read_bytes() if told.exists() else None), done.stdout + done.stderr


def test_everything_that_tests_run_ask_and_call_is_written_down_and_changes_no_result(tmp_path: Path) -> None:
    calls, said = recorded(tmp_path)
    assert calls is not None, said
    assert "1 failed, 4 passed" in said, said
    by_test = {
        name: [call for call in calls if call.test.endswith(name)] for name in ("runs", "asks", "calls", "fails")
    }
    run, shell, wait = by_test["runs"]
    assert (run.kind, run.status, run.out, run.err, run.stdin) == ("run", 1, "ABC\n", "no\n", "abc")
    assert (shell.argv, shell.status) == (("sh", "-c", "exit 3"), 3)
    assert (wait.argv, wait.status) == (("true",), 0)
    (ask,) = by_test["asks"]
    assert (ask.kind, ask.what, ask.status, ask.out) == ("ask", "GET /health", 200, "hello")
    (call,) = by_test["calls"]
    assert (call.kind, call.what, call.out) == ("call", "add(one=1, other=4)", "5")
    assert by_test["fails"] == []


def test_what_a_test_made_for_a_program_is_kept_as_it_was_before(tmp_path: Path) -> None:
    calls, said = recorded(tmp_path)
    assert calls, said
    ((copy, place),) = calls[1].inputs
    assert Path(copy, "in.txt").read_text() == "before"
    assert Path(place, "in.txt").read_text() == "after"
    # A file that was there before is kept too; a program is not, nor a folder.
    assert [place for _, place in calls[0].inputs] == [str(tmp_path / "data.txt")]


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b'["kind"]',
        json.dumps({"kind": "run", "what": 3}).encode(),
        json.dumps({"kind": "run", "what": "x", "status": True}).encode(),
        json.dumps({"kind": "run", "what": "x", "argv": "x"}).encode(),
        json.dumps({"kind": "run", "what": "x", "inputs": [["/a"]]}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_does_not_fit_is_left_out(line: bytes) -> None:
    assert read_calls(b'{"begun": true}\n' + line) == ()


def test_without_a_recorder_nothing_is_known() -> None:
    assert read_calls(None) is None
    assert read_calls(b'{"kind": "run", "what": "x"}') is None
